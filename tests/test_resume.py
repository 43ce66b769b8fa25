"""Ending a run early, in every way, and going on: nothing is asked twice, tables are equal."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from aifgen.folder import HUMAN
from aifgen.records import schemas
from aifgen.tables import TableWriter
from tests.conftest import Bench
from tests.fakes.model_server import Behaviour, ModelServer

TABLES = ("prompts", "responses", "judgments", "verdicts", "preferences/train-00000-of-00001")


def stored(cache: Path) -> int:
    with sqlite3.connect(cache / "answers.sqlite") as store:
        found: int = store.execute("SELECT count(*) FROM answers").fetchone()[0]
        return found


def tables(out: Path) -> dict[str, list[dict[str, Any]]]:
    """Every table without what was measured."""
    found = {}
    for name in TABLES:
        table = pq.read_table(out / f"{name}.parquet")
        kept = [column for column in table.column_names if column != "latency_s"]
        found[name] = table.select(kept).to_pylist()
    return found


def undisturbed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """The tables of a run with a store of its own that nobody interrupts."""
    monkeypatch.setenv("AIFGEN_CACHE", str(bench.path / "cache-of-its-own"))
    assert bench(out="undisturbed/out") == 0
    monkeypatch.setenv("AIFGEN_CACHE", bench.env["AIFGEN_CACHE"])
    return tables(bench.path / "undisturbed" / "out")


def test_kill_9_and_go_on(
    bench: Bench, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.prompts(150)
    server.hold("judge-a")
    server.default = Behaviour(latency=0.05)  # so that it lasts longer than from commit to commit
    process = bench.start()
    server.wait_for_calls(32, timeout=120, model="judge-a")  # its whole share is in flight
    process.kill()
    process.communicate()
    kept, asked = stored(Path(bench.env["AIFGEN_CACHE"])), server.count()
    assert 0 < kept <= asked - 32
    assert bench.report()["status"] == "partial"
    server.release("judge-a")
    assert bench() == 0
    assert server.count() - asked == 450 - kept
    assert bench.report()["status"] == "complete"
    resumed = tables(bench.path / "out")
    assert not list((bench.path / "out").glob(".*.tmp"))
    assert resumed == undisturbed(bench, monkeypatch)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_lets_paid_answers_come_home(
    bench: Bench,
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    code: int,
) -> None:
    bench.prompts(150)
    server.hold("judge-a")
    process = bench.start("progress=plain")
    server.wait_for_calls(32, timeout=120, model="judge-a")
    process.send_signal(number)
    assert process.stderr is not None
    for line in process.stderr:
        if "stopping" in line:
            break
    server.release("judge-a")
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "the same command goes on" in err
    asked = server.count()
    assert stored(Path(bench.env["AIFGEN_CACHE"])) == asked  # nothing in flight was thrown away
    report = bench.report()
    assert report["status"] == "partial"
    assert 0 < report["rows"]["done"] < 150
    assert len(bench.table("judgments")) == report["rows"]["done"]
    assert bench() == 0
    assert server.count() == 450
    assert bench.report()["spent"]["calls"] == 450
    assert tables(bench.path / "out") == undisturbed(bench, monkeypatch)


def test_a_signal_waits_for_the_answers_of_half_asked_rows(
    bench: Bench, server: ModelServer
) -> None:
    """A row whose other generator still waits for its turn must not cut off the one in flight."""
    bench.prompts(150)
    bench.model("gx", text="max_concurrency: 1\n")  # gy of the same row waits
    server.hold()
    process = bench.start("progress=plain")
    server.wait_for_calls(1, timeout=120)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    for line in process.stderr:
        if "stopping" in line:
            break
    with pytest.raises(subprocess.TimeoutExpired):  # it waits as long as the answer takes
        process.wait(timeout=8)
    server.release()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "exception" not in err
    assert stored(Path(bench.env["AIFGEN_CACHE"])) == server.count() == 1


@pytest.mark.parametrize(
    "name",
    [
        "responses.parquet",
        "preferences/README.md",
        "preferences/train-00000-of-00001.parquet",
        "report.html",
    ],
)
def test_a_damaged_folder_is_mended_from_the_store(
    bench: Bench, server: ModelServer, name: str
) -> None:
    bench.prompts(10)
    assert bench() == 0
    path = bench.path / "out" / name
    whole = path.read_bytes()
    path.unlink()
    assert bench() == 0
    assert path.read_bytes() == whole
    path.write_bytes(b"garbage")
    assert bench() == 0
    assert path.read_bytes() == whole
    assert server.count() == 30


def test_a_finished_run_stays_finished_when_people_have_answered(
    bench: Bench, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.prompts(5)
    assert bench() == 0
    report, pages = bench.report(), (bench.path / "out" / "report.html").stat().st_mtime_ns
    table = bench.path / "out" / HUMAN
    TableWriter(table, schemas()["human"]).close()
    answers = table.read_bytes()
    capsys.readouterr()

    assert bench() == 0

    assert "is finished" in capsys.readouterr().out
    assert server.count() == 15
    assert table.read_bytes() == answers
    assert bench.report() == report
    assert (bench.path / "out" / "report.html").stat().st_mtime_ns == pages
    bench.prompts(6)  # the source has grown: the run goes on, and people keep their answers
    assert bench() == 0
    assert server.count() == 18
    assert table.read_bytes() == answers
    assert HUMAN not in bench.report()["files"]


def test_a_second_signal_stops_now(bench: Bench, server: ModelServer) -> None:
    bench.prompts(150)
    server.hold("judge-a")  # for good: nobody releases it
    process = bench.start("progress=plain")
    server.wait_for_calls(32, timeout=120, model="judge-a")
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    for line in process.stderr:
        if "stopping" in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert stored(Path(bench.env["AIFGEN_CACHE"])) == server.count() - 32


def test_a_shorter_second_start_does_not_shrink_the_tables(
    bench: Bench, server: ModelServer
) -> None:
    bench.prompts(20)
    assert bench("judge.max_tokens=500") == 0
    before = bench.table("judgments")
    assert len(before) == 20
    bench.prompts(22)  # the file grew: the run goes on, and is stopped at once
    server.hold()
    process = bench.start("judge.max_tokens=500", "progress=plain")
    server.wait_for_calls(62, timeout=120)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        for line in process.stderr:
            if "stopping" in line:
                break
    process.communicate(timeout=60)
    assert bench.table("judgments")[:20] == before


def test_two_processes_on_one_folder(
    bench: Bench, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.prompts(5)
    server.hold()
    first = bench.start()
    server.wait_for_calls(1, timeout=120)
    assert bench() == 1
    assert "worked on by another aifgen" in capsys.readouterr().err
    server.release()
    first.communicate(timeout=60)
    assert first.returncode == 0
