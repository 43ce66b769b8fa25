"""A place for a server of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aifgen.review import local


@pytest.fixture
def home(argilla_python: Path, tmp_path: Path) -> Iterator[Path]:
    """A home of the test's own, without a server; whoever runs there at the end is stopped."""
    place = tmp_path / "argilla"
    try:
        yield place
    finally:
        local.stop(place)
