"""What a comparison is about: items, who judged them, what was said. Computes and reads nothing.

Readers (stored, runs) make a Study, statistics take it. All in numpy arrays, because a study may
have a million judgments; no text is in it (see Texts).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from aifgen.errors import AifgenError

A, B, TIE = 0, 1, 2
"""Classes of a pair: the first response of the item is better, the second, neither."""
PAIR = ("A", "B", "tie")
FAILED, ABSENT = -1, -2
"""Instead of a class: asked without a verdict that counts (not read, refused, an error); never
asked, or nobody knows."""

Ints = NDArray[Any]
Floats = NDArray[np.float64]
Kind = Literal["pair", "label"]


class StudyError(AifgenError):
    """There is nothing to compare. The sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Judge:
    """One judge under one protocol. name: what stands for both in every table: the judge, or
    judge/protocol where a judge appears under several.

    usd and seconds: of all `judgments` together (seconds: the sum of their latencies), null where
    one of them has no figure. parse_failures, refused, errors: judgments that gave no verdict.
    scale: of its ratings, null where unknown or where it gives none.
    """

    name: str
    judge: str
    protocol: str
    model: str | None = None
    family: str | None = None
    judgments: int = 0
    parse_failures: int = 0
    refused: int = 0
    errors: int = 0
    usd: float | None = None
    seconds: float | None = None
    scale: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Units:
    """What verdicts are about: n pairs of responses (kind pair, classes A, B, tie), or n single
    responses that get a label (kind label, classes as they are called, in ascending order).

    n units, J judges, R raters (people), k responses a unit (2 or 1).
    """

    kind: Kind
    classes: tuple[str, ...]
    item: Ints
    """(n,) the item; of an item with m responses, all its m(m-1)/2 pairs are units."""
    position: Ints
    """(n, k) which responses of the item."""
    generator: Ints
    """(n, k) index into Study.generators; -1 unknown."""
    length: Ints
    """(n, k) characters of the response; -1 where its text is not known."""
    gold: Ints
    """(n,) a class, or ABSENT."""
    people: Ints
    """(R, n) a class, or ABSENT. R may be 0."""
    said: Ints
    """(J, n) a class, FAILED or ABSENT: all of a judge's judgments about the unit in one. Asked in
    both orders: what both say; tie where they differ; FAILED where one of them has no verdict."""
    first: Ints
    """(J, n) the verdict, in the item's coordinates, of the judgment that showed response A first;
    FAILED; ABSENT where it never did, or where nobody knows the order."""
    second: Ints
    """(J, n) the same where response B was shown first."""
    probability: Floats | None = None
    """(J, n) how sure a judge is that A is better, NaN where it does not say; null where none does.
    Of a pair on which it says one thing in one order and another in the other it is 1/2."""

    def __len__(self) -> int:
        return len(self.item)


@dataclass(frozen=True, slots=True)
class Ratings:
    """Numbers that judges gave to single responses. m responses; NaN where there is none."""

    item: Ints
    """(m,)"""
    position: Ints
    """(m,) which response of the item."""
    generator: Ints
    """(m,)"""
    length: Ints
    """(m,)"""
    value: Floats
    """(J, m)"""
    gold: Floats
    """(m,)"""
    people: Floats
    """(R, m)"""


@dataclass(frozen=True, slots=True)
class Choice:
    """The preference pair that each judge alone would give of each item (rule best_worst).

    I items. Positions in the item's responses; -1 where there would be no pair.
    """

    chosen: Ints
    """(J, I)"""
    rejected: Ints
    """(J, I)"""
    margin: Floats
    """(J, I) chosen rating - rejected rating on the judge's scale; 1 for a verdict without ratings;
    NaN without a pair."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one judge said of an item, as people read it: one a judgment. order: positions of the
    responses as they were shown, null where unknown."""

    judge: str
    verdict: str | None
    ratings: tuple[float | None, ...] | None
    order: tuple[int, ...] | None
    words: str
    """The rationales, or the raw answer."""
    status: str


@dataclass(frozen=True, slots=True)
class ItemText:
    """An item with its texts. responses: generator and text, in the item's order."""

    item_id: str
    prompt: str
    responses: tuple[tuple[str, str | None], ...]
    said: tuple[Said, ...]


class Texts(Protocol):
    """Loads the texts of a few items; everything else works without them."""

    def read(self, items: Sequence[int]) -> list[ItemText]:
        """In the order asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Study:
    """Everything that a comparison knows. I items, C clusters (prompts), J judges, R raters."""

    judges: tuple[Judge, ...]
    cluster: Ints
    """(I,) the prompt behind an item, 0 to C - 1. Intervals resample these."""
    clusters: int
    subset: Ints
    """(I,) index into subsets; -1 where there is none."""
    subsets: tuple[str, ...]
    generators: tuple[str, ...]
    families: tuple[str | None, ...]
    """(generators,) the family of each generator's model."""
    raters: tuple[str, ...]
    """People's names, "1", "2", ... where nobody gives any."""
    units: Units
    ratings: Ratings | None
    choice: Choice
    texts: Texts
    sources: tuple[str, ...]
    """The files or folders that it was read from, as they were given."""
    inclusion: Floats
    """(I,) the chance that the item had to be shown to people, NaN where unknown; of several
    samples that were drawn apart what comes to the same together (see chances)."""
    samples: tuple[str, ...] = ()
    """How people's items were drawn, such as disagreement:100; empty where nobody says."""
    ids: Sequence[str] = ()
    """(I,) the items' ids; empty where nobody gives any."""
    notes: tuple[str, ...] = field(default_factory=tuple)
    """What a reader of the figures must know: what was left out, matched or renamed. Sentences."""

    @property
    def items(self) -> int:
        return len(self.cluster)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(judge.name for judge in self.judges)

    def reference(self) -> tuple[Literal["gold", "people"] | None, Ints]:
        """What agreement is against, a class a unit or ABSENT: gold where there is any, else
        what most people say. Gold that is nothing but that goes by the name of people."""
        units = self.units
        asked = bool((units.people >= 0).any())
        most = most_say(units.people, len(units.classes), units.kind) if asked else None
        if (units.gold >= 0).any():
            same = most is not None and np.array_equal(units.gold, most)
            return "people" if same else "gold", units.gold
        if most is not None:
            return "people", most
        return None, np.full(len(units), ABSENT, np.int8)


def most_say(people: Ints, classes: int, kind: Kind) -> Ints:
    """(n,) the class that most of the (R, n) named; a tie of classes is "tie" for pairs and ABSENT
    for labels; ABSENT where nobody said anything."""
    votes = np.stack([(people == c).sum(axis=0) for c in range(classes)])
    top = votes.max(axis=0)
    won = votes.argmax(axis=0)
    shared = (votes == top).sum(axis=0) > 1
    won[shared] = TIE if kind == "pair" else ABSENT
    won[top == 0] = ABSENT
    return np.asarray(won, np.int16)


def fold(first: Ints, second: Ints) -> Ints:
    """`Units.said` of pairs from the verdicts in either order."""
    both = np.where(first == second, first, TIE)
    both = np.where((first == FAILED) | (second == FAILED), FAILED, both)
    both = np.where(first == ABSENT, second, both)
    both = np.where(second == ABSENT, first, both)
    return np.asarray(both, np.int8)
