"""What people would say of all prompts, from what they say of a few and what judges say of all:
prediction-powered inference with inclusion probabilities. Knows sums by prompt, no judge.

PPI++ (Angelopoulos, Duchi and Zrnic 2023, arXiv:2311.01453, sections 3 and 6) gives the estimate
and how far to trust the judges; Zrnic and Candès 2024 (*Active statistical inference*,
arXiv:2403.03208, section 4) the weights 1 / pi of labels that were not drawn alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from aifgen.compare import intervals
from aifgen.compare.figure import FEW, Figure, plain

Floats = NDArray[np.float64]

LEVERAGE = 0.5
"""What one prompt may count for in a jackknife, lest one that decides alone is divided by 0."""


class Three(TypedDict):
    """One figure three ways. lambda, from 0 (judges are not used) to 1; null without a label."""

    naive: Figure
    human_only: Figure
    prediction_powered: Figure
    power: float | None


@dataclass(frozen=True, slots=True)
class Prompts:
    """P prompts; each is a row of sums over what is counted of it (pairs of responses, answers).

    guess, units: (P,) the sum of the judges' predictions, and how many are counted. told, labelled:
    (P,) the same of what people say, over those that they labelled (0: nobody saw the prompt).
    guess_there: (P,) the predictions over these. weight: (P,) 1 / pi, read where labelled.
    """

    guess: Floats
    units: Floats
    told: Floats
    labelled: Floats
    guess_there: Floats
    weight: Floats


def three(found: Prompts, what: str, assumed: str, *, judged: bool = True) -> Three:
    """The plain mean of the labelled, the weighted one, and the one that judges help with.

    assumed: how the labelled prompts came about, for `method`. judged: whether predictions may be
    used. Where the weighted one has no interval the plain one has none: the figure that forgets how
    prompts were chosen would look like the sure one.
    """
    even = _mean(found, np.ones(len(found.weight)))
    weighted = _mean(found, found.weight)
    powered, power, told = weighted, 0.0, "as judges do not help"
    if judged and weighted.value is not None:
        helped, tuned = _helped(found, weighted)
        if helped.variance < weighted.variance:
            powered, power, told = helped, tuned, ""
    words = {
        "naive": f"{what}: mean of what people labelled, as if they had seen any prompts",
        "human": f"{what}: mean of what people labelled, weighted by 1 / inclusion probability",
        "powered": f"{what}: prediction-powered (PPI++, weighted by 1 / inclusion probability, "
        f"by prompt), lambda {power:.2f}" + f" {told}" * bool(told),
    }
    return Three(
        naive=_figure(even, words["naive"], weighted),
        human_only=_figure(weighted, f"{words['human']}; {assumed}"),
        prediction_powered=_figure(powered, f"{words['powered']}; {assumed}"),
        power=None if weighted.value is None else power,
    )


@dataclass(frozen=True, slots=True)
class _Estimate:
    """variance: of the value, between prompts. size: labelled prompts, and of how many of equal
    weight they are worth. n: what is labelled of them. rarer: of the prompts that all are worth,
    those with the rarer outcome. common: the interval where these are many, and few differ from a
    share that is common to the rest. chosen: what the same labels decided beside the value."""

    value: float | None
    terms: Floats
    size: tuple[int, float]
    n: int
    rarer: float = 0.0
    common: list[float] | None = None
    chosen: int = 0

    @property
    def variance(self) -> float:
        """The jackknife's (Efron 1982), to first order: terms are as a prompt less would make them,
        which matters where one of few has a large weight."""
        clusters = max(self.size[0], 1)
        return float(self.terms @ self.terms) * (clusters - 1) / clusters

    @property
    def t(self) -> float:
        return intervals.quantile(self.size[1] - 1 - self.chosen)

    @property
    def few(self) -> list[float] | None:
        """The interval where few prompts decide the value. With the rarer outcome in fewer than
        RARE of them the variance knows too little, and the fewer they are, the less a value may be
        worth more rows than there are prompts (as intervals.of_share has it, which speaks where all
        weigh alike). What judges add does not change how much the variance knows."""
        if self.value is None or self.rarer >= intervals.RARE:
            return self.common
        worth = equal = self.size[1]
        spread = self.value * (1 - self.value)
        if self.variance > 0 and spread > 0:
            worth = max(spread / self.variance, 1.0)
            known = max(self.rarer - 1, 0.0) / (intervals.RARE - 1)
            worth = min(worth, equal ** (1 - known) * worth**known)
        return list(intervals.wilson(self.value, worth, self.t))


def _mean(found: Prompts, weight: Floats) -> _Estimate:
    """A ratio of weighted sums (Hajek 1971), its errors linear (Särndal 1992, section 5.7)."""
    units = np.where(found.labelled > 0, weight * found.labelled, 0.0)
    total, n = float(units.sum()), int(found.labelled[units > 0].sum())
    if total <= 0:
        return _Estimate(None, np.zeros(len(units)), (0, 0.0), n)
    hits = np.where(units > 0, weight * found.told, 0.0)
    value = float(hits.sum() / total)
    terms = (hits - value * units) / total / (1 - np.minimum(units / total, LEVERAGE))
    size, there = intervals.size(units), units > 0
    outcomes = (hits > intervals.TINY, units - hits > intervals.TINY)
    rarer = size[1] * min(float(units[of].sum()) for of in outcomes) / total
    common = intervals.of_share(hits[there], units[there], None, size)
    return _Estimate(value, terms, size, n, rarer, common)


def _helped(found: Prompts, weighted: _Estimate) -> tuple[_Estimate, float]:
    """With lambda times what judges say of all less what they say of the labelled. lambda: what
    makes the variance smallest (PPI++, section 6), from 0 to 1. What a prompt adds is taken with
    the lambda of all others: its own label moves both, and their product would be biased."""
    assert weighted.value is not None
    units = np.where(found.labelled > 0, found.weight * found.labelled, 0.0)
    guess = np.where(units > 0, found.weight * found.guess_there, 0.0)
    there, everywhere = guess.sum() / units.sum(), found.guess.sum() / found.units.sum()
    terms = (guess - there * units) / units.sum()
    terms = terms - (found.guess - everywhere * found.units) / found.units.sum()
    squares = float(terms @ terms)
    if squares < intervals.TINY**2:  # all of the run is labelled, or judges always say the same
        return weighted, 0.0
    both = weighted.terms * terms
    rest = np.maximum(squares - terms**2, intervals.TINY * squares)
    power = np.clip((both.sum() - both) / rest, 0.0, 1.0)
    less = (guess - everywhere * units) / units.sum()  # adds up to there - everywhere
    value = float(np.clip(weighted.value - power @ less, 0.0, 1.0))
    common = weighted.common
    if common is not None:
        common = [float(np.clip(end + value - weighted.value, 0.0, 1.0)) for end in common]
    helped = replace(
        weighted, value=value, terms=weighted.terms - power * terms, common=common, chosen=1
    )
    return helped, float(np.clip(both.sum() / squares, 0.0, 1.0))


def _figure(found: _Estimate, what: str, beside: _Estimate | None = None) -> Figure:
    """Wilson's interval with a t quantile, of as many rows as the variance is worth; none where
    there is none `beside` it."""
    clusters, equal = found.size
    bare = plain(found.value, what, found.n, clusters)
    if found.value is None:
        return {**bare, "method": f"{what}; nobody labelled any of it"}
    for size in (found.size, found.size if beside is None else beside.size):
        if why := _too_few(*size):
            return {**bare, "method": f"{what}; no interval: {why}"}
    ends, how = found.few, "as few prompts decide it"
    if ends is None:
        spread = max(found.value * (1 - found.value), intervals.TINY)
        n, how = spread / found.variance, "over prompts"
        ends = list(intervals.wilson(found.value, n, found.t))
    worth = f"{intervals.words(clusters, equal)} labelled"
    how = f"Wilson's interval with a t quantile, {how}; {worth}"
    return {**bare, "ci95": ends, "method": f"{what}; {how}"}


def _too_few(clusters: int, equal: float) -> str:
    """Why labelled prompts give no interval; empty where they are enough."""
    if round(equal) >= FEW:
        return ""
    if not clusters:
        return "no chance is known of any prompt labelled"
    worth = f", worth {equal:.0f} of equal weight," * (round(equal) != clusters)
    return f"{clusters} prompts labelled{worth} are too few ({FEW} are needed)"
