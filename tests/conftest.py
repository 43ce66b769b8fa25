"""What many tests share: a server that plays models, a user's folder of options, the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from aifgen import app
from tests.fakes.argilla import argilla, argilla_python
from tests.fakes.model_server import ModelServer

__all__ = ["argilla", "argilla_python"]

ROOT = Path(__file__).parent.parent
TABLES = ("prompts", "responses", "judgments", "verdicts", "preferences/train-00000-of-00001")

# CI looks at the same examples each time: new ones are for people who can do something about them.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_xdist_auto_num_workers() -> int | None:
    """Of `-n auto`: many tests wait for processes of theirs, in which time others can work."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # xdist reads it
    return (os.cpu_count() or 1) + 2


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@dataclass
class Bench:
    """A user's place: options, prompts, a store of its own, and the aifgen command."""

    path: Path
    url: str
    env: dict[str, str] = field(default_factory=dict)

    @property
    def conf(self) -> Path:
        return self.path / "myconf"

    def model(
        self, name: str, *, api_base: str | None = None, transport: str = "http", text: str = ""
    ) -> None:
        """model/NAME.yaml with generators/NAME.yaml and judge/NAME.yaml, as a user writes them."""
        for group in ("model", "generators", "judge"):
            (self.conf / group).mkdir(parents=True, exist_ok=True)
        (self.conf / "model" / f"{name}.yaml").write_text(
            f"id: openai/{name}\napi_base: {api_base or self.url}\ntransport: {transport}\n{text}"
        )
        (self.conf / "generators" / f"{name}.yaml").write_text(
            f"defaults: [{{/model@{name}: {name}}}]\n"
        )
        (self.conf / "judge" / f"{name}.yaml").write_text(
            f"defaults: [{{/model@models.{name}: {name}}}]\n"
        )

    def prompts(self, n: int, name: str = "prompts.jsonl", **columns: Any) -> Path:
        path = self.path / name
        rows = [{"id": f"q{k}", "prompt": f"What is {k} plus {k}?", **columns} for k in range(n)]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    def words(
        self,
        *overrides: str,
        out: str | None = "out",
        prompts: Path | None = None,
        generators: str = "gx,gy",
        judge: str = "judge-a",
    ) -> list[str]:
        found = [
            "--config-dir",
            str(self.conf),
            f"generators=[{generators}]",
            f"judge={judge}",
            "source=jsonl",
            f"source.path={prompts or self.path / 'prompts.jsonl'}",
        ]
        if out is not None:
            found.append(f"hydra.run.dir={self.path / out}")
        return [*found, *overrides]

    def __call__(self, *overrides: str, **options: Any) -> int:
        """Run the command in this process; returns its exit status."""
        return app.main(self.words(*overrides, **options))

    def start(self, *overrides: str, **options: Any) -> subprocess.Popen[str]:
        """Start the command as a process of its own."""
        return start(self.words(*overrides, **options), self.path, self.env)

    def report(self, out: str = "out") -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.path / out / "run.json").read_text())
        return found

    def table(self, name: str, out: str = "out") -> list[dict[str, Any]]:
        import pyarrow.parquet as pq

        rows: list[dict[str, Any]] = pq.read_table(self.path / out / f"{name}.parquet").to_pylist()
        return rows

    def tables(self, out: str = "out") -> dict[str, list[dict[str, Any]]]:
        """Every table and the dataset, without what was measured."""
        found = {}
        for name in TABLES:
            rows = self.table(name, out)
            found[name] = [{k: v for k, v in r.items() if k != "latency_s"} for r in rows]
        return found


def start(
    words: list[str], cwd: Path, env: Mapping[str, str], *, python_path: Path = ROOT
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "aifgen", *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(python_path), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def bench(tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Generators gx, gy, gz and judges judge-a, judge-b; all in a folder of the test."""
    monkeypatch.chdir(tmp_path)
    cache = str(tmp_path / "cache")
    monkeypatch.setenv("AIFGEN_CACHE", cache)
    made = Bench(tmp_path, server.url, {"AIFGEN_CACHE": cache})
    for name in ("gx", "gy", "gz", "judge-a", "judge-b"):
        made.model(name)
    return made


@pytest.fixture
def digests() -> Callable[[Path], dict[str, str]]:
    """Digest of every file below a folder, by relative path; the lock file apart."""
    import hashlib

    def of(folder: Path) -> dict[str, str]:
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != ".lock"
        }

    return of
