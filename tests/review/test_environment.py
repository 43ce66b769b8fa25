"""The server's environment: whole or not there, one for all, and a sentence for what goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aifgen.errors import ReviewError
from aifgen.review import environment
from aifgen.user_cache import user_cache
from tests.conftest import ROOT
from tests.fakes.tiny_disk import tiny_disk

MAKE = "from aifgen.review import environment as e; print(e.python(lambda t: print(t, flush=True)))"


def make(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", MAKE],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "AIFGEN_ARGILLA_ENV": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_killed_half_way_then_two_at_once_make_one(argilla_python: Path, tmp_path: Path) -> None:
    killed = make(tmp_path)
    assert killed.stdout
    for line in killed.stdout:
        if line.startswith("fetching packages"):
            break
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    name = argilla_python.parent.parent.name
    assert not (tmp_path / name).exists()

    outs = [process.communicate()[0].splitlines() for process in (make(tmp_path), make(tmp_path))]
    assert {out[-1] for out in outs} == {str(tmp_path / name / "bin" / "python")}
    made = [out for out in outs if any(line.startswith("making") for line in out)]
    assert len(made) == 1
    assert not list(tmp_path.glob("*.part"))
    # The same packages in the same versions as the one that the other tests run.
    listed = [
        sorted(path.name for path in folder.glob("lib/*/site-packages/*.dist-info"))
        for folder in (tmp_path / name, argilla_python.parent.parent)
    ]
    assert listed[0] == listed[1]
    assert len(listed[0]) == 31


def test_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone(monkeypatch, PIP_INDEX_URL="http://127.0.0.1:1/simple", PIP_RETRIES="0")
    sentence = refused(tmp_path, monkeypatch)
    assert sentence.startswith("pip could not fetch the packages of the local Argilla")


def test_another_file_than_the_pinned_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    links = tmp_path / "links"
    links.mkdir()
    (links / "aiosqlite-0.20.0-py3-none-any.whl").write_bytes(b"not what was tested")
    alone(monkeypatch, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(links))
    sentence = refused(tmp_path / "envs", monkeypatch)
    assert sentence.startswith("pip refused aiosqlite==0.20.0")
    assert "sha256" in sentence


def test_a_full_disk(argilla_python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tiny_disk(tmp_path) as disk:
        sentence = refused(disk, monkeypatch)
    assert "the disk is full" in sentence
    assert "AIFGEN_ARGILLA_ENV" in sentence


def test_a_folder_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot keep the environment" in refused(tmp_path / "file" / "envs", monkeypatch)


def test_neither_pip_nor_ensurepip(tmp_path: Path) -> None:
    """Debian's python3 without python3-venv, and an environment that uv made."""
    hide = "import sys; sys.modules['pip'] = sys.modules['ensurepip'] = None\n"
    hide += "import importlib.util as u; find = u.find_spec\n"
    hide += "u.find_spec = lambda n, *a: None if n in ('pip', 'ensurepip') else find(n, *a)\n"
    done = subprocess.run(
        [sys.executable, "-c", hide + MAKE],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "AIFGEN_ARGILLA_ENV": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert "has neither pip nor ensurepip" in done.stderr.splitlines()[-1]
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def alone(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    """pip without this machine's settings."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


def refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The sentence; nothing is left that looks whole."""
    monkeypatch.setenv("AIFGEN_ARGILLA_ENV", str(folder))
    with pytest.raises(ReviewError) as caught:
        environment.python(lambda _: None)
    if folder.is_dir():
        assert not [path for path in folder.iterdir() if path.is_dir()]
    return str(caught.value)


def test_a_folder_is_named_from_where_the_command_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server works in its home: a relative path would mean another folder there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIFGEN_ARGILLA_ENV", "here")
    assert user_cache("AIFGEN_ARGILLA_ENV", "argilla") == tmp_path / "here"
