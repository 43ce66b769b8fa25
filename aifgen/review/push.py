"""A run's prompts, responses and opinions of judges to Argilla: what is missing or changed there.

Knows runs and the client; knows no command line and no sink.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aifgen.errors import ConfigError, DataError, SinkError
from aifgen.records import PANEL, digest
from aifgen.review.client import PAGE, Argilla, Refused
from aifgen.review.record import HIDDEN, Record, Sampled, Shape, record, scale_of
from aifgen.review.settings import MOST, QUESTIONS, USUAL, difference, guidelines, settings
from aifgen.review.tables import joined, judges_in, most_responses
from aifgen.tables import writing

if TYPE_CHECKING:
    from aifgen.review import sampling

REFUSED = "argilla_refused.jsonl"
CHANGED = "people have answered it with other texts: it stays as it is there"


@dataclass(frozen=True, slots=True)
class Ask:
    """What a user may choose. dataset: null for the run's own name. workspace: null for the only
    one there is. sample: as sampling.design takes it. min_submitted: people a record."""

    dataset: str | None = None
    workspace: str | None = None
    prompt_as: str = "chat"
    blind: bool = False
    questions: tuple[str, ...] = USUAL
    sample: str = "all"
    by: str | None = None
    seed: int = 0
    guidelines: Path | None = None
    min_submitted: int = 1

    def check(self, option: Callable[[str], str]) -> None:
        """ConfigError for what can be seen without a run and a server."""
        if self.prompt_as not in ("chat", "text"):
            raise ConfigError(f"{option('prompt_as')} is {self.prompt_as!r}: write chat or text")
        if self.dataset is not None and not 1 <= len(self.dataset.strip()) <= 200:
            raise ConfigError(f"{option('dataset')} must be a name of 1 to 200 characters")
        for name in self.questions:
            if name not in QUESTIONS:
                raise ConfigError(f"{option('ask')} has no {name}: there is {', '.join(QUESTIONS)}")
        if not set(self.questions) & {"rating", "best", "ranking"}:
            raise ConfigError(f"{option('ask')} needs one of rating, best, ranking")
        if self.min_submitted < 1:
            raise ConfigError(
                f"{option('min_submitted')} is {self.min_submitted}: give 1 or more people a record"
            )
        from aifgen.review.sampling import design

        design(self.sample)


@dataclass(slots=True)
class Pushed:
    """What came of it. refused: (prompt_id, why) of records that did not get there."""

    link: str
    dataset: str
    workspace: str
    sent: int = 0
    unchanged: int = 0
    refused: list[Refused] = field(default_factory=list)
    designs: tuple[str, ...] = ()

    @property
    def records(self) -> int:
        return self.sent + self.unchanged


def shape_of(folder: Path, report: Mapping[str, Any], recipe: Mapping[str, Any], ask: Ask) -> Shape:
    """Of a run whose tables are whole. Raises ConfigError, DataError."""
    count = max(most_responses(folder), responses_asked(recipe))
    if not count:
        raise DataError(f"{folder} has no response of any generator: there is nothing to look at")
    if count > MOST:
        raise ConfigError(
            f"{folder} has up to {count} responses a prompt, and people can hold {MOST} against "
            "each other: choose fewer generators"
        )
    protocol = report.get("protocol") or {}
    values, suggest = scale_of(protocol.get("scale_min"), protocol.get("scale_max"))
    several = len([judge for judge in judges_in(folder) if judge != PANEL]) > 1
    return _shape(count, (values, suggest), several, report, recipe, ask)


def shape_asked(recipe: Mapping[str, Any], ask: Ask) -> tuple[Shape, bool]:
    """(by the config alone, is the scale known?): what a dataset that is there must look like."""
    scale = ((recipe.get("judge") or {}).get("prompt") or {}).get("scale")
    known = scale_of(scale.get("min"), scale.get("max")) if scale else ((1, 2), False)
    several = len((recipe.get("judge") or {}).get("models") or ()) > 1
    count = responses_asked(recipe)
    return _shape(count, known, several, {}, recipe, ask), bool(scale)


def responses_asked(recipe: Mapping[str, Any]) -> int:
    """By the config: a generator's samples each; 0 where only the source brings any."""
    roles = (recipe.get("generators") or {}).values()
    return sum((role or {}).get("samples") or 1 for role in roles)


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
    """Send what is missing or changed. Raises an AifgenError; what was sent until then stays, and
    the same call completes it."""
    from aifgen.review import sampling  # it imports numpy

    ask.check(server.option)
    shape = shape_of(folder, report, recipe, ask)
    population, design = sampling.candidates(folder, ask.by), sampling.design(ask.sample)
    sampling.probabilities(population, design)  # what cannot be drawn makes no dataset
    space = server.workspace(ask.workspace)
    name = ask.dataset or folder.resolve().name
    wanted = settings(shape, guidelines(ask.guidelines, shape), ask.min_submitted)
    dataset = server.find(name, space)
    if dataset is None:
        dataset = server.create(name, space, wanted)
    elif problem := mismatch(server, dataset, wanted, space, ratings=True):
        raise ConfigError(problem)
    tell("reading what is there")
    there = {one.id: one for one in _there(server, dataset)}
    chosen, designs = _chosen(population, design, ask.seed, there)
    found = Pushed(server.link(dataset), name, space, designs=designs)
    records = (
        record(prompt, responses, verdicts, chosen[prompt["prompt_id"]], shape)
        for prompt, responses, verdicts in joined(folder)
        if responses and prompt["prompt_id"] in chosen
    )
    fresh = (one for one in records if _is_new(one, there.get(one.id), found))
    while batch := list(islice(fresh, PAGE)):
        bad = server.send(dataset, batch)
        found.refused += bad
        found.sent += len(batch) - len(bad)
        tell(f"{found.records:,} of {len(chosen):,} records")
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
    return f"{name}: {why}{advice}"


@dataclass(frozen=True, slots=True)
class _There:
    """A record that is in Argilla already."""

    id: str
    all: str
    """A digest of everything in it but people's answers."""
    texts: str
    """A digest of what people look at to judge."""
    answered: bool
    samples: tuple[str, ...]


def _there(server: Argilla, dataset: Any) -> Iterator[_There]:
    asked = {str(question.id): question.name for question in dataset.settings.questions}
    for one in server.records(dataset):
        metadata = one.get("metadata") or {}
        said = {
            asked[s["question_id"]]: (s["value"], s["agent"], s["score"])
            for s in one.get("suggestions") or ()
        }
        try:
            sample = json.loads(metadata.get(HIDDEN) or "{}").get("sample") or ""
        except ValueError:
            sample = ""
        yield _There(
            str(one["external_id"]),
            digest(one["fields"], metadata, said),
            _texts(one["fields"]),
            bool(one.get("responses")),
            tuple(sample.split(" + ")) if sample else (),
        )


def _is_new(one: Record, there: _There | None, found: Pushed) -> bool:
    """Whether it must be sent; counts it where not."""
    if there is None:
        return True
    said = {name: (of.value, of.agent, of.score) for name, of in one.suggestions.items()}
    if there.all == digest(one.fields, one.metadata, said):
        found.unchanged += 1
        return False
    if there.answered and there.texts != _texts(one.fields):
        found.refused.append((one.id, CHANGED))
        return False
    return True


def _texts(fields: Mapping[str, Any]) -> str:
    return digest({k: v for k, v in fields.items() if k.startswith(("prompt", "response_"))})


def _chosen(
    population: Sequence[sampling.Candidate],
    design: sampling.Design,
    seed: int,
    there: Mapping[str, _There],
) -> tuple[dict[str, Sampled], tuple[str, ...]]:
    """By prompt_id, the rows to be shown: by this sample, and those of earlier ones. Also the
    samples, earlier ones first. A row's probability is that of coming in by any of them."""
    from aifgen.review import sampling

    written = [word for one in there.values() for word in one.samples]
    names = tuple(dict.fromkeys([*written, f"{design.text}@{seed}"]))
    taken, parts = [False] * len(population), []
    for name in names:
        text, _, number = name.rpartition("@")
        parts.append(sampling.probabilities(population, sampling.design(text)))
        drawn = sampling.draw(population, sampling.design(text), int(number or 0))
        taken = [a or bool(b) for a, b in zip(taken, drawn, strict=True)]
    union = sampling.union(*parts)
    return {
        one.prompt_id: Sampled(
            round(float(union[k]), 9),
            " + ".join(names),
            None if math.isnan(one.margin) else round(one.margin, 6),
            round(one.spread, 6),
        )
        for k, one in enumerate(population)
        if taken[k] or one.prompt_id in there
    }, names


def _shape(
    count: int,
    scale: tuple[tuple[int, ...], bool],
    several: bool,
    report: Mapping[str, Any],
    recipe: Mapping[str, Any],
    ask: Ask,
) -> Shape:
    values, suggest = scale
    seed = recipe.get("seed")
    source = str((report.get("source") or {}).get("name") or "").removesuffix("Source").lower()
    return Shape(
        slots=count,
        values=values,
        suggest=suggest,
        as_chat=ask.prompt_as == "chat",
        questions=tuple(name for name in QUESTIONS if name in ask.questions),
        blind=ask.blind,
        several=several,
        seed=seed if isinstance(seed, int) else 0,
        source=source or None,
    )


def _keep(path: Path, refused: list[Refused]) -> None:
    lines = [json.dumps({"prompt_id": name, "reason": why}) + "\n" for name, why in refused]
    with writing(path):
        path.unlink(missing_ok=True)
        if lines:
            path.write_text("".join(lines), encoding="utf-8")
