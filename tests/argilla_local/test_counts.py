"""Progress, metrics, deletions, and changes while people work, through the API."""

from __future__ import annotations

from typing import Any

import pytest

from aifgen.review import local
from tests.argilla_local.scene import Scene, answer, make_scene
from tests.review.api import Api, make_room


def test_progress_counts_against_min_submitted(scene: Scene) -> None:
    progress = scene.owner.ok("GET", f"/datasets/{scene.room.id}/progress")
    assert {k: progress[k] for k in ("total", "completed", "pending")} == {
        "total": 6, "completed": 1, "pending": 5
    }  # fmt: skip
    users = scene.owner.ok("GET", f"/datasets/{scene.room.id}/users/progress")["users"]
    zero = {"submitted": 0, "discarded": 0, "draft": 0}
    assert {user["username"]: (user["completed"], user["pending"]) for user in users} == {
        "ada": ({**zero, "submitted": 1}, {**zero, "submitted": 1, "draft": 1}),
        "ben": ({**zero, "submitted": 1}, {**zero, "submitted": 1, "discarded": 1}),
    }


@pytest.mark.parametrize(
    ("who", "counts"),
    [("ada", (2, 0, 1, 3)), ("ben", (2, 1, 0, 3)), ("cy", (0, 0, 0, 6))],
)
def test_a_persons_own_progress(scene: Scene, who: str, counts: tuple[int, ...]) -> None:
    found = scene.people[who].ok("GET", f"/me/datasets/{scene.room.id}/metrics")["responses"]
    states = ("submitted", "discarded", "draft", "pending")
    assert found == {"total": 6, **dict(zip(states, counts, strict=True))}


def test_what_the_metadata_hold(scene: Scene) -> None:
    found = metrics(scene)
    assert found["margin"] == {"type": "float", "min": 0.0, "max": 0.4}
    assert found["rank"] == {"type": "integer", "min": 0, "max": 4}
    assert found["source"]["total"] == 6
    assert {value["term"]: value["count"] for value in found["source"]["values"]} == {
        "source-0": 2, "source-1": 2, "source-2": 1, "source-9": 1
    }  # fmt: skip
    assert [value["count"] for value in found["source"]["values"]] == [2, 2, 1, 1]


def test_an_empty_dataset_and_a_draft(argilla: local.LocalServer) -> None:
    owner = Api(argilla.url, argilla.api_key)
    room = make_room(owner, "empty")
    assert owner.ok("GET", f"/datasets/{room.id}/progress")["total"] == 0
    assert owner.ok("POST", f"/datasets/{room.id}/records/search", {})["total"] == 0
    empty = Scene(room, owner, {}, [])
    assert metrics(empty)["margin"] == {"type": "float", "min": None, "max": None}
    assert metrics(empty)["source"] == {"type": "terms", "total": 0, "values": []}
    space = owner.ok("GET", "/me/workspaces")["items"][0]["id"]
    draft = owner.ok("POST", "/datasets", {"name": "draft", "workspace_id": space})["id"]
    assert owner.ok("GET", f"/datasets/{draft}/progress")["total"] == 0
    assert owner.ok("GET", f"/me/datasets/{draft}/metrics")["responses"]["total"] == 0


def test_what_people_change_is_found_at_once(argilla: local.LocalServer) -> None:
    scene = make_scene(argilla, "changing")
    cy, room = scene.people["cy"], scene.room.id
    made = cy.ok("POST", f"/records/{scene.ids[1]}/responses", answer("draft", 2))
    status = {"entity": "response", "property": "status"}
    assert scene.having(status, "cy", values=["draft"]) == {1}
    assert scene.owner.ok("GET", f"/datasets/{room}/progress")["completed"] == 1
    cy.ok("PUT", f"/responses/{made['id']}", answer("submitted", 5))
    assert scene.having(status, "cy", values=["submitted"]) == {1}
    assert scene.owner.ok("GET", f"/datasets/{room}/progress")["completed"] == 2
    cy.ok("DELETE", f"/responses/{made['id']}")
    assert scene.having(status, "cy", values=["pending"]) == {0, 1, 2, 3, 4, 5}
    assert scene.owner.ok("GET", f"/datasets/{room}/progress")["completed"] == 1


def test_a_second_push_updates_and_adds_nothing(argilla: local.LocalServer) -> None:
    scene = make_scene(argilla, "again")
    path = f"/datasets/{scene.room.id}/records/bulk"
    item = scene.room.record(0, text="a new text")
    item["metadata"]["margin"] = 9.5
    item["suggestions"][0] |= {"value": 5, "score": None, "agent": "judge-9"}
    found = scene.owner.ok("PUT", path, {"items": [item]})
    assert [each["id"] for each in found["items"]] == [scene.ids[0]]
    assert scene.text("quick") == set()
    assert scene.text("new") == {0}
    margin = {"entity": "metadata", "metadata_property": "margin"}
    assert scene.having(margin, ge=9) == {0}
    include = "include=suggestions&include=responses"
    record = scene.owner.ok("GET", f"/records/{scene.ids[0]}?{include}")
    kept = {each["question_id"]: each for each in record["suggestions"]}
    rating = kept[scene.room.questions["rating_a"]]
    assert (rating["value"], rating["score"], rating["agent"]) == (5, None, "judge-9")
    assert len(kept) == len(item["suggestions"])
    assert len(record["responses"]) == 2  # people's answers stay
    assert scene.owner.ok("GET", f"/datasets/{scene.room.id}/progress")["total"] == 6


def test_deleted_records_and_datasets_are_gone(argilla: local.LocalServer) -> None:
    scene = make_scene(argilla, "deleted")
    room = scene.room.id
    gone = ",".join(scene.ids[:2])
    scene.owner.ok("DELETE", f"/datasets/{room}/records?ids={gone}")
    assert scene.search({}) == [2, 3, 4, 5]
    assert scene.text("brown") == {4}
    assert scene.owner.ok("GET", f"/datasets/{room}/progress")["completed"] == 0
    ben = scene.people["ben"].ok("GET", f"/me/datasets/{room}/metrics")["responses"]
    assert (ben["submitted"], ben["discarded"], ben["total"]) == (1, 0, 4)
    scene.owner.ok("DELETE", f"/datasets/{room}")
    assert scene.owner("GET", f"/datasets/{room}/progress")[0] == 404
    assert scene.owner("GET", f"/records/{scene.ids[3]}")[0] == 404
    make_scene(argilla, "deleted")  # its name is free again


def test_another_distribution(argilla: local.LocalServer) -> None:
    """Upstream gives this to a queue; here it runs at once in the server."""
    owner = Api(argilla.url, argilla.api_key)
    room = make_room(owner, "distribution", min_submitted=2)
    owner.ok("PUT", f"/datasets/{room.id}/records/bulk", {"items": [room.record(0)]})
    body = {"distribution": {"strategy": "overlap", "min_submitted": 1}}
    assert owner.ok("PATCH", f"/datasets/{room.id}", body)["distribution"]["min_submitted"] == 1
    (record,) = owner.ok("GET", f"/datasets/{room.id}/records")["items"]
    ada = Api(argilla.url, argilla.users[1].api_key)
    ada.ok("POST", f"/records/{record['id']}/responses", answer("submitted", 1))
    assert owner.ok("GET", f"/datasets/{room.id}/progress")["completed"] == 1


def test_similar_records(argilla: local.LocalServer) -> None:
    scene = make_scene(argilla, "vectors")
    room = scene.room.id
    body = {"name": "place", "title": "place", "dimensions": 2}
    scene.owner.ok("POST", f"/datasets/{room}/vectors-settings", body)
    vectors = {0: [1.0, 0.0], 1: [0.9, 0.1], 2: [0.0, 1.0], 3: [-1.0, 0.0]}
    items = [{"id": scene.ids[k], "vectors": {"place": value}} for k, value in vectors.items()]
    scene.owner.ok("PUT", f"/datasets/{room}/records/bulk", {"items": items})

    def near(**query: Any) -> list[int]:
        return scene.search({"query": {"vector": {"name": "place", **query}}})

    assert near(value=[1.0, 0.0]) == [0, 1, 2, 3]
    assert near(value=[1.0, 0.0], order="least_similar") == [3, 2, 1, 0]
    assert near(record_id=scene.ids[0]) == [1, 2, 3]
    text = {"q": "quick | hello"}
    place = {"name": "place", "value": [0.0, 1.0]}
    assert scene.search({"query": {"text": text, "vector": place}}) == [1, 0]


def metrics(scene: Scene) -> dict[str, Any]:
    listed = scene.owner.ok("GET", f"/me/datasets/{scene.room.id}/metadata-properties")["items"]
    return {
        prop["name"]: scene.owner.ok("GET", f"/metadata-properties/{prop['id']}/metrics")
        for prop in listed
    }
