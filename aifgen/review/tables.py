"""A run's tables prompt by prompt, as far as people are to see them. Knows no server."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from aifgen.errors import DataError
from aifgen.review.opinions import Row
from aifgen.tables import read_rows


def joined(folder: Path) -> Iterator[tuple[Row, list[Row], list[Row]]]:
    """(prompt, its responses, its verdicts) for every prompt, one prompt in memory at a time.

    The tables stand in one order; a prompt without responses or verdicts is simply missing there.
    """
    responses = _Groups(read_rows(folder / "responses.parquet"))
    verdicts = _Groups(read_rows(folder / "verdicts.parquet"))
    for prompt in read_rows(folder / "prompts.parquet"):
        name = prompt["prompt_id"]
        yield prompt, responses.take(name), verdicts.take(name)
    for table, left in (("responses", responses), ("verdicts", verdicts)):
        if left.next_id is not None:
            raise DataError(
                f"{folder}: {table}.parquet and prompts.parquet are not of one run (the prompt "
                f"{left.next_id} is missing or out of order): run the same command again"
            )


def most_responses(folder: Path) -> int:
    """Of any prompt; 0 where none has one."""
    counts: dict[str, int] = {}
    for row in read_rows(folder / "responses.parquet", ["prompt_id"]):
        counts[row["prompt_id"]] = counts.get(row["prompt_id"], 0) + 1
    return max(counts.values(), default=0)


def judges_in(folder: Path) -> list[str]:
    """Everybody with a verdict, the panel too, sorted."""
    return sorted({row["judge"] for row in read_rows(folder / "verdicts.parquet", ["judge"])})


class _Groups:
    """Rows of one table, taken prompt by prompt in the table's order."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._groups = groupby(rows, key=lambda row: row["prompt_id"])
        self.next_id: str | None = None
        self._read()

    def take(self, prompt_id: str) -> list[Row]:
        if self.next_id != prompt_id:
            return []
        rows = self._rows
        self._read()
        return rows

    def _read(self) -> None:
        self.next_id, rows = next(self._groups, (None, iter(())))
        self._rows = list(rows)
