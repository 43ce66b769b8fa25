"""A figure with its interval: a percentile bootstrap over prompts, or Wilson's of a share that few
prompts decide. Knows no judge and no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from aifgen.compare import drawing, intervals
from aifgen.compare.shares import Difference, Floats, Formula, Mean, Share, share

__all__ = [
    "FEW",
    "Bootstrap",
    "Difference",
    "Figure",
    "Floats",
    "Formula",
    "Mean",
    "Share",
    "plain",
    "rated",
    "resampled",
    "share",
]

FEW = 20
"""Fewer clusters than this give no interval: a percentile bootstrap of so few is too narrow. What
counts is how many clusters of equal size would be as good (Kish), rounded: one prompt with half of
all rows decides nearly alone, one with a row less than the others does not matter."""
UNDEFINED = 0.05
"""Share of resamples without a value from which there is no interval."""
ROUNDING = 1e-12


class Figure(TypedDict):
    """value: null where it is not defined. ci95: null where there is none, and method says why.

    n: the rows that it is of. clusters: the prompts behind them.
    """

    value: float | None
    ci95: list[float] | None
    method: str
    n: int
    clusters: int


def plain(value: float | None, method: str, n: int, clusters: int) -> Figure:
    """A figure that has no interval by its nature (a p value, a price)."""
    return Figure(value=_number(value), ci95=None, method=method, n=int(n), clusters=int(clusters))


class Bootstrap:
    """Resamples clusters with replacement; the same seed gives the same figures, in any order."""

    def __init__(self, resamples: int = 1000, seed: int = 0) -> None:
        self.resamples, self.seed = resamples, seed

    def figures(
        self,
        cluster: NDArray[Any],
        codes: NDArray[Any],
        classes: int,
        formulas: Mapping[str, tuple[Formula, str]],
    ) -> dict[str, Figure]:
        """Figures that are functions of how many of n units are of each class.

        cluster: (n,) the cluster of each unit. codes: (n,) 0 to classes - 1, or negative for a unit
        that does not count. formulas: name -> (formula over counts (..., classes), what it is).
        """
        counted = codes >= 0
        index, names = drawing.dense(cluster[counted])
        rows, sizes = len(names), np.bincount(index)
        grouped = rows > drawing.PATTERNS and rows * classes > drawing.CELLS
        if grouped:
            index, rows = drawing.groups(self.seed, rows)[index], drawing.PATTERNS
        table = np.bincount(
            index * classes + codes[counted].astype(np.int64), minlength=rows * classes
        )
        whole = drawing.packed(table.reshape(-1, classes), self.seed, grouped=grouped)
        return self._of(whole, sizes, formulas)

    def sums(
        self,
        cluster: NDArray[Any],
        columns: NDArray[Any],
        formulas: Mapping[str, tuple[Formula, str]],
    ) -> dict[str, Figure]:
        """Figures that are functions of the sums of K columns over n units. columns: (n, K)."""
        index, names = drawing.dense(cluster)
        table = np.stack(
            [np.bincount(index, weights=column, minlength=len(names)) for column in columns.T],
            axis=1,
        )
        return self._of(drawing.packed(table, self.seed), np.bincount(index), formulas)

    def rate(self, cluster: NDArray[Any], hits: NDArray[Any], what: str) -> Figure:
        """The share of True in a bool (n,)."""
        return self.figures(cluster, hits.astype(np.int8), 2, {"rate": (share, what)})["rate"]

    def draws(self, table: NDArray[Any]) -> Floats:
        """(resamples, K): sums of as many rows as there are, drawn from a (clusters, K) table."""
        return drawing.draws(drawing.packed(table, self.seed), self.resamples, self.seed)

    def _of(
        self,
        whole: drawing.Packed,
        sizes: NDArray[Any],
        formulas: Mapping[str, tuple[Formula, str]],
    ) -> dict[str, Figure]:
        """sizes: (clusters,) the units of each."""
        n, rows = int(sizes.sum()), len(sizes)
        prompts = intervals.size(sizes.astype(np.float64))
        times = 1 if whole.times is None else whole.times[:, None]
        with np.errstate(all="ignore"):
            total = (whole.rows * times).sum(axis=0).astype(np.float64)
            drawn = drawing.draws(whole, self.resamples, self.seed) if rows >= FEW else None
            found = {}
            for name, (formula, what) in formulas.items():
                value = float(formula(total)) if n else float("nan")
                values = None if drawn is None else np.asarray(formula(drawn), np.float64)
                if isinstance(formula, Share | Mean | Difference):
                    *above, below = formula.parts(whole.rows.astype(np.float64))
                    own = prompts if whole.grouped else intervals.size(below, whole.times)
                    rare = (above, below, whole.times)
                    found[name] = rated(value, values, what, n, rows, own, rare)
                else:
                    found[name] = resampled(value, values, what, n, rows, prompts)
            return found


def rated(
    value: float,
    values: Floats | None,
    what: str,
    n: int,
    clusters: int,
    prompts: tuple[int, float],
    rare: tuple[Sequence[Floats], Floats, intervals.Times],
) -> Figure:
    """As `resampled`, of a share or a difference of two shares; where few prompts decide it, its
    interval is Wilson's or Newcombe's. rare: by prompt (C,) what is counted (of a difference what
    adds to it and what takes from it), among how much, and how many prompts are alike.
    """
    interval, how = None, ""
    if np.isfinite(value) and values is not None and round(prompts[1]) >= FEW:
        interval, how = intervals.rare(*rare, prompts)
    if interval is None:
        return resampled(value, values, what, n, clusters, prompts)
    told = plain(value, f"{what}; {how}; over {intervals.words(*prompts)}", n, clusters)
    return {**told, "ci95": [min(interval[0], value), max(interval[1], value)]}


def resampled(
    value: float,
    values: Floats | None,
    what: str,
    n: int,
    clusters: int,
    prompts: tuple[int, float] | None = None,
) -> Figure:
    """A figure whose interval comes from its (resamples,) values, NaN where a resample has none.

    values: null where there are fewer than FEW clusters to resample. prompts: those that count, and
    the number of equal size that would be as good; null where all are equal.
    """
    bare = plain(value, what, n, clusters)

    def without(why: str) -> Figure:
        return {**bare, "method": f"{what}; {why}"}

    if bare["value"] is None:
        return without("not defined here")
    many = prompts or (clusters, float(clusters))
    if values is None or round(many[1]) < FEW:
        worth = intervals.words(*many, needed=FEW)
        return without(f"no interval: {worth} are too few ({FEW} are needed)")
    known = values[np.isfinite(values)]
    if len(known) < (1 - UNDEFINED) * len(values):
        return without("no interval: not defined in many resamples")
    if np.ptp(known) < ROUNDING:
        return without("no interval: every resample gives the same value, which is not certainty")
    low, high = (_snapped(float(end)) for end in np.percentile(known, (2.5, 97.5)))
    ends = [min(low, bare["value"]), max(high, bare["value"])]
    how = f"percentile bootstrap over {intervals.words(*many)}, {len(values)} resamples"
    return {**bare, "ci95": ends, "method": f"{what}; {how}"}


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else _snapped(float(value))


def _snapped(value: float) -> float:
    """Without rounding beyond 1 and -1, the ends of shares, kappas and correlations."""
    return float(np.sign(value)) if abs(abs(value) - 1) < ROUNDING else value
