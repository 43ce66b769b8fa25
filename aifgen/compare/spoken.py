"""A run's judgments and verdicts by judge, their response ids turned into pairs and responses of
the items. Decides nothing about what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aifgen.compare.bill import Bill
from aifgen.compare.matching import Items
from aifgen.compare.run_folder import Run
from aifgen.compare.study import TIE, A, B, Floats, Ints
from aifgen.judging.verdicts import SCORES, USABLE

CODES = {"A": A, "B": B, "tie": TIE}
SWAPPED = {A: B, B: A}
JUDGED = (
    "judge", "prompt_id", "response_ids", "order", "verdict", "probability", "label", "ratings",
    "scale_min", "scale_max", "status", "key", "usd", "latency_s",
)  # fmt: skip
VERDICTS = (
    "judge", "protocol", "response_ids", "rating", "verdict", "probability", "consistency",
)  # fmt: skip


@dataclass
class Spoken:
    """One judge. asked: (I,). pairs: the pairs it was asked about, one by one. shown: (m,) the
    place at which a response was shown, NaN for unknown. scores: (pair, the first of the two was
    shown first) -> how sure each sample is that the first is better. rating: (m,) and verdicts:
    pair -> class, what it all comes to; probability: how sure it is that the first is better."""

    asked: Ints
    shown: Floats
    rating: Floats
    bill: Bill = field(default_factory=Bill)
    pairs: set[int] = field(default_factory=set)
    scores: dict[tuple[int, bool], list[float]] = field(default_factory=dict)
    labels: dict[float, str] = field(default_factory=dict)
    verdicts: dict[int, int] = field(default_factory=dict)
    probability: dict[int, float] = field(default_factory=dict)
    scale: tuple[float, float] | None = None
    protocol: str | None = None


def spoken(run: Run, items: Items) -> dict[str, Spoken]:
    """By judge; the panel has verdicts alone."""
    reader = _Reader(run, items)
    reader.judgments(_paired(run))
    reader.verdicts()
    return reader.found


def _paired(run: Run) -> bool:
    kind = (run.report.get("protocol") or {}).get("kind")
    return kind == "pair" if kind else any(map(bool, run.verdicts["verdict"]))


class _Reader:
    def __init__(self, run: Run, items: Items) -> None:
        self._run = run
        self._places = items.places(run)
        self._start, self._sizes = items.start.tolist(), items.sizes.tolist()
        self._begin = items.pairs()[2].tolist()
        self._of_prompt = {prompt: k for k, prompt in enumerate(items.ids)}
        size = self._start[-1]
        self.found = {
            judge: Spoken(
                np.zeros(len(items), np.bool_), np.full(size, np.nan), np.full(size, np.nan)
            )
            for judge in run.judges
        }

    def judgments(self, paired: bool) -> None:
        rows: Any = zip(*(self._run.judgments[column] for column in JUDGED), strict=True)
        for (judge, prompt, names, order, verdict, probability, label, ratings, low, high, status,
             key, usd, seconds) in rows:  # fmt: skip
            item = self._of_prompt.get(prompt)
            if item is None:
                continue
            of = self.found[judge]
            of.asked[item] = True
            of.bill.add(key, status, usd, seconds)
            if low is not None:
                of.scale = (low, high)
            if label is not None and ratings:
                of.labels[ratings[0]] = label
            if paired:
                unit = self._unit(names)
                if unit is None:
                    continue
                pair, ours = unit
                of.pairs.add(pair)
                samples = of.scores.setdefault((pair, (order[0] == names[0]) == ours), [])
                if status in USABLE:
                    score = SCORES[verdict or "tie"] if probability is None else probability
                    samples.append(score if ours else 1 - score)
            elif len(order) > 1:
                for k, response in enumerate(order):
                    place = self._places.get(response)
                    if place is not None:
                        of.shown[self._start[place[0]] + place[1]] = k

    def verdicts(self) -> None:
        rows = zip(*(self._run.verdicts[column] for column in VERDICTS), strict=True)
        for judge, protocol, names, number, verdict, sure, consistency in rows:
            of = self.found[judge]
            of.protocol = protocol
            if number is not None:
                place = self._places.get(names[0])
                if place is not None:
                    of.rating[self._start[place[0]] + place[1]] = number
                continue
            unit = self._unit(names)
            # A pair that was dropped because the order decided is a tie to who compares.
            word = verdict or ("tie" if consistency == "flipped" else None)
            if unit is not None and word is not None:
                code = CODES[word]
                of.verdicts[unit[0]] = code if unit[1] else SWAPPED.get(code, code)
            if unit is not None and sure is not None:
                of.probability[unit[0]] = sure if unit[1] else 1 - sure

    def _unit(self, names: list[str]) -> tuple[int, bool] | None:
        """The pair that two response ids are, and whether they stand in the item's order."""
        if len(names) != 2:
            return None
        one, two = self._places.get(names[0]), self._places.get(names[1])
        if one is None or two is None:
            return None
        item, i, j = one[0], one[1], two[1]
        low, high = (i, j) if i < j else (j, i)
        offset = low * self._sizes[item] - low * (low + 1) // 2 + high - low - 1
        return self._begin[item] + offset, i < j
