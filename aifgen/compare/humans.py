"""How far people agree with each other on the same items, the ceiling for judges; no judge here."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aifgen.compare import counts as c
from aifgen.compare.agreement import coding
from aifgen.compare.drawing import distinct
from aifgen.compare.figure import Bootstrap, Figure, Floats, Mean, plain
from aifgen.compare.study import Study, most_say

MANY = 10
"""More raters than this are not compared two by two: the table would hide everything else."""


def humans(study: Study, boot: Bootstrap) -> dict[str, Any]:
    """n_raters, n_items (with a label), and from two raters on the ceiling: the mean agreement of
    two people on one item, with Fleiss' kappa, Krippendorff's alpha, each two people alone and how
    often most people name which class. Raters may have seen different items.
    """
    units = study.units
    people, k = units.people, len(units.classes)
    labeled = (people >= 0).any(axis=0)
    raters = int((people >= 0).any(axis=1).sum())
    found: dict[str, Any] = {
        "n_raters": raters,
        "n_items": distinct(units.item[labeled]),
    }
    votes = np.stack([(people == of).sum(axis=0) for of in range(k)], axis=1).astype(np.float64)
    size = votes.sum(axis=1)
    if raters < 2 or not (size >= 2).any():
        return found
    most = most_say(people, k, units.kind)
    cluster = study.cluster[units.item]
    return {
        **found,
        **_together(boot, cluster, votes, size, coding(study)),
        **_two_by_two(study, boot, cluster),
        "majority": {name: int((most == of).sum()) for of, name in enumerate(units.classes)},
    }


def _together(
    boot: Bootstrap,
    cluster: NDArray[Any],
    votes: Floats,
    size: Floats,
    codes: str,
) -> dict[str, Figure]:
    """votes: (n, K) labels of each class. size: (n,) labels."""
    some = size >= 2
    usual = float(np.bincount(size[some].astype(np.int64)).argmax())
    full = size == usual
    pairs = size * (size - 1)
    equal = (votes * (votes - 1)).sum(axis=1)
    ceiling = boot.sums(
        cluster[some],
        np.stack([equal[some], pairs[some]], axis=1),
        {
            "ceiling": (
                Mean((1.0, 0.0), (0.0, 1.0)),
                "mean agreement of two people on the same item: share of equal pairs of labels",
            )
        },
    )
    fleiss = boot.sums(
        cluster[full],
        np.column_stack(
            [np.ones(int(full.sum())), (equal / np.maximum(pairs, 1))[full], votes[full]]
        ),
        {
            "fleiss_kappa": (
                c.fleiss_kappa,
                f"Fleiss' kappa, {codes}; over items with {usual:g} labels",
            )
        },
    )
    unlike = (pairs - equal)[some] / (size[some] - 1)
    alpha = boot.sums(
        cluster[some],
        np.column_stack([unlike, votes[some]]),
        {
            "krippendorff_alpha": (
                c.alpha_of_many,
                f"Krippendorff's alpha, nominal, {codes}; over items with two labels and more",
            )
        },
    )
    return {**ceiling, **fleiss, **alpha}


def _two_by_two(study: Study, boot: Bootstrap, cluster: NDArray[Any]) -> dict[str, Any]:
    """Each two raters, and the mean of their kappas (Light 1971) as the ceiling's kappa."""
    people, k = study.units.people, len(study.units.classes)
    if len(people) > MANY:
        why = f"{len(people)} people, not compared two by two; see fleiss_kappa"
        return {"ceiling_kappa": plain(None, why, 0, 0), "pairs": {}}
    found, columns = {}, []
    for a, b in combinations(range(len(people)), 2):
        both = (people[a] >= 0) & (people[b] >= 0)
        codes = np.where(both, people[a].astype(np.int64) * k + people[b], -1)
        if not both.any():
            continue
        found[f"{study.raters[a]}-{study.raters[b]}"] = boot.figures(
            cluster,
            codes,
            k * k,
            {
                "agreement": (c.same(k), "share of equal labels of two people"),
                "cohen_kappa": (c.cohen_kappa, f"Cohen's kappa, unweighted, {coding(study)}"),
            },
        )
        columns.append(_margins(people[a], people[b], both, k))
    some = np.any([part[:, -1] > 0 for part in columns], axis=0)
    what = "mean of the Cohen's kappas (unweighted) of each two people (Light 1971)"
    light = boot.sums(
        cluster[some],
        np.concatenate(columns, axis=1)[some],
        {"ceiling_kappa": (_mean_kappa(k), f"{what}; {coding(study)}")},
    )
    return {**light, "pairs": found}


def _margins(a: NDArray[Any], b: NDArray[Any], both: NDArray[Any], k: int) -> NDArray[Any]:
    """(n, 2 K + 2): equal, each class by one, by the other, both labeled."""
    classes = np.arange(k)
    wide = np.column_stack([a == b, a[:, None] == classes, b[:, None] == classes, both])
    return np.asarray(wide & both[:, None], np.float64)


def _mean_kappa(k: int) -> Callable[[Floats], Any]:
    wide = 2 * k + 2

    def formula(sums: Floats) -> Any:
        kappas = [
            c.kappa_of(part[..., 0], part[..., 1 : 1 + k], part[..., 1 + k : 1 + 2 * k])
            for part in np.split(sums, sums.shape[-1] // wide, axis=-1)
        ]
        known = np.isfinite(kappas)
        count = known.sum(axis=0)
        total = np.where(known, kappas, 0.0).sum(axis=0)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    return formula
