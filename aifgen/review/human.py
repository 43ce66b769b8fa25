"""human.parquet: what people said of a run's responses, one row an annotator, prompt and question.

Knows the table; where its rows come from is for pull to know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aifgen.records import schemas
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


def read(run: Path) -> list[Answer]:
    """Those that a run has; none where people have not been asked. Raises DataError."""
    path = run / HUMAN
    if not path.is_file():
        return []
    return [Answer(**_tuples(row)) for row in read_rows(path)]


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


def _tuples(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in row.items()}
