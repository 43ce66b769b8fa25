"""Prompts of a dataset in Argilla, on request with the responses and what people say of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from aifgen.errors import ConfigError, DataError
from aifgen.records import Given, Message, Prompt
from aifgen.review.client import Argilla
from aifgen.review.place import connect
from aifgen.review.pull import answers_of, scale_of_ratings
from aifgen.review.record import HIDDEN, shown
from aifgen.review.votes import votes
from aifgen.sources.base import Source, SourceFacts
from aifgen.sources.cells import BadRow, plain, turns
from aifgen.sources.columns import to_prompt
from aifgen.sources.mapping import column_names
from aifgen.sources.reading import check_order, survey

OPTION = "source."
ID = "id"


class ArgillaSource(Source):
    """See docs/sources.md. A record's fields and metadata are the columns of a row, and what people
    submitted to a question is a list under the question's name. Nothing is changed there.
    Shuffled, all records are in memory.

    responses: bring those that aifgen review push has put there, under their generators' names,
    with people's answers as labels.
    """

    def __init__(
        self,
        dataset: str,
        workspace: str | None = None,
        api_url: str | None = None,
        columns: Mapping[str, Any] | None = None,
        labels: Mapping[Any, Any] | None = None,
        responses: bool = False,
        completed: bool = False,
        limit: int | None = None,
        shuffle: bool = False,
        seed: int = 0,
    ) -> None:
        if not isinstance(dataset, str) or not dataset.strip():
            raise ConfigError(f"source.dataset is {dataset!r}: give the name of one in Argilla")
        check_order(limit, shuffle, seed)
        for name, value in (("responses", responses), ("completed", completed)):
            if not isinstance(value, bool):
                raise ConfigError(f"source.{name} is {value!r}: give true or false")
        self.dataset = dataset
        self.workspace = workspace
        self.api_url = api_url
        self.columns = column_names(columns, labels)
        self.responses = responses
        self.completed = completed
        self.limit = limit
        self.shuffle = shuffle
        self.seed = seed

    def check(self) -> SourceFacts:
        return survey(self, f"the Argilla dataset {self.dataset!r}", "source.dataset")

    def read(self) -> Iterator[Prompt]:
        server = connect(self.api_url, OPTION)
        try:
            space = server.workspace(self.workspace)
            there = server.need(self.dataset, space, "set source.dataset")
            people = sorted(server.people(space)) if self.responses else []
            yield from self._prompts(server, there, people)
        finally:
            server.close()

    def _prompts(self, server: Argilla, there: Any, people: list[str]) -> Iterator[Prompt]:
        scale = scale_of_ratings(there)
        records = list(enumerate(server.records(there), 1)) if self.shuffle else None
        if records is not None:
            random.Random(self.seed).shuffle(records)
        for number, one in records or enumerate(server.records(there), 1):
            if self.completed and one["status"] != "completed":
                continue
            try:
                if self.responses:
                    yield _with_responses(one, people, scale)
                else:
                    yield to_prompt(_row(one), self.columns)
            except BadRow as error:
                raise DataError(
                    f"the Argilla dataset {self.dataset!r}, record {number} "
                    f"({one.get('external_id') or one['id']}): {error}"
                ) from None


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {k: v for k, v in (one.get("metadata") or {}).items() if k != HIDDEN}
    said: dict[str, list[Any]] = {}
    for response in one.get("responses") or ():
        if response["status"] == "submitted":
            for name, of in (response["values"] or {}).items():
                said.setdefault(name, []).append(of["value"])
    row = {**said, **metadata, **{k: v for k, v in one["fields"].items() if v is not None}}
    found: dict[str, Any] = plain({ID: one.get("external_id") or one["id"], **row})
    return found


def _with_responses(
    one: Mapping[str, Any], people: list[str], scale: tuple[float, float] | None
) -> Prompt:
    """people: the ids of all users, in the order of Prompt.human."""
    facts = shown(one.get("metadata"))
    if facts is None:
        raise BadRow(
            "it does not say whose responses it shows, since aifgen review push has not made it: "
            "name the fields with source.columns.responses=[FIELD,FIELD] instead"
        )
    generators, order = facts["generators"], facts["shown"]
    texts = {index: one["fields"].get(f"response_{slot}") for slot, index in enumerate(order, 1)}
    given = tuple(
        Given(name.removeprefix("source:"), texts[k] or "") for k, name in enumerate(generators)
    )
    prompt = one["fields"]["prompt"]
    messages = (
        turns(prompt, "prompt")
        if isinstance(prompt, list)
        else (Message(role="user", content=prompt),)
    )
    human: list[tuple[float | None, ...]] = [(None,) * len(given)] * len(people)
    for response in one.get("responses") or ():
        answers, _ = answers_of(response, facts, scale)
        for vote in votes(answers, facts["response_ids"]).values():
            numbers = vote.numbers(len(given))
            if numbers and str(response["user_id"]) in people:
                human[people.index(str(response["user_id"]))] = numbers
    extra = {k: v for k, v in (one.get("metadata") or {}).items() if k != HIDDEN}
    said = any(number is not None for numbers in human for number in numbers)
    return Prompt(
        facts["prompt_id"], messages, plain(extra), (), given, None, tuple(human) if said else ()
    )
