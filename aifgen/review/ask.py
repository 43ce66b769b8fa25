"""What a user may choose of a push, and the shape of its records then. Knows no server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aifgen.errors import ConfigError, DataError
from aifgen.records import PANEL
from aifgen.review.record import Shape, scale_of
from aifgen.review.settings import MOST, QUESTIONS, USUAL
from aifgen.review.tables import judges_in, most_responses

DESIGNS = (
    "disagreement:100, margin:50, flipped, flipped:80, random:200, stratified:120, mixed:100 or all"
)


class NothingToDraw(ConfigError):
    """No prompt of the run is what a design asks for."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a user may choose. dataset: null for the run's own name. workspace: null for the only
    one there is. sample: as sampling.design takes it. by: the judge whose doubts count for it; null
    for all judges'. guidelines,
    min_submitted (people a record): null for ours and 1, or as they are there."""

    dataset: str | None = None
    workspace: str | None = None
    prompt_as: str = "chat"
    blind: bool = False
    questions: tuple[str, ...] = USUAL
    sample: str = "all"
    by: str | None = None
    seed: int = 0
    guidelines: Path | None = None
    min_submitted: int | None = None

    def check(self, option: Callable[[str], str]) -> None:
        """ConfigError for what can be seen without a run and a server, also of a wrong type."""
        for name, kind, what in (
            ("dataset", str | None, "a name; in quotes where it looks like a number"),
            ("workspace", str | None, "a name; in quotes where it looks like a number"),
            ("prompt_as", str, "chat or text"),
            ("blind", bool, "true or false"),
            ("sample", str, f"one of {DESIGNS}"),
            ("by", str | None, "a judge's name"),
            ("seed", int, "a whole number"),
            ("min_submitted", int | None, "a whole number"),
        ):
            value = getattr(self, name)
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise ConfigError(f"{option(name)} is {value!r}: give {what}")
        if self.prompt_as not in ("chat", "text"):
            raise ConfigError(f"{option('prompt_as')} is {self.prompt_as!r}: write chat or text")
        if self.dataset is not None and not 1 <= len(self.dataset.strip()) <= 200:
            raise ConfigError(f"{option('dataset')} must be a name of 1 to 200 characters")
        for name in self.questions:
            if name not in QUESTIONS:
                raise ConfigError(
                    f"{option('ask')} has {name!r}: name some of {', '.join(QUESTIONS)}"
                )
        if not set(self.questions) & {"rating", "best", "ranking"}:
            raise ConfigError(f"{option('ask')} needs one of rating, best, ranking")
        if self.min_submitted is not None and self.min_submitted < 1:
            raise ConfigError(
                f"{option('min_submitted')} is {self.min_submitted}: give 1 or more people a record"
            )
        from aifgen.review.sampling import design

        design(self.sample)


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


def _shape(
    count: int,
    scale: tuple[tuple[int, ...], bool],
    several: bool,
    report: Mapping[str, Any],
    recipe: Mapping[str, Any],
    ask: Ask,
) -> Shape:
    values, suggest = scale
    asked = ask.questions if count > 1 else ("rating", "comment")  # there is nothing to compare
    seed = recipe.get("seed")
    source = str((report.get("source") or {}).get("name") or "").removesuffix("Source").lower()
    return Shape(
        slots=count,
        values=values,
        suggest=suggest,
        as_chat=ask.prompt_as == "chat",
        questions=tuple(name for name in QUESTIONS if name in asked),
        blind=ask.blind,
        several=several,
        seed=seed if isinstance(seed, int) else 0,
        source=source or None,
        run=str(report.get("config_digest") or ""),
    )
