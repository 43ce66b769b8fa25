"""From judgments to verdicts: samples, then judges, and nothing made up for what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifgen.judging.panel import verdicts
from aifgen.records import PANEL, Judgment, Verdict

NAMES = ("row/x/0", "row/y/0", "row/z/0")


def judgment(
    judge: str,
    ratings: Sequence[float | None] | None,
    sample: int = 0,
    names: Sequence[str] | None = None,
    status: str = "ok",
) -> Judgment:
    return Judgment(
        judgment_id=f"row/{judge}/overall/{sample}",
        prompt_id="row",
        judge=judge,
        protocol="ultrafeedback",
        aspect="overall",
        sample=sample,
        response_ids=tuple(names or NAMES[: len(ratings or NAMES)]),
        order=tuple(reversed(names or NAMES[: len(ratings or NAMES)])),
        ratings=None if ratings is None else tuple(ratings),
        verdict=None,
        probability=None,
        scale_min=1,
        scale_max=5,
        rationales=None,
        raw="",
        status=status if ratings is not None else "parse_failure",
        problem=None,
        input_tokens=None,
        output_tokens=None,
        latency_s=None,
        usd=None,
        key=None,
    )


def table(found: Sequence[Verdict]) -> list[tuple[str, str, float | None, float | None]]:
    return [(v.judge, v.response_ids[0][4], v.rating, v.spread) for v in found]


def test_a_single_judge_has_no_panel() -> None:
    found = verdicts([judgment("a", (5, 3, 1))])
    assert found == tuple(
        Verdict("row", "a", "ultrafeedback", (name,), rating, None, None, None, None)
        for name, rating in zip(NAMES, (5, 3, 1), strict=True)
    )


def test_samples_are_averaged_with_their_spread() -> None:
    found = verdicts([judgment("a", (5, 3, 1)), judgment("a", (4, 3, 2), 1)])
    assert table(found) == [("a", "x", 4.5, 1), ("a", "y", 3, 0), ("a", "z", 1.5, 1)]


def test_judges_are_averaged_after_their_own_rows() -> None:
    found = verdicts([judgment("b", (5, 3, 1)), judgment("a", (2, 3, 2))])
    assert table(found) == [
        ("b", "x", 5, None), ("b", "y", 3, None), ("b", "z", 1, None),
        ("a", "x", 2, None), ("a", "y", 3, None), ("a", "z", 2, None),
        (PANEL, "x", 3.5, 3), (PANEL, "y", 3, 0), (PANEL, "z", 1.5, 1),
    ]  # fmt: skip


def test_a_judge_with_more_samples_has_no_more_weight() -> None:
    found = verdicts(
        [judgment("a", (1, 1, 1), sample) for sample in range(3)] + [judgment("b", (5, 3, 1))]
    )
    panel = [row for row in table(found) if row[0] == PANEL]
    assert panel == [(PANEL, "x", 3, 4), (PANEL, "y", 2, 2), (PANEL, "z", 1, 0)]


def test_a_missing_rating_is_left_out_and_nothing_is_put_in_its_place() -> None:
    found = verdicts([judgment("a", (5, None, 1)), judgment("b", (3, 3, None))])
    assert table(found) == [
        ("a", "x", 5, None), ("a", "z", 1, None), ("b", "x", 3, None), ("b", "y", 3, None),
        (PANEL, "x", 4, 2), (PANEL, "y", 3, None), (PANEL, "z", 1, None),
    ]  # fmt: skip


def test_a_sample_without_ratings_is_left_out() -> None:
    found = verdicts(
        [judgment("a", (5, 3, 1)), judgment("a", None, 1), judgment("a", (5, 1, 1), 2)]
    )
    assert table(found) == [("a", "x", 5, 0), ("a", "y", 2, 2), ("a", "z", 1, 0)]


def test_a_judge_that_failed_leaves_the_panel_to_the_others() -> None:
    found = verdicts([judgment("a", None), judgment("b", (5, 3, 1)), judgment("c", (3, 3, 1))])
    assert [row for row in table(found) if row[0] == "a"] == []
    panel = [row for row in table(found) if row[0] == PANEL]
    assert panel == [(PANEL, "x", 4, 2), (PANEL, "y", 3, 0), (PANEL, "z", 1, 0)]


def test_a_panel_of_which_one_answered_is_still_the_panel() -> None:
    found = verdicts([judgment("a", None), judgment("b", (5, 3, 1))])
    panel = [row for row in table(found) if row[0] == PANEL]
    assert panel == [(PANEL, "x", 5, None), (PANEL, "y", 3, None), (PANEL, "z", 1, None)]


def test_nobody_answered() -> None:
    assert verdicts([judgment("a", None)]) == ()
    assert verdicts([judgment("a", None), judgment("b", None)]) == ()
    assert verdicts([judgment("a", (None, None, None))]) == ()
    assert verdicts([]) == ()


RATINGS = st.none() | st.lists(
    st.none() | st.integers(1, 5).map(float), min_size=3, max_size=3
).map(tuple)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from("abcd"), st.lists(RATINGS, min_size=1, max_size=4)))
def test_every_figure_is_the_mean_of_what_was_said(
    said: dict[str, list[tuple[float | None, ...] | None]],
) -> None:
    judgments = [
        judgment(judge, ratings, sample)
        for judge, samples in said.items()
        for sample, ratings in enumerate(samples)
    ]
    found = {(v.judge, v.response_ids): v for v in verdicts(judgments)}
    means: dict[str, dict[str, float]] = {name: {} for name in NAMES}
    for judge, samples in said.items():
        for k, name in enumerate(NAMES):
            values = [r for ratings in samples if ratings if (r := ratings[k]) is not None]
            mine = found.pop((judge, (name,)), None)
            assert (mine is None) == (not values)
            if mine is not None:
                means[name][judge] = fmean(values)
                assert mine.rating == pytest.approx(fmean(values))
                assert mine.spread == (max(values) - min(values) if len(values) > 1 else None)
    for name in NAMES:
        mine = found.pop((PANEL, (name,)), None)
        assert (mine is None) == (len(said) < 2 or not means[name])
        if mine is not None:
            values = list(means[name].values())
            assert mine.rating == pytest.approx(fmean(values))
            assert (mine.spread is None) == (len(values) == 1)
            assert mine.spread in (None, pytest.approx(max(values) - min(values)))
    assert not found


def test_the_order_of_the_judges_changes_no_figure() -> None:
    said = [judgment("a", (5, 3, 1)), judgment("b", (4, 4, 2)), judgment("c", (1, 5, None))]
    tables = [sorted(table(verdicts(some)), key=str) for some in permutations(said)]
    assert all(one == tables[0] for one in tables)


def test_equal_means_are_equal_numbers() -> None:
    """Thirds are not exact: 1 and 5/3 have the mean of 4/3 and 4/3, whatever a float says."""
    found = verdicts(
        [judgment("a", ratings, k) for k, ratings in enumerate([(1, 1), (1, 1), (1, 2)])]
        + [judgment("b", ratings, k) for k, ratings in enumerate([(1, 1), (2, 1), (2, 2)])]
    )
    x, y = (v.rating for v in found if v.judge == PANEL)
    assert x == y
