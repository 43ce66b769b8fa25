"""Which Argilla, and which dataset there: what the user says, the environment, the local server.

Knows no record.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from filelock import FileLock, Timeout

from aifgen.errors import ConfigError
from aifgen.review.client import Argilla
from aifgen.review.home import HOME
from aifgen.tables import writing

NOTE, LOCK = ".review.json", ".review.lock"
"""In a run's folder: where its rows were pushed to. Hidden, so that a finished run stays one."""
SILENT_S = 1.0
"""How long to wait for another push or pull without a word."""


@dataclass(frozen=True, slots=True)
class Place:
    """A dataset in Argilla. The ids are Argilla's: no other workspace and dataset has them, on
    whatever server and at whatever address."""

    dataset: str
    workspace: str
    workspace_id: str
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
        try:
            lock.acquire(timeout=SILENT_S)
        except Timeout:
            print(f"aifgen: waiting for another push or pull of {run}", file=sys.stderr)
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


def remember(run: Path, place: Place) -> None:
    """Last, after the other places where the run's rows are."""
    places = [*(p for p in remembered(run) if p.dataset_id != place.dataset_id), place]
    draft = run / f"{NOTE}.tmp"
    with writing(run / NOTE):
        draft.write_text(json.dumps([asdict(one) for one in places]) + "\n", "utf-8")
        os.replace(draft, run / NOTE)


def remembered(run: Path) -> list[Place]:
    """Where the run was pushed to, as far as anybody knows. Raises ConfigError."""
    try:
        found = json.loads((run / NOTE).read_text("utf-8"))
        return [Place(**{one.name: str(p[one.name]) for one in fields(Place)}) for p in found]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(
            f"{run / NOTE}, which says where the run's rows are in Argilla, is damaged: remove it, "
            "and name each dataset once more with pull --dataset NAME"
        ) from None


def places(
    run: Path, server: Argilla, dataset: str | None, workspace: str | None
) -> list[tuple[str, str]]:
    """(dataset, workspace) of the run on this server: the one that is named, else all that it was
    pushed to, else the one with its name."""
    spaces = server.spaces()
    known = [
        (one.dataset, one.workspace)
        for one in remembered(run)
        if dataset in (None, one.dataset)
        and workspace in (None, one.workspace)
        and one.workspace_id == spaces.get(one.workspace)
    ]
    usual = dataset or run.resolve().name
    return list(dict.fromkeys(known)) or [(usual, server.workspace(workspace))]
