"""The dataset that all tests of the engine look at, on the worker's one server."""

from __future__ import annotations

import pytest

from aifgen.review import local
from tests.argilla_local.scene import Scene, make_scene


@pytest.fixture(scope="session")
def scene(argilla: local.LocalServer) -> Scene:
    """Nobody may change it."""
    return make_scene(argilla, "scene")
