"""What judges let one expect of people; the better a guess is, the narrower an interval. Any guess
gives an honest one. Knows no label of a person."""

from __future__ import annotations

import numpy as np

from aifgen.compare.powered import Floats
from aifgen.compare.study import TIE, A, B, Ints, Study


def value(said: Ints, study: Study, probability: Floats | None = None) -> Floats:
    """(K, n) what K verdicts a unit give to its first generator: 1 for a win or the highest class,
    1/2 for a tie, a probability where there is one; NaN where there is no verdict."""
    if study.units.kind == "label":
        top = said == len(study.units.classes) - 1
        return np.where(said >= 0, top, np.nan).astype(np.float64)
    value = np.select([said == A, said == TIE, said == B], [1.0, 0.5, 0.0], np.nan)
    return value if probability is None else np.where(np.isfinite(probability), probability, value)


def mean(values: Floats, otherwise: float) -> Floats:
    """(n,) over the K that are known."""
    known = np.isfinite(values)
    times = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.where(times > 0, total / np.maximum(times, 1), otherwise)


def sureness(study: Study, judge: int) -> Floats:
    """(n,) from 0 to 1, of a judge that is alone: its probability's distance from 1/2, else the
    difference of its ratings, else whether it says the same in both orders; 1/2 where none is
    known."""
    units, ratings = study.units, study.ratings
    found = np.full(len(units), np.nan)
    if units.probability is not None:
        found = np.abs(2 * units.probability[judge] - 1)
    if ratings is not None and units.kind == "pair":
        found = np.where(np.isfinite(found), found, _apart(study, judge))
    first, second = units.first[judge], units.second[judge]
    both = np.where((first >= 0) & (second >= 0), (first == second) & (first != TIE), np.nan)
    found = np.where(np.isfinite(found), found, both)
    return np.where(np.isfinite(found), found, 0.5)


def _apart(study: Study, judge: int) -> Floats:
    """(n,) how far a judge's ratings of the two responses are apart, as a part of the widest."""
    units, ratings = study.units, study.ratings
    assert ratings is not None
    width = int(max(units.position.max(initial=0), ratings.position.max(initial=0))) + 1
    value = np.full((study.items, width), np.nan)
    value[ratings.item, ratings.position] = ratings.value[judge]
    one, two = (value[units.item, units.position[:, k]] for k in (0, 1))
    apart = np.abs(one - two)
    widest = float(np.nanmax(apart, initial=0.0))
    return np.asarray(apart / (widest or 1.0))
