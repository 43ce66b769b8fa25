"""Records made from tables: what judges think of them, and when nothing is said."""

from __future__ import annotations

from typing import Any

import pytest

from aifgen.review.opinions import consistency, opinions
from aifgen.review.record import Sampled, Shape, record, scale_of

THREE = ("a", "b", "c")


def made(
    verdicts: list[dict[str, Any]], there: tuple[str, ...] = THREE, **changes: Any
) -> tuple[Any, dict[str, str]]:
    """The record, and which slot shows which response."""
    shape = Shape(
        **{
            "slots": 3, "values": (1, 2, 3, 4, 5), "suggest": True, "as_chat": True,
            "questions": ("rating", "best", "ranking"), "blind": False, "several": False,
            "seed": 0, "source": "jsonl", "run": "r", **changes,
        }
    )  # fmt: skip
    prompt = {"prompt_id": "p", "messages": [{"role": "user", "content": "?"}], "extra": "{}"}
    responses = [
        {"response_id": name, "generator": name, "text": name, "text_digest": name, "model": name}
        for name in there
    ]
    one = record(prompt, responses, verdicts, Sampled(0.5, "random:1@0", None, 0.0), shape)
    return one, {text: slot for slot, text in one.fields.items() if slot.startswith("response_")}


def rated(judge: str = "j", /, **ratings: float | None) -> list[dict[str, Any]]:
    return [
        {"judge": judge, "response_ids": [name], "rating": rating, "verdict": None}
        for name, rating in ratings.items()
    ]


def pairs(*said: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [
        {"judge": "j", "response_ids": [one, two], "rating": None, "verdict": v}
        for one, two, v in said
    ]


@pytest.mark.parametrize(
    ("verdicts", "there", "best"),
    [
        (rated(a=1.0, b=5.0, c=3.0), THREE, "b"),
        (rated(a=2.5, b=4.5, c=3.0), THREE, "b"),
        (rated(a=5.0, b=5.0, c=3.0), THREE, "tie"),
        (rated(a=5.0, b=None, c=3.0), THREE, None),
        (rated(a=5.0, c=3.0), ("a", "c"), "a"),
        (rated(a=5.0), ("a",), None),
        (pairs(("a", "b", "B"), ("b", "c", "A"), ("a", "c", "tie")), THREE, "b"),
        (pairs(("a", "b", "B"), ("b", "c", "B"), ("a", "c", "A")), THREE, None),
        (pairs(("a", "b", "tie")), ("a", "b"), "tie"),
        (pairs(("a", "b", "A")), ("a", "b"), "a"),
        (pairs(("a", "b", "tie"), ("b", "c", "tie"), ("a", "c", "tie")), THREE, None),
        ([], THREE, None),
    ],
)
def test_the_best(verdicts: list[dict[str, Any]], there: tuple[str, ...], best: str | None) -> None:
    one, place = made(verdicts, there)
    suggested = one.suggestions.get("best")
    assert (suggested and suggested.value) == (best and place.get(best, best))


def test_a_rating_between_two_values_is_never_rounded() -> None:
    one, place = made(rated(a=3.5, b=4.0, c=4.9999))
    rank = [{"value": place[name], "rank": k} for k, name in enumerate("cba", start=1)]
    assert {name: of.value for name, of in one.suggestions.items()} == {
        place["b"].replace("response", "rating"): 4,
        "best": place["c"],
        "ranking": rank,
    }


def test_of_several_judges_most_decide_and_the_panel_is_none_of_them() -> None:
    said = [
        *rated("x", a=5.0, b=1.0, c=1.0), *rated("y", a=5.0, b=2.0, c=1.0),
        *rated("z", a=1.0, b=2.0, c=3.5), *rated("panel", a=3.7, b=1.7, c=1.8),
    ]  # fmt: skip
    one, place = made(said, several=True)
    told = {name: (of.value, of.agent, of.score) for name, of in one.suggestions.items()}
    ratings = {name: place[name].replace("response", "rating") for name in THREE}
    assert told[ratings["a"]] == (5, "x y", 0.6667)
    assert told[ratings["b"]] == (2, "y z", 0.6667)
    assert told[ratings["c"]] == (1, "x y", 0.6667)
    assert told["best"] == (place["a"], "x y", 0.6667)
    assert [row["value"] for row in told["ranking"][0]] == [place[name] for name in "acb"]
    assert told["ranking"][1:] == ("panel", None)
    assert len(one.fields["opinions"].splitlines()) == 6
    blind, _ = made(said, several=True, blind=True)
    assert "opinions" not in blind.fields
    assert blind.suggestions == {}


def test_equal_ratings_share_a_rank() -> None:
    one, place = made(rated(a=3.0, b=5.0, c=3.0))
    ranks = {row["value"]: row["rank"] for row in one.suggestions["ranking"].value}
    assert ranks == {place["b"]: 1, place["a"]: 2, place["c"]: 2}


def test_the_order_is_drawn_from_the_seed_and_the_row() -> None:
    orders = {seed: tuple(made([], seed=seed)[1].items()) for seed in range(20)}
    assert orders[3] == tuple(made([], seed=3)[1].items())
    assert len(set(orders.values())) > 3


def test_a_row_s_own_source_counts_before_the_run_s() -> None:
    assert made([])[0].metadata["source"] == "jsonl"
    assert consistency([{"consistency": "tie"}, {"consistency": "flipped"}, {}]) == "flipped"
    assert consistency([{"consistency": "consistent"}]) == "consistent"
    assert consistency([{"consistency": None}]) is None
    assert opinions([], THREE) == []


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
