"""The wheel, installed elsewhere, does what the checkout does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import ROOT, Bench, start
from tests.fakes.model_server import ModelServer


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content: what pip would put into site-packages."""
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(out), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = out.glob("*.whl")
    target = out / "site"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(target), str(wheel)], check=True)
    return target


def test_it_brings_its_options_and_prompts(installed: Path, tmp_path: Path) -> None:
    shipped = sorted(path.relative_to(ROOT) for path in (ROOT / "conf").rglob("*.yaml"))
    there = sorted(
        Path("conf") / path.relative_to(installed / "aifgen" / "conf")
        for path in (installed / "aifgen" / "conf").rglob("*.yaml")
    )
    assert there == shipped
    assert (installed / "aifgen" / "sources" / "sample.jsonl").exists()
    assert (installed / "aifgen" / "review" / "guidelines.md").exists()
    assert (installed / "aifgen" / "py.typed").exists()
    assert not (installed / "tests").exists()
    process = start(["--version"], tmp_path, {}, python_path=installed)
    assert process.communicate()[0].startswith("aifgen ")


def test_it_brings_the_local_argilla_and_none_of_its_packages(installed: Path) -> None:
    shipped = {
        path.relative_to(ROOT / "argilla_local")
        for path in (ROOT / "argilla_local").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    there = installed / "aifgen" / "argilla_local"
    found = {path.relative_to(there) for path in there.rglob("*") if path.suffix != ".pyc"}
    assert {path for path in found if (there / path).is_file()} == shipped
    assert Path("requirements.lock") in shipped
    code = "from aifgen.review import environment; print(environment.project())"
    env = {**os.environ, "PYTHONPATH": str(installed)}
    where = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=installed.parent, capture_output=True, text=True
    )
    assert where.stdout.strip() == str(there)
    (metadata,) = installed.glob("aifgen-*.dist-info/METADATA")
    needed = [line for line in metadata.read_text().splitlines() if line.startswith("Requires-")]
    for package in ("argilla-server", "fastapi", "sqlalchemy", "uvicorn", "alembic"):
        assert not [line for line in needed if package in line.lower()]


def test_it_does_the_same(
    installed: Path,
    bench: Bench,
    server: ModelServer,
    digests: Callable[[Path], dict[str, str]],
) -> None:
    bench.prompts(20)
    assert bench(out="checkout/out") == 0
    assert server.count() == 60
    where = subprocess.run(
        [sys.executable, "-c", "import aifgen; print(aifgen.__file__)"],
        env={**os.environ, "PYTHONPATH": str(installed)},
        cwd=bench.path,
        capture_output=True,
        text=True,
    )
    assert where.stdout.strip() == str(installed / "aifgen" / "__init__.py")
    process = start(bench.words(out="wheel/out"), bench.path, bench.env, python_path=installed)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert server.count() == 60  # all from the store: the requests were the same to the letter
    report = json.loads((bench.path / "wheel" / "out" / "run.json").read_text())
    assert report["calls"] == {"sent": 0, "stored": 60}
    for name in ("prompts", "responses", "judgments", "verdicts"):
        ours, theirs = (bench.path / x / "out" / f"{name}.parquet" for x in ("checkout", "wheel"))
        assert pq.read_table(ours).equals(pq.read_table(theirs))
    same = [digests(bench.path / x / "out" / "preferences") for x in ("checkout", "wheel")]
    assert same[0] == same[1]
