"""Records made from tables: the best response by ratings or by pairs, and when nothing is said."""

from __future__ import annotations

from typing import Any

import pytest
from aifgen.sinks._argilla_records import Shape, record, scale_of

THREE = ("a", "b", "c")


def made(verdicts: list[dict[str, Any]], there: tuple[str, ...] = THREE) -> Any:
    shape = Shape(tuple((name, 0) for name in THREE), (1, 2, 3, 4, 5), True, True)
    prompt = {"prompt_id": "p", "messages": [{"role": "user", "content": "?"}]}
    responses = [
        {"response_id": f"p/{name}/0", "generator": name, "sample": 0, "text": name}
        for name in there
    ]
    return record(prompt, responses, verdicts, shape)


def rated(**ratings: float | None) -> list[dict[str, Any]]:
    return [
        {"judge": "j", "response_ids": [f"p/{name}/0"], "rating": rating, "verdict": None}
        for name, rating in ratings.items()
    ]


def pairs(*said: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [
        {"judge": "j", "response_ids": [f"p/{one}/0", f"p/{two}/0"], "rating": None, "verdict": v}
        for one, two, v in said
    ]


@pytest.mark.parametrize(
    ("verdicts", "there", "best"),
    [
        (rated(a=1.0, b=5.0, c=3.0), THREE, "response_2"),
        (rated(a=2.5, b=4.5, c=3.0), THREE, "response_2"),
        (rated(a=5.0, b=5.0, c=3.0), THREE, "tie"),
        (rated(a=5.0, b=None, c=3.0), THREE, None),
        (rated(a=5.0, c=3.0), ("a", "c"), "response_1"),
        (rated(a=5.0), ("a",), None),
        (pairs(("a", "b", "B"), ("b", "c", "A"), ("a", "c", "tie")), THREE, "response_2"),
        (pairs(("a", "b", "B"), ("b", "c", "B"), ("a", "c", "A")), THREE, None),
        (pairs(("a", "b", "tie")), ("a", "b"), "tie"),
        (pairs(("a", "b", "A")), ("a", "b"), "response_1"),
        (pairs(("a", "b", "tie"), ("b", "c", "tie"), ("a", "c", "tie")), THREE, None),
        ([], THREE, None),
    ],
)
def test_the_best(verdicts: list[dict[str, Any]], there: tuple[str, ...], best: str | None) -> None:
    suggested = made(verdicts, there).suggestions.get("best")
    assert suggested == (None if best is None else (best, "j"))


def test_a_rating_between_two_values_is_kept_exactly_and_never_rounded() -> None:
    one = made(rated(a=3.5, b=4.0, c=4.9999))
    assert one.metadata == {
        "judge": "j", "judge_rating_1": 3.5, "judge_rating_2": 4.0, "judge_rating_3": 4.9999,
        "margin": pytest.approx(1.4999),
    }  # fmt: skip
    assert {name: value for name, (value, _) in one.suggestions.items()} == {
        "rating_2": 4,
        "best": "response_3",
    }


@pytest.mark.parametrize(
    ("low", "high", "values", "suggest"),
    [
        (1.0, 5.0, (1, 2, 3, 4, 5), True),
        (0, 10, tuple(range(11)), True),
        (0, 1, (0, 1), True),
        (1, 11, (1, 2, 3, 4, 5), False),
        (-1, 1, (1, 2, 3, 4, 5), False),
        (0, 0.5, (1, 2, 3, 4, 5), False),
        (3, 3, (1, 2, 3, 4, 5), False),
        (None, None, (1, 2, 3, 4, 5), False),
    ],
)
def test_scale(low: float, high: float, values: tuple[int, ...], suggest: bool) -> None:
    assert scale_of(low, high) == (values, suggest)
