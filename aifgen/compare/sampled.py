"""Which units people labelled, and with what chance a prompt was shown to them. Computes no figure
(see powered) and knows no word of a judge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aifgen.compare.drawing import distinct
from aifgen.compare.powered import Floats, Prompts, Three, three
from aifgen.compare.study import A, B, Ints, Study

ONLY_FLIPPED = "flipped"
"""The sample that leaves all other prompts without a chance."""
ENOUGH = 0.9
"""People label at least this share of what is counted of the prompts that they saw, or judges are
not used: of what they left out on purpose, predictions of the rest say nothing."""


@dataclass(frozen=True, slots=True)
class Sample:
    """n units, C prompts. cluster: (n,) counted, labelled: (n,) which units the run has, and which
    of them people labelled. weight: (C,) 1 / pi, 0 where it is not known but others are."""

    cluster: Ints
    counted: NDArray[np.bool_]
    labelled: NDArray[np.bool_]
    weight: Floats
    weighted: bool
    assumed: str
    judged: bool

    def three(self, rows: NDArray[np.bool_], told: Floats, guess: Floats, what: str) -> Three:
        """Of the units where rows is True. told, guess: (n,)"""
        rows = rows & self.counted
        seen = rows & self.labelled
        found = Prompts(
            guess=self._sum(rows, guess),
            units=self._sum(rows, None),
            told=self._sum(seen, told),
            labelled=self._sum(seen, None),
            guess_there=self._sum(seen, guess),
            weight=self.weight,
        )
        return three(found, what, self.assumed, judged=self.judged)

    def _sum(self, rows: NDArray[np.bool_], values: Floats | None) -> Floats:
        given = None if values is None else values[rows]
        summed = np.bincount(self.cluster[rows], given, minlength=len(self.weight))
        return summed.astype(np.float64)


def sample(study: Study, said: Ints) -> Sample:
    units = study.units
    cluster = study.cluster[units.item]
    labelled = said >= 0
    chance = np.full(study.clusters, np.nan)
    np.fmax.at(chance, study.cluster, np.where(study.inclusion > 0, study.inclusion, np.nan))
    known = np.isfinite(chance)
    weighted = bool(known[cluster[labelled]].any())
    counted = np.ones(len(units), np.bool_)
    assumed = []
    flipped = study.samples == (ONLY_FLIPPED,)
    if flipped:
        counted = _flipped(study, labelled)
        assumed.append(
            "of the prompts alone on which a judge changed its mind with the order; nobody noted "
            "of which judges, so judges are not used"
        )
    if distinct(cluster[labelled]) == distinct(cluster[counted]):
        assumed.append("every prompt is labelled")
    elif weighted:
        how = " and ".join(study.samples) or "their chances say"
        late = "those drawn and not labelled (yet) are taken for missing at random"
        assumed.append(f"prompts drawn as {how}; {late}")
        if not known[cluster[labelled]].all():
            assumed.append("labels of prompts that nobody drew are left out")
    else:
        how = "nobody says how the labelled prompts were chosen"
        assumed.append(f"{how}: taken for a random sample")
    whole = labelled[np.isin(units.item, units.item[labelled])].mean()
    if whole < ENOUGH:
        part = f"people labelled {whole:.0%} of what is counted of these prompts"
        assumed.append(f"{part} (a best says nothing of the others), so judges are not used")
    weight = np.ones(study.clusters)
    if weighted:
        np.divide(1.0, chance, out=weight, where=known)
        weight[~known] = 0.0
    judged = bool(whole >= ENOUGH) and not flipped
    return Sample(cluster, counted, labelled, weight, weighted, "; ".join(assumed), judged)


def _flipped(study: Study, labelled: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n,) of items where a judge names one response of a pair first and then the other, and of
    what people labelled. Of the judge that flips least often among those that do so on all that is
    labelled; where none does, of any judge: the run that was reviewed had several."""
    units = study.units
    decided = np.isin(units.first, (A, B)) & np.isin(units.second, (A, B))
    turned = decided & (units.first != units.second)
    seen = np.isin(units.item, units.item[labelled])
    each = [np.isin(units.item, units.item[of]) for of in turned]
    alone = [of for of in each if of[seen].all()]
    found = min(alone, key=lambda of: int(of.sum())) if alone else np.any(each, axis=0)
    return np.asarray(found | seen)
