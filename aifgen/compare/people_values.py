"""What stands in one cell of a table of people's labels. Knows no table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aifgen.compare.study import StudyError
from aifgen.compare.values import Wrong, numbers, shown, word

Value = str | tuple[float | None, ...] | Mapping[str, float | None]
"""A response id, a letter (A is the first response), "tie" or a label; a number a response; numbers
by response id."""


def value_of(cell: Any, where: str) -> Value:
    """Raises StudyError."""
    try:
        if isinstance(cell, list):
            return tuple(numbers(cell))
        if isinstance(cell, dict):
            return {str(name): numbers([number])[0] for name, number in cell.items()}
        made = word(cell)
    except Wrong:
        made = None
    if made is None:
        raise StudyError(f"{where} is {shown(cell)}: give a text, a number or a list of numbers")
    return made


def number_of(text: str, where: str) -> float:
    """Raises StudyError."""
    try:
        return float(text)
    except ValueError:
        raise StudyError(f"{where} is {text}: a label of one response is a number") from None


def chance_of(cell: Any, where: str) -> float | None:
    """The chance to be shown; null where none is given. Raises StudyError."""
    if cell in (None, "") or cell != cell:
        return None
    try:
        chance = float(cell)
    except (TypeError, ValueError):
        chance = -1.0
    if not 0 < chance <= 1:
        raise StudyError(
            f"{where}: inclusion_probability is {shown(cell)}: a chance is a number above 0, and 1 "
            "at most"
        )
    return chance


def time_of(cell: Any) -> datetime:
    """When a label was made; before all others where that is not said."""
    if isinstance(cell, str):
        try:
            cell = datetime.fromisoformat(cell)
        except ValueError:
            cell = None
    if not isinstance(cell, datetime):
        return datetime.min.replace(tzinfo=UTC)
    return cell if cell.tzinfo else cell.replace(tzinfo=UTC)


def decoded(cell: Any) -> Any:
    """What a text holds that is a list or an object in JSON."""
    if isinstance(cell, str) and cell.strip()[:1] in ("[", "{"):
        try:
            return json.loads(cell)
        except ValueError:
            return cell
    return cell
