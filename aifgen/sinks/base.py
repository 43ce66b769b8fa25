"""What every sink is: it takes finished rows in input order and shows them only when whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aifgen.records import Row


class Sink(ABC):
    """open (before the first model call), write for every row, then close or abort."""

    takes_partial = True
    """Whether close is called (else abort) when the run stopped before its last row."""

    @abstractmethod
    def open(self, folder: Path) -> None:
        """Check everything that can be checked and make ready to write below the run's folder.

        Raises ConfigError, MissingPackage or SinkError.
        """

    @abstractmethod
    def write(self, row: Row) -> None:
        """Take one row, whatever came of it (also one without a pair)."""

    @abstractmethod
    def close(self, report: Mapping[str, Any]) -> str:
        """Make it visible and say in one line where it is. `report` is what run.json holds, and
        under `recipe` the composed config as YAML text.

        Tables of the run's folder are complete by now. Raises SinkError.
        """

    @abstractmethod
    def abort(self) -> None:
        """Leave nothing half-made behind. Also called for a sink whose open() failed."""
