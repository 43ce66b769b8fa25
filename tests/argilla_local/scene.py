"""A dataset that three people have begun to annotate, and ways to search it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aifgen.review import local
from tests.review.api import PEOPLE, Api, Room, make_room

TEXTS = (
    "The quick brown fox, state-of-the-art; don't stop. C++ & 100% of example.com",
    'She said "hello world" to the (lazy) dog | cat',
    "Größe und Straße: naïve café, 東京に行く",
    "plain words about nothing [] {} \\ / * ~ ^ ' % _",
    "a brown dog",
    "",
)


@dataclass
class Scene:
    """Six records and what three people said of them; margins 0.0 to 0.4, the last one has none."""

    room: Room
    owner: Api
    people: dict[str, Api]
    ids: list[str]
    """By number of the record."""

    def search(self, body: dict[str, Any], *, who: str | None = None) -> list[int]:
        """Numbers of the records that are found, in their order; the owner sees all answers."""
        api, me = (self.people[who], "/me") if who else (self.owner, "")
        found = api.ok("POST", f"{me}/datasets/{self.room.id}/records/search?limit=100", body)
        numbers = [self.ids.index(item["record"]["id"]) for item in found["items"]]
        assert found["total"] == len(numbers)
        return numbers

    def text(self, words: str, field: str | None = None) -> set[int]:
        query = {"q": words} if field is None else {"q": words, "field": field}
        return set(self.search({"query": {"text": query}}))

    def having(self, scope: dict[str, Any], who: str | None = None, **condition: Any) -> set[int]:
        kind = "terms" if "values" in condition else "range"
        filters = {"and": [{"type": kind, "scope": scope, **condition}]}
        return set(self.search({"filters": filters}, who=who))

    def sorted(self, scope: dict[str, Any], order: str, who: str | None = None) -> list[int]:
        return self.search({"sort": [{"scope": scope, "order": order}]}, who=who)


def answer(status: str, rating: int | None = None, label: str | None = None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if rating is not None:
        values["rating_a"] = {"value": rating}
    if label is not None:
        values["best"] = {"value": label}
    return {"status": status, "values": values or None}


ANSWERS: dict[str, dict[int, dict[str, Any]]] = {
    "ada": {0: answer("submitted", 1, "good"), 1: answer("submitted", 5, "bad"),
            2: answer("draft", 2)},
    "ben": {0: answer("submitted", 4, "tie"), 1: answer("discarded"), 3: answer("submitted", 3)},
    "cy": {},
}  # fmt: skip


def make_scene(argilla: local.LocalServer, name: str) -> Scene:
    owner = Api(argilla.url, argilla.api_key)
    room = make_room(owner, name, min_submitted=2)
    items = []
    for k, text in enumerate(TEXTS):
        item = room.record(k)
        item["fields"]["prompt"] = text
        items.append(item)
    items[4]["metadata"]["source"] = ["source-1", "source-9"]
    items[5]["metadata"] = {}
    items[5]["suggestions"] = []
    owner.ok("PUT", f"/datasets/{room.id}/records/bulk", {"items": items})
    records = owner.ok("GET", f"/datasets/{room.id}/records")["items"]
    by_row = {record["external_id"]: record["id"] for record in records}
    ids = [by_row[f"row-{k}"] for k in range(len(TEXTS))]
    keys = {user.name: user.api_key for user in argilla.users}
    people = {person: Api(argilla.url, keys[person]) for person in PEOPLE}
    for person, said in ANSWERS.items():
        for k, body in said.items():
            people[person].ok("POST", f"/records/{ids[k]}/responses", body)
    return Scene(room, owner, people, ids)
