"""An Argilla server over real HTTP that knows what our sink uses, and nothing more.

Its answers, statuses and error texts were recorded from argilla-server 2.8.0; the tests that use it
run against a real one too (see tests/sinks/test_argilla.py). It keeps everything in memory.
"""

from __future__ import annotations

import json
import math
import re
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

AGENT = re.compile(r"^[a-zA-Z0-9-_:\.\/\s]*[a-zA-Z0-9][a-zA-Z0-9-_:\.\/\s]*$")
NOW = "2026-01-01T00:00:00.000000"
Json = dict[str, Any]


class Refused(Exception):
    def __init__(self, status: int, detail: Any) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def invalid(where: Sequence[Any], message: str) -> Refused:
    error = {"type": "value_error", "loc": ["body", *where], "msg": message}
    return Refused(
        422, {"code": "argilla.api.errors::ValidationError", "params": {"errors": [error]}}
    )


class ArgillaServer:
    """`with ArgillaServer() as server:` then server.url and server.key; `sizes` are the numbers of
    records in the bulk requests so far. `fault(path)` may return a status to answer instead."""

    key = "owner.key123456"

    def __init__(self, workspaces: Sequence[str] = ("default",), role: str = "owner") -> None:
        self.user = {"id": new_id(), "first_name": "o", "username": "olga", "role": role, **dates()}
        self.user["api_key"] = self.key
        self.workspaces = [{"id": new_id(), "name": name, **dates()} for name in workspaces]
        self.datasets: dict[str, Json] = {}
        self.parts: dict[str, dict[str, list[Json]]] = {}
        self.records: dict[str, dict[str, Json]] = {}
        self.sizes: list[int] = []
        self.fault: Callable[[str], int | None] = lambda path: None

    def __enter__(self) -> Self:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = urlsplit(self.path)
                known = self.headers.get("X-Argilla-Api-Key") == fake.key
                status, value = fake.handle(
                    self.command,
                    path.path,
                    parse_qs(path.query),
                    json.loads(body or b"null"),
                    known,
                )
                sent = b"" if value is None else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def handle(
        self, method: str, path: str, query: Mapping[str, list[str]], body: Any, known: bool
    ) -> tuple[int, Any]:
        if status := self.fault(path):
            return status, {"detail": f"as the test wished for {self.key}"}
        if not known:
            detail = {"detail": "Could not validate credentials"}
            code = "argilla.api.errors::UnauthorizedError"
            return 401, {"detail": {"code": code, "params": detail}}
        routes: list[tuple[str, str, Callable[..., tuple[int, Any]]]] = [
            ("GET", "/me", lambda: (200, self.user)),
            ("GET", "/me/workspaces", lambda: (200, {"items": self.workspaces})),
            ("GET", "/workspaces/ID", lambda name: (200, self.workspace(name))),
            ("GET", "/me/datasets", lambda: (200, {"items": list(self.datasets.values())})),
            ("POST", "/datasets", lambda: (201, self.new_dataset(body))),
            ("GET", "/datasets/ID", lambda name: (200, self.dataset(name))),
            ("PATCH", "/datasets/ID", lambda name: (200, self.change(name, body))),
            ("PUT", "/datasets/ID/publish",
             lambda name: (200, self.change(name, {"status": "ready"}))),
            ("DELETE", "/datasets/ID", lambda name: (200, self.datasets.pop(name))),
            ("GET", "(?:/me)?/datasets/ID/(fields|questions|metadata-properties|vectors-settings)",
             lambda name, what: (200, {"items": self.parts[name].get(what, [])})),
            ("POST", "/datasets/ID/(fields|questions|metadata-properties)",
             lambda name, what: (201, self.add_part(name, what, body))),
            ("PUT", "/datasets/ID/records/bulk",
             lambda name: (200, self.upsert(name, body["items"]))),
            ("GET", "/datasets/ID/records", lambda name: (200, self.page(name, query))),
            ("DELETE", "/records/ID/suggestions",
             lambda name: self.drop_suggestions(name, query["ids"][0].split(","))),
        ]  # fmt: skip
        for verb, pattern, action in routes:
            match = re.fullmatch("/api/v1" + pattern.replace("ID", "([0-9a-f-]{36})"), path)
            if match and verb == method:
                try:
                    return action(*match.groups())
                except Refused as refused:
                    return refused.status, {"detail": refused.detail}
        return 404, {"detail": f"Endpoint '{path}' not found"}

    def workspace(self, name: str) -> Json:
        return next(space for space in self.workspaces if space["id"] == name)

    def new_dataset(self, body: Json) -> Json:
        if self.user["role"] == "annotator":
            code = "argilla.api.errors::ForbiddenOperationError"
            raise Refused(403, {"code": code, "params": {"detail": "Operation not allowed"}})
        for there in self.datasets.values():
            if (there["name"], there["workspace_id"]) == (body["name"], body["workspace_id"]):
                raise Refused(
                    409, f"Dataset with name `{body['name']}` already exists for workspace"
                )
        made = {
            "id": new_id(), "name": body["name"], "guidelines": None, "allow_extra_metadata": True,
            "status": "draft", "distribution": {"strategy": "overlap", "min_submitted": 1},
            "metadata": None, "workspace_id": body["workspace_id"], "last_activity_at": NOW,
            **dates(),
        }  # fmt: skip
        self.datasets[made["id"]] = made
        self.parts[made["id"]] = {}
        self.records[made["id"]] = {}
        return made

    def dataset(self, name: str) -> Json:
        if name not in self.datasets:
            raise Refused(404, f"Dataset with id `{name}` not found")
        return self.datasets[name]

    def change(self, name: str, body: Json) -> Json:
        self.dataset(name).update({k: v for k, v in body.items() if k not in ("id", "name")})
        return self.datasets[name]

    def add_part(self, name: str, what: str, body: Json) -> Json:
        made = {**body, "id": new_id(), "dataset_id": name, **dates()}
        self.parts[name].setdefault(what, []).append(made)
        return made

    def page(self, name: str, query: Mapping[str, list[str]]) -> Json:
        start, size = int(query.get("offset", ["0"])[0]), int(query.get("limit", ["50"])[0])
        rows = list(self.records[name].values())
        return {"items": rows[start : start + size], "total": len(rows)}

    def drop_suggestions(self, record: str, ids: list[str]) -> tuple[int, None]:
        for rows in self.records.values():
            for row in rows.values():
                if row["id"] == record:
                    row["suggestions"] = [s for s in row["suggestions"] if s["id"] not in ids]
        return 204, None

    def upsert(self, name: str, items: list[Json]) -> Json:
        """All or nothing, as the real one: a bad record refuses the batch."""
        self.sizes.append(len(items))
        if len({item["external_id"] for item in items}) < len(items):
            raise invalid(["items"], "Value error, External IDs must be unique")
        for number, item in enumerate(items):
            self.check_chat(number, item)
        for number, item in enumerate(items):
            if problem := self.problem(name, item):
                raise Refused(422, f"Record at position {number} is not valid because {problem}")
        stored = []
        for item in items:
            row = self.records[name].setdefault(
                item["external_id"],
                {"id": new_id(), "external_id": item["external_id"], "status": "pending",
                 "responses": [], "suggestions": [], "vectors": {}, "dataset_id": name, **dates()},
            )  # fmt: skip
            row["fields"], row["metadata"] = item["fields"], item["metadata"]
            kept = {s["question_id"]: s for s in row["suggestions"]}
            for new in item["suggestions"]:
                wanted = {k: new.get(k) for k in ("question_id", "type", "value", "agent", "score")}
                old = kept.get(new["question_id"], {"id": new_id(), **dates()})
                kept[new["question_id"]] = {**old, **wanted}
            row["suggestions"] = list(kept.values())
            stored.append(row)
        return {"items": stored}  # no updated_item_ids: the real route drops them

    def check_chat(self, number: int, item: Json) -> None:
        for name, turns in item["fields"].items():
            for turn in turns if isinstance(turns, list) else ():
                for part, most in (("role", 20), ("content", 20_000)):
                    if not 1 <= len(turn[part]) <= most:
                        limit = (
                            f"at most {most} characters" if turn[part] else "at least 1 character"
                        )
                        errors = (
                            f"[{{'type': 'string_too_long', 'loc': ('{part}',), 'msg': 'String "
                        )
                        errors += f"should have {limit}', 'input': {turn[part][:50]!r}}}]"
                        text = f"Value error, Error parsing chat field {name!r}: {errors}"
                        raise invalid(["items", number, "fields"], text)

    def problem(self, name: str, item: Json) -> str | None:
        fields = {field["name"]: field for field in self.parts[name]["fields"]}
        for field in fields.values():
            if field["required"] and item["fields"].get(field["name"]) is None:
                return f"missing required value for field: {field['name']!r}"
        if extra := [field for field in item["fields"] if field not in fields]:
            return f"found fields values for non configured fields: {extra}"
        for field, value in item["fields"].items():
            if fields[field]["settings"]["type"] == "chat" and not isinstance(value, list):
                return f"chat field {field!r} value must be a list of messages"
        kinds = {p["name"]: p["settings"]["type"] for p in self.parts[name]["metadata-properties"]}
        for key, value in item["metadata"].items():
            if kinds.get(key) == "float" and not isinstance(value, float):
                why = (
                    f"'{key}' metadata property validation failed because '{value}' is not a float."
                )
                return f"metadata is not valid: {why}"
            if isinstance(value, float) and math.isnan(value):
                return f"NaN is not allowed as metadata value, found NaN for key {key!r}"
        questions = {q["id"]: q for q in self.parts[name]["questions"]}
        for suggestion in item["suggestions"]:
            options = questions[suggestion["question_id"]]["settings"].get("options", [])
            allowed = [option["value"] for option in options]
            if suggestion["value"] not in allowed or not AGENT.match(suggestion["agent"]):
                return f"record does not have valid suggestions: {suggestion['value']!r} {allowed}"
        return None


def new_id() -> str:
    return str(uuid.uuid4())


def dates() -> Json:
    return {"inserted_at": NOW, "updated_at": NOW}
