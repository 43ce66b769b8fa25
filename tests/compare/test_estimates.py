"""What people would say of all prompts, from a few: the intervals hold it as often as they say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import t

from aifgen.compare.estimates import estimates
from aifgen.compare.intervals import wilson
from aifgen.compare.powered import Prompts, three
from aifgen.compare.study import FAILED, TIE
from aifgen.records import PANEL
from aifgen.review.sampling import design, probabilities
from benchmarks.ppi import cell, covered
from benchmarks.simulated import World, agreement, win_rate
from tests.compare.studies import ABSENT, A, B, labels, pairs

TIMES = 200
BAND = (0.91, 0.99)
"""Where the share of 200 intervals lies that hold the truth with 95 % each: beyond it in 1 of 100
times (binomial)."""


@pytest.mark.parametrize("sample", ["random:120", "disagreement:120"])
@pytest.mark.parametrize("people", [1, 3])
def test_intervals_hold_the_truth_and_judges_make_them_narrower(sample: str, people: int) -> None:
    found = covered(sample, range(TIMES), people=people)

    for ways in found.values():
        human, powered = ways["human_only"], ways["prediction_powered"]
        assert human["covered"] >= BAND[0]
        assert BAND[0] <= powered["covered"] <= BAND[1]
        assert powered["width"] < 0.95 * human["width"]
        assert abs(powered["bias"]) < 0.01
        # The test can fail: the plain mean of what was drawn for its disagreement does not hold it.
        if sample == "random:120":
            assert ways["naive"] == pytest.approx(human)
        else:
            assert ways["naive"]["covered"] < 0.75
            assert ways["naive"]["bias"] < -0.03


def test_the_simulation_has_strata_and_flips_and_counts_intervals() -> None:
    """Without them stratified and flipped were random again."""
    among = World(seed=1).among

    for sample in ("stratified:60", "flipped:60"):
        assert len(set(np.round(probabilities(among, design(sample)), 6))) == 2
    for name, times in (("random:15", 0), ("random:30", 3), ("flipped:40", 1)):
        found = covered(name, range(3))["win rate of x"]["human_only"]
        assert found["times"] == times
        assert np.isnan(found["covered"]) == (times == 0)
        told = cell(found, 3)
        assert told.endswith({0: "no interval", 1: ") of 1", 3: ")"}[times])


def test_the_truth_of_the_simulation() -> None:
    everybody = World(100_000, people=3).study("all")

    found: Any = estimates(everybody)

    for three_ways, right in (
        (found["generators"]["x"], win_rate(3)),
        (found["judges"]["b"], agreement("b", 3)),
    ):
        for way in ("naive", "human_only", "prediction_powered"):
            assert three_ways[way]["value"] == pytest.approx(right, abs=0.004)
        assert three_ways["power"] == 0


def sums(y: Any, f: Any, labelled: Any, chance: Any = 1.0) -> Prompts:
    one = np.ones(len(f))
    return Prompts(
        guess=f,
        units=one,
        told=np.where(labelled, y, 0.0),
        labelled=labelled.astype(np.float64),
        guess_there=np.where(labelled, f, 0.0),
        weight=one / chance,
    )


def test_the_estimate_is_that_of_ppi_py_where_all_are_drawn_alike() -> None:
    """ppi-python 0.2.3, ppi_mean_pointestimate and ppi_mean_ci(Y, F, U, alpha=0.05) with
    Y, F = y[:40], f[:40] and U = f[40:] gave 0.52034001 and 0.37880463 to 0.6618754; with lam=0 and
    1 the estimates 0.525 and 0.516875. Its lambda tells U from F, ours the run from F: it is
    160 / 200 of ours."""
    k = np.arange(200)
    f = ((k * 7) % 11) / 10
    y = (((k * 5) % 13) / 12 * 0.7 + f * 0.3 > 0.5).astype(float)

    found = three(sums(y, f, k < 40), "x", "y")

    powered = found["prediction_powered"]
    theirs = (0.525 - 0.52034001) / (0.525 - 0.516875)
    assert found["human_only"]["value"] == pytest.approx(0.525)
    assert powered["value"] == pytest.approx(0.52034001, abs=5e-4)
    assert found["power"] == pytest.approx(theirs * 200 / 160, abs=0.08)
    low, high = powered["ci95"] or (0, 0)
    # A t quantile and a jackknife of 40 prompts instead of a normal one.
    assert high - low == pytest.approx(0.6618754 - 0.37880463, rel=0.06)
    assert high - low > 0.6618754 - 0.37880463


def test_weights_undo_the_selection_by_hand() -> None:
    y = np.array([1.0, 0.0] * 60)
    chance = np.where(y > 0, 0.25, 0.75)
    labelled = np.arange(120) % 4 < 3

    found = three(sums(y, np.zeros(120), labelled, chance), "x", "y")

    one, none = (y[labelled] == 1).sum() / 0.25, (y[labelled] == 0).sum() / 0.75
    assert found["human_only"]["value"] == pytest.approx(one / (one + none))
    assert found["naive"]["value"] == pytest.approx(y[labelled].mean())
    assert found["power"] == 0  # who always says the same does not help
    assert "lambda 0.00 as judges do not help" in found["prediction_powered"]["method"]


def uneven(hits: Any, units: float) -> tuple[Any, float, float, float]:
    """40 prompts labelled of 80 with chances of 1 and 1/3 by turns, and what comes of them: the
    value, the jackknife's variance and Kish's number."""
    weight = np.where(np.arange(80) % 2, 3.0, 1.0)
    labelled = np.arange(80) < 40
    found = Prompts(
        guess=np.zeros(80),
        units=np.full(80, units),
        told=np.append(hits, np.zeros(40)),
        labelled=np.where(labelled, units, 0.0),
        guess_there=np.zeros(80),
        weight=weight,
    )
    part = weight[:40] / weight[:40].sum()
    value = float(part @ hits) / units
    terms = part * (hits / units - value) / (1 - part)
    return found, value, float(terms @ terms) * 39 / 40, 1 / float(part @ part)


def test_an_interval_of_uneven_weights_by_hand() -> None:
    found, value, variance, kish = uneven(np.arange(40) % 3 // 2 * 1.0, 1.0)

    human = three(found, "x", "y")["human_only"]

    assert kish == pytest.approx(32)
    by_hand = wilson(value, value * (1 - value) / variance, t.ppf(0.975, kish - 1))
    assert human["value"] == pytest.approx(value)
    assert human["ci95"] == pytest.approx(by_hand)


def test_where_few_of_uneven_weight_decide_rows_are_worth_little_more_than_prompts() -> None:
    """10 pairs a prompt, of which one was lost in 3 prompts: these say little of how alike pairs of
    one prompt are."""
    hits = np.where(np.isin(np.arange(40), (4, 9, 15)), 9.0, 10.0)
    found, value, variance, kish = uneven(hits, 10.0)

    human = three(found, "x", "y")["human_only"]

    rarer = kish * (1 + 3 + 3) / 80
    known = (rarer - 1) / 9
    rows = value * (1 - value) / variance
    assert rows > 4 * kish
    worth = kish ** (1 - known) * rows**known
    assert human["ci95"] == pytest.approx(wilson(value, worth, t.ppf(0.975, kish - 1)))
    assert "as few prompts decide it" in human["method"]


def test_few_prompts_give_no_interval_and_say_so() -> None:
    y = np.arange(100) % 2.0

    few = three(sums(y, y, np.arange(100) < 19), "x", "y")
    none = three(sums(y, y, np.zeros(100, bool)), "x", "y")
    uneven = three(
        sums(y, y, np.arange(100) < 40, np.where(np.arange(100) == 3, 0.01, 1.0)), "x", "y"
    )

    for way in ("naive", "human_only", "prediction_powered"):
        assert few[way]["ci95"] is None
        assert "19 prompts labelled are too few (20 are needed)" in few[way]["method"]
        assert none[way]["value"] is None
        assert "nobody labelled any of it" in none[way]["method"]
        # Beside a right figure without an interval a wrong one with an interval looks the better.
        assert uneven[way]["value"] is not None
        assert uneven[way]["ci95"] is None
        told = "40 prompts labelled, worth 2 of equal weight, are too few (20 are needed)"
        assert f"no interval: {told}" in uneven[way]["method"]
    assert none["power"] is None


def test_what_people_labelled_of_prompts_that_nobody_drew_has_no_interval() -> None:
    y = np.arange(100) % 2.0

    found = three(replace(sums(y, y, np.arange(100) < 40), weight=np.zeros(100)), "x", "y")

    assert (found["naive"]["value"], found["naive"]["ci95"]) == (0.5, None)
    assert "no interval: no chance is known of any prompt labelled" in found["naive"]["method"]
    assert found["human_only"]["value"] is None


def test_prompts_that_are_many_and_worth_few_say_what_they_are_worth() -> None:
    y = np.arange(100) % 2.0
    chance = np.where(np.arange(100) < 4, 0.4, 1.0)

    found = three(sums(y, y, np.arange(100) < 22, chance), "x", "y")

    assert found["human_only"]["ci95"] is None
    told = "22 prompts labelled, worth 18 of equal weight, are too few (20 are needed)"
    assert told in found["human_only"]["method"]


def test_labels_that_are_all_equal_are_not_certain() -> None:
    f = np.arange(400) % 3 / 2

    found = three(sums(np.ones(400), f, np.arange(400) < 50), "x", "y")

    low, high = found["prediction_powered"]["ci95"] or (0, 0)
    assert (found["prediction_powered"]["value"], high) == (1, 1)
    assert low == pytest.approx(50 / (50 + 2.0096**2), abs=1e-3)  # Wilson's, with a t quantile
    assert "as few prompts decide it" in found["prediction_powered"]["method"]
    assert found["power"] == 0


def test_judges_are_used_whatever_the_labels_happen_to_say() -> None:
    """40 labels, of which 2 to 14 have the rarer outcome. Left out where that is rare by chance,
    judges would mend the other half of the errors alone."""
    rng = np.random.default_rng(3)
    seen = []
    for _ in range(600):
        hard = rng.random(800) < 0.3
        y = rng.random(800) < np.where(hard, 0.6, 0.9)
        right = rng.random((3, 800)) < np.where(hard, 0.7, 0.92)
        labelled = rng.permutation(800) < 40
        found = three(sums(y.astype(float), (right == y).mean(axis=0), labelled), "x", "y")
        ways = found["human_only"], found["prediction_powered"]
        for of in ways:
            low, high = of["ci95"] or (0, 1)
            seen.append((of["value"] or 0, low <= 0.81 <= high, high - low))
    human, powered = np.mean(seen[::2], axis=0), np.mean(seen[1::2], axis=0)

    assert abs(powered[0] - 0.81) < 0.005  # .012 where few labels of one kind left judges out
    assert powered[1] > 0.94
    assert powered[2] < 0.85 * human[2]
    assert np.std(seen[1::2], axis=0)[0] < 0.8 * np.std(seen[::2], axis=0)[0]


def test_what_a_prompt_adds_is_taken_with_the_lambda_of_the_others_by_hand() -> None:
    y, f = np.arange(25) % 3 / 2, np.arange(100) % 3 / 4 + np.arange(100) % 7 / 7
    labelled = np.arange(100) < 25
    told = np.append(y, np.zeros(75))

    found = three(sums(told, f, labelled), "x", "y")

    a = np.where(labelled, told - y.mean(), 0) / 25 / (1 - 1 / 25 * labelled)
    b = np.where(labelled, f - f[:25].mean(), 0) / 25 - (f - f.mean()) / 100
    value, errors = y.mean(), []
    for k in range(100):
        others = np.arange(100) != k
        power = np.clip(a[others] @ b[others] / (b[others] @ b[others]), 0, 1)
        value -= power * (f[k] - f.mean()) / 25 * labelled[k]
        errors.append(a[k] - power * b[k])
    assert 0 < (found["power"] or 0) < 1
    assert found["prediction_powered"]["value"] == pytest.approx(value, abs=1e-12)
    worth = value * (1 - value) / (np.square(errors).sum() * 24 / 25)
    by_hand = wilson(value, worth, t.ppf(0.975, 25 - 2))  # lambda costs a degree of freedom
    assert found["prediction_powered"]["ci95"] == pytest.approx(by_hand)


def test_a_share_that_most_prompts_have_in_common_is_moved_by_judges_and_not_narrowed() -> None:
    """People say tie of 38 prompts of 40, and judges that the others have more wins."""
    y = np.full(200, 0.5)
    y[[3, 5]] = 1.0
    f = np.where((np.arange(200) >= 40) & (np.arange(200) % 8 == 3), 1.0, y)

    found = three(sums(y, f, np.arange(200) < 40), "x", "y")

    human, powered = found["human_only"], found["prediction_powered"]
    moved = (powered["value"] or 0) - (human["value"] or 0)
    assert moved > 0.002
    assert powered["ci95"] == pytest.approx([end + moved for end in human["ci95"] or ()])
    assert "as few prompts decide it" in powered["method"]


def some(n: int = 100, labelled: int = 40, **more: Any) -> Any:
    """Judge j always says A; people say A on the even items of the first `labelled`."""
    people = np.where(np.arange(n) < labelled, np.where(np.arange(n) % 2, B, A), ABSENT)
    said = more.pop("said", {"j": np.zeros(n, int), "k": np.arange(n) % 2})
    return pairs(said, people=[people], **more)


def test_nobody_labelled_anything() -> None:
    assert estimates(pairs({"j": [A, B]})) is None
    assert estimates(pairs({"j": [A, B]}, gold=[A, A])) is None
    assert estimates(pairs({"j": [A, B]}, people=[[ABSENT, ABSENT]])) is None


def test_what_is_assumed_is_said() -> None:
    known = np.full(100, 0.4)
    half = np.where(np.arange(100) < 20, 0.4, np.nan)

    def told(**more: Any) -> Any:
        return estimates(some(**more))

    unknown, drawn = told(), told(inclusion=known, samples=("random:40",))
    assert not unknown["weighted"]
    assert (
        "nobody says how the labelled prompts were chosen: taken for a random" in unknown["assumes"]
    )
    assert drawn["weighted"]
    assert "prompts drawn as random:40; those drawn and not labelled" in drawn["assumes"]
    assert (drawn["people"], drawn["prompts"], drawn["of"]) == (1, 40, 100)
    assert drawn["assumes"] in drawn["judges"]["j"]["prediction_powered"]["method"]
    assert "labels of prompts that nobody drew are left out" in told(inclusion=half)["assumes"]
    some_drawn = told(inclusion=half)["judges"]["j"]
    assert some_drawn["naive"]["n"] == 40
    assert some_drawn["human_only"]["n"] == 20
    whole = told(labelled=100, inclusion=np.ones(100), samples=("all",))
    assert whole["assumes"] == "every prompt is labelled"
    for three_ways in (whole["generators"]["x"], whole["judges"]["k"], whole["matchups"]["x|y"]):
        figures = [three_ways[way] for way in ("naive", "human_only", "prediction_powered")]
        assert len({(f["value"], *f["ci95"]) for f in figures}) == 1


def test_flipped_speaks_of_the_flipped_alone() -> None:
    n = 100
    first = np.zeros(n, int)
    second = np.where(np.arange(n) < 50, B, A)  # the first half is flipped
    people = np.where(np.arange(n) < 40, np.arange(n) % 2, ABSENT)
    study = pairs(first={"j": first}, second={"j": second}, people=[people], samples=("flipped",),
                  inclusion=np.where(np.arange(n) < 40, 1.0, np.nan))  # fmt: skip

    found: Any = estimates(study)

    assert found["of"] == 50
    assert "of the prompts alone on which a judge changed its mind" in found["assumes"]
    # A prompt on which nobody flips any more was drawn all the same.
    calm = {"j": np.where(np.arange(n) == 3, A, second)}
    again: Any = estimates(replace(study, units=pairs(first={"j": first}, second=calm,
                                                      people=[people]).units))  # fmt: skip
    assert (again["of"], again["prompts"]) == (50, 40)


def test_flips_of_a_judge_that_nobody_reviewed_are_not_spoken_of() -> None:
    """All 200 prompts are labelled on which a flips; b, of another run, flips on 400 others, where
    people would count for the run."""
    k = np.arange(1000)
    people = np.where(k % 2 == 0, A, B)
    flips = {"a": k < 200, "b": (k >= 200) & (k < 600)}
    study = pairs(
        first={**{name: np.zeros(1000, int) for name in flips}, "c": people},
        second={**{name: np.where(of, B, A) for name, of in flips.items()}, "c": people},
        people=[np.where(k < 200, people, ABSENT)],
        samples=("flipped",),
        inclusion=np.where(k < 200, 1.0, np.nan),
    )

    found: Any = estimates(study)

    assert (found["prompts"], found["of"]) == (200, 200)
    assert "every prompt is labelled" in found["assumes"]
    three_ways = found["generators"]["x"]
    assert three_ways["prediction_powered"]["value"] == three_ways["human_only"]["value"] == 0.5
    assert three_ways["power"] == 0
    # Of a run of both judges these are a part of what was drawn, and nobody says whose flips.
    half = np.where((k < 100) | ((k >= 200) & (k < 300)), people, ABSENT)
    both: Any = estimates(replace(study, units=replace(study.units, people=half[None])))
    assert (both["prompts"], both["of"]) == (200, 600)
    assert both["generators"]["x"]["power"] == 0
    assert "judges are not used" in both["assumes"]


def test_two_generators_and_more_meet_in_either_order() -> None:
    names = [("y", "x"), ("x", "z"), ("x", "y")] * 20
    study = pairs({"j": [B, A, A] * 20}, people=[[B, TIE, A] * 20], generators=names)

    found: Any = estimates(study)

    def value(of: Any) -> Any:
        return of["prediction_powered"]["value"]

    assert {name: value(of) for name, of in found["matchups"].items()} == {"x|y": 1, "x|z": 0.5}
    assert value(found["generators"]["x"]) == pytest.approx(5 / 6)
    assert value(found["generators"]["y"]) == 0
    assert value(found["judges"]["j"]) == pytest.approx(2 / 3)


def test_a_judge_is_held_against_people_where_it_has_a_verdict() -> None:
    said = {"j": np.where(np.arange(100) < 30, FAILED, A), "k": np.arange(100) % 2}

    found: Any = estimates(some(said=said))

    assert found["judges"]["j"]["human_only"]["n"] == 10
    assert found["judges"]["j"]["human_only"]["value"] == 0.5
    assert found["judges"]["k"]["human_only"]["value"] == 1


def test_a_best_of_many_leaves_judges_out() -> None:
    """Pairs of the others have no label: judges cannot say how these would have come out."""
    people = np.where(np.arange(120) % 3 == 0, ABSENT, A)
    study = pairs({"j": np.zeros(120, int)}, people=[people], cluster=np.arange(120) // 3)
    one = np.arange(120) // 3
    study = replace(study, units=replace(study.units, item=one), cluster=np.arange(40),
                    inclusion=np.full(40, np.nan))  # fmt: skip

    found: Any = estimates(study)

    assert "people labelled 67% of what is counted of these prompts" in found["assumes"]
    assert found["generators"]["x"]["power"] == 0


def test_a_panel_is_not_one_more_judge() -> None:
    """What its members say counts once."""
    rng = np.random.default_rng(2)
    people = np.where(np.arange(200) < 60, rng.integers(2, size=200), ABSENT)
    said = {name: np.where(rng.random(200) < 0.8, people % 2, 1) for name in "jk"}
    panel = {"panel": rng.integers(2, size=200)}

    without: Any = estimates(pairs(said, people=[people]))
    with_it: Any = estimates(
        pairs({**said, **panel}, people=[people], judges={"panel": {"judge": PANEL}})
    )

    assert with_it["generators"] == without["generators"]
    assert {name: with_it["judges"][name] for name in said} == without["judges"]
    assert "panel" in with_it["judges"]


def test_a_prompts_chance_is_that_of_any_item_where_it_is_known() -> None:
    """People labelled both pairs of a prompt, and the second says nothing of how it was drawn."""
    people = np.where(np.arange(120) < 80, np.arange(120) % 3 // 2, ABSENT)
    known = np.where(np.arange(120) < 40, 0.25, 0.75)

    def told(inclusion: Any) -> Any:
        return estimates(
            pairs({"j": np.zeros(120, int)}, people=[people], cluster=np.arange(120) // 2,
                  inclusion=inclusion, samples=("margin:40",))
        )  # fmt: skip

    assert told(np.where(np.arange(120) % 2, np.nan, known)) == told(known)
    assert told(known) != told(None)


def test_labels_of_single_answers() -> None:
    right = np.arange(200) % 4 > 0
    people = np.where(np.arange(200) < 60, right, ABSENT)

    found: Any = estimates(
        labels(
            {"j": right.astype(int), "k": 1 - right.astype(int)}, people=[people], whose=["g"] * 200
        )
    )

    of = found["generators"]["g"]
    assert of["prediction_powered"]["value"] == pytest.approx(0.75)
    assert "share of 'True'" in of["naive"]["method"]
    assert found["matchups"] == {}
    assert found["judges"]["j"]["human_only"]["value"] == 1
    assert found["judges"]["k"]["human_only"]["value"] == 0


def test_one_judge_alone_is_its_own_guess() -> None:
    """Where it is sure, people agree; so its odds narrow what is known of its agreement."""
    rng = np.random.default_rng(1)
    sure = rng.random(600)
    right = rng.random(600) < 0.4 + 0.6 * sure
    people = np.where(np.arange(600) < 150, np.where(right, A, B), ABSENT)
    study = pairs({"j": np.zeros(600, int)}, people=[people])
    odds = replace(study.units, probability=(0.5 + sure / 2)[None])

    blind: Any = estimates(study)
    seeing: Any = estimates(replace(study, units=odds))

    assert blind["judges"]["j"]["power"] == 0
    assert seeing["judges"]["j"]["power"] > 0.3

    def width(of: Any) -> Any:
        low, high = of["judges"]["j"]["prediction_powered"]["ci95"]
        return high - low

    assert width(seeing) < 0.97 * width(blind)
