"""Annotators who answer over HTTP as the web page does, and a run for them to look at."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from aifgen.review.local import LocalServer
from aifgen.review.record import shown
from tests.sinks.run_folder import run_folder

Command = Callable[..., str]
"""`aifgen review WORDS`, with status=1 where it must fail; returns what it printed."""


@dataclass
class User:
    """One who has signed in. key: their API key."""

    url: str
    key: str

    def __post_init__(self) -> None:
        headers = {"X-Argilla-Api-Key": self.key}
        self.http = httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def dataset(self, name: str) -> str:
        """The path of a dataset."""
        items = self.http.get("/api/v1/me/datasets").raise_for_status().json()["items"]
        (found,) = (one["id"] for one in items if one["name"] == name)
        return f"/api/v1/datasets/{found}"

    def records(self, dataset: str) -> dict[str, Any]:
        """By prompt_id, as an owner reads them: with everybody's answers and the hidden part."""
        found: dict[str, Any] = {}
        path = f"{self.dataset(dataset)}/records"
        while True:
            params: dict[str, Any] = {
                "include": "responses,suggestions", "offset": len(found), "limit": 100,
            }  # fmt: skip
            page = self.http.get(path, params=params).raise_for_status().json()["items"]
            found |= {one["external_id"]: one for one in page}
            if len(page) < 100:
                return found

    def mine(self, dataset: str) -> dict[str, Any]:
        """By prompt_id, as the web page shows them to an annotator."""
        path = self.dataset(dataset).replace("/v1/", "/v1/me/") + "/records/search"
        params: dict[str, Any] = {"include": "responses,suggestions", "limit": 100}
        page = self.http.post(path, params=params, json={}).raise_for_status().json()
        return {one["record"]["external_id"]: one["record"] for one in page["items"]}

    def answer(self, record: Any, values: dict[str, Any] | None, status: str = "submitted") -> Any:
        body: dict[str, Any] = {"record_id": record["id"], "status": status}
        if values is not None:
            body["values"] = {name: {"value": value} for name, value in values.items()}
        answer = self.http.post("/api/v1/me/responses/bulk", json={"items": [body]})
        (item,) = answer.raise_for_status().json()["items"]
        assert item["error"] is None, item
        return item["item"]


def users(server: LocalServer) -> dict[str, User]:
    """By name."""
    return {user.name: User(server.url, user.api_key) for user in server.users}


def slots(record: Any) -> dict[str, str]:
    """Which slot shows which generator's response: generator -> response_k. As an owner sees it."""
    facts = hidden(record)
    names = facts["generators"]
    return {names[index]: f"response_{k}" for k, index in enumerate(facts["shown"], start=1)}


def hidden(record: Any) -> dict[str, Any]:
    """What only an owner's record says."""
    found = shown(record["metadata"])
    assert found is not None
    return found


def finished_run(folder: Path, prompts: int, **options: Any) -> Path:
    """A run's folder as `aifgen` leaves it, as far as review reads it."""
    judges = options.setdefault("judges", ("gpt4", "llama"))
    options.setdefault(
        "rating", lambda n, g, judge: float(1 + (n + g + (judge == "llama" and n % 3 == 0)) % 5)
    )
    run_folder(folder, prompts, **options)
    report = {
        "schema_version": 1,
        "status": "complete",
        "rows": {"total": prompts, "done": prompts, "failed": 0},
        "protocol": {"name": "ultrafeedback", "scale_min": 1, "scale_max": 5},
        "source": {"name": "JsonlSource"},
        "judges": {judge: {"model": f"models/{judge}"} for judge in judges},
    }
    (folder / "run.json").write_text(json.dumps(report))
    (folder / ".hydra").mkdir(exist_ok=True)
    (folder / ".hydra/config.yaml").write_text("seed: 0\n")
    return folder
