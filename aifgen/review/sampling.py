"""Which prompts people should see: a drawn sample in which every chance is known, so that what
people say of it can be said of the whole run. Reads no file (see candidates)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from aifgen.errors import ConfigError
from aifgen.records import digest
from aifgen.review.ask import DESIGNS, NothingToDraw
from aifgen.review.candidates import Candidate, candidates

__all__ = ["Candidate", "Design", "candidates", "design", "draw", "probabilities", "union"]

Floats = NDArray[np.float64]
Kind = Literal["disagreement", "margin", "flipped", "random", "stratified", "mixed", "all"]
FLOOR = 0.4
"""This part of a sample goes to all prompts alike. Without it, prompts that no design asks
for would have no chance, and nothing could be said of them; the smaller it is, the more a label of
such a prompt weighs, and the wider an interval becomes."""
SURE = 1 - 1e-9
BLIND = ("random", "stratified", "all")
"""Designs that no judge's doubts change."""


@dataclass(frozen=True, slots=True)
class Design:
    """text: as it is typed and kept, such as disagreement:100. number: null: all that there are."""

    kind: Kind
    number: int | None

    @property
    def text(self) -> str:
        return self.kind if self.number is None else f"{self.kind}:{self.number}"


def design(text: str) -> Design:
    """Raises ConfigError for a word that is none."""
    word, colon, number = text.strip().partition(":")
    for kind in get_args(Kind):
        if word != kind:
            continue
        if not colon and kind in ("flipped", "all"):
            return Design(kind, None)
        if not colon or kind == "all":
            break
        if number.isascii() and number.isdigit() and int(number) > 0:
            return Design(kind, int(number))
        raise ConfigError(f"sample {text}: {number or 'nothing'} is no number of prompts above 0")
    raise ConfigError(f"sample {text}: give {DESIGNS}")


def probabilities(population: Sequence[Candidate], design: Design) -> Floats:
    """(N,) the chance of each prompt to be drawn; they add up to the sample's size.

    Above 0 for all, but for `flipped` without a number: it takes those and no other.
    Raises ConfigError where there is nothing to draw.
    """
    if not population:
        raise NothingToDraw("there is no prompt with a response to show to people")
    flipped = np.array([one.flipped for one in population], np.float64)
    if design.kind == "flipped" and not flipped.any():
        raise NothingToDraw(
            "no judge changed its mind with the order of the responses (or none saw both orders): "
            "ask for disagreement or random instead of flipped"
        )
    everybody = len(population)
    if design.kind == "flipped" and design.number is None:
        return flipped
    size = everybody if design.number is None else min(design.number, everybody)
    if design.kind == "stratified":
        return _stratified([one.stratum for one in population], size)
    return _chances(population, design.kind, size)


def _chances(population: Sequence[Candidate], kind: Kind, size: int) -> Floats:
    even = np.full(len(population), size / len(population))
    if kind in ("random", "all"):
        return even
    if kind == "mixed":
        parts: list[Kind] = ["disagreement", "margin", "random"]
        if any(one.flipped for one in population):
            parts.append("flipped")
        return np.asarray(
            np.mean([_chances(population, part, size) for part in parts], axis=0), np.float64
        )
    worth = _WORTH[kind](population)
    total = float(worth.sum())
    wanted = worth / total if total else np.zeros(len(worth))
    floor = FLOOR if total else 1.0
    return _proportional((1 - floor) * wanted + floor / len(worth), size)


def _spreads(population: Sequence[Candidate]) -> Floats:
    return np.array([one.spread for one in population], np.float64)


def _closeness(population: Sequence[Candidate]) -> Floats:
    """1 for no margin, 0 for the widest; squared, because in most runs most margins are narrow."""
    margin = np.array([one.margin for one in population], np.float64)
    known = np.isfinite(margin)
    widest = margin[known].max(initial=0.0) or 1.0
    return np.where(known, 1 - np.where(known, margin, 0.0) / widest, 0.0) ** 2


_WORTH: dict[Kind, Callable[[Sequence[Candidate]], Floats]] = {
    "disagreement": _spreads,
    "margin": _closeness,
    "flipped": lambda population: np.array([one.flipped for one in population], np.float64),
}


def _proportional(worth: Floats, size: int) -> Floats:
    """Chances proportional to worth, at most 1, that add up to size. worth: (N,) above 0."""
    chance = np.zeros(len(worth))
    left = np.ones(len(worth), np.bool_)
    while left.any():
        chance[left] = (size - (~left).sum()) * worth[left] / worth[left].sum()
        over = left & (chance >= SURE)
        if not over.any():
            break
        chance[over] = 1.0
        left &= ~over
    return chance


def _stratified(strata: Sequence[str], size: int) -> Floats:
    """Each stratum gets a share by the root of its size (the power allocation of Bankier 1988):
    small ones more than their part, so that something can be said of each."""
    _, which, many = np.unique(np.array(strata, str), return_inverse=True, return_counts=True)
    worth = 1 / np.sqrt(many[which])
    return _proportional(worth, size)


def draw(
    population: Sequence[Candidate], design: Design, seed: int, by: str | None = None
) -> NDArray[np.bool_]:
    """(N,) the sample: of exactly the size and the chances of `probabilities`.

    Systematic sampling in random order (Madow 1949, *On the theory of systematic sampling, II*);
    within strata, one stratum after the other. The same seed gives the same prompts, in whatever
    order the population comes. by: whose doubts it follows: two samples that differ in anything are
    drawn apart, as `union` takes them to be.
    """
    order = sorted(range(len(population)), key=lambda k: population[k].prompt_id)
    ordered = [population[k] for k in order]
    chance = probabilities(ordered, design)
    rng = np.random.default_rng(int(digest("sample", design.text, seed, *([by] if by else [])), 16))
    taken = np.zeros(len(chance), np.bool_)
    taken[_systematic(chance, _shuffled(ordered, design, rng), rng)] = True
    found = np.zeros(len(population), np.bool_)
    found[order] = taken
    return found


def _shuffled(
    population: Sequence[Candidate], design: Design, rng: np.random.Generator
) -> NDArray[np.int64]:
    order = rng.permutation(len(population))
    if design.kind == "stratified":
        _, which = np.unique([one.stratum for one in population], return_inverse=True)
        order = order[np.argsort(rng.permutation(which.max() + 1)[which[order]], kind="stable")]
    return np.asarray(order, np.int64)


def _systematic(
    chance: Floats, order: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Every whole step along the chances, from a random start. Those that are sure come beside it:
    a rounded step could miss them."""
    sure = order[chance[order] >= SURE]
    open_ = order[(chance[order] < SURE) & (chance[order] > 0)]
    size = round(float(chance[open_].sum()))
    ends = np.cumsum(chance[open_])
    if not size:
        return sure
    ends *= size / ends[-1]
    ends[-1] = size
    at = np.searchsorted(ends, rng.random() + np.arange(size), side="right")
    return np.concatenate([sure, open_[at]])


def union(*chances: Floats) -> Floats:
    """(N,) the chance to be in one sample at least, of several that were drawn apart."""
    missed = np.ones_like(chances[0])
    for chance in chances:
        missed = missed * (1 - chance)
    return 1 - missed
