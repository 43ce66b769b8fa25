"""Coefficients against the libraries that define them, and a judge's figures against gold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import krippendorff
import numpy as np
import pytest
from sklearn import metrics

from aifgen.compare import counts as c
from aifgen.compare.agreement import judges
from aifgen.compare.figure import Bootstrap
from aifgen.compare.study import ABSENT, FAILED, TIE, A, B, Judge, Study, Units
from tests.compare.studies import pairs

RNG = np.random.default_rng(5)


def two(k: int, n: int = 300) -> tuple[Any, Any, Any]:
    """Two raters that agree more than by chance, and their confusion counts."""
    x = RNG.integers(k, size=n)
    y = np.where(RNG.random(n) < 0.6, x, RNG.integers(k, size=n))
    return x, y, np.bincount(x * k + y, minlength=k * k).astype(np.float64)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_coefficients_are_those_of_the_libraries(k: int) -> None:
    x, y, counts = two(k)
    labels = list(range(k))
    kappa = metrics.cohen_kappa_score
    alpha = krippendorff.alpha(np.stack([x, y]), level_of_measurement="nominal")
    assert c.agreement(counts) == pytest.approx(metrics.accuracy_score(x, y))
    assert c.same(k)(counts) == pytest.approx(metrics.accuracy_score(x, y))
    assert c.cohen_kappa(counts) == pytest.approx(kappa(x, y))
    assert c.weighted_kappa(1)(counts) == pytest.approx(
        kappa(x, y, labels=labels, weights="linear")
    )
    assert c.weighted_kappa(2)(counts) == pytest.approx(
        kappa(x, y, labels=labels, weights="quadratic")
    )
    assert c.alpha(counts) == pytest.approx(alpha)
    assert c.mcc(counts) == pytest.approx(metrics.matthews_corrcoef(x, y))
    macro = metrics.precision_recall_fscore_support(x, y, average="macro")
    for which, value in zip(("precision", "recall", "f1"), macro, strict=False):
        assert c.macro(which)(counts) == pytest.approx(value)


def test_scott_pi_is_fleiss_kappa_of_two() -> None:
    from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

    x, y, counts = two(3)
    table, _ = aggregate_raters(np.stack([x, y], axis=1))
    assert c.scott_pi(counts) == pytest.approx(fleiss_kappa(table))


def test_two_classes_have_a_positive_one() -> None:
    x, y, _ = two(2)
    study = labels(y, x)
    found = judges(study, Bootstrap(200))["j"]
    for name, value in (
        ("precision", metrics.precision_score(x, y)),
        ("recall", metrics.recall_score(x, y)),
        ("leniency", y.mean() - x.mean()),
        ("mcc", metrics.matthews_corrcoef(x, y)),
    ):
        assert found[name]["value"] == pytest.approx(value)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_a_class_that_only_one_side_names_counts_zero() -> None:
    x, y = np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1])
    counts = np.bincount(x * 4 + y, minlength=16).astype(np.float64)  # class 3: nobody names it
    macro = metrics.precision_recall_fscore_support(x, y, average="macro", zero_division=0)
    for which, value in zip(("precision", "recall", "f1"), macro, strict=False):
        assert c.macro(which)(counts) == pytest.approx(value)


def test_one_class_only_has_no_kappa() -> None:
    counts = np.array([7.0, 0, 0, 0])
    for formula in (c.cohen_kappa, c.scott_pi, c.alpha, c.mcc, c.weighted_kappa(1)):
        assert np.isnan(formula(counts))


def test_formulas_take_all_resamples_at_once() -> None:
    tables = np.stack([two(3)[2] for _ in range(4)])
    for formula in (c.agreement, c.cohen_kappa, c.alpha, c.mcc, c.macro("f1"), c.weighted_kappa(2)):
        assert formula(tables) == pytest.approx([float(formula(table)) for table in tables])


SAID = [A, A, B, TIE, FAILED, ABSENT, B, FAILED]
GOLD = [A, B, B, TIE, TIE, A, TIE, A]


def test_failures_are_counted_three_ways() -> None:
    found = judges(pairs({"j": SAID}, gold=GOLD), Bootstrap(10))["j"]
    assert (found["n"], found["failures"], found["judgments"]) == (5, 2, 7)
    assert found["agreement"]["value"] == pytest.approx(3 / 5)
    accuracy = {way: figure["value"] for way, figure in found["accuracy"].items()}
    assert accuracy == pytest.approx(
        {"failures_wrong": 3 / 7, "failures_tie": 4 / 7, "failures_dropped": 3 / 5}
    )
    assert found["accuracy"]["failures_wrong"]["n"] == 7
    assert found["agreement_decided"]["value"] == pytest.approx(2 / 3)
    assert found["agreement_decided"]["n"] == 3
    assert found["mcc"]["value"] is None
    assert "of labels only" in found["mcc"]["method"]


def test_macro_and_kappa_of_each_way_are_scikit_learns() -> None:
    said, gold = RNG.choice([A, B, TIE, FAILED], 200), RNG.choice([A, B, TIE], 200)
    found = judges(pairs({"j": said}, gold=gold), Bootstrap(10))["j"]["macro"]
    read = said >= 0
    ways = {
        "failures_wrong": (gold, np.where(read, said, 3)),
        "failures_tie": (gold, np.where(read, said, TIE)),
        "failures_dropped": (gold[read], said[read]),
    }
    for way, (x, y) in ways.items():
        macro = metrics.precision_recall_fscore_support(
            x, y, average="macro", labels=[A, B, TIE], zero_division=0
        )
        for which, value in zip(("precision", "recall", "f1"), macro, strict=False):
            assert found[way][which]["value"] == pytest.approx(value), (way, which)
        assert found[way]["cohen_kappa"]["value"] == pytest.approx(metrics.cohen_kappa_score(x, y))


def test_people_are_the_reference_without_gold() -> None:
    people = [[A, A, B], [A, B, B], [B, ABSENT, B]]
    found = judges(pairs({"j": [A, TIE, A]}, people=people), Bootstrap(10))["j"]
    assert found["agreement"]["value"] == pytest.approx(2 / 3)
    assert "what most people say" in found["agreement"]["method"]


def test_without_a_reference_every_figure_is_null_and_failures_are_counted() -> None:
    found = judges(pairs({"j": [A, FAILED, TIE]}), Bootstrap(10))["j"]
    assert (found["n"], found["failures"]) == (0, 1)
    for name in ("agreement", "cohen_kappa", "agreement_decided", "cohen_kappa_winner"):
        assert found[name]["value"] is None, name
    assert "no gold, no people" in found["agreement"]["method"]


def test_few_prompts_have_no_interval_and_all_right_has_wilsons() -> None:
    few = judges(pairs({"j": [A, B]}, gold=[A, A]), Bootstrap(10))["j"]["agreement"]
    assert few["ci95"] is None
    assert "2 prompts are too few" in few["method"]
    all_right = judges(pairs({"j": [A, B] * 20}, gold=[A, B] * 20), Bootstrap(10))["j"]
    for figure in (all_right["agreement"], *all_right["accuracy"].values()):
        assert figure["ci95"] == pytest.approx([0.907, 1.0], abs=1e-3)


def test_kappa_by_the_winners_name_is_higher() -> None:
    names = [("x", "y"), ("z", "x"), ("y", "z"), ("x", "y")] * 15
    said = RNG.choice([A, B], 60)
    gold = np.where(RNG.random(60) < 0.8, said, 1 - said)
    found = judges(pairs({"j": said}, gold=gold, generators=names), Bootstrap(10))["j"]
    won = [[names[k][side] for k, side in enumerate(of)] for of in (gold, said)]
    by_name = metrics.cohen_kappa_score(*won)
    assert found["cohen_kappa_winner"]["value"] == pytest.approx(by_name)
    assert found["cohen_kappa_decided"]["value"] == pytest.approx(
        metrics.cohen_kappa_score(gold, said)
    )


def labels(said: Any, gold: Any, classes: tuple[str, ...] = ("False", "True")) -> Study:
    """A study of single responses that get a label."""
    study = pairs({"j": said}, gold=gold)
    return replace(
        study,
        judges=(Judge("j", "j", "binary"),),
        units=replace(_single(study.units), kind="label", classes=classes),
        choice=replace(study.choice, chosen=np.full_like(study.choice.chosen, -1)),
    )


def _single(units: Units) -> Units:
    return replace(
        units,
        position=units.position[:, :1],
        generator=units.generator[:, :1],
        length=units.length[:, :1],
    )


def test_labels_have_precision_and_no_tie() -> None:
    found = judges(labels([1, 1, 0, 0, FAILED, 1], [1, 0, 0, 1, 1, 1]), Bootstrap(10))["j"]
    assert found["precision"]["value"] == pytest.approx(2 / 3)
    assert found["recall"]["value"] == pytest.approx(2 / 3)
    assert found["leniency"]["value"] == pytest.approx(0.0)
    assert found["accuracy"]["failures_wrong"]["value"] == pytest.approx(3 / 6)
    for figure in (found["accuracy"]["failures_tie"], found["agreement_decided"]):
        assert figure["value"] is None
        assert "no tie" in figure["method"]


def test_other_labels_have_no_positive_class() -> None:
    found = judges(labels([0, 1, 2], [0, 1, 1], ("bad", "fair", "good")), Bootstrap(10))["j"]
    assert found["agreement"]["value"] == pytest.approx(2 / 3)
    assert found["precision"]["value"] is None
    assert "bad, fair, good" in found["precision"]["method"]


def test_precision_recall_and_leniency_are_shares() -> None:
    said = [0, 1] * 20
    of = judges(labels(said, said), Bootstrap(100))["j"]
    for name in ("precision", "recall"):
        low, high = of[name]["ci95"]
        assert 0.7 < low < high == 1
    low, high = of["leniency"]["ci95"]
    assert low < 0 < high
    assert of["mcc"]["ci95"] is None
