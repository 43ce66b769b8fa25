"""A place for a server of the test's own, and `aifgen review` at the server that all share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aifgen import reviewing
from aifgen.review import local
from aifgen.review.local import LocalServer
from tests.review.people import Command


@pytest.fixture
def home(argilla_python: Path, tmp_path: Path) -> Iterator[Path]:
    """A home of the test's own, without a server; whoever runs there at the end is stopped."""
    place = tmp_path / "argilla"
    try:
        yield place
    finally:
        local.stop(place)


@pytest.fixture
def review(
    argilla: LocalServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """`aifgen review` against the real server; returns what it printed."""
    monkeypatch.setenv("ARGILLA_API_URL", argilla.url)
    monkeypatch.setenv("ARGILLA_API_KEY", argilla.api_key)

    def ran(*words: object, status: int = 0) -> str:
        capsys.readouterr()
        code = reviewing.main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert code == status, err
        if status:
            assert out == ""
            assert err.startswith("aifgen: ")
            assert err.count("\n") == 1
        return err if status else out

    return ran
