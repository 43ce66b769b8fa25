"""A run goes to a real Argilla, three people answer over HTTP, and every answer comes home."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from aifgen import comparing, export
from aifgen.review.local import LocalServer
from tests.conftest import Bench
from tests.fakes.model_server import Behaviour, ModelServer
from tests.review.people import Command, User, finished_run, hidden, slots, users


@pytest.fixture
def people(argilla: LocalServer) -> dict[str, User]:
    return users(argilla)


def human(run: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(run / "human.parquet").to_pylist()
    return rows


def told(run: Path) -> dict[tuple[str, str, str | None], tuple[Any, str]]:
    """(prompt, annotator, question) -> (value, status)."""
    return {
        (row["prompt_id"], row["name"], row["question"]): (row["value"], row["status"])
        for row in human(run)
    }


def named(folder: Path) -> Path:
    """A folder whose name, and so whose dataset's, nobody else uses."""
    return folder / f"run-{uuid.uuid4().hex[:12]}"


def test_three_people_answer_and_every_answer_comes_back(
    bench: Bench,
    server: ModelServer,
    review: Command,
    people: dict[str, User],
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.models["judge-b"] = Behaviour(judge=True, quality=lambda text: -len(text))
    bench.prompts(8)
    run = named(bench.path)
    out = run.name
    assert bench(out=out, generators="gx,gy,gz", judge="[judge-a,judge-b]") == 0
    finished = bench.report(out)
    pushed = review("push", run, "--ask", "rating,best,ranking,comment", "--min-submitted", 2)
    assert ": 8 records\n" in pushed

    seen, shown = people["aifgen"].records(out), people["ada"].mine(out)
    assert set(shown) == {f"q{k}" for k in range(8)}
    place = {name: slots(record) for name, record in seen.items()}

    def rated(prompt: str, **ratings: int) -> dict[str, int]:
        return {place[prompt][name].replace("response", "rating"): n for name, n in ratings.items()}

    def ranked(prompt: str, **ranks: int) -> list[dict[str, Any]]:
        return [{"value": place[prompt][name], "rank": rank} for name, rank in ranks.items()]

    ada, ben, cy = (people[name] for name in ("ada", "ben", "cy"))
    ada.answer(
        shown["q0"],
        {
            **rated("q0", gx=5, gy=2, gz=4),
            "best": place["q0"]["gx"],
            "ranking": ranked("q0", gx=1, gz=2, gy=3),
            "comment": '["gx" is right]',
        },
    )
    tied = {
        **rated("q0", gx=3, gy=3, gz=3), "best": "tie", "ranking": ranked("q0", gy=1, gx=1, gz=1),
    }  # fmt: skip
    ben.answer(shown["q0"], tied)
    cy.answer(shown["q0"], {"best": place["q0"]["gx"], "ranking": ranked("q0", gz=2, gy=2, gx=1)})
    ada.answer(shown["q1"], {"best": place["q1"]["gy"], "ranking": ranked("q1", gx=2, gy=1, gz=2)})
    ben.answer(shown["q1"], None, "discarded")
    cy.answer(shown["q1"], rated("q1", gz=1), "draft")
    ben.answer(shown["q2"], {"best": "tie", "ranking": ranked("q2", gx=1, gy=2, gz=3)})
    cy.answer(shown["q2"], rated("q2", gx=1), "discarded")

    expected = {
        ("q0", "ada", "rating"): ("[5, 2, 4]", "submitted"),
        ("q0", "ada", "best"): ("q0/gx/0", "submitted"),
        ("q0", "ada", "ranking"): ("[1, 3, 2]", "submitted"),
        ("q0", "ada", "comment"): ('["gx" is right]', "submitted"),
        ("q0", "ben", "rating"): ("[3, 3, 3]", "submitted"),
        ("q0", "ben", "best"): ("tie", "submitted"),
        ("q0", "ben", "ranking"): ("[1, 1, 1]", "submitted"),
        ("q0", "cy", "best"): ("q0/gx/0", "submitted"),
        ("q0", "cy", "ranking"): ("[1, 2, 2]", "submitted"),
        ("q1", "ada", "best"): ("q1/gy/0", "submitted"),
        ("q1", "ada", "ranking"): ("[2, 1, 2]", "submitted"),
        ("q1", "ben", None): (None, "discarded"),
        ("q1", "cy", "rating"): ("[null, null, 1]", "draft"),
        ("q2", "ben", "best"): ("tie", "submitted"),
        ("q2", "ben", "ranking"): ("[1, 2, 3]", "submitted"),
        ("q2", "cy", "rating"): ("[1, null, null]", "discarded"),
    }
    assert review("pull", run, "--names").startswith(
        f"{run / 'human.parquet'}: 13 submitted, 1 draft, 2 discarded answers to single "
        f"questions, of 3 annotators; {out} has 8 records\n"
    )
    assert told(run) == expected
    first = (run / "human.parquet").read_bytes()
    review("pull", run, "--names")
    assert (run / "human.parquet").read_bytes() == first

    # Pushing again changes nothing, and nobody's answer goes.
    before = people["aifgen"].records(out)
    again = review("push", run, "--ask", "rating,best,ranking,comment", "--min-submitted", 2)
    assert ": 8 records (8 of them as they were)\n" in again
    assert people["aifgen"].records(out) == before
    review("pull", run, "--names")
    assert (run / "human.parquet").read_bytes() == first

    # A second time over: they change their minds, and go on.
    cy.answer(shown["q1"], {"best": place["q1"]["gy"], "ranking": ranked("q1", gx=2, gy=1, gz=2)})
    ben.answer(shown["q2"], {"best": place["q2"]["gz"], "ranking": ranked("q2", gx=3, gy=2, gz=1)})
    del expected["q1", "cy", "rating"]
    expected |= {
        ("q1", "cy", "best"): ("q1/gy/0", "submitted"),
        ("q1", "cy", "ranking"): ("[2, 1, 2]", "submitted"),
        ("q2", "ben", "best"): ("q2/gz/0", "submitted"),
        ("q2", "ben", "ranking"): ("[3, 2, 1]", "submitted"),
    }
    review("pull", run, "--names")
    assert told(run) == expected

    responses = {row["response_id"]: row for row in bench.table("responses", out)}
    for row in human(run):
        ids = row["response_ids"]
        assert [responses[name]["prompt_id"] for name in ids] == [row["prompt_id"]] * 3
        assert [responses[name]["text_digest"] for name in ids] == row["text_digests"]
        fields = seen[row["prompt_id"]]["fields"]
        assert [responses[name]["text"] for name in row["shown"]] == [
            fields[f"response_{k}"] for k in (1, 2, 3)
        ]
        scale = (row["scale_min"], row["scale_max"])
        assert scale == ((1, 5) if row["question"] == "rating" else (None, None))
        assert (row["submitted_at"] is None) == (row["status"] == "draft")
        assert (row["inclusion_probability"], row["sample"]) == (1.0, "all@0")

    # What people brought leaves the run finished.
    assert bench(out=out, generators="gx,gy,gz", judge="[judge-a,judge-b]") == 0
    assert len(server.calls) == finished["calls"]["sent"]

    comparison = bench.path / "comparison"
    assert comparing.main([str(run), "--out", str(comparison)]) == 0
    found = json.loads((comparison / "comparison.json").read_text())
    assert found["reference"] == "people"
    assert found["humans"]["n_items"] == 3

    target = bench.path / "dpo.jsonl"
    capsys.readouterr()
    assert export.main([str(run), "--format", "dpo", "--out", str(target)]) == 0
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    by_people = {row["prompt"][0]["content"]: row for row in rows if row["labelled_by"] == "people"}
    assert {prompt: row["chosen"][0]["content"] for prompt, row in by_people.items()} == {
        "What is 0 plus 0?": responses["q0/gx/0"]["text"],
        "What is 1 plus 1?": responses["q1/gy/0"]["text"],
        "What is 2 plus 2?": responses["q2/gz/0"]["text"],
    }
    assert by_people["What is 0 plus 0?"]["rejected"][0]["content"] == responses["q0/gy/0"]["text"]
    assert {row["labelled_by"] for row in rows} == {"people", "judges"}
    assert "people decided 3 prompts, " in capsys.readouterr().out


def test_names_are_hidden_and_stay_the_same(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 2)
    review("push", run)
    for record in people["ada"].mine(run.name).values():
        people["ada"].answer(record, {"best": "tie"})
    review("pull", run)
    (who,) = {row["annotator"] for row in human(run)}
    assert who.startswith("annotator-")
    assert "ada" not in who
    review("pull", run)
    assert {row["annotator"] for row in human(run)} == {who}


def test_nothing_tells_an_annotator_whose_a_response_is(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 30, generators=("alpha", "beta", "gamma"))
    for name in ("alpha", "beta", "gamma"):
        assert name in json.dumps(pq.read_table(run / "responses.parquet").to_pylist())
    review("push", run, "--blind")
    records = people["ada"].mine(run.name)
    people["ben"].answer(records["p0"], {"best": "tie"})
    one = people["ada"].http.get(f"/api/v1/records/{records['p0']['id']}").json()
    assert one["responses"] == []
    assert len(people["ben"].http.get(f"/api/v1/records/{one['id']}").json()["responses"]) == 1
    assert hidden(people["aifgen"].http.get(f"/api/v1/records/{one['id']}").json())
    for record in (one, *records.values()):
        shown = {k: v for k, v in record["fields"].items() if not k.startswith("response_")}
        told_ = json.dumps([shown, record["metadata"], record["suggestions"]])
        assert not any(name in told_ for name in ("alpha", "beta", "gamma", "gpt4", "llama"))
        assert record["metadata"] == {"source": "jsonl"}
        assert record["suggestions"] == []
        assert set(record["fields"]) == {"prompt", "response_1", "response_2", "response_3"}
    orders = {tuple(slots(one).items()) for one in people["aifgen"].records(run.name).values()}
    assert len(orders) > 1
    first = [slots(one)["alpha"] for one in people["aifgen"].records(run.name).values()]
    assert {"response_1", "response_2", "response_3"} == set(first)


def test_every_judge_speaks_unless_blind(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(
        named(tmp_path), 3, judges=("gpt4", "llama"),
        rating=lambda n, g, judge: float(2 + g) if judge == "gpt4" or n < 2 else 5.0 - 3 * g,
    )  # fmt: skip
    review("push", run)
    asked = people["aifgen"].http.get(f"{people['aifgen'].dataset(run.name)}/questions").json()
    names = {one["id"]: one["name"] for one in asked["items"]}
    records = people["ada"].mine(run.name)
    owner = people["aifgen"].records(run.name)
    for prompt, agree in (("p0", True), ("p2", False)):
        place = slots(owner[prompt])
        said = {
            names[one["question_id"]]: (one["value"], one["agent"], one["score"])
            for one in records[prompt]["suggestions"]
        }
        best, worst = place["llama3_8b"], place["llama3_70b"]
        both = ("gpt4 llama", 1.0) if agree else ("gpt4", 0.5)
        assert said == {
            best.replace("response", "rating"): (3, *both),
            worst.replace("response", "rating"): (2, *both),
            "best": (best, *both),
        }
        lines = records[prompt]["fields"]["opinions"].splitlines()
        assert lines[0] == "| judge | response 1 | response 2 | best |"
        assert [line.split(" | ")[0] for line in lines[2:]] == ["| gpt4", "| llama"]
        other = best if agree else worst
        assert lines[3].endswith(f"| {other.replace('_', ' ')} |")
    assert records["p2"]["metadata"]["spread"] > records["p0"]["metadata"]["spread"] == 0
    assert records["p0"]["metadata"]["judges"] == ["gpt4", "llama"]
    assert "llama3" not in json.dumps([records["p0"]["metadata"], records["p0"]["suggestions"]])
    assert not [word for word in ("gpt4", "llama/", "meta/") if word in str(hidden(owner["p0"]))]


def test_one_bad_record_among_200_costs_that_record(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 200, content={42: "x" * 20_001})
    why = "Error parsing chat field 'prompt': String should have at most 20000 characters"
    assert (
        f": 199 records; 1 not taken, listed in {run}/argilla_refused.jsonl (p42: {why}; "
        "--prompt-as=text takes any prompt)\n"
    ) in review("push", run)
    lines = (run / "argilla_refused.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"prompt_id": "p42", "reason": why}]
    there = people["aifgen"].records(run.name)
    assert set(there) == {f"p{n}" for n in range(200)} - {"p42"}
    review("push", run)
    assert people["aifgen"].records(run.name) == there


@pytest.mark.parametrize("count", [2, 5, 8])
def test_2_to_8_responses(
    tmp_path: Path, review: Command, people: dict[str, User], count: int
) -> None:
    names = tuple(f"g{k}" for k in range(count))
    run = finished_run(named(tmp_path), 2, generators=names)
    review("push", run)
    record = people["ada"].mine(run.name)["p1"]
    place = slots(people["aifgen"].records(run.name)["p1"])
    assert set(place.values()) == {f"response_{k}" for k in range(1, count + 1)}
    ratings = {place[name].replace("response", "rating"): 1 + k % 5 for k, name in enumerate(names)}
    people["ada"].answer(record, {**ratings, "best": place["g1"]})
    review("pull", run)
    rows = {row["question"]: row for row in human(run)}
    by = dict(zip(rows["rating"]["response_ids"], json.loads(rows["rating"]["value"]), strict=True))
    assert by == {f"p1/g{k}/0": 1 + k % 5 for k in range(count)}
    assert rows["best"]["value"] == "p1/g1/0"


def test_more_than_8_responses_are_one_sentence(tmp_path: Path, review: Command) -> None:
    run = finished_run(named(tmp_path), 1, generators=tuple(f"g{k}" for k in range(9)))
    assert "9 responses a prompt, and people can hold 8" in review("push", run, status=1)


def test_an_answer_about_an_empty_slot_is_left_out_and_counted(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 2, missing=lambda n, g: n == 1 and g == 0)
    review("push", run)
    record = people["ada"].mine(run.name)["p1"]
    people["ada"].answer(record, {"rating_1": 4, "rating_2": 5, "best": "response_2"})
    said = review("pull", run)
    assert "2 answers name a response that is not there: left out.\n" in said
    assert told_values(run) == {("p1", "rating"): "[4]"}


def told_values(run: Path) -> dict[tuple[str, str], str]:
    return {(row["prompt_id"], row["question"]): row["value"] for row in human(run)}


def test_a_sample_keeps_its_chances_and_a_second_one_adds_to_them(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 40)
    review("push", run, "--sample", "random:10")
    first = people["aifgen"].records(run.name)
    assert len(first) == 10
    parts = [hidden(one) for one in first.values()]
    assert {(one["inclusion_probability"], one["sample"]) for one in parts} == {
        (0.25, "random:10@0")
    }
    review("push", run, "--sample", "random:10")
    assert people["aifgen"].records(run.name) == first
    said = review("push", run, "--sample", "disagreement:12", "--seed", 3)
    assert "chosen by random:10 and disagreement:12 (seed 3)" in said
    both = people["aifgen"].records(run.name)
    assert set(first) < set(both)
    for one in both.values():
        part = hidden(one)
        assert part["sample"] == "random:10@0 + disagreement:12@3"
        assert 0.25 < part["inclusion_probability"] <= 1
    for record in people["ada"].mine(run.name).values():
        people["ada"].answer(record, {"best": "tie"})
    review("pull", run)
    assert len({row["inclusion_probability"] for row in human(run)}) > 1


def test_texts_that_people_answered_are_never_changed_under_them(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 3)
    review("push", run)
    people["ada"].answer(people["ada"].mine(run.name)["p1"], {"best": "tie"})
    before = people["aifgen"].records(run.name)
    finished_run(run, 3, content={1: "What is one?", 2: "What is two?"})
    said = review("push", run)
    assert "1 not taken" in said
    assert "(p1: people have answered it with other texts: it stays as it is there)" in said
    after = people["aifgen"].records(run.name)
    assert after["p1"] == before["p1"]
    assert after["p2"]["fields"]["prompt"][-1]["content"] == "What is two?"


def test_answers_are_not_lost_when_they_are_gone_in_argilla(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 3)
    review("push", run)
    owner = people["aifgen"]
    for record in people["ada"].mine(run.name).values():
        people["ada"].answer(record, {"best": "tie"})
    review("pull", run, "--names")
    kept = (run / "human.parquet").read_bytes()
    # One answer is taken back there: here it stays, until somebody says otherwise.
    (response,) = owner.records(run.name)["p1"]["responses"]
    owner.http.delete(f"/api/v1/responses/{response['id']}").raise_for_status()
    said = review("pull", run, "--names")
    assert "1 answers of an earlier pull are not in Argilla any more: kept (--force" in said
    assert (run / "human.parquet").read_bytes() == kept
    # The dataset goes, and another one gets its name.
    owner.http.delete(owner.dataset(run.name)).raise_for_status()
    assert "has no dataset" in review("pull", run, status=1)
    review("push", run)
    people["ben"].answer(people["ben"].mine(run.name)["p1"], {"best": "tie"})
    review("pull", run, "--names")
    assert sorted((row["prompt_id"], row["name"]) for row in human(run)) == [
        ("p0", "ada"), ("p1", "ada"), ("p1", "ben"), ("p2", "ada"),
    ]  # fmt: skip
    review("pull", run, "--names", "--force")
    assert [(row["prompt_id"], row["name"]) for row in human(run)] == [("p1", "ben")]


def test_a_name_is_no_identity(tmp_path: Path, review: Command, people: dict[str, User]) -> None:
    run = finished_run(named(tmp_path), 2)
    review("push", run)
    people["ada"].answer(people["ada"].mine(run.name)["p0"], {"best": "tie"})
    review("pull", run)
    (without,) = human(run)
    review("pull", run, "--names")
    (with_name,) = human(run)
    assert (without["name"], with_name["name"]) == (None, "ada")
    assert "Names of an earlier pull are left out: --names brings them" in review("pull", run)
    assert without["annotator"] == with_name["annotator"]


def test_a_push_that_was_cut_off_while_it_made_the_dataset_is_completed(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 2)
    owner = people["aifgen"]
    workspace = owner.http.get("/api/v1/me/workspaces").json()["items"][0]["id"]
    body = {"name": run.name, "workspace_id": workspace}
    made = owner.http.post("/api/v1/datasets", json=body).raise_for_status().json()
    field = {"name": "prompt", "title": "Prompt", "required": True,
             "settings": {"type": "chat", "use_markdown": True}}  # fmt: skip
    owner.http.post(f"/api/v1/datasets/{made['id']}/fields", json=field).raise_for_status()
    assert ": 2 records\n" in review("push", run)
    assert len(people["ada"].mine(run.name)) == 2
    # Somebody else's unpublished dataset is not touched.
    other = f"{run.name}-other"
    body = {"name": other, "workspace_id": workspace}
    made = owner.http.post("/api/v1/datasets", json=body).raise_for_status().json()
    owner.http.post(
        f"/api/v1/datasets/{made['id']}/fields", json={**field, "name": "theirs"}
    ).raise_for_status()
    assert "it is not published" in review("push", run, "--dataset", other, status=1)


def test_nobody_can_filter_by_what_blind_hides(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 4)
    review("push", run, "--blind")
    review("push", run, "--dataset", f"{run.name}-open")
    for name, hidden_ in (
        (run.name, ("margin", "spread", "consistency", "judges", "models")),
        (f"{run.name}-open", ("models",)),
    ):
        mine = people["aifgen"].dataset(name).replace("/v1/", "/v1/me/")
        found = people["aifgen"].http.get(f"{mine}/metadata-properties").raise_for_status().json()
        there = {one["name"] for one in found["items"]}
        assert "source" in there
        assert not set(hidden_) & there
        path = people["ada"].dataset(name).replace("/v1/", "/v1/me/") + "/records/search"
        for metadata in (*hidden_, "aifgen"):
            scope = {"entity": "metadata", "metadata_property": metadata}
            for narrow in (
                {"type": "range", "scope": scope, "ge": 0},
                {"type": "terms", "scope": scope, "values": ["gpt4", "consistent", "tie"]},
            ):
                asked = {"filters": {"type": "and", "and": [narrow]}}
                answer = people["ada"].http.post(path, json=asked)
                assert answer.status_code >= 400 or answer.json()["total"] == 0
            order = [{"scope": scope, "order": "asc"}]
            assert people["ada"].http.post(path, json={"sort": order}).status_code >= 400


def test_another_run_s_texts_are_not_overwritten(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 2)
    review("push", run)
    before = people["aifgen"].records(run.name)
    other = finished_run(tmp_path / "elsewhere" / run.name, 2, content={0: "A?", 1: "B?"})
    report = json.loads((other / "run.json").read_text())
    (other / "run.json").write_text(json.dumps({**report, "config_digest": "another"}))
    said = review("push", other, status=1)
    assert "(p0: another run's texts stand there under this id: it stays as it is there; " in said
    assert "choose another name, --dataset=NAME)" in said
    assert people["aifgen"].records(run.name) == before
    assert "it is another run's, or of this one as it was" in review("pull", other, status=1)


def test_two_datasets_of_one_run_go_side_by_side(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 2)
    other = f"{run.name} blind"
    review("push", run, "--dataset", other, "--blind")
    people["ben"].answer(people["ben"].mine(other)["p0"], {"best": "tie"})
    review("push", run)
    people["ada"].answer(people["ada"].mine(run.name)["p0"], {"best": "tie"})
    said = review("pull", run, "--names")
    assert f"; {other} has 2 records\n" in said
    assert f"; {run.name} has 2 records\n" in said
    assert {(row["name"], row["dataset"]) for row in human(run)} == {
        ("ada", run.name), ("ben", other),
    }  # fmt: skip
    assert len(review("status", run).splitlines()) == 6
    people["ben"].answer(people["ben"].mine(other)["p1"], {"best": "tie"})
    review("pull", run, "--names", "--dataset", run.name)
    assert len(human(run)) == 2


def test_status_says_how_far_everybody_is(
    tmp_path: Path, review: Command, people: dict[str, User], argilla: LocalServer
) -> None:
    run = finished_run(named(tmp_path), 3)
    assert f"{run.name}: not there; aifgen review push {run} makes it" in review("status", run)
    review("push", run)
    records = people["ada"].mine(run.name)
    people["ada"].answer(records["p0"], {"best": "tie"})
    people["ada"].answer(records["p1"], {"best": "tie"}, "draft")
    people["cy"].answer(records["p0"], None, "discarded")
    review("pull", run)
    said = review("status", run).splitlines()
    assert said[0] == f"{argilla.url}: answers; workspace aifgen"
    assert said[1].startswith(f"{run.name}: 1 of 3 records done, {argilla.url}/dataset/")
    assert said[2:] == [
        "  ada: 1 submitted, 1 draft",
        "  cy: 1 discarded",
        f"{run / 'human.parquet'}: 1 submitted, 1 draft, 1 discarded answers to single questions",
    ]


def test_a_later_push_changes_guidelines_and_overlap(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 2)
    review("push", run, "--min-submitted", 2)
    text = tmp_path / "guide.md"
    text.write_text("Only truth counts.")
    owner = people["aifgen"]

    def asked() -> tuple[str, int]:
        made = owner.http.get(owner.dataset(run.name)).json()
        return made["guidelines"], made["distribution"]["min_submitted"]

    assert asked()[1] == 2
    assert asked()[0].startswith("# What you are asked to do")
    review("push", run, "--min-submitted", 3, "--guidelines", text)
    assert asked() == ("Only truth counts.", 3)
    people["ada"].answer(people["ada"].mine(run.name)["p1"], {"best": "tie"})
    review("push", run)
    assert asked() == ("Only truth counts.", 3)
    review("push", run, "--min-submitted", 1)
    assert asked() == ("Only truth counts.", 1)
    assert f"{run.name}: 1 of 2 records done" in review("status", run)
