"""The plain `aifgen`, shortened to two prompts: real weights, a real server, real text."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from aifgen import app

pytest.importorskip("xllamacpp", reason="needs pip install 'aifgen[local]'")


def test_the_default_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIFGEN_CACHE", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-the-embedded-server")
    assert app.main(["source.limit=2"]) == 0
    out, _ = capsys.readouterr()
    assert "do not train on these preferences" in out
    (run,) = (tmp_path / "outputs").glob("local-*")
    report = json.loads((run / "run.json").read_text())
    assert report["status"] == "complete"
    assert report["usd"] == 0.0
    assert report["embedded"] == ["local"]
    responses = pq.read_table(run / "responses.parquet").to_pylist()
    assert [row["generator"] for row in responses] == ["local_plain", "local_brief"] * 2
    assert all(len(row["text"].split()) >= 3 for row in responses)
    assert responses[0]["text"] != responses[1]["text"]
    judgments = pq.read_table(run / "judgments.parquet").to_pylist()
    assert [row["status"] for row in judgments] == ["ok", "ok"]
    assert all(set(row["ratings"]) <= {1.0, 2.0, 3.0, 4.0, 5.0} for row in judgments)
    card = (run / "preferences" / "README.md").read_text()
    assert "trying the machinery" in card
    assert (tmp_path / "outputs" / "cache" / "answers.sqlite").exists()
    # Again: finished, and nothing is started or asked.
    assert app.main(["source.limit=2"]) == 0
    assert "finished" in capsys.readouterr().out
