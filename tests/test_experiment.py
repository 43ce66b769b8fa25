"""`experiment=prefs_with_llama3` whole: DIBT's layout, two Llamas, a judge, Parquet and Argilla."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from aifgen import app
from aifgen.review.local import LocalServer
from tests.conftest import ROOT, Bench
from tests.fakes.model_server import Behaviour, ModelServer
from tests.review.people import users

pytest.importorskip("argilla", reason="needs pip install 'aifgen[argilla]'")


def dibt(folder: Path, n: int) -> Path:
    """A Parquet folder in the layout of DIBT/10k_prompts_ranked."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    lines = (ROOT / "aifgen" / "sources" / "sample.jsonl").read_text("utf-8").splitlines()[:n]
    rows = [
        json.loads(line)
        | {
            "quality": [{"user_id": "a", "value": "4", "status": "submitted"}],
            "avg_rating": 4.0,
            "num_responses": 1,
            "agreement_ratio": 1.0,
            "raw_responses": [4],
        }
        for line in lines
    ]
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(rows), folder / "train-00000-of-00001.parquet")
    return folder


def test_prefs_with_llama3(
    bench: Bench, server: ModelServer, argilla: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datasets import load_dataset

    key = "hf_a_token_of_the_test"
    monkeypatch.setenv("HF_TOKEN", key)
    server.models["meta-llama/Meta-Llama-3-70B-Judge"] = Behaviour(judge=True)
    monkeypatch.setenv("ARGILLA_API_URL", argilla.url)
    monkeypatch.setenv("ARGILLA_API_KEY", argilla.api_key)
    name = f"experiment-{uuid.uuid4().hex[:12]}"
    words = [
        "experiment=prefs_with_llama3",
        f"source.path={dibt(bench.path / 'dibt', 20)}",
        f"generators.llama3_8b.api_base={server.url}",
        f"generators.llama3_70b.api_base={server.url}",
        f"judge.models.llama3_70b.api_base={server.url}",
        # One server plays all: it tells the judge from the generator by its name.
        "judge.models.llama3_70b.id=huggingface/meta-llama/Meta-Llama-3-70B-Judge",
        f"sink.argilla.dataset={name}",
        f"hydra.run.dir={bench.path / 'out'}",
    ]
    assert app.main(words) == 0
    assert server.count() == 60
    assert len(users(argilla)["aifgen"].records(name)) == 20
    # A provider's token is not for an address of ours.
    assert not [call for call in server.calls if key in str(call.headers)]
    rows = load_dataset(str(bench.path / "out" / "preferences"), cache_dir=str(bench.path / "hf"))
    assert len(rows["train"]) == bench.report()["pairs"] > 0
    first = rows["train"][0]
    assert first["avg_rating"] == 4.0
    assert first["topic"]
    assert first["quality"][0]["status"] == "submitted"
    assert {first["chosen_generator"], first["rejected_generator"]} == {"llama3_8b", "llama3_70b"}


def test_argilla_out_of_reach_costs_no_call(
    bench: Bench,
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bench.prompts(3)
    monkeypatch.setenv("ARGILLA_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ARGILLA_API_KEY", "a.key.of.the.test")
    assert bench("sink=[parquet,argilla]") == 1
    assert "http://127.0.0.1:9" in capsys.readouterr().err
    assert server.count() == 0
    assert not (bench.path / "out").exists()
