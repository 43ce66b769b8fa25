"""Intervals where few prompts decide: never without width, and they cover what they should."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from aifgen.compare import counts as c
from aifgen.compare import drawing, intervals
from aifgen.compare.figure import Bootstrap, Difference, Figure, Mean, Share, plain, resampled

BOOT = Bootstrap(200)
REPETITIONS = 400
ROWS = 5


def ends(figure: Figure) -> tuple[float, float]:
    assert figure["ci95"] is not None, figure["method"]
    low, high = figure["ci95"]
    return low, high


def alike(rng: np.random.Generator, prompts: int, rows: int = ROWS) -> Any:
    """(prompts * rows,) uniform numbers of which those of a prompt hang together (0.4)."""
    shared, own = rng.normal(size=(prompts, 1)), rng.normal(size=(prompts, rows))
    return norm.cdf(shared * np.sqrt(0.4) + own * np.sqrt(0.6)).ravel()


def difference(plus: Any, minus: Any, cluster: Any) -> Figure:
    columns = np.column_stack([plus, minus, np.ones(len(plus))])
    formula = Difference((0,), (1,), (2,))
    return BOOT.sums(cluster, columns, {"d": (formula, "d")})["d"]


@pytest.mark.parametrize("truth", [0.95, 0.98])
@pytest.mark.parametrize("prompts", [20, 40, 100])
def test_a_share_near_one_is_covered(truth: float, prompts: int) -> None:
    rng, cluster, hits = np.random.default_rng(1), np.repeat(np.arange(prompts), ROWS), 0
    for _ in range(REPETITIONS):
        low, high = ends(BOOT.rate(cluster, alike(rng, prompts) < truth, "share"))
        hits += low <= truth <= high
    assert hits / REPETITIONS >= 0.92


@pytest.mark.parametrize("apart", [0.02, 0.05])
@pytest.mark.parametrize("prompts", [40, 200])
@pytest.mark.parametrize("rows", [1, ROWS])
def test_a_difference_of_few_prompts_is_covered(apart: float, prompts: int, rows: int) -> None:
    """Three of four where they differ are for one side."""
    rng, cluster, hits = np.random.default_rng(2), np.repeat(np.arange(prompts), rows), 0
    for _ in range(REPETITIONS):
        u = alike(rng, prompts, rows)
        low, high = ends(difference(u < 0.75 * apart, u > 1 - 0.25 * apart, cluster))
        hits += low <= apart / 2 <= high
    assert hits / REPETITIONS >= 0.92


def test_one_wrong_row_does_not_make_the_interval_shorter() -> None:
    cluster, right = np.repeat(np.arange(20), 100), np.ones(2000, bool)
    all_right = BOOT.rate(cluster, right, "share")
    assert list(ends(all_right)) == pytest.approx([0.8203, 1.0], abs=1e-4)
    widths = []
    for wrong in range(1, 10):
        right[(wrong - 1) * 100] = False
        low, high = ends(BOOT.rate(cluster, right, "share"))
        widths.append(high - low)
        if wrong == 1:
            assert low <= ends(all_right)[0]
            assert high < 1
    assert widths == sorted(widths, reverse=True)  # more is known of how alike a prompt's rows are
    assert min(after / before for before, after in pairwise(widths)) > 0.5


def test_of_one_row_a_prompt_it_is_wilsons_with_a_t_quantile() -> None:
    """Held against statsmodels at the same quantile: t of 59 degrees, of 59 rows."""
    right = np.arange(60) >= 4
    low, high = ends(BOOT.rate(np.arange(60), right, "share"))
    alpha = 2 * norm.sf(2.000995378)
    theirs = proportion_confint(56 * 59 / 60, 59, alpha=alpha, method="wilson")
    assert (low, high) == pytest.approx(theirs, abs=1e-9)


def test_a_share_that_many_prompts_decide_is_resampled() -> None:
    figure = BOOT.rate(np.arange(60), np.arange(60) % 3 > 0, "share")
    assert "percentile bootstrap over 60 prompts, 200 resamples" in figure["method"]


@pytest.mark.parametrize(
    ("formula", "codes"),
    [
        (Share((1,)), np.ones(40, int)),
        (Share((1,)), np.zeros(40, int)),
        (Share((3,), (1, 3)), np.full(40, 3)),
        (Mean((0.0, 0.5, 0.5, 1.0)), np.full(40, 3)),
        (Mean((0.0, 0.5, 0.5, 1.0)), np.zeros(40, int)),
        (Mean((0.0, 0.5, 0.5, 1.0)), np.ones(40, int)),  # half of each prompt
        (Difference((1,), (2,)), np.zeros(40, int)),
        (Difference((1,), (2,)), np.ones(40, int)),
    ],
)
def test_no_share_is_certain(formula: Any, codes: Any) -> None:
    figure = BOOT.figures(np.arange(40), codes, 4, {"it": (formula, "it")})["it"]
    low, high = ends(figure)
    assert high - low > 0.05
    assert figure["value"] is not None
    assert low <= figure["value"] <= high


def test_newcombe_is_named_and_as_by_hand() -> None:
    """5 of 40 against 1: statsmodels has no paired one, so from its Wilson intervals."""
    codes = np.array([1] * 5 + [2] + [0] * 34)
    figure = BOOT.figures(np.arange(40), codes, 4, {"d": (Difference((1,), (2,)), "d")})["d"]
    assert "Newcombe" in figure["method"]
    alpha = 2 * norm.sf(2.0226909)
    (low_one, high_one), (low_two, high_two) = (
        proportion_confint(of * 39 / 40, 39, alpha=alpha, method="wilson") for of in (5, 1)
    )
    one, two = 5 / 40, 1 / 40
    rho = -np.sqrt(one * two / ((1 - one) * (1 - two)))

    def add(a: float, b: float) -> float:
        return float(np.sqrt(a * a + b * b - 2 * rho * a * b))

    low = one - two - add(one - low_one, high_two - two)
    high = one - two + add(high_one - one, two - low_two)
    assert list(ends(figure)) == pytest.approx([low, high], abs=1e-6)


def test_a_coefficient_without_spread_has_no_interval_and_says_why() -> None:
    codes = np.tile([0, 3], 20)
    figure = BOOT.figures(np.repeat(np.arange(20), 2), codes, 4, {"k": (c.cohen_kappa, "k")})["k"]
    assert (figure["value"], figure["ci95"]) == (1.0, None)
    assert "every resample gives the same value" in figure["method"]


def test_prompts_of_uneven_size_count_as_fewer() -> None:
    sizes = np.array([400] + [1] * 39)
    cluster = np.repeat(np.arange(40), sizes)
    right = np.random.default_rng(3).random(len(cluster)) < 0.7
    giant = BOOT.rate(cluster, right, "share")
    assert giant["ci95"] is None
    assert "40 prompts (of uneven size, worth 1) are too few (20 are needed)" in giant["method"]
    assert giant["clusters"] == 40
    kappa = BOOT.figures(cluster, right * 3, 4, {"k": (c.cohen_kappa, "k")})["k"]
    assert "worth 1" in kappa["method"]
    # Not far from even, and yet the reason has to be one: 22 are not fewer than 20.
    even = BOOT.rate(np.repeat(np.arange(22), [5] * 4 + [2] * 18), np.arange(56) % 2 > 0, "share")
    told = "22 prompts (of uneven size, worth 18) are too few (20 are needed)"
    assert told in even["method"]
    uneven = BOOT.rate(np.repeat(np.arange(60), np.tile([1, 1, 9], 20)), np.arange(220) % 3 > 0, "")
    assert "over 60 prompts (of uneven size, worth 29)" in uneven["method"]
    nearly = BOOT.rate(np.repeat(np.arange(20), [4] + [5] * 19), np.arange(99) % 2 > 0, "share")
    assert nearly["ci95"] is not None
    assert "over 20 prompts," in nearly["method"]


def test_the_prompts_of_a_share_are_those_that_it_counts() -> None:
    """Of 100 prompts ten have an outcome that this share is about."""
    codes = np.where(np.arange(100) < 10, 3, 0)
    figure = BOOT.figures(np.arange(100), codes, 4, {"p": (Share((3,), (1, 3)), "p")})["p"]
    assert (figure["value"], figure["ci95"]) == (1.0, None)
    assert "10 prompts are too few" in figure["method"]


def test_rounding_is_cut_off_and_an_interval_holds_its_value() -> None:
    values = np.linspace(0.5, 1.0000000000000002, 100)
    figure = resampled(1.0000000000000002, values, "tau", 9, 40)
    assert figure["value"] == 1.0
    assert ends(figure)[1] == 1.0
    assert plain(-1.0000000000000002, "r", 1, 1)["value"] == -1.0
    assert plain(1e-20, "p", 1, 1)["value"] == 1e-20
    off = resampled(0.2, np.linspace(0.3, 0.5, 100), "biased", 9, 40)
    assert ends(off)[0] == 0.2
    for n in range(20, 200):
        assert ends(BOOT.rate(np.arange(n), np.ones(n, bool), "share"))[1] == 1.0


@pytest.mark.parametrize("cells", [100, 1 << 24])
def test_groups_of_prompts_give_the_rare_outcomes_interval_of_all(
    monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(3000), 4)
    codes = 2 * rng.integers(0, 13, 12_000)  # none alike, so that patterns do not help
    codes[[5, 900, 901, 7000]] += 1
    of = {"odd": (Share(tuple(range(1, 26, 2))), "odd")}
    every = BOOT.figures(cluster, codes, 26, of)["odd"]
    monkeypatch.setattr(drawing, "PATTERNS", 500)
    monkeypatch.setattr(drawing, "CELLS", cells)
    grouped = BOOT.figures(cluster, codes, 26, of)["odd"]
    assert "Wilson" in grouped["method"]
    assert ends(grouped) == pytest.approx(ends(every), rel=0.15)
    assert ends(grouped)[1] < 0.003


def test_prompts_that_are_alike_are_counted_as_often_as_they_are() -> None:
    units, hits, times = np.array([2.0, 1.0]), np.array([2.0, 0.0]), np.array([30, 3])
    packed = intervals.size(units, times)
    apart = np.repeat(units, times)
    assert packed == pytest.approx(intervals.size(apart))
    one = intervals.of_share(hits, units, times, packed)
    assert one == pytest.approx(intervals.of_share(np.repeat(hits, times), apart, None, packed))
