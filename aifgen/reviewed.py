"""Rows that people reviewed, from a run's human.parquet and its tables. Knows no judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

from aifgen.errors import AifgenError, ConfigError, DataError
from aifgen.judging.example import Reviewed
from aifgen.people import Person, example
from aifgen.records import Message, digest
from aifgen.review import human
from aifgen.review.human import HUMAN, Answer
from aifgen.review.votes import Vote, about, by_prompt, votes
from aifgen.tables import batches

PROMPTS, RESPONSES = "prompts.parquet", "responses.parquet"
QUESTIONS = ("rating", "best", "ranking", "comment")


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
    given = by_prompt(
        answer
        for answer in human.table(path)
        if answer.status == human.SUBMITTED
        and answer.question in QUESTIONS
        and answer.value is not None
    )
    if not given:
        raise ConfigError(
            f"judge.examples={name} holds no submitted answer (drafts and discards do not count): "
            "let somebody submit one, then aifgen review pull RUN"
        )
    there, asked = _responses(path, given), _prompts(path, given)
    digests = {response_id: text_digest for response_id, (text_digest, _) in there.items()}
    current: dict[str, list[Answer]] = {}
    for prompt_id, answers in given.items():
        messages = asked.get(prompt_id)
        if messages and (now := about(answers, digests, digest(messages))):
            current[prompt_id] = _most_heard(now)
    scale = _scale(chain.from_iterable(current.values()))
    found = []
    for prompt_id, answers in current.items():
        ids = answers[0].response_ids
        texts = tuple(there[one][1] for one in ids)
        people = _people(answers, ids, scale)
        found.append(example(prompt_id, asked[prompt_id], texts, people, scale))
    name = f"{path.resolve().parent.name}/{path.name}"
    return Reviewed(name, tuple(found), scale, len(given) - len(found))


def _most_heard(answers: list[Answer]) -> list[Answer]:
    """Of those who saw different responses of a row, the answers of the most people."""
    groups: dict[tuple[str, ...], list[Answer]] = {}
    for answer in answers:
        groups.setdefault(answer.response_ids, []).append(answer)
    return max(groups.values(), key=lambda group: len({one.annotator for one in group}))


def _scale(answers: Iterable[Answer]) -> tuple[float, float] | None:
    """The one on which most ratings are; of equally many the lowest."""
    scales = Counter(scale for one in answers if (scale := _scale_of(one)) is not None)
    return min(scales, key=lambda one: (-scales[one], one)) if scales else None


def _scale_of(answer: Answer) -> tuple[float, float] | None:
    low, high = answer.scale_min, answer.scale_max
    if answer.question != "rating" or low is None or high is None:
        return None
    return low, high


def _people(
    answers: Sequence[Answer], ids: tuple[str, ...], scale: tuple[float, float] | None
) -> list[Person]:
    """What each says of a row, by name. A best by ratings goes by those on any scale."""
    heard = votes(answers, ids)
    rated = votes((one for one in answers if _scale_of(one) == scale), ids)
    comments = {one.annotator: one for one in answers if one.question == "comment"}
    found = []
    for who in sorted({one.annotator for one in answers}):
        said = comments.get(who)
        ratings = rated[who].ratings if who in rated else None
        shown = said.shown if said and sorted(said.shown) == sorted(ids) else ids
        found.append(
            Person(
                heard.get(who, Vote()),
                ratings and tuple(None if one is None else float(one) for one in ratings),
                said.value.strip() if said and said.value else None,
                tuple(map(ids.index, shown)),
            )
        )
    return found


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
        if missing := [name for name in columns if name not in batch.schema.names]:
            raise DataError(
                f"{path} has no column {missing[0]}: put the {path.name} of the run that was "
                "reviewed there"
            )
        yield from batch.filter(pc.is_in(batch.column("prompt_id"), value_set=wanted)).to_pylist()
