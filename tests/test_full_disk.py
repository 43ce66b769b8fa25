"""A disk that fills up in mid-run: one sentence, nothing corrupted, the same command goes on."""

from __future__ import annotations

import sqlite3
from hashlib import shake_256

import pytest

from tests.conftest import Bench
from tests.fakes.model_server import Behaviour, ModelServer
from tests.fakes.tiny_disk import tiny_disk


def test_the_store_is_full(
    bench: Bench,
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.models["gx"] = Behaviour(text=lambda call: f"{call.messages[-1]['content']} " * 400)
    bench.prompts(150)
    with tiny_disk(bench.path) as disk:
        monkeypatch.setenv("AIFGEN_CACHE", str(disk))
        assert bench() == 1
        err = capsys.readouterr().err
        assert "the disk is full" in err
        assert str(disk / "answers.sqlite") in err
        assert bench.report()["status"] == "partial"
        with sqlite3.connect(disk / "answers.sqlite") as store:
            assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            kept = store.execute("SELECT count(*) FROM answers").fetchone()[0]
        assert 0 < kept < 450
        # With room elsewhere the same command goes on (here: all of it, from a new store).
        monkeypatch.setenv("AIFGEN_CACHE", bench.env["AIFGEN_CACHE"])
        assert bench() == 0
    assert bench.report()["rows"] == {"total": 150, "done": 150, "failed": 0}


def test_the_run_folder_is_full(
    bench: Bench, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    # Hexadecimal noise: a Parquet file compresses it by half, and the disk holds 1 MB.
    server.models["gx"] = Behaviour(
        text=lambda call: shake_256(str(call.messages).encode()).hexdigest(12_000)
    )
    bench.prompts(150)
    with tiny_disk(bench.path):
        assert bench(out="disk/out") == 1
        err = capsys.readouterr().err
        assert err.count("aifgen: ") == 1
        assert "free some space" in err.lower()
        assert "Traceback" not in err
    asked = server.count()
    assert bench(out="out") == 0
    assert asked < server.count() == 450  # no answer that was stored is asked again
