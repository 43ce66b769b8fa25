"""People's answers from Argilla to a run's human.parquet, brought back into the run's own order.

Knows the client and the table; knows no command line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any

from aifgen.errors import DataError
from aifgen.records import digest
from aifgen.review import human
from aifgen.review.client import Argilla
from aifgen.review.human import Answer
from aifgen.review.place import Place, remember, remembered
from aifgen.review.record import shown
from aifgen.tables import read_rows


@dataclass(slots=True)
class Pulled:
    """What came from one dataset. answers: rows of human.parquet, by status. strange: answers that
    name a response that is not there. foreign: records of prompts or texts that the run has not.
    gone: answers of an earlier pull that are not in Argilla any more, which were kept. dropped:
    those that were not. unnamed: an earlier pull had brought people's names, this one does not."""

    dataset: str
    records: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    annotators: int = 0
    strange: int = 0
    foreign: int = 0
    gone: int = 0
    dropped: int = 0
    unnamed: bool = False


def pull(
    run: Path, server: Argilla, dataset: str, workspace: str, *, names: bool, force: bool
) -> Pulled:
    """Take what is there now in place of what the run has of this dataset. names: keep users' names
    beside their digests. force: drop answers that are gone there. Raises an AifgenError; then
    human.parquet is as it was."""
    there = server.need(
        dataset,
        workspace,
        f"name it with {server.option('dataset')}, or push the run first: aifgen review push "
        f"{quote(str(run))}",
    )
    people = server.people(workspace) if names else {}
    scale = scale_of_ratings(there)
    found = Pulled(dataset)
    texts, answers = _texts(run), list[Answer]()
    elsewhere = set[tuple[str, str]]()  # prompt and person of answers about other texts
    for one in server.records(there):
        found.records += 1
        facts = shown(one.get("metadata"))
        if facts is None:
            raise DataError(
                f"the Argilla dataset {dataset!r} has the record {one.get('external_id')}, which "
                "does not say whose responses it shows: it was not made by aifgen review push. "
                "source=argilla starts a run from such a dataset"
            )
        shows = dict(zip(facts["response_ids"], facts["text_digests"], strict=True))
        if texts.get(facts["prompt_id"]) != (facts["prompt_digest"], shows):
            found.foreign += 1
            elsewhere |= {
                (facts["prompt_id"], hidden_name(str(response["user_id"])))
                for response in one.get("responses") or ()
            }
            continue
        for response in one.get("responses") or ():
            said, strange = answers_of(response, facts, scale)
            name = people.get(str(response["user_id"]))
            answers += [
                replace(answer, dataset=dataset, dataset_id=str(there.id), name=name)
                for answer in said
            ]
            found.strange += strange
    if found.records and found.foreign == found.records:
        raise DataError(
            f"the Argilla dataset {dataset!r} has no prompt of {run} with the texts that it has "
            "now: it is another run's, or of this one as it was"
        )
    spaces = server.spaces()
    try:
        before = human.read(run)
    except DataError as error:
        raise DataError(f"{error}. Or move it away: what is in Argilla comes back") from None
    spoken = {(answer.prompt_id, answer.annotator) for answer in answers}
    others = [answer for answer in before if answer.dataset_id != str(there.id)]
    gone = [
        answer
        for answer in before
        if answer.dataset_id == str(there.id) and (answer.prompt_id, answer.annotator) not in spoken
    ]
    if force:
        # Those of a dataset of the same name, too, unless it is there still, or on another server.
        kept = {
            place.dataset_id
            for place in remembered(run)
            if place.workspace_id != spaces.get(place.workspace) or server.has(place.dataset_id)
        }
        old = [a for a in others if a.dataset == dataset and a.dataset_id not in kept]
        others = [a for a in others if a.dataset != dataset or a.dataset_id in kept]
        found.dropped, gone = len(gone) + len(old), []
    found.gone = sum((a.prompt_id, a.annotator) not in elsewhere for a in gone)
    found.unnamed = not names and any(a.name for a in before if a.dataset_id == str(there.id))
    human.write(run, [*others, *gone, *answers], list(texts))
    remember(run, Place(dataset, workspace, spaces[workspace], str(there.id)))
    found.annotators = len({answer.annotator for answer in answers})
    for answer in answers:
        found.answers[answer.status] = found.answers.get(answer.status, 0) + 1
    return found


def _texts(run: Path) -> dict[str, tuple[str, dict[str, str]]]:
    """What the run has now: by prompt_id, the prompt's digest and its responses' by id."""
    found: dict[str, tuple[str, dict[str, str]]] = {
        row["prompt_id"]: (digest(row["messages"]), {})
        for row in read_rows(run / "prompts.parquet", ["prompt_id", "messages"])
    }
    columns = ["prompt_id", "response_id", "text_digest"]
    for row in read_rows(run / "responses.parquet", columns):
        if row["prompt_id"] in found:
            found[row["prompt_id"]][1][row["response_id"]] = row["text_digest"]
    return found


def hidden_name(user_id: str) -> str:
    """The same for one user of a server at every pull, and nothing that leads back to the name: a
    digest of the user's random id."""
    return f"annotator-{digest('annotator', user_id)[:8]}"


def scale_of_ratings(dataset: Any) -> tuple[float, float] | None:
    for question in dataset.settings.questions:
        if question.name.startswith("rating_"):
            return float(min(question.values)), float(max(question.values))
    return None


def answers_of(
    response: Mapping[str, Any], shown: Mapping[str, Any], scale: tuple[float, float] | None
) -> tuple[list[Answer], int]:
    """One person's answers about one record, and how many of them name an empty slot. shown: as
    record.shown gives it."""
    ids = list(shown["response_ids"])
    slots = {f"response_{k}": index for k, index in enumerate(shown["shown"], start=1)}
    values = {name: one["value"] for name, one in (response.get("values") or {}).items()}
    said = list(_values(values, slots, ids))
    status = str(response["status"])
    when = None if status == human.DRAFT else _time(response["updated_at"])
    strange = sum(value is None for question, value in said if question is not None)
    kept = [one for one in said if one[1] is not None] or [(None, None)]
    answers = [
        Answer(
            prompt_id=shown["prompt_id"],
            annotator=hidden_name(str(response["user_id"])),
            question=question,
            value=value,
            status=status,
            response_ids=tuple(ids),
            text_digests=tuple(shown["text_digests"]),
            shown=tuple(ids[index] for index in shown["shown"]),
            scale_min=scale[0] if scale and question == "rating" else None,
            scale_max=scale[1] if scale and question == "rating" else None,
            submitted_at=when,
            inclusion_probability=shown["inclusion_probability"],
            sample=shown["sample"],
            dataset=None,
            prompt_digest=shown["prompt_digest"],
        )
        for question, value in kept
    ]
    return answers, strange


def _values(
    values: Mapping[str, Any], slots: Mapping[str, int], ids: list[str]
) -> Iterator[tuple[str | None, str | None]]:
    """(question, value as human.parquet has it; null where it is about an empty slot)."""
    ratings: list[Any] = [None] * len(ids)
    for word, index in slots.items():
        ratings[index] = values.get(word.replace("response", "rating"))
    if any(rating is not None for rating in ratings):
        yield "rating", json.dumps(ratings)
    if any(
        name.startswith("rating_") and name.replace("rating", "response") not in slots
        for name in values
    ):
        yield "rating", None
    if (best := values.get("best")) is not None:
        yield "best", best if best == "tie" else ids[slots[best]] if best in slots else None
    if ranking := values.get("ranking"):
        ranks: list[Any] = [None] * len(ids)
        for one in ranking:
            if one["value"] in slots:
                ranks[slots[one["value"]]] = one.get("rank")
        yield "ranking", json.dumps(ranks) if any(rank is not None for rank in ranks) else None
    if comment := values.get("comment"):
        yield "comment", comment


def _time(text: str) -> datetime:
    """Argilla writes UTC without saying so."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
