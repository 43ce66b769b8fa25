"""Which Argilla, and which dataset there: what the user says, the environment, the local server.

Knows no record.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from aifgen.errors import ConfigError
from aifgen.review.client import Argilla
from aifgen.review.home import HOME
from aifgen.tables import writing

NOTE = ".review.json"
"""In a run's folder: where it was pushed to. Hidden, so that a finished run stays one."""


@dataclass(frozen=True, slots=True)
class Place:
    """A dataset in Argilla. url: the server's."""

    dataset: str
    workspace: str
    url: str


def connect(api_url: str | None, option: str, home: Path = HOME) -> Argilla:
    """Sign in at api_url or ARGILLA_API_URL with ARGILLA_API_KEY; where neither variable is set, at
    the local server that runs. Raises ConfigError, SinkError."""
    from aifgen.review import local

    url = api_url or os.environ.get("ARGILLA_API_URL", "").strip() or None
    key = os.environ.get("ARGILLA_API_KEY", "").strip()
    if url and key:
        return Argilla(url, key, option)
    if url is None and not key:
        if (found := local.find(home)) is not None:
            return Argilla(found.url, found.api_key, option)
        raise ConfigError(
            "no Argilla: start a local one with aifgen review serve, or set the environment "
            "variables ARGILLA_API_URL and ARGILLA_API_KEY"
        )
    if url is None:
        raise ConfigError("ARGILLA_API_KEY is set and ARGILLA_API_URL is not: set both, or neither")
    raise ConfigError(f"Argilla at {url} wants a key: set the environment variable ARGILLA_API_KEY")


def remember(run: Path, place: Place) -> None:
    """Last, after the other places that the run was pushed to."""
    places = [*(one for one in remembered(run) if one != place), place]
    with writing(run / NOTE):
        (run / NOTE).write_text(json.dumps([asdict(one) for one in places]) + "\n", "utf-8")


def remembered(run: Path) -> list[Place]:
    """Where the run was pushed to, as far as anybody knows."""
    try:
        found = json.loads((run / NOTE).read_text("utf-8"))
        return [Place(str(p["dataset"]), str(p["workspace"]), str(p["url"])) for p in found]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def places(
    run: Path, server: Argilla, dataset: str | None, workspace: str | None
) -> list[tuple[str, str]]:
    """(dataset, workspace) of the run on this server: the one that is named, else all that it was
    pushed to, else the one with its name."""
    known = [
        (one.dataset, one.workspace)
        for one in remembered(run)
        if one.url == server.url
        and dataset in (None, one.dataset)
        and workspace in (None, one.workspace)
    ]
    return known or [(dataset or run.resolve().name, server.workspace(workspace))]
