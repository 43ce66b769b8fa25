"""A run's prompts, responses and opinions of judges to Argilla: what is missing or changed there.

Knows runs and the client; knows no command line and no sink.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

from aifgen.errors import ConfigError, SinkError
from aifgen.records import digest
from aifgen.review.ask import Ask, shape_of
from aifgen.review.client import PAGE, Argilla, Refused
from aifgen.review.place import Place, remember, remembered
from aifgen.review.record import Record, record
from aifgen.review.settings import difference, guidelines, settings, unfinished
from aifgen.review.tables import joined
from aifgen.review.there import Sample, There, chosen, texts_of, there_is
from aifgen.tables import writing

REFUSED = "argilla_refused.jsonl"
CHANGED = "people have answered it with other texts: it stays as it is there"
OTHERS = "another run's texts stand there under this id: it stays as it is there"


@dataclass(slots=True)
class Pushed:
    """What came of it. refused: (prompt_id, why) of records that did not get there."""

    link: str
    dataset: str
    workspace: str
    sent: int = 0
    unchanged: int = 0
    refused: list[Refused] = field(default_factory=list)
    samples: tuple[Sample, ...] = ()

    @property
    def records(self) -> int:
        return self.sent + self.unchanged


def mismatch(server: Argilla, there: Any, wanted: Any, space: str, *, ratings: bool) -> str | None:
    """Why records of the settings `wanted` cannot go to the dataset `there`, as a sentence."""
    problem = difference(there, wanted, ratings=ratings)
    return problem and (
        f"the Argilla dataset {there.name!r} in workspace {space!r} does not fit this run "
        f"({problem}): choose another name, {server.option('dataset')}="
        "NAME, or delete it there"
    )


def push(
    folder: Path,
    server: Argilla,
    report: Mapping[str, Any],
    recipe: Mapping[str, Any],
    ask: Ask,
    tell: Callable[[str], None] = lambda _: None,
) -> Pushed:
    """Send what is missing or changed, and note in the folder where it is. Raises an AifgenError;
    what was sent until then stays, and the same call completes it."""
    from aifgen.review import sampling  # it imports numpy

    ask.check(server.option)
    shape = shape_of(folder, report, recipe, ask)
    remembered(folder)  # raises where it could not be noted where the rows are
    by = cache(partial(sampling.candidates, folder))
    design = sampling.design(ask.sample)
    sampling.probabilities(by(ask.by), design)  # what cannot be drawn makes no dataset
    sample = Sample(design.text, ask.seed, None if design.kind in sampling.BLIND else ask.by)
    space = server.workspace(ask.workspace)
    name = ask.dataset or folder.resolve().name
    text = guidelines(ask.guidelines, shape)
    wanted = settings(shape, text, ask.min_submitted or 1)
    dataset = server.find(name, space)
    if dataset is not None and unfinished(dataset, wanted):
        server.delete(dataset)  # an earlier push was cut off while it made it
        dataset = None
    if dataset is None:
        dataset = server.create(name, space, wanted)
    elif problem := mismatch(server, dataset, wanted, space, ratings=True):
        raise ConfigError(problem)
    remember(folder, Place(name, space, server.spaces()[space], str(dataset.id)))
    tell("reading what is there")
    there = {one.id: one for one in there_is(server, dataset)}
    ours = {name: one for name, one in there.items() if one.run == shape.run}
    rows, samples = chosen(by, sample, ours)
    server.change(dataset, text if ask.guidelines else None, ask.min_submitted)
    found = Pushed(server.link(dataset), name, space, samples=samples)
    records = (
        record(prompt, responses, verdicts, rows[prompt["prompt_id"]], shape)
        for prompt, responses, verdicts in joined(folder)
        if responses and prompt["prompt_id"] in rows
    )
    fresh = (one for one in records if _is_new(one, there.get(one.id), shape.run, found))
    while batch := list(islice(fresh, PAGE)):
        bad = server.send(dataset, batch)
        found.refused += bad
        found.sent += len(batch) - len(bad)
        tell(f"{found.records:,} of {len(rows):,} records")
    _keep(folder / REFUSED, found.refused)
    if found.refused and not found.records:
        raise SinkError(
            f"Argilla took none of {len(found.refused):,} records ({reason(server, found.refused)})"
        )
    return found


def told(found: Pushed, server: Argilla, folder: Path) -> str:
    """In one line: where, how many, and what did not get there."""
    line = f"{found.link}: {found.records:,} record{'' if found.records == 1 else 's'}"
    if found.unchanged:
        line += f" ({found.unchanged:,} of them as they were)"
    if found.refused:
        line += (
            f"; {len(found.refused):,} not taken, listed in {folder / REFUSED} "
            f"({reason(server, found.refused)})"
        )
    return line


def reason(server: Argilla, refused: list[Refused]) -> str:
    """The first one's, and what to do."""
    name, why = refused[0]
    advice = f"; {server.option('prompt_as')}=text takes any prompt" if "chat" in why else ""
    if why == OTHERS:
        advice = f"; choose another name, {server.option('dataset')}=NAME"
    return f"{name}: {why}{advice}"


def _is_new(one: Record, there: There | None, run: str, found: Pushed) -> bool:
    """Whether it must be sent; counts it where not."""
    if there is None:
        return True
    said = {name: (of.value, of.agent, of.score) for name, of in one.suggestions.items()}
    if there.all == digest(one.fields, one.metadata, said):
        found.unchanged += 1
        return False
    if there.texts != texts_of(one.fields) and (there.answered or there.run != run):
        found.refused.append((one.id, CHANGED if there.answered else OTHERS))
        return False
    return True


def _keep(path: Path, refused: list[Refused]) -> None:
    lines = [json.dumps({"prompt_id": name, "reason": why}) + "\n" for name, why in refused]
    with writing(path):
        path.unlink(missing_ok=True)
        if lines:
            path.write_text("".join(lines), encoding="utf-8")
