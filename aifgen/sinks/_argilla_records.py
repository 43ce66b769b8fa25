"""From the tables of a run to records for people to look at; knows no network and no client."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from aifgen.errors import DataError
from aifgen.records import PANEL, transcript
from aifgen.tables import read_rows

Slot = tuple[str, int]
"""A generator's name and a sample: the same slot is the same number in every record."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """What is sent. suggestions: question -> (value, agent)."""

    id: str
    fields: dict[str, Any]
    metadata: dict[str, Any]
    suggestions: dict[str, tuple[int | str, str]]


@dataclass(frozen=True, slots=True)
class Shape:
    """What all records of a run share. values: the answers a rating question allows.

    `suggest` is false where the judge's scale is none that a rating question can have (it takes
    integers from 0 to 10): then nothing of the judge's can be suggested.
    """

    slots: tuple[Slot, ...]
    values: tuple[int, ...]
    suggest: bool
    as_chat: bool


def scale_of(low: float | None, high: float | None) -> tuple[tuple[int, ...], bool]:
    """(a rating question's values, are they the judge's scale?); 1 to 5 where they cannot be."""
    if low is None or high is None or low != int(low) or high != int(high):
        return (1, 2, 3, 4, 5), False
    if not 0 <= low < high <= 10:
        return (1, 2, 3, 4, 5), False
    return tuple(range(int(low), int(high) + 1)), True


def asked(folder: Path) -> tuple[set[Slot], tuple[tuple[int, ...], bool] | None]:
    """(slots, scale_of the judge's scale), by the config in the run's folder; empty and null where
    the folder holds none yet."""
    import yaml

    path = folder / ".hydra" / "config.yaml"
    if not path.is_file():
        return set(), None
    config = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    slots = {
        (name, sample)
        for name, role in (config.get("generators") or {}).items()
        for sample in range((role or {}).get("samples") or 1)
    }
    scale = ((config.get("judge") or {}).get("prompt") or {}).get("scale")
    return slots, scale_of(scale.get("min"), scale.get("max")) if scale else None


def slots_in(folder: Path) -> tuple[Slot, ...]:
    """Every generator and sample that answered any prompt of the run, sorted."""
    rows = read_rows(folder / "responses.parquet", ["generator", "sample"])
    return tuple(sorted({(row["generator"], row["sample"]) for row in rows}))


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


def record(prompt: Row, responses: Sequence[Row], verdicts: Sequence[Row], shape: Shape) -> Record:
    """One prompt with its responses in the slots' order and what the judge thinks of them.

    Of several judges the panel speaks, else the first one in the table. Its exact ratings are in
    the metadata; a rating that is not one of the question's values (3.5) is not suggested: rounded,
    it would be the judge's in name only.
    """
    messages = prompt["messages"]
    numbers = {slot: number for number, slot in enumerate(shape.slots, start=1)}
    placed = {r["response_id"]: numbers[r["generator"], r["sample"]] for r in responses}
    fields: dict[str, Any] = {"prompt": messages if shape.as_chat else transcript(messages)}
    for row in sorted(responses, key=lambda r: placed[r["response_id"]]):
        fields[f"response_{placed[row['response_id']]}"] = row["text"]
    spoken = [row["judge"] for row in verdicts]
    if not spoken:
        return Record(prompt["prompt_id"], fields, {}, {})
    judge = PANEL if PANEL in spoken else spoken[0]
    said = [row for row in verdicts if row["judge"] == judge]
    ratings = {
        placed[row["response_ids"][0]]: row["rating"]
        for row in said
        if row["rating"] is not None and row["response_ids"][0] in placed
    }
    metadata: dict[str, Any] = {"judge": judge}
    metadata |= {f"judge_rating_{number}": rating for number, rating in sorted(ratings.items())}
    if len(ratings) > 1:
        metadata["margin"] = max(ratings.values()) - min(ratings.values())
    agent = re.sub(r"[^a-zA-Z0-9_:./-]", "-", judge)[:200]
    suggestions: dict[str, tuple[int | str, str]] = {
        f"rating_{number}": (int(rating), agent)
        for number, rating in sorted(ratings.items())
        if shape.suggest and rating in shape.values
    }
    if len(shape.slots) > 1 and (best := _best(ratings, said, placed)):
        suggestions["best"] = (best, agent)
    return Record(prompt["prompt_id"], fields, metadata, suggestions)


def _best(
    ratings: Mapping[int, float], said: Iterable[Row], placed: Mapping[str, int]
) -> str | None:
    """response_k, tie, or None where the judge did not say enough to know."""
    if len(placed) < 2:
        return None
    if len(ratings) == len(placed):
        top = [number for number, rating in ratings.items() if rating == max(ratings.values())]
        return f"response_{top[0]}" if len(top) == 1 else "tie"
    pairs = [row for row in said if row["verdict"] and len(row["response_ids"]) == 2]
    wins = [
        row["response_ids"]["AB".index(row["verdict"])] for row in pairs if row["verdict"] in "AB"
    ]
    for response, number in placed.items():
        if wins.count(response) == len(placed) - 1:
            return f"response_{number}"
    return "tie" if pairs and not wins and len(placed) == 2 else None


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
