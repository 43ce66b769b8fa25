"""What one judge of one run said about the items, as arrays. Knows no other judge and no text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from aifgen.compare.bill import Bill, together
from aifgen.compare.classes import ordered
from aifgen.compare.matching import Items
from aifgen.compare.run_folder import Run
from aifgen.compare.spoken import CODES, Spoken, spoken
from aifgen.compare.study import ABSENT, FAILED, Floats, Ints
from aifgen.judging.verdicts import mean, verdict_of
from aifgen.records import PANEL

SHARES = ("majority", "borda")
"""Ways to put judges together that rate from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One judge. m responses, n pairs of them.

    rating: (m,) NaN where there is none. asked: (I,) whether it was asked about the item. said,
    first, second, probability: (n,) as in Units. labels: the words behind ratings.
    """

    run: Run
    judge: str
    protocol: str
    rating: Floats
    asked: Ints
    said: Ints
    first: Ints
    second: Ints
    probability: Floats
    bill: Bill
    scale: tuple[float, float] | None
    labels: Mapping[float, str]


def voices(run: Run, items: Items) -> Iterator[Voice]:
    """Every judge of a run, the panel last."""
    found = spoken(run, items)
    if PANEL in found:
        _join(run, found)
    item, position, _ = items.pairs()
    one, two = (items.start[item] + position[:, k] for k in range(2))
    for judge, of in found.items():
        code = ordered(of.rating[one], of.rating[two])
        # A pair is asked about by itself, a rating with all others of its prompt.
        asked = np.zeros(len(item), np.bool_)
        asked[list(of.pairs)] = True
        if not of.pairs:
            asked = of.asked[item]
        said = np.where(code == ABSENT, np.where(asked, FAILED, ABSENT), code).astype(np.int8)
        if of.verdicts:
            said[list(of.verdicts)] = list(of.verdicts.values())
        first, second = _orders(of, said, one, two)
        sure = np.full(len(said), np.nan)
        if of.probability:
            sure[list(of.probability)] = list(of.probability.values())
        rated = bool(np.isfinite(of.rating).any())
        yield Voice(
            run, judge, of.protocol or run.protocol, of.rating, of.asked, said, first, second, sure,
            of.bill, of.scale if rated else None, of.labels,
        )  # fmt: skip


def _orders(of: Spoken, said: Ints, one: Ints, two: Ints) -> tuple[Ints, Ints]:
    """The verdicts with the first and with the second of the pair shown first."""
    first, second = (np.full(len(said), ABSENT, np.int8) for _ in range(2))
    for (pair, ours), scores in of.scores.items():
        code = CODES[verdict_of(mean(scores))] if scores else FAILED
        (first if ours else second)[pair] = code
    before, after = of.shown[one] < of.shown[two], of.shown[one] > of.shown[two]
    first[before] = said[before]
    second[after] = said[after]
    return first, second


def _join(run: Run, found: Mapping[str, Spoken]) -> None:
    """The panel was asked what any of its judges was asked, and has no order of its own."""
    panel = found[PANEL]
    judges = [of for name, of in found.items() if name != PANEL]
    panel.bill = together([of.bill for of in judges])
    for of in judges:
        panel.asked = np.logical_or(panel.asked, of.asked)
        panel.pairs |= of.pairs
        panel.labels |= of.labels
        panel.scale = panel.scale or of.scale
    config = run.judge_config
    if config.get("aggregate") in SHARES and config.get("cascade") is None:
        panel.scale = (0.0, 1.0)
