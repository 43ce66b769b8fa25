"""Argilla's HTTP API as the tests speak it, without any client library."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

PEOPLE = ("ada", "ben", "cy")
MODELS = ("a", "b", "c", "d", "e", "f")
LABELS = ("good", "bad", "tie")


def free_port() -> int:
    """A port that the next free one from 6900 on, which other tests are given, is not."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class Api:
    """One user's way to a server. key: null for nobody."""

    url: str
    key: str | None

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """(status, JSON or null). Raises OSError or HTTPException where no answer came."""
        headers = {} if self.key is None else {"X-Argilla-Api-Key": self.key}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        where = urlsplit(self.url)
        # A new one each time: one that stays open may be closed by the server at any moment.
        with closing(HTTPConnection(where.hostname or "", where.port, 60)) as connection:
            connection.request(method, f"/api/v1{path}", content, headers)
            answer = connection.getresponse()
            text = answer.read()
        return answer.status, json.loads(text) if text else None

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        status, found = self(method, path, body)
        assert 200 <= status < 300, (status, found)
        return found


@dataclass
class Room:
    """A dataset with a rating per model, a label, a text; metadata margin, rank and source."""

    id: str
    questions: dict[str, str]
    """Name to id."""

    def suggestions(self, k: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = [
            {"question_id": self.questions[f"rating_{m}"], "value": 1 + (k + n) % 5, "score": 0.5,
             "agent": f"judge-{n % 2}"}
            for n, m in enumerate(MODELS)
        ]  # fmt: skip
        label = {"value": LABELS[k % 3], "agent": "judge-0", "score": k / 1000}
        return [*found, {"question_id": self.questions["best"], **label}]

    def record(self, k: int, *, external: str | None = None, text: str = "") -> dict[str, Any]:
        return {
            "external_id": external or f"row-{k}",
            "fields": {
                "prompt": text or f"What is {k} plus {k}?",
                "chat": [{"role": "user", "content": f"turn {k}"}],
            },
            "metadata": {"margin": k / 10, "rank": k, "source": f"source-{k % 3}"},
            "suggestions": self.suggestions(k),
        }


def make_room(api: Api, name: str, *, min_submitted: int = 1) -> Room:
    """Needs the owner's key."""
    space = api.ok("GET", "/me/workspaces")["items"][0]["id"]
    distribution = {"strategy": "overlap", "min_submitted": min_submitted}
    body = {"name": name, "workspace_id": space, "distribution": distribution}
    dataset = api.ok("POST", "/datasets", body)["id"]
    for field_name, kind in (("prompt", "text"), ("chat", "chat")):
        settings: dict[str, Any] = {"type": kind, "use_markdown": True}
        body = {"name": field_name, "title": field_name, "required": True, "settings": settings}
        api.ok("POST", f"/datasets/{dataset}/fields", body)
    ratings = [{"value": value} for value in range(1, 6)]
    labels = [{"value": value, "text": value} for value in LABELS]
    asked: dict[str, dict[str, Any]] = {
        **{f"rating_{m}": {"type": "rating", "options": ratings} for m in MODELS},
        "best": {"type": "label_selection", "options": labels},
        "comment": {"type": "text"},
    }
    questions = {}
    for question, settings in asked.items():
        required = question == "rating_a"
        body = {"name": question, "title": question, "required": required, "settings": settings}
        questions[question] = api.ok("POST", f"/datasets/{dataset}/questions", body)["id"]
    for prop, kind in (("margin", "float"), ("rank", "integer"), ("source", "terms")):
        body = {"name": prop, "title": prop, "settings": {"type": kind}}
        api.ok("POST", f"/datasets/{dataset}/metadata-properties", body)
    api.ok("PUT", f"/datasets/{dataset}/publish")
    return Room(dataset, questions)
