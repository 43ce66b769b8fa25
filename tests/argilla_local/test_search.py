"""Text search, filters and orders through the API, against what Elasticsearch would give."""

from __future__ import annotations

from typing import Any

import pytest

from tests.argilla_local.scene import Scene
from tests.review.api import PEOPLE

MARGIN = {"entity": "metadata", "metadata_property": "margin"}
SOURCE = {"entity": "metadata", "metadata_property": "source"}
STATUS = {"entity": "response", "property": "status"}
RATED = {"entity": "response", "question": "rating_a"}
BEST = {"entity": "response", "question": "best"}
ALL = {0, 1, 2, 3, 4, 5}


def suggested(question: str, prop: str | None = None) -> dict[str, Any]:
    found = {"entity": "suggestion", "question": question}
    return found if prop is None else {**found, "property": prop}


def record(prop: str) -> dict[str, Any]:
    return {"entity": "record", "property": prop}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("brown", {0, 4}), ("brown dog", {4}), ("brown | cat", {0, 1, 4}), ("brown -dog", {0}),
        ('"hello world"', {1}), ("LAZY", {1}), ("C++", {0}), ("100%", {0}), ("don't", {0}),
        ("straße", {2}), ("東京", {2}), ("caf*", {2}), ("(lazy)", {1}), ("nothing", {3}),
        ("' % _", {3}), ("%", set()), ("'; DROP TABLE records; --", set()), ('"', set()),
        ("turn", ALL), ("turn brown", {0, 4}), ("user", ALL), ("xyz", set()), ("\\", set()),
    ],
)  # fmt: skip
def test_words(scene: Scene, words: str, found: set[int]) -> None:
    assert scene.text(words) == found


def test_words_in_one_field(scene: Scene) -> None:
    assert scene.text("turn", "prompt") == set()
    assert scene.text("brown", "chat") == set()
    assert scene.text("brown", "prompt") == {0, 4}
    path = f"/datasets/{scene.room.id}/records/search"
    status, _ = scene.owner("POST", path, {"query": {"text": {"q": "a", "field": "none"}}})
    assert status == 422


def test_words_and_a_filter_and_pages(scene: Scene) -> None:
    path = f"/me/datasets/{scene.room.id}/records/search"
    body = {
        "query": {"text": {"q": "turn"}},
        "filters": {"and": [{"type": "range", "scope": MARGIN, "ge": 0.15}]},
        "sort": [{"scope": MARGIN, "order": "desc"}],
    }
    ada = scene.people["ada"]
    pages = [ada.ok("POST", f"{path}?limit=2&offset={offset}", body) for offset in (0, 2, 4)]
    assert [page["total"] for page in pages] == [3, 3, 3]
    found = [item["record"]["id"] for page in pages for item in page["items"]]
    assert [scene.ids.index(each) for each in found] == [4, 3, 2]


def test_metadata(scene: Scene) -> None:
    assert scene.having(MARGIN, ge=0.1, le=0.3) == {1, 2, 3}
    assert scene.having(MARGIN, ge=0.35) == {4}
    assert scene.having({**MARGIN, "metadata_property": "rank"}, le=1) == {0, 1}
    assert scene.having(SOURCE, values=["source-0"]) == {0, 3}
    assert scene.having(SOURCE, values=["source-1", "source-2"]) == {1, 2, 4}
    assert scene.having(SOURCE, values=["x"]) == set()
    assert scene.having(SOURCE, ge=0) == set()  # text is no number, however SQLite compares
    assert scene.having(MARGIN, ge="much") == set()


@pytest.mark.parametrize(
    ("who", "values", "found"),
    [
        ("ada", ["pending"], {3, 4, 5}), ("ben", ["pending"], {2, 4, 5}), ("cy", ["pending"], ALL),
        ("ada", ["draft"], {2}), ("ben", ["draft"], set()), ("ada", ["submitted"], {0, 1}),
        ("ben", ["submitted"], {0, 3}), ("ben", ["discarded"], {1}), ("cy", ["submitted"], set()),
        ("ada", ["pending", "draft"], {2, 3, 4, 5}), ("ben", ["submitted", "discarded"], {0, 1, 3}),
        ("ada", ["pending", "draft", "submitted", "discarded"], ALL),
        (None, ["pending"], {4, 5}), (None, ["submitted"], {0, 1, 3}), (None, ["draft"], {2}),
        (None, ["discarded", "draft"], {1, 2}),
    ],
)  # fmt: skip
def test_states(scene: Scene, who: str | None, values: list[str], found: set[int]) -> None:
    assert scene.having(STATUS, who, values=values) == found


def test_answers(scene: Scene) -> None:
    assert scene.having(RATED, ge=4) == {0, 1}
    assert scene.having(RATED, "ada", ge=4) == {1}
    assert scene.having(RATED, "ben", ge=4) == {0}
    assert scene.having(RATED, "cy", ge=1) == set()
    assert scene.having(RATED, values=["3", "5"]) == {1, 3}
    assert scene.having(BEST, values=["good"]) == {0}
    assert scene.having(BEST, "ben", values=["good"]) == set()
    assert scene.having(BEST, ge=1) == set()
    # Two conditions may be met by two people, as upstream has it for the owner.
    both = [
        {"type": "terms", "scope": BEST, "values": ["good"]},
        {"type": "range", "scope": RATED, "ge": 4},
    ]
    assert scene.search({"filters": {"and": both}}) == [0]
    assert scene.search({"filters": {"and": both}}, who="ada") == []


def test_suggestions(scene: Scene) -> None:
    assert scene.having(suggested("rating_a"), ge=4) == {3, 4}
    assert scene.having(suggested("best"), values=["good", "tie"]) == {0, 2, 3}
    assert scene.having(suggested("best", "score"), le=0.001) == {0, 1}
    assert scene.having(suggested("rating_a", "agent"), values=["judge-0"]) == {0, 1, 2, 3, 4}
    assert scene.having(suggested("rating_a", "agent"), values=["judge-1"]) == set()
    assert scene.having(suggested("rating_b", "type"), values=["human"]) == set()
    assert scene.having(suggested("comment"), values=["x"]) == set()


def test_records_own_properties(scene: Scene) -> None:
    assert scene.having(record("status"), values=["completed"]) == {0}
    assert scene.having(record("status"), values=["pending"]) == {1, 2, 3, 4, 5}
    assert scene.having(record("status"), values=["odd"]) == set()
    assert scene.having(record("external_id"), values=["row-1", "row-9"]) == {1}
    assert scene.having(record("id"), values=[scene.ids[2], "no uuid"]) == {2}
    assert scene.having(record("inserted_at"), ge=0) == ALL
    assert scene.having(record("inserted_at"), ge="2020-01-01T00:00:00Z") == ALL
    assert scene.having(record("inserted_at"), le="2020-01-01") == set()
    assert scene.having(record("inserted_at"), ge=10.0**30) == set()


def test_orders(scene: Scene) -> None:
    assert scene.sorted(MARGIN, "asc") == [0, 1, 2, 3, 4, 5]
    assert scene.sorted(MARGIN, "desc") == [4, 3, 2, 1, 0, 5]  # without a value: last either way
    assert scene.sorted(suggested("best", "score"), "desc") == [4, 3, 2, 1, 0, 5]
    assert scene.sorted(record("external_id"), "desc") == [5, 4, 3, 2, 1, 0]
    assert scene.sorted(record("inserted_at"), "asc") == [0, 1, 2, 3, 4, 5]
    assert scene.sorted(record("status"), "asc")[0] == 0
    # ratings: 0 has 1 and 4, 1 has 5, 2 has a draft's 2, 3 has 3
    assert scene.sorted(RATED, "asc")[:4] == [2, 0, 3, 1]
    assert scene.sorted(RATED, "desc")[:4] == [1, 3, 0, 2]
    assert scene.sorted(RATED, "desc", "ben")[:2] == [0, 3]
    assert scene.sorted(RATED, "asc", "ada")[:3] == [0, 2, 1]
    assert scene.sorted(STATUS, "asc", "ben")[:3] == [1, 0, 3]
    # 4 is from two sources: upwards the smaller one counts, downwards the greater one
    assert scene.sorted(SOURCE, "desc")[:2] == [4, 2]
    by_source = [{"scope": SOURCE, "order": "asc"}, {"scope": MARGIN, "order": "desc"}]
    assert scene.search({"sort": by_source}) == [3, 0, 4, 1, 2, 5]


def test_everybody_has_an_order_that_stays(scene: Scene) -> None:
    orders = {who: scene.search({}, who=who) for who in PEOPLE}
    assert {tuple(sorted(order)) for order in orders.values()} == {tuple(range(6))}
    assert len({tuple(order) for order in orders.values()}) > 1
    assert orders == {who: scene.search({}, who=who) for who in PEOPLE}
    assert scene.search({}) == [0, 1, 2, 3, 4, 5]  # as pushed, for whoever reads them all


def test_unknown_names(scene: Scene) -> None:
    path = f"/datasets/{scene.room.id}/records/search"
    for scope in ({**RATED, "question": "none"}, {**MARGIN, "metadata_property": "none"}):
        filters = {"and": [{"type": "terms", "scope": scope, "values": ["x"]}]}
        assert scene.owner("POST", path, {"filters": filters})[0] == 422
