"""How the items that people labelled were drawn, of all datasets in which they were shown. Knows no
answer and no judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from aifgen.compare.people_files import Label

Floats = NDArray[np.float64]


class Drawn:
    """Collects it, label by label."""

    def __init__(self) -> None:
        self._chances: dict[str, dict[int, float]] = {}
        self._samples: dict[str, None] = {}

    def add(self, item: int, label: Label) -> None:
        if label.inclusion is not None:
            self._chances.setdefault(label.dataset, {})[item] = label.inclusion
        for design in (label.sample or "").split(" + "):  # disagreement:100@0 + random:50@0
            if word := design.partition("@")[0]:
                self._samples[word] = None

    @property
    def samples(self) -> tuple[str, ...]:
        """As Study.samples."""
        return tuple(self._samples)

    def inclusion(self, items: int) -> Floats:
        """As Study.inclusion. items: how many there are."""
        return together(list(self._chances.values()), items)

    @property
    def notes(self) -> list[str]:
        apart = sum(min(of.values()) < 1 for of in self._chances.values())
        if apart < 2:
            return []
        return [
            f"People saw {apart} samples that were drawn apart: each stands for all prompts, and "
            "counts by how many prompts of equal weight it is worth."
        ]


def together(drawn: Sequence[Mapping[int, float]], items: int) -> Floats:
    """(I,) 1 / what each item counts for; NaN where nobody drew it. drawn: of each sample, the
    chances of the items that were labelled in it.

    The chance of an item that one sample drew to be drawn by another one is known to nobody. But
    every sample alone stands for all items with weights of 1 / chance, and so does their mean
    (samples from several frames: Hartley 1962; Mecatti 2007), here weighted by Kish's sizes. Where
    all chances of a sample are 1 (all, or flipped) its items are sure to be drawn; of others it
    says nothing.
    """
    sure, each = np.zeros(items, np.bool_), list[Floats]()
    for of in drawn:
        weight = np.zeros(items)
        weight[list(of)] = 1 / np.array(list(of.values()))
        if weight.max() > 1:
            each.append(weight)
        else:
            sure |= weight > 0
    weight = np.zeros(items)
    if each:
        apart = np.stack(each)
        total = apart.sum(axis=1)
        size = total**2 / (apart**2).sum(axis=1)
        weight = (size @ total) * (size / total @ apart) / size.sum() ** 2
    weight[sure] = 1.0
    inclusion = np.full(items, np.nan)
    inclusion[weight > 0] = 1 / weight[weight > 0]
    return inclusion
