"""human.parquet: what people said of a run's responses, one row an annotator, prompt and question.

Knows the table; where its rows come from is for pull to know.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Any

from aifgen.errors import DataError
from aifgen.records import TIE, schemas
from aifgen.tables import TableWriter, read_rows

HUMAN = "human.parquet"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SUBMITTED, DRAFT, DISCARDED = "submitted", "draft", "discarded"


@dataclass(frozen=True, slots=True)
class Answer:
    """question: rating, best, ranking or comment; null where a draft or discard answers none.

    value, as text: of a rating a JSON list of numbers, one a response and null for none; of best a
    response_id or tie; of a ranking a JSON list of ranks, 1 the best and equal ones ties; of a
    comment the text. All lists follow response_ids, but shown: the ids as the annotator saw them.
    annotator: a digest, and who it is; name: the user's, where it was asked for. submitted_at: null
    for a draft. sample, inclusion_probability: how the prompt was chosen. dataset_id: Argilla's,
    which no other dataset has, on whatever server.
    """

    prompt_id: str
    annotator: str
    question: str | None
    value: str | None
    status: str
    response_ids: tuple[str, ...]
    text_digests: tuple[str, ...]
    shown: tuple[str, ...]
    scale_min: float | None
    scale_max: float | None
    submitted_at: datetime | None
    inclusion_probability: float | None
    sample: str | None
    dataset: str | None
    dataset_id: str | None = None
    prompt_digest: str | None = None
    name: str | None = None


NEEDED = ("prompt_id", "annotator", "question", "value", "status", "response_ids")


def read(run: Path) -> list[Answer]:
    """Those that a run has; none where people have not been asked. Raises DataError."""
    path = run / HUMAN
    return table(path) if path.is_file() else []


def table(path: Path) -> list[Answer]:
    """In the order in which they were submitted, those without a time first: of two that one gave
    to one question in two datasets the last counts. Raises DataError for what is no such table, and
    for a submitted value that cannot be what its question asks for."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    known: set[str] = set()
    with contextlib.suppress(pa.ArrowInvalid, OSError):
        known = set(pq.read_schema(path).names)
    if missing := [name for name in NEEDED if name not in known]:
        why = f"it has no column {missing[0]}" if known else "it cannot be read as Parquet"
        raise DataError(
            f"{path} is no table of people's answers ({why}): name the {HUMAN} that aifgen review "
            "pull RUN wrote"
        )
    names = [field.name for field in fields(Answer)]
    rows = read_rows(path, [name for name in names if name in known])
    found = [
        _answer(f"row {number} of {path.name}", {**dict.fromkeys(names), **row})
        for number, row in enumerate(rows, 1)
    ]
    return sorted(found, key=lambda answer: answer.submitted_at or EPOCH)


def _answer(where: str, row: dict[str, Any]) -> Answer:
    """where: the place of the row, for errors."""
    for name in ("prompt_id", "annotator", "status"):
        if not isinstance(row[name], str) or not row[name]:
            raise DataError(f"{where}: {name} is {row[name]!r}: give a text")
    for name in ("response_ids", "text_digests", "shown"):
        row[name] = () if row[name] is None else row[name]
        if not isinstance(row[name], list | tuple):
            raise DataError(f"{where}: {name} is {row[name]!r}: give a list of texts")
        row[name] = tuple(map(str, row[name]))
    if row["question"] is not None and not row["response_ids"]:
        raise DataError(f"{where} has no response_ids: name the responses that it is about")
    ids, low, high = row["response_ids"], row["scale_min"], row["scale_max"]
    if row["text_digests"] and len(row["text_digests"]) != len(ids):
        raise DataError(
            f"{where}: {len(row['text_digests'])} text_digests for {len(ids)} response_ids: give "
            "one a response"
        )
    if (low, high) != (None, None) and not (low is not None and high is not None and low < high):
        told = " and ".join(f"{name} {row[name]}" for name in ("scale_min", "scale_max"))
        raise DataError(f"{where} has {told}: give both, the lower one first, or none")
    if row["value"] is not None and not isinstance(row["value"], str):
        row["value"] = json.dumps(row["value"])
    if row["status"] == SUBMITTED and row["value"] is not None:
        _check_value(where, row["question"], row["value"], ids)
    time = row["submitted_at"]
    if time is not None and not isinstance(time, datetime):
        raise DataError(f"{where}: submitted_at is {time!r}: give a column of timestamps")
    if time is not None and time.tzinfo is None:
        row["submitted_at"] = time.replace(tzinfo=UTC)
    return Answer(**row)


def _check_value(where: str, question: str | None, value: str, ids: Sequence[str]) -> None:
    if question == "best" and value != TIE and value not in ids:
        raise DataError(
            f"{where} finds {value} best, which is none of its responses: name one of "
            f"{', '.join(ids) or 'response_ids'}, or {TIE}"
        )
    if question in ("rating", "ranking") and not _numbers(value, len(ids)):
        raise DataError(
            f"{where} says {value}, which is no list of {len(ids)} numbers: give one a response, "
            "null where there is none"
        )


def _numbers(value: str, n: int) -> bool:
    try:
        found = json.loads(value)
    except ValueError:
        return False
    return (
        isinstance(found, list)
        and len(found) == n
        and all(one is None or (type(one) in (int, float) and isfinite(one)) for one in found)
    )


def write(run: Path, answers: Iterable[Answer], prompts: Sequence[str]) -> None:
    """In the order of the run's prompts, by annotator and question: the same answers are the same
    bytes. Raises SinkError; an older table then stays."""
    place = {name: k for k, name in enumerate(prompts)}
    rows = sorted(
        answers,
        key=lambda a: (
            place.get(a.prompt_id, len(place)), a.prompt_id, a.dataset or "", a.dataset_id or "",
            a.annotator,
            a.question or "",
        ),
    )  # fmt: skip
    table = TableWriter(run / HUMAN, schemas()["human"])
    try:
        for row in rows:
            table.add({**asdict(row), "submitted_at": _microseconds(row.submitted_at)})
        table.close()
    except BaseException:
        table.abort()
        raise


def _microseconds(time: datetime | None) -> int | None:
    return None if time is None else (time - EPOCH) // timedelta(microseconds=1)
