"""Intervals of shares and of differences of two shares where few prompts decide them, from sums by
prompt. Knows no resamples and no figure.

A percentile bootstrap knows only the prompts that it has: where the rarer outcome stands in a few
of them, its interval is too short, and none at all where it stands in none.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Times = NDArray[np.int64] | None

RARE = 10
"""Of an outcome that stands in fewer prompts than this a bootstrap knows too little."""
TINY = 1e-9


def size(weights: Floats, times: Times = None) -> tuple[int, float]:
    """How many prompts have a weight, and Kish's (1965) number of prompts of equal weight that
    would be as good: (sum m)^2 / sum m^2. weights: (C,) times: (C,) how many are alike."""
    many = np.ones(len(weights)) if times is None else times.astype(np.float64)
    squares = float(many @ weights**2)
    clusters = int(many[weights > 0].sum())
    return clusters, float(many @ weights) ** 2 / squares if squares > 0 else 0.0


def words(clusters: int, equal: float, needed: int = 0) -> str:
    """How many prompts, and of how many of equal size they are worth where that is far from it, or
    where it is fewer than are needed and they are not."""
    told = f"{clusters} prompts"
    near = equal > 0.8 * clusters and not round(equal) < needed <= clusters
    return told if near else f"{told} (of uneven size, worth {equal:.0f})"


def rare(
    above: Sequence[Floats], units: Floats, times: Times, prompts: tuple[int, float]
) -> tuple[list[float] | None, str]:
    """`of_share` of one, `of_difference` of two, and how that came about."""
    if len(above) == 1:
        how = "Wilson's interval with a t quantile, as few prompts decide it"
        return of_share(above[0], units, times, prompts), how
    how = "Newcombe's interval from Wilson's of both rates, as few prompts differ"
    return of_difference(above[0], above[1], units, times, prompts), how


def of_share(
    hits: Floats, units: Floats, times: Times, prompts: tuple[int, float]
) -> list[float] | None:
    """Wilson's (1927) with a t quantile and an effective sample size, where the rarer outcome
    stands in fewer than RARE prompts. Where as few have another share than the one that is common
    to the rest (half of all verdicts, of a judge that says the same in either order), the common
    one and Newcombe's of what they add and take. Else null. hits, units: (C,) of each prompt.
    prompts: what `size` gives.
    """
    many = np.ones(len(units)) if times is None else times.astype(np.float64)
    if _rarer(hits, units, many) < RARE:
        _, low, high = _wilson(hits, units, many, prompts)
        return [low, high]
    common = _common(hits, units, many)
    if common is None:
        return None
    less = hits - common * units
    low, high = _less(less.clip(0), (-less).clip(0), units, many, prompts, (1 - common, common))
    return [max(common + low, 0.0), min(common + high, 1.0)]


def of_difference(
    plus: Floats, minus: Floats, units: Floats, times: Times, prompts: tuple[int, float]
) -> list[float] | None:
    """Newcombe's (1998) square-and-add interval of plus less minus from Wilson's of either; null
    where RARE prompts or more have the rarer outcome of one. plus, minus, units: (C,) a prompt."""
    many = np.ones(len(units)) if times is None else times.astype(np.float64)
    if max(_rarer(hits, units, many) for hits in (plus, minus)) >= RARE:
        return None
    low, high = _less(plus, minus, units, many, prompts, (1.0, 1.0))
    return [max(low, -1.0), min(high, 1.0)]


def _less(
    plus: Floats,
    minus: Floats,
    units: Floats,
    many: Floats,
    prompts: tuple[int, float],
    most: tuple[float, float],
) -> tuple[float, float]:
    """most: what a unit can add, and take. A unit does one of both, so that they vary against each
    other."""
    (one, *ends_one), (two, *ends_two) = (
        _wilson(hits / top, units, many, prompts)
        for hits, top in zip((plus, minus), most, strict=True)
    )
    rest = (1 - one) * (1 - two)
    together = min(float(np.sqrt(one * two / rest)), 1.0) if rest > 0 else 0.0

    def add(a: float, b: float) -> float:
        a, b = a * most[0], b * most[1]
        return float(np.sqrt(a * a + b * b + 2 * together * a * b))

    less = one * most[0] - two * most[1]
    return less - add(one - ends_one[0], ends_two[1] - two), less + add(
        ends_one[1] - one, two - ends_two[0]
    )


def _common(hits: Floats, units: Floats, many: Floats) -> float | None:
    """The share between 0 and 1 that all prompts but fewer than RARE have."""
    counted = units > 0
    each, many = hits[counted] / units[counted], many[counted]
    middle = (each > TINY) & (each < 1 - TINY)
    if many[~middle].sum() >= RARE:
        return None
    which = np.unique(np.round(each[middle], 9), return_inverse=True)[1]
    often = np.bincount(which, weights=many[middle])
    if many.sum() - often.max() >= RARE:
        return None
    return float(each[middle][which == often.argmax()][0])


def _rarer(hits: Floats, units: Floats, many: Floats) -> float:
    """Prompts with the rarer outcome."""
    return float(min(many[hits > TINY].sum(), many[units - hits > TINY].sum()))


def _wilson(
    hits: Floats, units: Floats, many: Floats, prompts: tuple[int, float]
) -> tuple[float, float, float]:
    """The share and the ends."""
    clusters, equal = prompts
    total = float(many @ units)
    share = min(max(float(many @ hits) / total, 0.0), 1.0)
    n = _sample(share, hits - share * units, total, _rarer(hits, units, many), many, equal)
    low, high = wilson(share, n, quantile(clusters - 1))
    return share, low, high


def wilson(share: float, n: float, t: float) -> tuple[float, float]:
    """The interval of a share (Wilson 1927) of n rows."""
    middle = (share + t * t / (2 * n)) / (1 + t * t / n)
    half = t / (1 + t * t / n) * float(np.sqrt(share * (1 - share) / n + t * t / (4 * n * n)))
    # Rounding aside, the ends lie in [0, 1] and around the share
    return min(max(middle - half, 0.0), share), max(min(middle + half, 1.0), share)


def _sample(
    share: float, rest: Floats, total: float, rarer: float, many: Floats, equal: float
) -> float:
    """How many independent rows would tell as much: p (1 - p) over the variance that is robust to
    prompts. One or two prompts with the rarer outcome say nothing about how alike rows of a prompt
    are, so that the fewer there are, the less this may be above the number of prompts."""
    count = float(many.sum())
    variance = float(many @ rest**2) * count / max(count - 1, 1) / total**2
    if variance <= 0 or share in (0.0, 1.0):
        return equal
    found = share * (1 - share) / variance
    if found <= equal:
        return max(found, 1.0)
    known = max(rarer - 1, 0) / (RARE - 1)
    return float(equal ** (1 - known) * found**known)


@lru_cache(maxsize=4096)
def quantile(freedom: float) -> float:
    """Student's t at 0.975; of one degree of freedom at least."""
    from scipy.stats import t

    return float(t.ppf(0.975, max(freedom, 1)))
