"""Several pushes and pulls of one run: at once, to several datasets, under several addresses, and
samples that add to each other."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from aifgen.review.local import LocalServer
from tests.conftest import ROOT
from tests.fakes.argilla_proxy import ArgillaProxy
from tests.review.people import Command, User, finished_run, hidden, users
from tests.review.test_round_trip import human, named


@pytest.fixture
def people(argilla: LocalServer) -> dict[str, User]:
    return users(argilla)


def at_once(*commands: list[str], server: LocalServer) -> list[tuple[int, str]]:
    """`aifgen review WORDS` as processes that begin together: (exit status, standard error), but
    for the line that one waits for another."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "ARGILLA_API_URL": server.url}
    env["ARGILLA_API_KEY"] = server.api_key
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "aifgen", "review", *words],
            env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for words in commands
    ]  # fmt: skip
    said = [re.sub("aifgen: waiting for .*\n", "", one.communicate()[1]) for one in running]
    return [(one.returncode, err) for one, err in zip(running, said, strict=True)]


def test_pushes_and_pulls_at_once(
    tmp_path: Path, argilla: LocalServer, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 60)
    push = ["push", str(run)]
    other = f"{run.name}-other"
    assert at_once(push, push, [*push, "--dataset", other], server=argilla) == [(0, "")] * 3
    for name in (run.name, other):
        assert set(people["aifgen"].records(name)) == {f"p{n}" for n in range(60)}
    people["ada"].answer(people["ada"].mine(run.name)["p1"], {"best": "tie"})
    people["ben"].answer(people["ben"].mine(other)["p2"], {"best": "tie"})
    for _ in range(2):
        pulls = [["pull", str(run), "--names", "--dataset", name] for name in (run.name, other)]
        assert at_once(*pulls, server=argilla) == [(0, "")] * 2
        rows = {(row["dataset"], row["prompt_id"], row["name"]) for row in human(run)}
        assert rows == {(run.name, "p1", "ada"), (other, "p2", "ben")}


def test_each_sample_keeps_the_judge_whose_doubts_it_follows(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(
        named(tmp_path), 40, judges=("gpt4", "llama"),
        rating=lambda n, g, judge: float(1 + (n * (7 if judge == "gpt4" else 3) + g * 2) % 5),
    )  # fmt: skip
    review("push", run, "--sample", "margin:8", "--by", "gpt4")
    first = {name: hidden(one) for name, one in people["aifgen"].records(run.name).items()}
    assert len(first) == 8
    assert {one["sample"] for one in first.values()} == {"margin:8@0/gpt4"}
    assert len({one["inclusion_probability"] for one in first.values()}) > 1

    said = review("push", run, "--sample", "margin:8", "--by", "llama")
    assert "chosen by margin:8 by gpt4 and margin:8 by llama: the weights are kept" in said
    both = {name: hidden(one) for name, one in people["aifgen"].records(run.name).items()}
    assert set(first) < set(both)
    alone = f"{run.name}-alone"
    review("push", run, "--sample", "margin:8", "--by", "llama", "--dataset", alone)
    second = {name: hidden(one) for name, one in people["aifgen"].records(alone).items()}
    assert set(both) == set(first) | set(second)
    for name in set(first) & set(second):
        one, two = (part[name]["inclusion_probability"] for part in (first, second))
        assert both[name]["inclusion_probability"] == pytest.approx(1 - (1 - one) * (1 - two))
    review("push", run, "--sample", "margin:8", "--by", "llama")  # a third one would be too many
    assert {n: hidden(o) for n, o in people["aifgen"].records(run.name).items()} == both


def test_a_sample_of_a_run_that_has_grown_wants_another_dataset(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 20)
    report = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**report, "status": "partial"}))
    said = review("push", run, "--sample", "random:8")
    assert "once it is, a new sample wants a new dataset" in said
    before = people["aifgen"].records(run.name)
    finished_run(run, 40)
    # The same again keeps what is there as it was drawn, and draws nothing.
    assert ": 8 records" in review("push", run, "--sample", "random:8")
    again = people["aifgen"].records(run.name)
    assert {name: hidden(one) for name, one in again.items()} == {
        name: hidden(one) for name, one in before.items()
    }
    before = again
    said = review("push", run, "--sample", "random:9", status=1)
    assert "8 records that are there (the first is p" in said
    assert "give a new sample another dataset" in said
    assert people["aifgen"].records(run.name) == before
    # All makes sure of every row, whatever came before; then the same words keep it so.
    assert ": 40 records" in review("push", run)
    found = [hidden(one) for one in people["aifgen"].records(run.name).values()]
    assert {one["inclusion_probability"] for one in found} == {1.0}
    # All of a run has no chances that could change.
    grown = finished_run(named(tmp_path), 2)
    review("push", grown)
    finished_run(grown, 3)
    assert ": 3 records" in review("push", grown)


def test_what_brings_answers_of_one_place_leaves_another_s_alone(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    """Two datasets of one name, in two workspaces, as on two servers."""
    run, owner = finished_run(named(tmp_path), 2), people["aifgen"]
    space = owner.http.post("/api/v1/workspaces", json={"name": run.name}).raise_for_status().json()
    try:
        for name, who in (("aifgen", "ada"), (run.name, "aifgen")):
            review("push", run, "--workspace", name)
            (mine,) = (
                one["id"]
                for one in owner.http.get("/api/v1/me/datasets").json()["items"]
                if one["name"] == run.name
                and (one["workspace_id"] == space["id"]) == (who != "ada")
            )
            path = f"/api/v1/me/datasets/{mine}/records/search"
            found = people[who].http.post(path, json={}).raise_for_status().json()["items"]
            people[who].answer(found[0]["record"], {"best": "tie"})
        review("pull", run, "--names", "--workspace", "aifgen")
        review("pull", run, "--names", "--workspace", run.name)
        assert {row["name"] for row in human(run)} == {"ada", "aifgen"}
        said = review("pull", run, "--names", "--workspace", run.name, "--force")
        assert "dropped" not in said
        assert {row["name"] for row in human(run)} == {"ada", "aifgen"}
    finally:
        owner.http.delete(f"/api/v1/datasets/{mine}").raise_for_status()
        owner.http.delete(f"/api/v1/workspaces/{space['id']}").raise_for_status()


def test_a_deleted_dataset_and_another_address_hide_no_answer(
    tmp_path: Path,
    argilla: LocalServer,
    review: Command,
    people: dict[str, User],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = finished_run(named(tmp_path), 2)
    wrong, right = f"{run.name}-wrong", f"{run.name}-right"
    review("push", run, "--dataset", wrong)
    said = review("push", run, "--dataset", right)
    assert f"their answers: aifgen review pull {run} --dataset {right}\n" in said
    owner = people["aifgen"]
    owner.http.delete(owner.dataset(wrong)).raise_for_status()
    people["ada"].answer(people["ada"].mine(right)["p0"], {"best": "tie"})
    said = review("pull", run)
    assert said.startswith(f"{wrong}: not there any more\n")
    assert [row["dataset"] for row in human(run)] == [right]
    # By id the same dataset, by whatever address.
    (run / "human.parquet").write_bytes(b"PAR1 no more")
    assert "Or move it away: what is in Argilla comes back" in review("pull", run, status=1)
    (run / "human.parquet").unlink()
    monkeypatch.setenv("ARGILLA_API_URL", argilla.url.replace("127.0.0.1", "localhost"))
    review("pull", run)
    assert [row["dataset"] for row in human(run)] == [right]
    said = review("status", run, "--dataset", "elsewhere")
    assert f"aifgen review push {run} --dataset elsewhere makes it" in said


def test_a_damaged_note_is_said_and_not_written_over(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 2)
    review("push", run)
    (run / ".review.json").write_text("{bad")
    for words in (["push"], ["pull"], ["status"]):
        said = review(*words, run, status=1)
        assert ".review.json, which says where the run's rows are in Argilla, is damaged" in said
    assert (run / ".review.json").read_text() == "{bad"


def test_a_push_that_was_cut_short_is_known(
    tmp_path: Path, argilla: LocalServer, review: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, other = finished_run(named(tmp_path), 2), f"named-{tmp_path.name}"
    with ArgillaProxy(argilla.url) as proxy:
        proxy.fault = lambda method, path: 503 if path.endswith("/bulk") else None
        monkeypatch.setenv("ARGILLA_API_URL", proxy.url)
        review("push", run, "--dataset", other, status=1)
    monkeypatch.setenv("ARGILLA_API_URL", argilla.url)
    assert f"{other}: 0 of 0 records done" in review("status", run)


def test_answers_about_other_texts_are_said_to_be_that_and_not_to_be_gone(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 2)
    review("push", run)
    for record in people["ada"].mine(run.name).values():
        people["ada"].answer(record, {"best": "tie"})
    review("pull", run)
    finished_run(run, 2, content={1: "What is one?"})
    said = review("pull", run)
    assert "1 records are of prompts or texts that the run has not: left out.\n" in said
    assert "not in Argilla any more" not in said


def test_one_response_a_prompt_is_rated_whatever_is_asked(
    tmp_path: Path, review: Command, people: dict[str, User]
) -> None:
    run = finished_run(named(tmp_path), 1, generators=("only",))
    review("push", run, "--ask", "best,ranking,comment")
    (record,) = people["ada"].mine(run.name).values()
    people["ada"].answer(record, {"rating_1": 4})
    review("pull", run)
    assert [row["value"] for row in pq.read_table(run / "human.parquet").to_pylist()] == ["[4]"]
