"""Whether a judge prefers the longer of two responses: knows verdicts and lengths, not texts.

That the longer wins is no bias by itself, it may be better: so each figure stands beside the same
one of the reference (gold, else what most people say) on the same pairs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aifgen.compare.controlled import controlled, scaled
from aifgen.compare.figure import Bootstrap, Figure, plain
from aifgen.compare.regression import correlation, logistic
from aifgen.compare.shares import Difference
from aifgen.compare.study import A, B, Study

PREFERENCE = (
    "share of pairs with a better response and two different lengths in characters where the"
    " longer is the better; a pair whose verdict flips with the order is a tie and does not count"
)
REFERENCE = "the same share of the reference's verdicts, on pairs where judge and reference decide"
EXCESS = "the judge's share less the reference's, on the same pairs"
SLOPE = (
    "logistic regression of 'A is better' on tanh of the length difference in standard deviations,"
    " with an intercept: the change in log odds; 0 is no preference"
)
CORR = "point-biserial correlation of 'A is better' with tanh of the standardized length difference"


def length(study: Study, boot: Bootstrap) -> dict[str, dict[str, Any]]:
    """{judge: length_preference, length: {reference, excess, slope, corr}}; neutral are 0.5 for the
    preference, 0 for the rest.

    Standardized: divided by the root mean square of the differences, so that it does not matter
    which response is called A; tanh as in AlpacaEval 2 (Dubois et al. 2024, "Length-Controlled
    AlpacaEval"). Labels have no longer response: figures without a value.
    """
    units = study.units
    if units.kind != "pair":
        why = "single responses have no longer one"
        return {name: _nothing(why) for name in study.names}
    difference = units.length[:, 0].astype(np.int64) - units.length[:, 1]
    usable = (units.length >= 0).all(axis=1) & (difference != 0)
    cluster = study.cluster[units.item]
    _, reference = study.reference()
    found = {}
    for j, name in enumerate(study.names):
        said = units.said[j]
        counted = usable & np.isin(said, (A, B))
        if not usable.any():
            found[name] = _nothing("no pair has two known, different lengths")
        elif not counted.any():
            found[name] = _nothing("no verdict names a better response")
        else:
            found[name] = _judge(
                said[counted] == A,
                difference[counted],
                reference[counted],
                cluster[counted],
                boot,
            )
    return found


def _judge(
    wins: NDArray[np.bool_],
    difference: NDArray[Any],
    reference: NDArray[Any],
    cluster: NDArray[Any],
    boot: Bootstrap,
) -> dict[str, Any]:
    """Of n pairs with a better response. wins: whether it is A."""
    longer = wins == (difference > 0)
    x = scaled(difference)
    slope = logistic(np.column_stack([np.ones(len(x)), x]), wins.astype(np.float64), cluster)
    return {
        "length_preference": boot.rate(cluster, longer, PREFERENCE),
        "length": {
            **_beside(longer, difference, reference, cluster, boot),
            "slope": slope.figure(np.array([0.0, 1.0]), SLOPE),
            "corr": correlation(x, wins.astype(np.float64), cluster, CORR),
        },
    }


def _beside(
    longer: NDArray[np.bool_],
    difference: NDArray[Any],
    reference: NDArray[Any],
    cluster: NDArray[Any],
    boot: Bootstrap,
) -> dict[str, Figure]:
    known = np.isin(reference, (A, B))
    if not known.any():
        why = "no reference"
        return {
            "reference": plain(None, f"{REFERENCE}; {why}", 0, 0),
            "excess": plain(None, f"{EXCESS}; {why}", 0, 0),
        }
    theirs = (reference[known] == A) == (difference[known] > 0)
    codes = longer[known] * 2 + theirs
    return {
        "reference": boot.rate(cluster[known], theirs, REFERENCE),
        **boot.figures(cluster[known], codes, 4, {"excess": (Difference((2,), (1,)), EXCESS)}),
    }


def _nothing(why: str) -> dict[str, Any]:
    names = {"reference": REFERENCE, "excess": EXCESS, "slope": SLOPE, "corr": CORR}
    return {
        "length_preference": plain(None, f"{PREFERENCE}; {why}", 0, 0),
        "length": {name: plain(None, f"{what}; {why}", 0, 0) for name, what in names.items()},
    }


__all__ = ["controlled", "length", "scaled"]
