"""The Argilla sink over real HTTP with the real client.

Against our fake server, or against a real one where AIFGEN_TEST_ARGILLA_URL and
AIFGEN_TEST_ARGILLA_KEY (an owner's) are set; it needs a workspace `default`. Tests that make the
server misbehave always use the fake.
"""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import argilla
import pytest

from aifgen.errors import AifgenError, ConfigError, DataError, MissingPackage, SinkError
from aifgen.sinks.argilla import ArgillaSink
from tests.fakes.argilla_server import ArgillaServer
from tests.sinks.build import REPORT
from tests.sinks.run_folder import GENERATORS, run_folder

REAL = os.environ.get("AIFGEN_TEST_ARGILLA_URL")


@dataclass
class Place:
    """A server and a dataset name nobody else uses."""

    url: str
    key: str
    dataset: str

    def sink(self, **options: Any) -> ArgillaSink:
        return ArgillaSink(self.dataset, **{"workspace": "default", "api_url": self.url, **options})

    def push(self, folder: Path, report: dict[str, Any] = REPORT, **options: Any) -> str:
        sink = self.sink(**options)
        sink.open(folder)
        return sink.close(report)

    def there(self) -> Any:
        client = argilla.Argilla(api_url=self.url, api_key=self.key)
        return client.datasets(self.dataset, workspace="default")

    def records(self) -> dict[str, Any]:
        rows = list(self.there().records(with_suggestions=True))
        assert len({row.id for row in rows}) == len(rows)
        return {row.id: row.to_dict() for row in rows}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[ArgillaServer]:
    with ArgillaServer() as server:
        monkeypatch.setenv("ARGILLA_API_KEY", server.key)
        yield server


@pytest.fixture
def place(fake: ArgillaServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    if REAL:
        key = os.environ["AIFGEN_TEST_ARGILLA_KEY"]
        monkeypatch.setenv("ARGILLA_API_KEY", key)
        place = Place(REAL, key, f"aifgen test {uuid.uuid4()}")
        yield place
        if dataset := place.there():
            dataset.delete()
    else:
        yield Place(fake.url, fake.key, "mine")


def answered(place: Place, record_id: str) -> None:
    """Somebody answers the question `best` of one record."""
    (record,) = [row for row in place.there().records if row.id == record_id]
    user = record.dataset._client.me
    record.responses.add(argilla.Response("best", "tie", user_id=user.id, status="submitted"))
    record.dataset.records.log([record])


def test_prompts_responses_and_ratings_arrive(place: Place, tmp_path: Path) -> None:
    folder = run_folder(tmp_path, 3)
    said = place.push(folder)
    dataset = place.there().get()
    assert said == f"{place.url}/dataset/{dataset.id}/annotation-mode: 3 records"
    assert [field.name for field in dataset.fields] == ["prompt", "response_1", "response_2"]
    questions = {question.name: question for question in dataset.questions}
    assert list(questions) == ["rating_1", "rating_2", "best", "comment"]
    assert questions["rating_1"].values == [1, 2, 3, 4, 5]
    assert questions["best"].labels == ["response_1", "response_2", "tie"]
    assert [q.name for q in dataset.questions if q.required] == ["best"]
    records = place.records()
    assert list(records) == ["p0", "p1", "p2"]
    one = records["p1"]
    assert one["fields"] == {
        "prompt": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is 1?"},
        ],
        "response_1": f"**{GENERATORS[0]}** says 1",
        "response_2": f"**{GENERATORS[1]}** says 1",
    }
    assert one["suggestions"] == {
        "rating_1": {"value": 2, "agent": "gpt4", "score": None},
        "rating_2": {"value": 3, "agent": "gpt4", "score": None},
        "best": {"value": "response_2", "agent": "gpt4", "score": None},
    }
    assert one["metadata"] == {
        "judge": "gpt4",
        "judge_rating_1": 2.0,
        "judge_rating_2": 3.0,
        "margin": 1.0,
    }
    assert not any("meta/" in json.dumps(record) for record in records.values())


def test_pushing_twice_changes_nothing_and_keeps_people_s_answers(
    place: Place, tmp_path: Path
) -> None:
    folder = run_folder(tmp_path, 5)
    place.push(folder)
    if REAL:
        answered(place, "p2")
    before = place.records()
    assert place.push(folder).endswith(": 5 records")
    assert place.records() == before
    assert bool(before["p2"]["responses"]) == bool(REAL)


def test_another_judge_s_push_leaves_nothing_of_the_first_one(place: Place, tmp_path: Path) -> None:
    place.push(run_folder(tmp_path / "a", 2, judges=("gpt4",)))
    halves = run_folder(tmp_path / "b", 2, judges=("llama",), rating=lambda n, g, judge: 2.5 + g)
    place.push(halves)
    for record in place.records().values():
        assert record["suggestions"] == {
            "best": {"value": "response_2", "agent": "llama", "score": None}
        }
        assert record["metadata"] == {
            "judge": "llama", "judge_rating_1": 2.5, "judge_rating_2": 3.5, "margin": 1.0,
        }  # fmt: skip


def test_the_panel_speaks_for_its_judges_and_ties_are_suggested(
    place: Place, tmp_path: Path
) -> None:
    judges = ("gpt4", "a b/ü", "panel")
    place.push(run_folder(tmp_path, 1, judges=judges, rating=lambda n, g, judge: 3.0))
    suggestions = place.records()["p0"]["suggestions"]
    assert {name: (s["value"], s["agent"]) for name, s in suggestions.items()} == {
        "rating_1": (3, "panel"),
        "rating_2": (3, "panel"),
        "best": ("tie", "panel"),
    }


def test_a_judge_s_name_is_made_one_that_argilla_takes(place: Place, tmp_path: Path) -> None:
    place.push(run_folder(tmp_path, 1, judges=("a b/ü",)))
    record = place.records()["p0"]
    assert record["suggestions"]["best"]["agent"] == "a-b/-"
    assert record["metadata"]["judge"] == "a b/ü"


@pytest.mark.parametrize(
    ("low", "high", "values", "suggested"),
    [
        (1, 10, list(range(1, 11)), {"rating_1", "rating_2", "best"}),
        (0, 1, [0, 1], {"rating_1", "best"}),
        (1, 100, [1, 2, 3, 4, 5], {"best"}),
        (None, None, [1, 2, 3, 4, 5], {"best"}),
    ],
)
def test_the_question_has_the_judge_s_scale_where_it_can(
    place: Place, tmp_path: Path, low: int, high: int, values: list[int], suggested: set[str]
) -> None:
    run_folder(tmp_path, 1, rating=lambda n, g, judge: float(1 + g))
    protocol = {"scale_min": low, "scale_max": high}
    place.push(tmp_path, {**REPORT, "protocol": protocol})
    assert place.there().get().questions["rating_1"].values == values
    assert set(place.records()["p0"]["suggestions"]) == suggested


def test_a_missing_response_leaves_its_slot_empty_and_no_response_no_record(
    place: Place, tmp_path: Path
) -> None:
    run_folder(tmp_path, 3, missing=lambda n, g: n == 2 or (n == 1 and g == 0))
    assert place.push(tmp_path).endswith(": 2 records")
    records = place.records()
    assert set(records) == {"p0", "p1"}
    assert set(records["p1"]["fields"]) == {"prompt", "response_2"}
    assert records["p1"]["fields"]["response_2"] == f"**{GENERATORS[1]}** says 1"
    assert set(records["p1"]["suggestions"]) == {"rating_2"}


def test_one_generator_is_rated_without_a_best(place: Place, tmp_path: Path) -> None:
    place.push(run_folder(tmp_path, 1, generators=("only",)))
    questions = place.there().get().questions
    assert [(q.name, q.required) for q in questions] == [("rating_1", True), ("comment", False)]
    assert set(place.records()["p0"]["suggestions"]) == {"rating_1"}


def test_one_bad_record_among_120_costs_that_record(
    place: Place, fake: ArgillaServer, tmp_path: Path
) -> None:
    run_folder(tmp_path, 120, content={42: "x" * 20_001})
    said = place.push(tmp_path)
    why = "Error parsing chat field 'prompt': String should have at most 20000 characters"
    assert said.endswith(
        f": 119 records; 1 not taken, listed in {tmp_path}/argilla_refused.jsonl "
        f"(p42: {why}; sink.argilla.prompt_as=text takes any prompt)"
    )
    lines = (tmp_path / "argilla_refused.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"prompt_id": "p42", "reason": why}]
    assert set(place.records()) == {f"p{n}" for n in range(120)} - {"p42"}
    if not REAL:
        assert fake.sizes == [100, *[1] * 100, 20]


def test_as_text_a_prompt_may_have_any_length(place: Place, tmp_path: Path) -> None:
    (tmp_path / "argilla_refused.jsonl").write_text("of an earlier push")
    run_folder(tmp_path, 1, content={0: "x" * 20_001})
    assert place.push(tmp_path, prompt_as="text").endswith(": 1 records")
    text = place.records()["p0"]["fields"]["prompt"]
    assert text == "[system]\nBe brief.\n\n[user]\n" + "x" * 20_001
    assert not (tmp_path / "argilla_refused.jsonl").exists()


def test_no_record_taken_is_an_error(place: Place, tmp_path: Path) -> None:
    run_folder(tmp_path, 2, content=dict.fromkeys(range(2), "x" * 20001))
    with pytest.raises(SinkError, match=r"Argilla took none of 2 records \(p0: Error parsing"):
        place.push(tmp_path)


def hydra_config(folder: Path, generators: str, high: int = 5) -> None:
    (folder / ".hydra").mkdir(parents=True)
    text = f"generators: {generators}\njudge: {{prompt: {{scale: {{min: 1, max: {high}}}}}}}\n"
    (folder / ".hydra/config.yaml").write_text(text)


def test_a_dataset_with_other_settings_is_refused_before_any_call(
    place: Place, tmp_path: Path
) -> None:
    place.push(run_folder(tmp_path / "two", 1))
    hydra_config(tmp_path / "three", "{a: {id: x}, b: {samples: 2}}")
    with pytest.raises(ConfigError) as caught:
        place.sink().open(tmp_path / "three")
    assert str(caught.value) == (
        f"the Argilla dataset {place.dataset!r} in workspace 'default' does not fit this run (its "
        "fields have no response_3, the run needs response_3 (text)): choose another name, "
        "sink.argilla.dataset=NAME, or delete it there"
    )
    hydra_config(tmp_path / "same", "{llama3_70b: {}, llama3_8b: null}")
    place.sink().open(tmp_path / "same")
    hydra_config(tmp_path / "wide", "{llama3_70b: {}, llama3_8b: {}}", high=6)
    with pytest.raises(ConfigError, match=r"rating_1 \(rating \[1, 2, 3, 4, 5\]\), the run needs"):
        place.sink().open(tmp_path / "wide")
    unknown = tmp_path / "a first start, without a config yet"
    place.sink().open(unknown)
    with pytest.raises(ConfigError, match=r"fields have prompt \(chat\), .* needs prompt \(text\)"):
        place.sink(prompt_as="text").open(unknown)


def test_a_dataset_with_another_scale_is_refused_before_any_record(
    place: Place, tmp_path: Path
) -> None:
    place.push(run_folder(tmp_path, 1))
    wide = {**REPORT, "protocol": {"scale_min": 1, "scale_max": 6}}
    with pytest.raises(
        SinkError, match=r"have rating_1 \(rating \[1, 2, 3, 4, 5\]\), the run needs"
    ):
        place.push(tmp_path, wide)
    assert len(place.records()) == 1


def test_a_generator_that_never_answered_keeps_its_slot(place: Place, tmp_path: Path) -> None:
    hydra_config(tmp_path, "{llama3_70b: {}, llama3_8b: {}, silent: {}}")
    place.push(run_folder(tmp_path, 1))
    assert [f.name for f in place.there().get().fields][-1] == "response_3"
    place.sink().open(tmp_path)


def test_a_wrong_key_is_a_sentence_without_the_key(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARGILLA_API_KEY", "wrong-key-9876")
    with pytest.raises(ConfigError) as caught:
        place.sink().open(tmp_path)
    assert str(caught.value).startswith(f"Argilla at {place.url} does not know this key: set ARG")
    assert "9876" not in str(caught.value)


def test_a_missing_workspace_names_those_there(place: Place, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        place.sink(workspace="nope").open(tmp_path)
    assert str(caught.value) == (
        f"sink.argilla.workspace 'nope' is not there: {place.url} has default"
    )
    place.sink(workspace=None).open(tmp_path)


def test_with_several_workspaces_one_must_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ArgillaServer(workspaces=("red", "blue")) as server:
        monkeypatch.setenv("ARGILLA_API_KEY", server.key)
        with pytest.raises(ConfigError, match=r"workspace needs a name: .* has blue, red"):
            ArgillaSink("d", api_url=server.url).open(tmp_path)


def test_an_annotator_s_key_is_refused_before_any_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ArgillaServer(role="annotator") as server:
        monkeypatch.setenv("ARGILLA_API_KEY", server.key)
        with pytest.raises(
            ConfigError, match=r"that of olga, whose role is annotator: .* owner or"
        ):
            ArgillaSink("d", api_url=server.url).open(tmp_path)


def test_nobody_at_the_address_is_a_sentence(place: Place, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(SinkError) as caught:
        place.sink(api_url=f"http://me:secretpw@{address}").open(tmp_path)
    assert str(caught.value).startswith(f"Argilla at http://{address} does not answer (")
    assert "secretpw" not in str(caught.value)


@pytest.mark.parametrize("url", ["no address", "http://[bad", "http://x:y", "ftp://127.0.0.1"])
def test_an_address_that_is_none_is_a_sentence(place: Place, tmp_path: Path, url: str) -> None:
    with pytest.raises(AifgenError, match=r"address|does not answer"):
        place.sink(api_url=url).open(tmp_path)


def test_a_server_that_is_no_argilla_is_a_sentence(fake: ArgillaServer, tmp_path: Path) -> None:
    fake.fault = lambda path: 404
    with pytest.raises(SinkError, match="does not answer like an Argilla server"):
        ArgillaSink("d", api_url=fake.url).open(tmp_path)


def test_a_dataset_that_cannot_be_made_is_not_left_half_made(
    fake: ArgillaServer, tmp_path: Path
) -> None:
    run_folder(tmp_path, 1)
    fake.fault = lambda path: 500 if path.endswith("/questions") else None
    with pytest.raises(SinkError, match=r"dataset \(Failed to create property 'rating_1'"):
        Place(fake.url, fake.key, "mine").push(tmp_path)
    assert fake.datasets == {}


def test_a_dataset_that_is_not_published_is_refused(fake: ArgillaServer, tmp_path: Path) -> None:
    place = Place(fake.url, fake.key, "mine")
    place.push(run_folder(tmp_path, 1))
    for dataset in fake.datasets.values():
        dataset["status"] = "draft"
    with pytest.raises(ConfigError, match="it is not published"):
        place.sink().open(tmp_path)


def test_a_server_that_breaks_in_the_middle_stops_the_push_and_the_next_one_completes_it(
    fake: ArgillaServer, tmp_path: Path
) -> None:
    run_folder(tmp_path, 150)
    fake.fault = lambda path: 503 if path.endswith("/bulk") and len(fake.sizes) == 1 else None
    place = Place(fake.url, fake.key, "mine")
    with pytest.raises(SinkError, match=r"\(as the test wished for \*\*\*\): run the same command"):
        place.push(tmp_path)
    assert fake.sizes == [100]
    fake.fault = lambda path: None
    assert place.push(tmp_path).endswith(": 150 records")
    assert len(place.records()) == 150


def test_the_url_and_the_key_come_from_the_environment(
    fake: ArgillaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARGILLA_API_URL", fake.url)
    monkeypatch.setenv("ARGILLA_API_KEY", f"{fake.key}\n")
    ArgillaSink("d").open(tmp_path)
    monkeypatch.delenv("ARGILLA_API_URL")
    with pytest.raises(ConfigError, match="variable ARGILLA_API_URL"):
        ArgillaSink("d").open(tmp_path)
    monkeypatch.delenv("ARGILLA_API_KEY")
    with pytest.raises(ConfigError, match="variable ARGILLA_API_KEY"):
        ArgillaSink("d", api_url=fake.url).open(tmp_path)


def test_what_is_misspelt_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="write chat or text"):
        ArgillaSink("d", prompt_as="html")
    for name in ("", " ", "x" * 201):
        with pytest.raises(ConfigError, match="1 to 200 characters"):
            ArgillaSink(name, api_url="http://127.0.0.1").open(tmp_path)


def test_without_the_package_it_says_what_to_install(
    fake: ArgillaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "argilla", None)
    with pytest.raises(MissingPackage, match=r"pip install 'aifgen\[argilla\]'"):
        ArgillaSink("d", api_url=fake.url).open(tmp_path)


def test_a_run_without_responses_makes_no_dataset(fake: ArgillaServer, tmp_path: Path) -> None:
    run_folder(tmp_path, 2, missing=lambda n, g: True)
    assert "nothing sent" in Place(fake.url, fake.key, "mine").push(tmp_path)
    assert fake.datasets == {}


def test_tables_of_two_runs_are_noticed(fake: ArgillaServer, tmp_path: Path) -> None:
    run_folder(tmp_path, 3)
    other = run_folder(tmp_path / "other", 2)
    (other / "prompts.parquet").replace(tmp_path / "prompts.parquet")
    with pytest.raises(DataError, match=r"the prompt p2 is missing or out of order"):
        Place(fake.url, fake.key, "mine").push(tmp_path)
