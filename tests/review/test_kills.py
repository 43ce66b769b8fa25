"""kill -9 of the server: whatever it had said yes to is there afterwards, once."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections import Counter
from http.client import HTTPException
from pathlib import Path
from typing import Any

from aifgen.review import local
from tests.review.api import LABELS, MODELS, PEOPLE, Api, Room, free_port, make_room


class Writers:
    """Threads that write until the server is gone; what was answered with 2xx is kept."""

    def __init__(self, enough: int) -> None:
        self.acknowledged: list[Any] = []
        self.refused: list[Any] = []
        self.enough = threading.Event()
        self._target = enough
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self, api: Api, calls: list[tuple[Any, str, str, Any]]) -> None:
        """calls: (what is kept, method, path, body)."""
        thread = threading.Thread(target=self._write, args=(api, calls))
        self._threads.append(thread)
        thread.start()

    def _write(self, api: Api, calls: list[tuple[Any, str, str, Any]]) -> None:
        for kept, method, path, body in calls:
            try:
                status, _ = api(method, path, body)
            except (OSError, HTTPException):
                return  # the server is gone
            with self._lock:
                (self.acknowledged if status < 300 else self.refused).append(kept)
                if len(self.acknowledged) >= self._target or status >= 300:
                    self.enough.set()

    def killed(self, server: local.LocalServer) -> list[Any]:
        assert self.enough.wait(300)
        os.kill(server.pid, signal.SIGKILL)
        for thread in self._threads:
            thread.join()
        assert not self.refused
        return self.acknowledged


def test_during_pushes(home: Path) -> None:
    server = local.start(home, port=free_port())
    owner = Api(server.url, server.api_key)
    room = make_room(owner, "pushed")
    path = f"/datasets/{room.id}/records/bulk"
    batches = [list(range(at, at + 10)) for at in range(0, 1000, 10)]
    writers = Writers(enough=6)
    for own in (batches[::2], batches[1::2]):
        calls = [(b, "PUT", path, {"items": [room.record(k) for k in b]}) for b in own]
        writers.start(Api(server.url, server.api_key), calls)
    said = writers.killed(server)
    assert len(said) < len(batches)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(server.pid, 0)  # until then it may hold its home still
    assert local.find(home) is None

    again = local.start(home)
    assert again.url == server.url
    owner = Api(again.url, again.api_key)
    counts = Counter(record["external_id"] for record in every(owner, room))
    assert set(counts.values()) == {1}
    assert {f"row-{k}" for batch in said for k in batch} <= set(counts)
    for batch in batches:
        owner.ok("PUT", path, {"items": [room.record(k) for k in batch]})
    records = every(owner, room)
    assert Counter(r["external_id"] for r in records) == {f"row-{k}": 1 for k in range(1000)}
    assert {len(record["suggestions"]) for record in records} == {len(MODELS) + 1}


def test_during_annotation(home: Path) -> None:
    server = local.start(home, annotators=PEOPLE)
    owner = Api(server.url, server.api_key)
    room = make_room(owner, "annotated", min_submitted=2)
    items = [room.record(k) for k in range(100)]
    owner.ok("PUT", f"/datasets/{room.id}/records/bulk", {"items": items})
    ids = [record["id"] for record in every(owner, room)]
    writers = Writers(enough=40)
    users = {user.name: user.api_key for user in server.users}
    for n, name in enumerate(PEOPLE):
        calls = []
        for k, record in enumerate(ids):
            body = {
                "status": ("submitted", "draft", "discarded")[(n + k) % 3],
                "values": {
                    "rating_a": {"value": 1 + (n + k) % 5},
                    "best": {"value": LABELS[(n + k) % 3]},
                    "comment": {"value": f"{name} of {k}"},
                },
            }
            calls.append(((name, record, body), "POST", f"/records/{record}/responses", body))
        writers.start(Api(server.url, users[name]), calls)
    said = writers.killed(server)

    again = local.start(home, annotators=PEOPLE)
    owner = Api(again.url, again.api_key)
    names = {user["id"]: user["username"] for user in owner.ok("GET", "/users")["items"]}
    found = [
        (names[response["user_id"]], record["id"], response)
        for record in every(owner, room)
        for response in record["responses"]
    ]
    assert max(Counter((name, record) for name, record, _ in found).values()) == 1
    there = {(name, record): response for name, record, response in found}
    for name, record, body in said:
        assert there[name, record]["values"] == body["values"]
        assert there[name, record]["status"] == body["status"]


def every(api: Api, room: Room) -> list[dict[str, Any]]:
    include = "include=responses&include=suggestions"
    found = api.ok("GET", f"/datasets/{room.id}/records?limit=1000&{include}")
    items: list[dict[str, Any]] = found["items"]
    assert len(items) == found["total"]
    return items
