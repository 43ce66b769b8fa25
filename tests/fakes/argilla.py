"""A real local Argilla, one for each worker of pytest that asks for it."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifgen.errors import ReviewError
from aifgen.review import environment, local
from tests.review.api import PEOPLE


@pytest.fixture(scope="session")
def argilla_python() -> Path:
    """The server's interpreter. Made once, whoever comes first; AIFGEN_ARGILLA_ENV moves it."""
    try:
        return environment.python(lambda line: print(line, file=sys.stderr))
    except ReviewError as error:
        if "could not fetch" in str(error):
            pytest.skip(f"pip reaches no index: {error}")
        raise


@pytest.fixture(scope="session")
def argilla(
    argilla_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[local.LocalServer]:
    """A server with the owner aifgen and the annotators ada, ben and cy; for all tests to share."""
    home = tmp_path_factory.mktemp("argilla")
    atexit.register(local.stop, home)
    try:
        yield local.start(home, annotators=PEOPLE)
    finally:
        local.stop(home)
