"""What is said before anyone believes a figure."""

from __future__ import annotations

import numpy as np

from aifgen.compare.cautions import cautions
from tests.compare.studies import ABSENT, pairs

N = 200
GOLD = np.arange(N) % 2


def test_nothing_to_say_of_two_judges_that_saw_all() -> None:
    assert cautions(pairs({"x": GOLD, "y": GOLD}, gold=GOLD)) == []
    assert cautions(pairs({"x": GOLD, "y": GOLD})) == []


def test_gold_that_is_known_for_a_few_silences_people() -> None:
    few = np.where(np.arange(N) < 22, GOLD, ABSENT)

    with_people = cautions(pairs({"x": GOLD}, gold=few, people=[GOLD]))
    without = cautions(pairs({"x": GOLD}, gold=few))

    assert with_people == [
        "Gold is known for 22 of 200 pairs, and people's labels of the others are not used."
    ]
    assert without == ["Gold is known for 22 of 200 pairs."]


def test_people_who_labelled_a_part() -> None:
    some = np.where(np.arange(N) < 50, GOLD, ABSENT)

    assert cautions(pairs({"x": GOLD}, people=[some])) == ["People labelled 50 of 200 pairs."]


def test_judges_that_saw_different_rows() -> None:
    half = np.where(np.arange(N) < 100, GOLD, ABSENT)

    (told,) = cautions(pairs({"x": GOLD, "y": half}, gold=GOLD))

    assert told.startswith("Judges saw different rows (y 100 of 200 pairs)")


def test_the_best_of_many_is_flattered() -> None:
    (told,) = cautions(pairs(dict.fromkeys("xyz", GOLD), gold=GOLD))

    assert told.startswith("The best of 3 judges is flattered by having been chosen")
    assert cautions(pairs(dict.fromkeys("xyz", GOLD))) == []


def test_people_who_saw_what_was_chosen_for_them() -> None:
    few = np.where(np.arange(N) < 50, GOLD, ABSENT)

    def told(*samples: str) -> list[str]:
        return cautions(pairs({"x": GOLD}, people=[few], samples=samples))

    assert told("random:50") == told() == ["People labelled 50 of 200 pairs."]
    assert told("random:20", "flipped:30")[1] == (
        "People saw prompts that were chosen (flipped:30): agreement, kappa and the ceiling are of "
        "these; the estimates speak of the whole run."
    )
    assert told("flipped")[1].endswith("the estimates speak of these alone.")
