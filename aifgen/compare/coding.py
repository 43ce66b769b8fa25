"""Which classes opinions have, and the opinions in them. Knows no file and no id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aifgen.compare.opinions import NONE, Codes, Layout, Opinions, codes, means, vote
from aifgen.compare.study import ABSENT, FAILED, PAIR, Floats, Ints, Kind, StudyError
from aifgen.compare.values import numeric_texts

MOST = 20
"""Different whole numbers, above which ratings are no labels."""
MOST_WORDS = 100
"""Different words, above which there is no label: codes are small numbers."""
LOW, HIGH = ("incorrect", "wrong"), ("correct", "right")
"""Words below and above all others, which alphabetically stand the wrong way round."""
RATED = ("rated",)
"""The class of ratings that are no labels; nothing is of it."""


@dataclass(frozen=True, slots=True)
class Coding:
    """picks: (labels,) the class of each label that an opinion may pick, or ABSENT. values:
    (classes,) as ascending numbers, where ratings are labels; else null."""

    kind: Kind
    layout: Layout
    classes: tuple[str, ...]
    picks: Ints
    values: Floats | None

    def codes(self, found: Opinions, whos: int) -> Codes:
        """Of kind label: what most of one's opinions say, FAILED where several are as many."""
        if self.kind == "pair":
            return codes(found, self.layout, whos)
        rating, _ = means(found, self.layout, whos)
        n = len(self.layout.counts)
        table = np.append(self.picks, FAILED).astype(np.int8)
        code = np.where(found.pick == NONE, FAILED, table[found.pick]).astype(np.int8)
        rated = found.rating[found.start]
        silent = (found.pick == NONE) & np.isfinite(rated)
        if self.values is None:
            code[silent] = ABSENT
        else:
            near = np.minimum(np.searchsorted(self.values, rated), len(self.values) - 1)
            code[silent] = np.where(self.values[near] == rated, near, ABSENT)[silent]
        there = code != ABSENT
        keys = found.who.astype(np.int64) * n + found.item
        said = vote(keys[there], code[there], whos * n, len(self.classes), FAILED)
        absent = np.full((whos, n), ABSENT, np.int8)
        return Codes(said.reshape(whos, n), absent, absent, rating)


def coding(
    kind: Kind,
    layout: Layout,
    labels: Mapping[str, int],
    found: Sequence[Opinions],
    more: Sequence[str] = (),
) -> Coding:
    """The classes of all opinions together. labels: label -> what opinions pick for it. more:
    labels that others will use."""
    if kind == "pair":
        return Coding(kind, layout, PAIR, np.zeros(0, np.int8), None)
    picked = {int(k) for one in found for k in np.unique(one.pick) if k != NONE}
    names = sorted({*more, *(name for name, k in labels.items() if k in picked)})
    numbers = np.array(numeric_texts(names))
    if not np.isfinite(numbers).all():
        if len(names) > MOST_WORDS:
            raise StudyError(
                f"there are {len(names):,} different labels, such as {', '.join(names[:3])}: "
                f"labels are at most {MOST_WORDS} words that people and judges choose from"
            )
        names.sort(key=lambda name: (name.lower() in HIGH) - (name.lower() in LOW))
        return Coding(kind, layout, tuple(names), _picks(names, labels), None)
    rated = [one.rating[one.start] for one in found]
    values = np.unique(np.concatenate([numbers, *(r[np.isfinite(r)] for r in rated)]))
    if not len(values) or len(values) > MOST or (values != np.floor(values)).any():
        return Coding(kind, layout, RATED, np.full(len(labels), ABSENT, np.int8), None)
    return numbered(layout, tuple(str(int(value)) for value in values), labels)


def known(
    kind: Kind, layout: Layout, classes: tuple[str, ...], labels: Mapping[str, int]
) -> Coding:
    """The coding into classes that are there; another label is of none."""
    if kind == "pair":
        return coding(kind, layout, labels, ())
    if np.isfinite(numeric_texts(list(classes))).all():
        return numbered(layout, classes, labels)
    return Coding(kind, layout, classes, _picks(list(classes), labels), None)


def numbered(layout: Layout, classes: tuple[str, ...], labels: Mapping[str, int]) -> Coding:
    values = np.array(numeric_texts(list(classes)))
    picks = np.full(len(labels), ABSENT, np.int8)
    for (_, k), number in zip(labels.items(), numeric_texts(list(labels)), strict=True):
        if number in values:
            picks[k] = int(np.flatnonzero(values == number)[0])
    return Coding("label", layout, classes, picks, values)


def _picks(names: list[str], labels: Mapping[str, int]) -> Ints:
    picks = np.full(len(labels), ABSENT, np.int8)
    for name, k in labels.items():
        if name in names:
            picks[k] = names.index(name)
    return picks
