"""What a run comes to: its report, its exit status, and what is to be said. Knows no work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

COMPLETE, FAILED, OUT_OF_BUDGET = 0, 1, 3
"""Exit statuses; a signal has its own."""


@dataclass
class Outcome:
    """What became of a run. exit_code as the command line returns it."""

    exit_code: int
    report: dict[str, Any]
    places: list[str] = field(default_factory=list)
    """One line a sink: where its dataset is."""
    already: bool = False
    """The run was finished before; nothing was sent and nothing written."""
    error: Exception | None = None
    """What ended the run early."""
    exhausted: str | None = None
    """The cap that ended the run, as the config writes it."""
    trouble: list[str] = field(default_factory=list)
    """What people read of the run and could not be written, and why."""
    interrupted: int | None = None
    """The exit status that a signal asks for, be the run complete or not."""
