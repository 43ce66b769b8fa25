"""Rows that people reviewed, from a run's human.parquet and its tables. Knows no judge."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from aifgen.errors import AifgenError, ConfigError, DataError
from aifgen.judging.example import Example, Reviewed
from aifgen.people import Person, example
from aifgen.records import Message, digest
from aifgen.tables import batches, read_rows

HUMAN, PROMPTS, RESPONSES = "human.parquet", "prompts.parquet", "responses.parquet"
COLUMNS = (
    "prompt_id", "annotator", "question", "value", "status", "response_ids", "text_digests",
    "shown", "scale_min", "scale_max",
)  # fmt: skip
QUESTIONS = ("rating", "best", "ranking", "comment")
NONE = ("", "")
Group = tuple[tuple[str, ...], tuple[str, ...], str | None]
"""Response ids, the digests of their texts, and the prompt's: what an answer is about."""


def read(name: str) -> Reviewed:
    """What judge.examples names. Raises ConfigError in one sentence."""
    path = Path(name).expanduser()
    if path.is_dir():
        raise ConfigError(
            f"judge.examples={name} is a folder: name the file, judge.examples={path / HUMAN}"
        )
    if not path.is_file():
        raise ConfigError(
            f"judge.examples={name}: there is no such file; aifgen review pull RUN writes "
            f"RUN/{HUMAN}"
        )
    beside = [path, *(path.with_name(other) for other in (PROMPTS, RESPONSES))]
    if missing := [one.name for one in beside if not one.is_file()]:
        raise ConfigError(
            f"judge.examples={name} stands in no run's folder: {' and '.join(missing)} of the run "
            "that was reviewed must lie beside it"
        )
    # A config's digest is taken several times, and a run's texts are many.
    state = tuple((one.stat().st_mtime_ns, one.stat().st_size) for one in beside)
    try:
        return _read(name, path, state)
    except DataError as error:
        raise ConfigError(f"judge.examples={name}: {error}") from None


def digest_of(name: str | None) -> str | None:
    """Of what judge.examples holds; null where there is none, and where a run would say why not."""
    try:
        return None if name is None else read(str(name)).digest
    except AifgenError:
        return None


@lru_cache(maxsize=4)
def _read(name: str, path: Path, state: object) -> Reviewed:
    answers: dict[str, dict[Group, dict[str, dict[str, Any]]]] = {}
    scales: Counter[tuple[float, float]] = Counter()
    for number, row in _submitted(name, path):
        ids, digests = tuple(row["response_ids"] or ()), tuple(row["text_digests"] or ())
        group: Group = (ids, digests, row.get("prompt_digest"))
        people = answers.setdefault(row["prompt_id"], {}).setdefault(group, {})
        people.setdefault(str(row["annotator"]), {})[row["question"]] = (number, row)
        if row["question"] == "rating" and row["scale_min"] is not None:
            scales[row["scale_min"], row["scale_max"]] += 1
    if not answers:
        raise ConfigError(
            f"judge.examples={name} holds no submitted answer (drafts and discards do not count): "
            "let somebody submit one, then aifgen review pull RUN"
        )
    scale = min(scales, key=lambda one: (-scales[one], one)) if scales else None
    there, asked = _responses(path, answers), _prompts(path, answers)
    found: list[Example] = []
    for prompt_id, groups in answers.items():
        current = [
            (ids, people)
            for (ids, digests, turns), people in groups.items()
            if prompt_id in asked
            and turns in (None, digest(asked[prompt_id]))
            and ids
            and digests == tuple(there.get(one, NONE)[0] for one in ids)
        ]  # fmt: skip
        if current:
            ids, people = max(current, key=lambda one: len(one[1]))
            texts = tuple(there[one][1] for one in ids)
            told = [people[name] for name in sorted(people)]
            persons = [_person(path, one, ids, scale) for one in told]
            found.append(example(prompt_id, asked[prompt_id], texts, persons, scale))
    name = f"{path.resolve().parent.name}/{path.name}"
    return Reviewed(name, tuple(found), scale, len(answers) - len(found))


def _submitted(name: str, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The answers that count, each with its place in the table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: set[str]
    try:
        columns = set(pq.read_schema(path).names)
    except (pa.ArrowInvalid, OSError):
        columns = set()
    if not columns >= set(COLUMNS):
        raise ConfigError(
            f"judge.examples={name} is no table of people's answers: name the {HUMAN} that aifgen "
            "review pull RUN wrote"
        )
    for number, row in enumerate(read_rows(path, [*COLUMNS, *({"prompt_digest"} & columns)]), 1):
        known = row["question"] in QUESTIONS and row["value"] is not None
        if row["status"] == "submitted" and known:
            yield number, row


def _responses(path: Path, prompts: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The digest and the text of each response of the reviewed rows."""
    columns = ("prompt_id", "response_id", "text_digest", "text")
    rows = _rows_of(path.with_name(RESPONSES), columns, prompts)
    return {row["response_id"]: (row["text_digest"], row["text"]) for row in rows}


def _prompts(path: Path, prompts: Mapping[str, Any]) -> dict[str, tuple[Message, ...]]:
    rows = _rows_of(path.with_name(PROMPTS), ("prompt_id", "messages"), prompts)
    return {
        row["prompt_id"]: tuple(Message(role=m["role"], content=m["content"]) for m in turns)
        for row in rows
        for turns in [row["messages"]]
    }


def _rows_of(
    path: Path, columns: tuple[str, ...], prompts: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(list(prompts), pa.string())
    for batch in batches(path, columns):
        yield from batch.filter(pc.is_in(batch.column("prompt_id"), value_set=wanted)).to_pylist()


def _person(
    path: Path,
    told: Mapping[str, tuple[int, Mapping[str, Any]]],
    ids: tuple[str, ...],
    scale: tuple[float, float] | None,
) -> Person:
    """Raises DataError for a value that cannot be what its question asks for."""
    found = Person(tuple(range(len(ids))))
    for question, (number, row) in told.items():
        value = row["value"]
        where = f"row {number} of {path.name}"
        if question == "rating" and (row["scale_min"], row["scale_max"]) == scale:
            found.ratings = _numbers(value, len(ids), where)
        elif question == "ranking":
            found.ranks = _numbers(value, len(ids), where)
        elif question == "comment":
            found.comment = value.strip()
            if sorted(row["shown"] or ()) == sorted(ids):
                found.order = tuple(ids.index(one) for one in row["shown"])
        elif question == "best":
            if value != "tie" and value not in ids:
                raise DataError(f"{where} finds {value} best, which is none of its responses")
            found.best = "tie" if value == "tie" else ids.index(value)
    return found


def _numbers(value: str, n: int, where: str) -> list[float | None]:
    try:
        numbers = [None if one is None else float(one) for one in json.loads(value)]
    except (ValueError, TypeError):
        numbers = []
    if len(numbers) != n:
        raise DataError(f"{where} says {value}, which is no list of {n} numbers")
    return numbers
