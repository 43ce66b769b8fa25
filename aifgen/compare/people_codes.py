"""What each person says of each unit, of all that one said of an item. Reads no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aifgen.compare.coding import known
from aifgen.compare.hearing import Hearing, Words
from aifgen.compare.opinions import Codes, Layout
from aifgen.compare.people_files import Labels
from aifgen.compare.study import ABSENT, TIE, Kind, Units


@dataclass(frozen=True, slots=True)
class People:
    """raters: (R,) names. codes: (R, n) as Units.people. inclusion: (I,) as Study.inclusion.
    samples: as Study.samples. notes: sentences for Study.notes."""

    raters: tuple[str, ...]
    codes: NDArray[np.int8]
    inclusion: NDArray[np.float64]
    samples: tuple[str, ...]
    notes: tuple[str, ...]
    _items: NDArray[np.int64]
    _start: NDArray[np.int64]
    _ratings: NDArray[np.float64]

    def ratings_at(
        self, item: NDArray[np.int64], position: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """(R, m) for Ratings.people: NaN where nobody gave a number."""
        at, there = _found(self._items, item)
        found = np.full((len(self.raters), len(item)), np.nan)
        found[:, there] = self._ratings[:, self._start[at[there]] + position[there]]
        return found


@dataclass(slots=True)
class Said:
    """One person about one item: a word, ratings, and ranks (the higher the better). dataset: as
    Label.dataset, of which all of it is."""

    word: str | None = None
    numbers: list[float | None] | None = None
    ranks: list[float | None] | None = None
    shown: list[str] | None = None
    dataset: str = ""


Key = tuple[int, str, tuple[str, ...] | None]
"""Item, rater, the order of responses that a label is in."""


def coded(
    found: Labels,
    said: Mapping[Key, Said],
    raters: list[str],
    responses: Sequence[Sequence[str]],
    units: Units,
    more: tuple[NDArray[np.float64], tuple[str, ...], tuple[str, ...]],
) -> People:
    import pyarrow as pa

    items = np.unique([item for item, _, _ in said])
    names = [list(responses[int(item)]) for item in items]
    layout = Layout(np.array([len(one) for one in names], np.int32))
    hearing = Hearing(layout, pa.array([name for one in names for name in one], pa.string()))
    item = np.searchsorted(items, [item for item, _, _ in said])
    who = np.array([raters.index(rater) for _, rater, _ in said], np.int32)
    orders = pa.array([one.shown for one in said.values()], pa.list_(pa.string()))

    def heard(words: Sequence[str | None], numbers: Sequence[list[float | None] | None]) -> Codes:
        spoken = Words(
            item, who, pa.array(words, pa.string()), pa.array(numbers, pa.list_(pa.float64())),
            orders=orders,
        )  # fmt: skip
        opinions = hearing.hear(spoken, lambda row: f"{found.source}, label {row + 1}", "label")
        coding = known(units.kind, layout, units.classes, hearing.labels)
        return coding.codes(opinions, len(raters))

    nothing = [None] * len(said)
    by_word = heard([one.word for one in said.values()], nothing)
    by_rank = heard(nothing, [one.ranks for one in said.values()])
    by_rating = heard(nothing, [one.numbers for one in said.values()])
    codes = _first_word(by_word.said, by_rank.said, by_rating.said, layout, units.kind)
    rating = np.where(np.isfinite(by_rating.rating), by_rating.rating, by_word.rating)
    at, there = _found(items, units.item)
    if units.kind == "pair":
        p, q = units.position[there].astype(np.int64).T
        m = layout.counts[at[there]].astype(np.int64)
        unit = layout.pairs[at[there]] + p * m - p * (p + 1) // 2 + q - p - 1
    else:
        unit = at[there]
    people = np.full((len(raters), len(units)), ABSENT, np.int8)
    people[:, there] = np.where(codes < 0, ABSENT, codes)[:, unit]
    return People(tuple(raters), people, *more, items, layout.responses, rating)


def _first_word(
    word: NDArray[np.int8],
    rank: NDArray[np.int8],
    rating: NDArray[np.int8],
    layout: Layout,
    kind: Kind,
) -> NDArray[np.int8]:
    """(R, n) the best names its own pairs, ranks the others, ratings what is left. That none of
    three and more is the best says little of any two: then ranks and ratings come first."""
    rest = np.where(rank >= 0, rank, rating)
    if kind == "pair":
        many = np.repeat(layout.counts > 2, np.diff(layout.pairs))
        word = np.where(many & (word == TIE) & (rest >= 0), ABSENT, word).astype(np.int8)
    return np.asarray(np.where(word >= 0, word, rest), np.int8)


def _found(
    items: NDArray[np.int64], item: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where each is among the ascending items, and whether it is."""
    at = np.minimum(np.searchsorted(items, item), len(items) - 1)
    return at, items[at] == item
