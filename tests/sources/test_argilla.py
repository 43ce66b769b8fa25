"""source=argilla: prompts of a dataset in a real Argilla, with what people see and say there."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from aifgen import reviewing
from aifgen.errors import ConfigError, DataError
from aifgen.review.local import LocalServer
from aifgen.sources.argilla import ArgillaSource
from tests.conftest import Bench
from tests.fakes.model_server import ModelServer
from tests.review.people import User, finished_run, slots, users

pytest.importorskip("argilla", reason="needs pip install 'aifgen[argilla]'")


@pytest.fixture
def people(argilla: LocalServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, User]:
    monkeypatch.setenv("ARGILLA_API_URL", argilla.url)
    monkeypatch.setenv("ARGILLA_API_KEY", argilla.api_key)
    return users(argilla)


@pytest.fixture
def reviewed(people: dict[str, User], tmp_path: Path) -> Path:
    """A run that was pushed; ada has answered two rows, ben one of them."""
    run = finished_run(tmp_path / f"source-{uuid.uuid4().hex[:12]}", 3, generators=("gx", "gy"))
    assert reviewing.main(["push", str(run)]) == 0
    seen, shown = people["aifgen"].records(run.name), people["ada"].mine(run.name)
    where = {name: slots(record) for name, record in seen.items()}
    people["ada"].answer(
        shown["p0"], {"best": where["p0"]["gy"], "comment": "clear", "rating_1": 4, "rating_2": 4}
    )
    people["ben"].answer(shown["p0"], {"best": "tie"})
    people["ada"].answer(shown["p1"], {"best": where["p1"]["gx"]})
    people["ben"].answer(shown["p2"], {"best": where["p2"]["gx"]}, "draft")
    return run


def dataset(owner: User, name: str, records: list[dict[str, Any]]) -> None:
    """A dataset that aifgen knows nothing of."""
    ok = owner.http.get("/api/v1/me/workspaces").json()["items"][0]["id"]
    body = {"name": name, "workspace_id": ok}
    home = f"/api/v1/datasets/{owner.http.post('/api/v1/datasets', json=body).json()['id']}"
    for field in ("instruction", "text-1"):
        settings = {"type": "text", "use_markdown": False}
        body = {"name": field, "title": field, "required": False, "settings": settings}
        owner.http.post(f"{home}/fields", json=body).raise_for_status()
    options = [{"value": word, "text": word} for word in ("good", "bad")]
    settings = {"type": "label_selection", "options": options}
    question = {"name": "quality", "title": "q", "required": True, "settings": settings}
    owner.http.post(f"{home}/questions", json=question).raise_for_status()
    owner.http.put(f"{home}/publish").raise_for_status()
    owner.http.put(f"{home}/records/bulk", json={"items": records}).raise_for_status()


def test_a_run_starts_from_what_people_saw(
    reviewed: Path, bench: Bench, server: ModelServer, people: dict[str, User]
) -> None:
    words = ["source=argilla", f"source.dataset={reviewed.name}"]
    given = [word for word in bench.words(*words) if "prompts.jsonl" not in word]
    given.remove("source=jsonl")
    from aifgen import app

    assert app.main(given) == 0
    rows = {row["prompt_id"]: row for row in bench.table("prompts")}
    assert set(rows) == {"p0", "p1", "p2"}
    assert [turn["content"] for turn in rows["p1"]["messages"]] == ["Be brief.", "What is 1?"]
    extra = json.loads(rows["p0"]["extra"])
    assert sorted(extra["best"]) == sorted(["tie", slots(people["aifgen"].records(reviewed.name)
                                                        ["p0"])["gy"]])  # fmt: skip
    assert extra["comment"] == ["clear"]
    assert "aifgen" not in extra
    assert server.count() == 9


def test_what_is_shown_there_is_judged_against_the_people(
    reviewed: Path, bench: Bench, people: dict[str, User]
) -> None:
    from aifgen import app, comparing

    words = bench.words(
        "source=argilla", f"source.dataset={reviewed.name}", "source.responses=true",
        "judge/prompt=pair", generators="",
    )  # fmt: skip
    words = [word for word in words if "prompts.jsonl" not in word and word != "source=jsonl"]
    assert app.main(words) == 0
    rows = {row["prompt_id"]: row for row in bench.table("prompts")}
    names = [given["generator"] for given in rows["p0"]["responses"]]
    assert sorted(names) == ["gx", "gy"]
    texts = {given["generator"]: given["text"] for given in rows["p0"]["responses"]}
    assert texts == {"gx": "**gx** says 0", "gy": "**gy** says 0"}
    spoken = {
        prompt: [dict(zip(names, one, strict=True)) for one in row["human"] or ()
                 if one and one[0] is not None]
        for prompt, row in rows.items()
    }  # fmt: skip
    assert len(spoken["p0"]) == 2
    assert {"gx": 0.0, "gy": 1.0} in spoken["p0"]
    assert {"gx": 0.5, "gy": 0.5} in spoken["p0"]
    assert spoken["p1"] == [{"gx": 1.0, "gy": 0.0}]
    assert spoken["p2"] == []
    out = bench.path / "comparison"
    assert comparing.main([str(bench.path / "out"), "--out", str(out)]) == 0
    found = json.loads((out / "comparison.json").read_text())
    assert found["humans"]["n_items"] == 2


def test_a_dataset_of_others_by_the_names_of_its_fields(people: dict[str, User]) -> None:
    name = f"foreign-{uuid.uuid4().hex[:12]}"
    dataset(
        people["aifgen"],
        name,
        [
            {"external_id": "a", "fields": {"instruction": "One?", "text-1": "1"}},
            {"fields": {"instruction": "Two?"}, "metadata": {"level": 3}},
        ],
    )
    (first, second) = ArgillaSource(name)
    assert (first.prompt_id, first.messages[0]["content"]) == ("a", "One?")
    assert first.extra == {"text-1": "1"}
    assert second.extra == {"level": 3}
    given = ArgillaSource(name, columns={"responses": ["text-1"]}, limit=1)
    assert [one.text for one in next(iter(given)).responses] == ["1"]
    with pytest.raises(DataError, match=r"record 1 \(a\): it does not say whose"):
        list(ArgillaSource(name, responses=True))
    facts = ArgillaSource(name).check()
    assert facts.total == 2
    assert facts == ArgillaSource(name).check()


def test_only_what_enough_people_have_answered(reviewed: Path) -> None:
    found = [one.prompt_id for one in ArgillaSource(reviewed.name, completed=True)]
    assert sorted(found) == ["p0", "p1"]
    shuffled = [one.prompt_id for one in ArgillaSource(reviewed.name, shuffle=True, seed=3)]
    assert sorted(shuffled) == ["p0", "p1", "p2"]


def test_what_is_not_there_is_named(people: dict[str, User], reviewed: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"has no dataset 'nowhere' \(it has .*\): set source\.dat"
    ):
        ArgillaSource("nowhere").check()
    with pytest.raises(ConfigError, match=r"source\.workspace 'blue' is not there"):
        ArgillaSource(reviewed.name, workspace="blue").check()
    for options in (
        {"dataset": " "},
        {"dataset": "d", "responses": 1},
        {"dataset": "d", "limit": -1},
    ):
        with pytest.raises(ConfigError, match=r"source\.(dataset|responses|limit) is"):
            ArgillaSource(**options)
