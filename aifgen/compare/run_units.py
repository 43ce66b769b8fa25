"""The units of runs: all pairs of an item's responses, or its single ones. Reads no file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aifgen.compare.classes import Labels, ordered
from aifgen.compare.matching import Items
from aifgen.compare.run_folder import Run
from aifgen.compare.study import ABSENT, FAILED, PAIR, Floats, Ints, Units
from aifgen.compare.voice import Voice


class Responses:
    """All responses of the items, one after another, and the units that they make."""

    def __init__(self, items: Items, generator: Ints, length: Ints) -> None:
        self._items, self._generator, self._length = items, generator, length

    def singles(self) -> tuple[Ints, Ints]:
        """(m,) item and position."""
        item = np.repeat(np.arange(len(self._items)), self._items.sizes)
        return item, np.arange(len(item)) - self._items.start[item]

    def pairs(self, spoken: Sequence[Voice], right: Floats, raters: Floats) -> Units:
        item, position, _ = self._items.pairs()
        rows = self._items.start[item][:, None] + position
        one, two = rows[:, 0], rows[:, 1]
        return Units(
            kind="pair",
            classes=PAIR,
            item=item,
            position=position,
            generator=self._generator[rows],
            length=self._length[rows],
            gold=ordered(right[one], right[two]),
            people=ordered(raters[:, one], raters[:, two]),
            said=np.stack([voice.said for voice in spoken]),
            first=np.stack([voice.first for voice in spoken]),
            second=np.stack([voice.second for voice in spoken]),
            probability=_known(np.stack([voice.probability for voice in spoken])),
        )

    def labels(
        self, spoken: Sequence[Voice], right: Floats, raters: Floats, more: Sequence[str]
    ) -> tuple[Units, list[str]]:
        item, position = self.singles()
        words = {value: word for voice in spoken for value, word in voice.labels.items()}
        made = Labels([*(voice.rating for voice in spoken), right, raters], words, more)
        said = [
            np.where(np.isnan(voice.rating) & voice.asked[item], FAILED, made.codes(voice.rating))
            for voice in spoken
        ]
        nowhere = np.full((len(spoken), len(item)), ABSENT, np.int8)
        units = Units(
            kind="label",
            classes=made.classes,
            item=item,
            position=position[:, None],
            generator=self._generator[:, None],
            length=self._length[:, None],
            gold=made.codes(right),
            people=made.codes(raters),
            said=np.stack(said),
            first=nowhere,
            second=nowhere,
        )
        return units, made.notes


def _known(numbers: Floats) -> Floats | None:
    return numbers if np.isfinite(numbers).any() else None


def generators(run: Run, items: Items) -> tuple[tuple[str, ...], Ints, dict[str, str]]:
    """Their names, (m,) which of them each response is of, and their models."""
    names: list[str] = []
    models: dict[str, str] = {}
    for prompt, digests in zip(items.ids, items.digests, strict=True):
        of = {r.text_digest: r for r in reversed(run.responses[prompt])}
        for text in digests:
            names.append(of[text].generator)
            models.setdefault(of[text].generator, of[text].model)
    known = sorted(models)
    place = {name: k for k, name in enumerate(known)}
    return tuple(known), np.array([place[name] for name in names], np.int16), models


def lengths(run: Run, items: Items) -> Ints:
    known = run.lengths
    return np.array(
        [known[prompt, text] for prompt, of in zip(items.ids, items.digests, strict=True)
         for text in of], np.int32,
    )  # fmt: skip
