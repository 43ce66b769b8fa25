"""What `aifgen review push|pull|status` say when something is missing, wrong or full."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from aifgen.review import local
from aifgen.review.local import LocalServer
from tests.conftest import ROOT
from tests.fakes.tiny_disk import tiny_disk
from tests.review.people import Command, User, finished_run, users


@pytest.fixture
def refused(review: Command) -> Command:
    """`aifgen review` that must fail; returns its one sentence."""
    return partial(review, status=1)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return finished_run(tmp_path / f"words-{uuid.uuid4().hex[:12]}", 3)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["push"], "name one run: aifgen review push outputs/RUN"),
        (["pull"], "name one run: aifgen review pull outputs/RUN"),
        (["push", "nowhere"], "there is no folder nowhere"),
        (["push", "{run}", "--sample", "some"], "sample some: give disagreement:100"),
        (["push", "{run}", "--sample", "random:0"], "sample random:0: 0 is no number of prompts"),
        (["push", "{run}", "--sample", "flipped"], "no judge changed its mind"),
        (["push", "{run}", "--by", "nobody"], "no judge of {run} is called nobody: there are gpt4"),
        (["push", "{run}", "--ask", "votes"], "--ask has 'votes': name some of rating, best"),
        (["push", "{run}", "--prompt-as", "x"], "--prompt-as is 'x': write chat or text"),
        (["push", "{run}", "--min-submitted", "0"], "--min-submitted is 0: give 1 or more"),
        (["push", "{run}", "--min-submitted", "two"], "--min-submitted: invalid int value: 'two'"),
        (
            ["push", "{run}", "--guidelines", "none.md"],
            "guidelines none.md cannot be read (No",
        ),
        (["push", "{run}", "--workspace", "blue"], "--workspace 'blue' is not there: {url} has"),
        (["pull", "{run}", "--workspace", "blue"], "--workspace 'blue' is not there: {url} has"),
        (["pull", "{run}"], "has no dataset '{name}' (it has "),
        (
            ["push", "{run}", "--bilnd"],
            "unrecognized arguments: --bilnd: see aifgen review",
        ),
        (["psuh", "{run}"], "there is no command review psuh: did you mean push?"),
    ],
)
def test_bad_words(
    refused: Command,
    review: Command,
    run: Path,
    argilla: LocalServer,
    words: list[str],
    expected: str,
) -> None:
    facts = {"run": str(run), "url": argilla.url, "name": run.name}
    assert expected.format(**facts) in refused(*(word.format(**facts) for word in words))
    assert "no answers yet" in review("status", run)


def test_a_run_without_judgments(refused: Command, review: Command, tmp_path: Path) -> None:
    bare = finished_run(tmp_path / "bare", 2, judges=())
    assert f"{bare} has no judgment: run its command again" in refused("push", bare)


def test_a_run_that_is_not_complete_is_pushed_and_said(
    refused: Command, review: Command, run: Path
) -> None:
    report = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**report, "status": "partial"}))
    assert f"{run} is not complete: push it again when it is" in review("push", run)


def test_a_dataset_with_other_settings(
    refused: Command, review: Command, run: Path, tmp_path: Path
) -> None:
    review("push", run)
    told = refused("push", run, "--ask", "best")
    assert f"the Argilla dataset '{run.name}' in workspace 'aifgen' does not fit this run" in told
    assert "(its questions have comment (text), the run needs no comment)" in told
    assert "--dataset=NAME" in told
    review("push", run, "--ask", "best", "--dataset", f"{run.name}-best")


def test_without_a_server_or_a_key(
    refused: Command, review: Command, run: Path, argilla: LocalServer,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.setenv("ARGILLA_API_KEY", "not-the-key-9876")
    told = refused("push", run)
    assert f"Argilla at {argilla.url} does not know this key" in told
    assert "9876" not in told
    monkeypatch.setenv("ARGILLA_API_URL", "http://127.0.0.1:9")
    assert "Argilla at http://127.0.0.1:9 does not answer" in refused("pull", run)
    monkeypatch.delenv("ARGILLA_API_KEY")
    assert "wants a key: set the environment variable ARGILLA_API_KEY" in refused("push", run)
    monkeypatch.delenv("ARGILLA_API_URL")
    told = refused("push", run, "--home", tmp_path / "nobody")
    assert "no Argilla: start a local one with aifgen review serve" in told
    assert ": 3 records" in review("push", run, "--home", argilla.home)


def test_a_dataset_of_somebody_else(
    refused: Command, review: Command, run: Path, tmp_path: Path
) -> None:
    review("push", run)
    other = finished_run(tmp_path / "other", 1)
    prompts = pq.read_table(other / "prompts.parquet").to_pylist()
    renamed = [{**row, "prompt_id": "x"} for row in prompts]
    import pyarrow as pa

    schema = pq.read_schema(other / "prompts.parquet")
    pq.write_table(pa.Table.from_pylist(renamed, schema), other / "prompts.parquet")
    told = refused("pull", other, "--dataset", run.name)
    assert f"the Argilla dataset '{run.name}' has no prompt of {other} with the texts" in told


def test_a_full_disk_keeps_the_answers_that_were_there(
    refused: Command, review: Command, tmp_path: Path, argilla: LocalServer
) -> None:
    people = users(argilla)
    noise = random.Random(0)
    with tiny_disk(tmp_path) as disk:
        run = finished_run(disk / f"full-{uuid.uuid4().hex[:12]}", 4)
        review("push", run)
        records = people["ada"].mine(run.name)
        people["ada"].answer(records["p0"], {"best": "tie"})
        review("pull", run)
        before = (run / "human.parquet").read_bytes()
        for name in ("p1", "p2", "p3"):
            comment = noise.randbytes(450_000).hex()
            people["ada"].answer(records[name], {"best": "tie", "comment": comment})
        assert f"disk full while writing {run / 'human.parquet'}: free some" in refused("pull", run)
        assert (run / "human.parquet").read_bytes() == before
        assert [path.name for path in run.glob(".*.tmp")] == []


def test_a_server_killed_in_the_middle_of_a_push_loses_and_doubles_nothing(
    argilla_python: Path, tmp_path: Path
) -> None:
    home, run = tmp_path / "argilla", finished_run(tmp_path / "run", 500)
    words = [sys.executable, "-m", "aifgen", "review", "push", str(run), "--home", str(home)]
    hidden = {"ARGILLA_API_URL", "ARGILLA_API_KEY"}
    env = {k: v for k, v in os.environ.items() if k not in hidden} | {"PYTHONPATH": str(ROOT)}
    try:
        server = local.start(home, annotators=["ada"])
        pushing = subprocess.Popen(words, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True)
        owner = users(server)["aifgen"]
        while pushing.poll() is None and not _records(owner):
            pass
        os.kill(server.pid, 9)
        _, err = pushing.communicate()
        assert pushing.returncode == 1
        assert err.startswith("aifgen: Argilla at ")
        assert "run the same command again" in err
        again = local.start(home)
        owner = users(again)["aifgen"]
        kept = owner.records("run")
        assert 0 < len(kept) < 500
        people = users(again)
        people["ada"].answer(next(iter(people["ada"].mine("run").values())), {"best": "tie"})
        subprocess.run(words, cwd=tmp_path, env=env, check=True, capture_output=True)
        after = owner.records("run")
        assert set(after) == {f"p{n}" for n in range(500)}
        same = [{k: v for k, v in after[n].items() if k not in VARY} for n in kept]
        assert same == [{k: v for k, v in kept[n].items() if k not in VARY} for n in kept]
        assert sum(len(one["responses"]) for one in after.values()) == 1
    finally:
        local.stop(home)


VARY = {"responses", "status", "updated_at"}
"""What one annotator's answer changes of a record."""


def _records(owner: User) -> Any:
    """Of the dataset `run`, as soon as it is there."""
    found = owner.http.get("/api/v1/me/datasets").raise_for_status().json()["items"]
    path = f"/api/v1/datasets/{found[0]['id']}/records" if found else ""
    return path and owner.http.get(path, params={"limit": 1}).raise_for_status().json()["items"]
