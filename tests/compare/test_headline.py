"""The sentence that comes first claims a difference only where there is one."""

from __future__ import annotations

from typing import Any

import pytest

from aifgen.compare.headline import headline


def figure(value: float | None, low: float | None = None, high: float | None = None) -> Any:
    ends = None if low is None else [low, high]
    return {"value": value, "ci95": ends, "method": "m", "n": 3595, "clusters": 400}


def judge(
    agreement: Any = None, usd: float | None = None, n: int = 3595, failures: int = 0
) -> dict[str, Any]:
    return {
        "failures": failures,
        "accuracy": {"failures_wrong": agreement or figure(None)},
        "judge": "someone",
        "n": n,
        "agreement": agreement or figure(None),
        "usd_per_1000": figure(usd),
    }


def pair(
    difference: Any = None,
    agreement: float | None = 0.9,
    flipped: float | None = None,
    right: Any = None,
) -> Any:
    return {
        "contingency": right,
        "agreement": figure(agreement),
        "agreement_difference": difference or figure(None),
        "dataset_effect": {"flipped": figure(flipped)},
    }


def found(judges: Any, pairs: Any, **more: Any) -> dict[str, Any]:
    return {
        "judges": judges,
        "pairs": pairs,
        "kind": "label",
        "reference": "people",
        "n_units": 3600,
        **more,
    }


@pytest.mark.parametrize(
    ("sample", "whole"), [("disagreement:9", "all."), ("flipped", "these alone."), ("random:9", "")]
)
def test_prompts_that_are_not_like_the_rest(sample: str, whole: str) -> None:
    told = headline(found({"a": judge(figure(0.5))}, {}, estimates={"samples": [sample]}))

    drawn = f"People saw prompts drawn as {sample}, which are not like the rest: the estimates"
    assert ("People saw" in told) == bool(whole)
    assert told.endswith(f" {drawn} speak of {whole}" * bool(whole))


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((0.001, 0.029), "Llama-3-70B agrees with people more often than GPT-4 does"),
        ((-0.005, 0.029), "Llama-3-70B agrees with people as often as GPT-4 does"),
        ((-0.04, -0.01), "Llama-3-70B agrees with people less often than GPT-4 does"),
        ((-0.2, 0.23), "Llama-3-70B and GPT-4 cannot be told apart by how often they agree with"),
    ],
)
def test_two_judges_are_told_apart_by_the_interval(ends: tuple[float, float], words: str) -> None:
    told = headline(
        found(
            {
                "Llama-3-70B": judge(figure(0.5), 0.41),  # over other answers, too
                "GPT-4": judge(figure(0.6), 5.53),
            },
            {
                "Llama-3-70B|GPT-4": pair(
                    figure(0.015, *ends), 0.9127, right=[[3147, 184], [130, 134]]
                )
            },
        )
    )

    assert told.startswith(words)
    assert "on 3,595 answers (92.7 % and 91.2 %; +1.5 points, 95 % interval" in told
    assert "swapping one for the other changes 8.7 % of the verdicts" in told
    assert "1,000 judgments cost $0.41 with Llama-3-70B and $5.53 with GPT-4" in told


def test_a_swap_of_preference_pairs_flips_them() -> None:
    told = headline(
        found(
            {"a": judge(), "b": judge()},
            {"a|b": pair(flipped=0.089)},
            kind="pair",
            reference=None,
        )
    )

    assert told == (
        "a and b agree on 90.0 % of 3,595 pairs; swapping a for b flips 8.9 % of the 3,595 "
        "preference pairs that both give."
    )


def test_too_few_prompts_claim_nothing() -> None:
    told = headline(
        found(
            {"a": judge(figure(0.75), n=4), "b": judge(figure(0.5), n=4)},
            {"a|b": pair(figure(0.25), right=[[2, 1], [0, 1]])},
        )
    )

    assert "a and b cannot be told apart" in told
    assert "too few prompts for an interval" in told
    assert "more often" not in told


def test_two_judges_without_a_shared_verdict() -> None:
    told = headline(
        found({"a": judge(), "b": judge()}, {"a|b": pair(agreement=None)}, reference=None)
    )

    assert told == "a and b have no verdict on the same answers."


def test_many_judges_name_the_best_and_whom_it_cannot_be_told_from() -> None:
    judges = {name: judge(figure(value, value - 0.01, value + 0.01))
              for name, value in (("a", 0.8), ("b", 0.9), ("c", 0.89))}  # fmt: skip
    pairs = {
        "a|b": pair(figure(-0.1, -0.12, -0.08)),
        "a|c": pair(figure(-0.09, -0.11, -0.07)),
        "b|c": pair(figure(0.01, -0.01, 0.03)),
    }

    told = headline(found(judges, pairs))

    assert told == (
        "Of 3 judges b agrees with people most often (90.0 % [89.0, 91.0] of 3,595 answers); "
        "c (89.0 %) cannot be told apart from it."
    )


def test_one_judge() -> None:
    told = headline(found({"a": judge(figure(0.9, 0.88, 0.92))}, {}))
    alone = headline(found({"a": judge()}, {}, reference=None))

    assert told == "a agrees with people on 90.0 % [88.0, 92.0] of 3,595 answers."
    assert alone.startswith("a judged 3,600 answers; there is no gold, no person and no second")


def test_many_judges_and_nobody_to_say_who_is_right() -> None:
    judges = {name: judge() for name in "abc"}
    pairs = {"a|b": pair(agreement=0.9), "a|c": pair(agreement=0.5), "b|c": pair(agreement=None)}

    told = headline(found(judges, pairs, reference=None))

    assert told.startswith("Of 3 judges a and b agree most (90.0 %), a and c least (50.0 %)")


def test_a_panel_is_no_judge_of_its_own() -> None:
    judges = {"a": judge(), "b": judge(), "panel": {**judge(), "judge": "panel"}}
    pairs = {"a|b": pair(agreement=0.9), "a|panel": pair(agreement=1.0), "b|panel": pair()}

    told = headline(found(judges, pairs, reference=None))

    assert told.startswith("a and b agree on 90.0 % of 3,595 answers")


def test_of_many_the_best_is_who_is_ahead_on_the_rows_that_both_judged() -> None:
    """x saw 300 easy rows, on which y is better."""
    judges = {
        "x": judge(figure(0.96, 0.94, 0.98), n=300),
        "y": judge(figure(0.85, 0.82, 0.87), n=1000),
        "z": judge(figure(0.79, 0.77, 0.82), n=1000),
    }
    pairs = {
        "x|y": pair(figure(-0.04, -0.05, -0.03)),
        "x|z": pair(figure(0.14, 0.1, 0.18)),
        "y|z": pair(figure(0.06, 0.04, 0.08)),
    }

    told = headline(found(judges, pairs))

    assert told.startswith("Of 3 judges y agrees with people most often (85.0 %")
    assert "next is x" in told


def test_many_judges_are_told_apart_for_all_pairs_at_once() -> None:
    names = "abcdefghij"
    judges = {name: judge(figure(0.9 if name == "a" else 0.87)) for name in names}
    pairs = {
        f"{one}|{other}": pair(figure(0.03 if one == "a" else 0.0, 0.001, 0.059))
        for k, one in enumerate(names)
        for other in names[k + 1 :]
    }

    told = headline(found(judges, pairs))

    assert told.endswith(
        "b (87.0 %), c (87.0 %), d (87.0 %) and 6 more cannot be told apart from it."
    )


def test_failures_are_named() -> None:
    judges = {
        "x": judge(figure(1.0, 0.94, 1.0), n=60, failures=940),
        "y": judge(figure(0.8, 0.7, 0.9), n=1000),
    }
    told = headline(found(judges, {"x|y": pair(figure(0.2, 0.1, 0.3), right=[[48, 12], [0, 0]])}))

    assert "; x gave no verdict on 940 of 1,000; swapping" in told
    assert "y gave no verdict" not in told
