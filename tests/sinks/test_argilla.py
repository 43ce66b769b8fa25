"""The Argilla sink with a real server: what it checks before the first call, what it says after the
last, and what it does where things go wrong. What a push is: tests/review."""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aifgen.errors import AifgenError, ConfigError, DataError, MissingPackage, SinkError
from aifgen.review.local import LocalServer
from aifgen.sinks.argilla import ArgillaSink
from tests.conftest import Bench
from tests.fakes.argilla_proxy import ArgillaProxy
from tests.review.people import User, hidden, slots, users
from tests.sinks.build import REPORT
from tests.sinks.run_folder import GENERATORS, run_folder

pytest.importorskip("argilla", reason="needs pip install 'aifgen[argilla]'")


@dataclass
class Place:
    """A server on whose way faults may be made, and a dataset name nobody else uses."""

    proxy: ArgillaProxy
    owner: User
    annotator: User
    dataset: str

    def sink(self, **options: Any) -> ArgillaSink:
        return ArgillaSink(**{"dataset": self.dataset, "api_url": self.proxy.url, **options})

    def push(self, folder: Path, report: dict[str, Any] = REPORT, **options: Any) -> str:
        sink = self.sink(**options)
        sink.open(folder)
        return sink.close(report)

    def records(self) -> dict[str, Any]:
        return self.owner.records(self.dataset)

    def part(self, name: str) -> dict[str, Any]:
        """fields or questions by name."""
        found = self.owner.http.get(f"{self.owner.dataset(self.dataset)}/{name}").json()
        return {one["name"]: one for one in found["items"]}

    def suggestions(self, record: Any) -> dict[str, tuple[Any, str, float | None]]:
        names = {one["id"]: name for name, one in self.part("questions").items()}
        return {
            names[one["question_id"]]: (one["value"], one["agent"], one["score"])
            for one in record["suggestions"]
        }


@pytest.fixture
def place(argilla: LocalServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("ARGILLA_API_KEY", argilla.api_key)
    monkeypatch.delenv("ARGILLA_API_URL", raising=False)
    known = users(argilla)
    with ArgillaProxy(argilla.url) as proxy:
        yield Place(proxy, known["aifgen"], known["ada"], f"sink-{uuid.uuid4().hex[:12]}")


def test_prompts_responses_and_ratings_arrive(place: Place, tmp_path: Path) -> None:
    folder = run_folder(tmp_path, 3)
    said = place.push(folder)
    link = place.owner.dataset(place.dataset).removeprefix("/api/v1/datasets/")
    assert said == f"{place.proxy.url}/dataset/{link}/annotation-mode: 3 records"
    assert list(place.part("fields")) == ["prompt", "response_1", "response_2"]
    questions = place.part("questions")
    assert list(questions) == ["rating_1", "rating_2", "best", "comment"]
    values = [one["value"] for one in questions["rating_1"]["settings"]["options"]]
    assert values == [1, 2, 3, 4, 5]
    labels = [one["value"] for one in questions["best"]["settings"]["options"]]
    assert labels == ["response_1", "response_2", "tie"]
    assert [name for name, one in questions.items() if one["required"]] == ["best"]
    records = place.records()
    assert set(records) == {"p0", "p1", "p2"}
    one = records["p1"]
    where = slots(one)
    assert one["fields"] == {
        "prompt": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is 1?"},
        ],
        where[GENERATORS[0]]: f"**{GENERATORS[0]}** says 1",
        where[GENERATORS[1]]: f"**{GENERATORS[1]}** says 1",
    }
    assert place.suggestions(one) == {
        where[GENERATORS[0]].replace("response", "rating"): (2, "gpt4", 1.0),
        where[GENERATORS[1]].replace("response", "rating"): (3, "gpt4", 1.0),
        "best": (where[GENERATORS[1]], "gpt4", 1.0),
    }
    assert one["metadata"]["margin"] == 1.0
    assert json.loads((tmp_path / ".review.json").read_text())[-1]["dataset"] == place.dataset


def test_another_judge_s_push_leaves_nothing_of_the_first_one(place: Place, tmp_path: Path) -> None:
    place.push(run_folder(tmp_path / "a", 2, judges=("gpt4",)))
    halves = run_folder(tmp_path / "b", 2, judges=("llama",), rating=lambda n, g, judge: 2.5 + g)
    place.push(halves)
    for record in place.records().values():
        best = slots(record)[GENERATORS[1]]
        assert place.suggestions(record) == {"best": (best, "llama", 1.0)}
        assert record["metadata"]["judges"] == ["llama"]


def test_a_panel_is_no_judge_more_but_has_its_line(place: Place, tmp_path: Path) -> None:
    judges = ("gpt4", "a b/ü", "panel")
    place.push(run_folder(tmp_path, 1, judges=judges, rating=lambda n, g, judge: 3.0))
    (record,) = place.records().values()
    assert place.suggestions(record) == {
        name: (value, "a-b/- gpt4", 1.0)
        for name, value in (("rating_1", 3), ("rating_2", 3), ("best", "tie"))
    }
    said = [line.split(" | ")[0] for line in record["fields"]["opinions"].splitlines()[2:]]
    assert said == ["| a b/ü", "| gpt4", "| panel"]


@pytest.mark.parametrize(
    ("low", "high", "values", "suggested"),
    [
        (1, 10, list(range(1, 11)), {"rating_1", "rating_2", "best"}),
        (0, 1, [0, 1], {"rating", "best"}),
        (1, 100, [1, 2, 3, 4, 5], {"best"}),
        (None, None, [1, 2, 3, 4, 5], {"best"}),
    ],
)
def test_the_question_has_the_judge_s_scale_where_it_can(
    place: Place, tmp_path: Path, low: int, high: int, values: list[int], suggested: set[str]
) -> None:
    run_folder(tmp_path, 1, rating=lambda n, g, judge: float(1 + g))
    place.push(tmp_path, {**REPORT, "protocol": {"scale_min": low, "scale_max": high}})
    options = place.part("questions")["rating_1"]["settings"]["options"]
    assert [one["value"] for one in options] == values
    (record,) = place.records().values()
    rated = slots(record)[GENERATORS[0]].replace("response", "rating")
    named = {rated if name == "rating" else name for name in suggested}
    assert set(place.suggestions(record)) == named


def test_a_missing_response_leaves_the_last_slot_empty_and_no_response_no_record(
    place: Place, tmp_path: Path
) -> None:
    run_folder(tmp_path, 3, missing=lambda n, g: n == 2 or (n == 1 and g == 0))
    assert place.push(tmp_path).endswith(": 2 records")
    records = place.records()
    assert set(records) == {"p0", "p1"}
    assert records["p1"]["fields"].get("response_2") is None
    assert records["p1"]["fields"]["response_1"] == f"**{GENERATORS[1]}** says 1"
    assert set(place.suggestions(records["p1"])) == {"rating_1"}


def test_one_generator_is_rated_without_a_best(place: Place, tmp_path: Path) -> None:
    place.push(run_folder(tmp_path, 1, generators=("only",)))
    required = {name: one["required"] for name, one in place.part("questions").items()}
    assert required == {"rating_1": True, "comment": False}
    (record,) = place.records().values()
    assert set(place.suggestions(record)) == {"rating_1"}


def test_a_sample_s_options_arrive(place: Place, tmp_path: Path) -> None:
    run_folder(tmp_path, 12, judges=("one", "two"))
    place.push(tmp_path, sample="margin:5", by="two", seed=3)
    assert len(place.records()) == 5
    assert {hidden(one)["sample"] for one in place.records().values()} == {"margin:5@3/two"}
    other = place.sink(sample="random:5", by="two", dataset=f"{place.dataset}-random")
    other.open(tmp_path)
    other.close(REPORT)
    drawn = place.owner.records(f"{place.dataset}-random").values()
    assert {hidden(one)["sample"] for one in drawn} == {"random:5@0"}  # no judge has a say


def test_what_cannot_be_drawn_is_said_before_the_run_or_costs_it_nothing(
    place: Place, tmp_path: Path
) -> None:
    run_folder(tmp_path, 2, judges=("one", "two"))
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra/config.yaml").write_text("judge: {models: {one: {}, two: {}}}\n")
    with pytest.raises(ConfigError, match="by is 'tow': the run's judges are one, two"):
        place.push(tmp_path, by="tow")
    said = place.push(tmp_path, sample="flipped")
    assert said.startswith(f"Argilla dataset {place.dataset}: nothing sent: no judge changed its")


def test_a_dataset_with_room_for_what_the_source_brings_is_taken(
    place: Place, tmp_path: Path
) -> None:
    """The config says one generator; that rows bring responses, too, shows at the end."""
    run_folder(tmp_path, 1, generators=("given", "gx"))
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra/config.yaml").write_text("generators: {gx: {samples: 1}}\n")
    place.push(tmp_path)
    assert "1 record (1 of them" in place.push(tmp_path)


def test_as_text_a_prompt_may_have_any_length(place: Place, tmp_path: Path) -> None:
    (tmp_path / "argilla_refused.jsonl").write_text("of an earlier push")
    run_folder(tmp_path, 1, content={0: "x" * 20_001})
    assert place.push(tmp_path, prompt_as="text").endswith(": 1 record")
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
        f"the Argilla dataset {place.dataset!r} in workspace 'aifgen' does not fit this run (its "
        "fields have no response_3, the run needs response_3 (text)): choose another name, "
        "sink.argilla.dataset=NAME, or delete it there"
    )
    hydra_config(tmp_path / "same", "{llama3_70b: {}, llama3_8b: null}")
    place.sink().open(tmp_path / "same")
    hydra_config(tmp_path / "wide", "{llama3_70b: {}, llama3_8b: {}}", high=6)
    with pytest.raises(ConfigError, match=r"rating_1 \(rating \[1, 2, 3, 4, 5\]\), the run needs"):
        place.sink().open(tmp_path / "wide")
    with pytest.raises(ConfigError, match=r"fields have prompt \(chat\), .* needs prompt \(text\)"):
        place.sink(prompt_as="text").open(tmp_path / "same")
    with pytest.raises(ConfigError, match=r"metadata have consistency \(terms\), the run needs no"):
        place.sink(blind=True).open(tmp_path / "same")
    place.sink().open(tmp_path / "a first start, without a config yet")


def test_a_dataset_with_another_scale_is_refused_before_any_record(
    place: Place, tmp_path: Path
) -> None:
    place.push(run_folder(tmp_path, 1))
    wide = {**REPORT, "protocol": {"scale_min": 1, "scale_max": 6}}
    with pytest.raises(
        ConfigError, match=r"have rating_1 \(rating \[1, 2, 3, 4, 5\]\), the run needs"
    ):
        place.push(tmp_path, wide)
    assert len(place.records()) == 1


def test_a_generator_that_never_answered_keeps_its_slot(place: Place, tmp_path: Path) -> None:
    hydra_config(tmp_path, "{llama3_70b: {}, llama3_8b: {}, silent: {}}")
    place.push(run_folder(tmp_path, 1))
    assert "response_3" in place.part("fields")
    place.sink().open(tmp_path)


def test_guidelines_of_one_s_own_and_overlap(place: Place, tmp_path: Path) -> None:
    text = tmp_path / "guide.md"
    text.write_text("# Only what is **true** counts\n")
    place.push(run_folder(tmp_path, 1), guidelines=str(text), min_submitted=3)
    made = place.owner.http.get(place.owner.dataset(place.dataset)).json()
    assert made["guidelines"] == "# Only what is **true** counts"
    assert made["distribution"] == {"strategy": "overlap", "min_submitted": 3}
    with pytest.raises(ConfigError, match=r"nowhere\.md cannot be read \(No such file"):
        place.sink(guidelines="nowhere.md").open(tmp_path)


def test_a_wrong_key_is_a_sentence_without_the_key(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARGILLA_API_KEY", "wrong-key-9876")
    with pytest.raises(ConfigError) as caught:
        place.sink().open(tmp_path)
    assert str(caught.value).startswith(f"Argilla at {place.proxy.url} does not know this key: set")
    assert "9876" not in str(caught.value)


def test_a_missing_workspace_names_those_there(place: Place, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        place.sink(workspace="nope").open(tmp_path)
    said = f"sink.argilla.workspace 'nope' is not there: {place.proxy.url} has aifgen"
    assert str(caught.value) == said
    place.sink(workspace=None).open(tmp_path)


def test_with_several_workspaces_one_must_be_named(place: Place, tmp_path: Path) -> None:
    made = place.owner.http.post("/api/v1/workspaces", json={"name": "blue"}).json()
    try:
        with pytest.raises(ConfigError, match=r"workspace needs a name: .* has aifgen, blue"):
            place.sink().open(tmp_path)
    finally:
        place.owner.http.delete(f"/api/v1/workspaces/{made['id']}").raise_for_status()


def test_an_annotator_s_key_is_refused_before_any_call(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARGILLA_API_KEY", place.annotator.key)
    with pytest.raises(ConfigError, match=r"that of ada, whose role is annotator: .* owner or"):
        place.sink().open(tmp_path)


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


def test_a_server_that_is_no_argilla_is_a_sentence(place: Place, tmp_path: Path) -> None:
    place.proxy.fault = lambda method, path: 404
    with pytest.raises(SinkError, match="does not answer like an Argilla server"):
        place.sink().open(tmp_path)


def test_a_dataset_that_cannot_be_made_is_not_left_half_made(place: Place, tmp_path: Path) -> None:
    run_folder(tmp_path, 1)
    place.proxy.fault = lambda method, path: (
        500 if method == "POST" and path.endswith("/questions") else None
    )
    with pytest.raises(SinkError, match=r"failed \(Failed to create property 'rating_1'"):
        place.push(tmp_path)
    found = place.owner.http.get("/api/v1/me/datasets").json()["items"]
    assert place.dataset not in [one["name"] for one in found]


def test_a_dataset_that_was_never_published_is_made_anew(place: Place, tmp_path: Path) -> None:
    workspace = place.owner.http.get("/api/v1/me/workspaces").json()["items"][0]["id"]
    body = {"name": place.dataset, "workspace_id": workspace}
    place.owner.http.post("/api/v1/datasets", json=body).raise_for_status()
    assert place.push(run_folder(tmp_path, 1)).endswith(": 1 record")


def test_a_server_that_breaks_in_the_middle_stops_the_push_and_the_next_one_completes_it(
    place: Place, tmp_path: Path
) -> None:
    run_folder(tmp_path, 150)
    place.proxy.fault = lambda method, path: (
        503 if path.endswith("/bulk") and place.proxy.bulks == 1 else None
    )
    with pytest.raises(SinkError, match=r"\(as the test wished for \*\*\*\): run the same command"):
        place.push(tmp_path)
    assert len(place.records()) == 100
    place.proxy.fault = lambda method, path: None
    assert place.push(tmp_path).endswith(": 150 records (100 of them as they were)")
    assert len(place.records()) == 150
    assert place.proxy.bulks == 2


def test_the_url_and_the_key_come_from_the_environment_or_from_the_local_server(
    place: Place, argilla: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARGILLA_API_URL", place.proxy.url)
    monkeypatch.setenv("ARGILLA_API_KEY", f"{argilla.api_key}\n")
    ArgillaSink("d").open(tmp_path)
    monkeypatch.delenv("ARGILLA_API_URL")
    with pytest.raises(ConfigError, match="ARGILLA_API_URL is not: set both"):
        ArgillaSink("d").open(tmp_path)
    monkeypatch.delenv("ARGILLA_API_KEY")
    with pytest.raises(ConfigError, match="set the environment variable ARGILLA_API_KEY"):
        ArgillaSink("d", api_url=place.proxy.url).open(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="start a local one with aifgen review serve"):
        ArgillaSink("d").open(tmp_path)
    (tmp_path / "outputs").mkdir()
    os.symlink(argilla.home, tmp_path / "outputs/argilla")
    ArgillaSink("d").open(tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prompt_as": "html"}, "prompt_as is 'html': write chat or text"),
        ({"dataset": " "}, "1 to 200 characters"),
        ({"dataset": "x" * 201}, "1 to 200 characters"),
        ({"ask": ["vote"]}, "ask has 'vote': name some of rating, best, ranking, comment"),
        ({"ask": ["comment"]}, "needs one of rating, best, ranking"),
        ({"sample": "some:3"}, "sample some:3: give disagreement:100"),
        ({"min_submitted": 0}, "min_submitted is 0: give 1 or more"),
        # What Hydra makes of a word is not always a text.
        ({"blind": "no"}, "blind is 'no': give true or false"),
        ({"dataset": 2026}, "dataset is 2026: give a name; in quotes"),
        ({"workspace": 5}, "workspace is 5: give a name"),
        ({"api_url": 5}, "api_url is 5: give a text"),
        ({"guidelines": 5}, "guidelines is 5: give a text"),
        ({"sample": 5}, "sample is 5: give one of disagreement:100"),
        ({"min_submitted": 1.5}, "min_submitted is 1.5: give a whole number"),
        ({"min_submitted": True}, "min_submitted is True: give a whole number"),
        ({"seed": "x"}, "seed is 'x': give a whole number"),
        ({"ask": "rating"}, "ask is 'rating': give a list"),
        ({"ask": None}, "ask is None: give a list"),
        ({"ask": [1]}, "ask has 1: name some of"),
    ],
)
def test_what_is_misspelt_is_said_at_once(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        ArgillaSink(**options)


def test_without_the_package_it_says_what_to_install(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "argilla", None)
    with pytest.raises(MissingPackage, match=r"pip install 'aifgen\[argilla\]'"):
        place.sink().open(tmp_path)


def test_a_run_without_responses_makes_no_dataset(place: Place, tmp_path: Path) -> None:
    run_folder(tmp_path, 2, missing=lambda n, g: True)
    assert "nothing sent, no prompt has a response" in place.push(tmp_path)
    with pytest.raises(ValueError, match="unpack"):
        place.owner.dataset(place.dataset)


def test_tables_of_two_runs_are_noticed(place: Place, tmp_path: Path) -> None:
    run_folder(tmp_path, 3)
    other = run_folder(tmp_path / "other", 2)
    (other / "prompts.parquet").replace(tmp_path / "prompts.parquet")
    with pytest.raises(DataError, match=r"the prompt p2 is missing or out of order"):
        place.push(tmp_path)


def test_a_sink_that_fails_at_the_end_costs_the_run_and_the_other_sinks_nothing(
    place: Place, bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARGILLA_API_URL", place.proxy.url)
    bench.prompts(3)
    words = ["sink=[argilla,parquet]", f"sink.argilla.dataset={place.dataset}"]
    place.proxy.fault = lambda method, path: 503 if path.endswith("/bulk") else None
    assert bench(*words) == 1
    assert "as the test wished" in capsys.readouterr().err
    before = bench.report()
    assert (before["status"], before["rows"]["done"]) == ("partial", 3)
    assert len(bench.table("preferences/train-00000-of-00001")) == before["pairs"] > 0
    assert (bench.path / "out" / "report.html").is_file()
    place.proxy.fault = lambda method, path: None
    assert bench(*words) == 0
    after = bench.report()
    assert (after["status"], after["calls"]["sent"]) == ("complete", 0)
    assert len(place.records()) == 3
