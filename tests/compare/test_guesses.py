"""What judges let one expect of people, unit by unit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aifgen.compare.guesses import mean, sureness, value
from aifgen.compare.study import FAILED, TIE, Ratings, Study
from tests.compare.studies import ABSENT, A, B, labels, pairs


def test_a_verdict_is_what_it_gives_to_the_first_and_odds_come_before_it() -> None:
    study = pairs({"j": [A, B, TIE, FAILED, A]})
    odds = np.array([[np.nan, np.nan, np.nan, 0.6, 0.7]])

    assert value(study.units.said, study)[0].tolist() == pytest.approx(
        [1, 0, 0.5, np.nan, 1], nan_ok=True
    )
    assert value(study.units.said, study, odds)[0].tolist() == pytest.approx([1, 0, 0.5, 0.6, 0.7])
    three = labels({"j": [0, 1, 2, FAILED]}, classes=("low", "middle", "high"))
    assert value(three.units.said, three)[0].tolist() == pytest.approx(
        [0, 0, 1, np.nan], nan_ok=True
    )


def test_the_mean_is_of_those_who_say_something() -> None:
    said = np.array([[1.0, np.nan, np.nan], [0.0, 0.0, np.nan], [1.0, 1.0, np.nan]])

    assert mean(said, 0.25).tolist() == pytest.approx([2 / 3, 0.5, 0.25])


def rated(study: Study, *values: tuple[float, float]) -> Study:
    """Judge j's ratings of both responses of each item."""
    item, position = np.divmod(np.arange(2 * len(values)), 2)
    none = np.full(len(item), np.nan)
    found = Ratings(item, position, position, none, np.array(values).reshape(1, -1), none, none[:0])
    return replace(study, ratings=found)


def test_a_judge_alone_is_sure_by_odds_then_ratings_then_both_orders() -> None:
    study = pairs(
        first={"j": [A, A, TIE, A, ABSENT, A]}, second={"j": [A, B, TIE, A, ABSENT, ABSENT]}
    )
    apart = rated(study, (5, 1), (3, 5), (2, 2), (np.nan, 3), (np.nan, 1), (1, 2))
    odds = np.array([[0.5, np.nan, np.nan, 0.1, np.nan, 1.0]])
    with_odds = replace(apart, units=replace(apart.units, probability=odds))

    assert sureness(study, 0).tolist() == [1, 0, 0, 1, 0.5, 0.5]
    assert sureness(apart, 0).tolist() == [1, 0.5, 0, 1, 0.5, 0.25]
    assert sureness(with_odds, 0).tolist() == pytest.approx([0, 0.5, 0, 0.8, 0.5, 1])
