"""Which Argilla, and which dataset there: what the user says, the environment, the local server.

Knows no record.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from filelock import FileLock

from aifgen.errors import ConfigError
from aifgen.review.client import Argilla
from aifgen.review.home import HOME
from aifgen.tables import writing

NOTE, LOCK = ".review.json", ".review.lock"
"""In a run's folder: where its rows were pushed to. Hidden, so that a finished run stays one."""


@dataclass(frozen=True, slots=True)
class Place:
    """A dataset in Argilla. url: the server's, as it was then. dataset_id: Argilla's, which no
    other dataset has, on whatever server."""

    dataset: str
    workspace: str
    url: str
    dataset_id: str


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


@contextlib.contextmanager
def alone(run: Path) -> Iterator[None]:
    """Within, nobody else pushes or pulls this run: whoever comes waits. Raises SinkError."""
    lock = FileLock(run / LOCK)
    with writing(run / LOCK):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def remember(run: Path, place: Place) -> None:
    """Last, after the other places where the run's rows are."""
    places = [*(p for p in remembered(run) if p.dataset_id != place.dataset_id), place]
    with writing(run / NOTE):
        (run / NOTE).write_text(json.dumps([asdict(one) for one in places]) + "\n", "utf-8")


def remembered(run: Path) -> list[Place]:
    """Where the run was pushed to, as far as anybody knows."""
    try:
        found = json.loads((run / NOTE).read_text("utf-8"))
        return [Place(**{one.name: str(p[one.name]) for one in fields(Place)}) for p in found]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def places(
    run: Path, server: Argilla, dataset: str | None, workspace: str | None
) -> list[tuple[str, str]]:
    """(dataset, workspace) of the run on this server, by whatever address: the one that is named,
    else all that it was pushed to, else the one with its name."""
    known = [
        (one.dataset, one.workspace)
        for one in remembered(run)
        if dataset in (None, one.dataset)
        and workspace in (None, one.workspace)
        and (one.url == server.url or server.has(one.dataset_id))
    ]
    usual = dataset or run.resolve().name
    return list(dict.fromkeys(known)) or [(usual, server.workspace(workspace))]
