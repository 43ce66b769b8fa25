"""Starts the server in a home and runs it until SIGTERM. Knows the order of things."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import shutil
import signal
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from argilla_local import credentials, database, stand_ins, users
from argilla_local.home import Failure, announce, held, last_port, page_folder

MEGABYTES = 20
"""What an empty home takes on the disk while its server runs, most of it the web page."""
PORT = 6900
TRIES = 100
KEEP_S = 75
"""How long a client's connection is kept open for its next request."""
FAREWELL_S = 5
"""How long requests that are being answered may take once the server is told to stop."""

SETTINGS = {
    "ARGILLA_HOME_PATH": ".",
    "ARGILLA_DATABASE_URL": database.URL,
    "ARGILLA_DATABASE_SQLITE_TIMEOUT": database.BUSY_S,
    "ARGILLA_SEARCH_ENGINE": "database",
    "ARGILLA_CORS_ORIGINS": "[]",  # no other site's page may use a browser that is signed in
    "ARGILLA_ENABLE_TELEMETRY": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
}


def run(
    home: Path, host: str, port: int | None, owner: str, workspace: str, annotators: Sequence[str]
) -> None:
    """Until the process is told to stop. Raises Failure."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    os.umask(0o077)  # the database holds API keys
    with held(home):
        listening = listen(home, host, port)
        # Where the file was moved away, everybody gets a new password: it may have leaked.
        lost = () if (home / credentials.FILE).exists() else database.annotators(home)
        there = [name for name in lost if credentials.NAME.fullmatch(name)]
        everybody = [*there, *annotators]
        known = credentials.ensure(home, owner=owner, workspace=workspace, annotators=everybody)
        bound = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{'127.0.0.1' if host == '0.0.0.0' else shown}:{bound}"
        announce(home, url, bound, ready=False)
        os.chdir(home)
        try:
            _run(listening, known, url, bound)
        except Exception as error:
            if failure := _told(error, home):
                raise failure from None
            raise


def add_users(home: Path, owner: str, workspace: str, annotators: Sequence[str]) -> None:
    """To a home whose server runs or does not. Raises Failure."""
    os.umask(0o077)
    credentials.check(owner, *annotators)
    with credentials.alone(home, "users"):  # a user is looked for first, then made
        known = credentials.ensure(home, owner=owner, workspace=workspace, annotators=annotators)
        os.chdir(home)
        if database.ready():
            _settings(known)
            stand_ins.install()
            database.prepare()
            asyncio.run(_users(known))


def listen(home: Path, host: str, port: int | None) -> socket.socket:
    """Early, as the rest takes seconds: whoever connects waits until then. Raises Failure.

    port: null for the last one of this home, else 6900, else the next free one.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    wanted = [port] if port is not None else [last_port(home) or PORT, *range(PORT, PORT + TRIES)]
    for candidate in wanted:
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, candidate))
            bound.listen(128)  # two sockets may be bound to one port, only one may listen
            return bound
        except (OSError, OverflowError, UnicodeError) as error:
            bound.close()
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            if port is None and taken:
                continue
            why = "is in use" if taken else f"cannot be used ({error})"
            raise Failure(f"port {candidate} of {host} {why}: name another one") from None
    raise Failure(f"no port from {PORT} to {PORT + TRIES - 1} of {host} is free: name one")


def _told(error: Exception, home: Path) -> Failure | None:
    """What the user can mend of an error that came from anywhere in the server."""
    cause = getattr(error, "orig", error)  # SQLAlchemy wraps what SQLite raised
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    # copytree gathers what went wrong as texts.
    full = full or (isinstance(error, shutil.Error) and f"[Errno {errno.ENOSPC}]" in str(error))
    if full or "disk is full" in str(cause):
        return Failure(f"the disk of {home} is full: make room there (about {MEGABYTES} MB)")
    if isinstance(cause, sqlite3.DatabaseError):
        return Failure(f"{home / database.FILE} cannot be used ({cause})")
    return None


def _settings(known: credentials.Credentials) -> None:
    """The home decides, not the environment of whoever starts the server."""
    for name in [name for name in os.environ if name.upper().startswith("ARGILLA_")]:
        del os.environ[name]
    os.environ.update(SETTINGS, ARGILLA_AUTH_SECRET_KEY=known.secret)


def _run(listening: socket.socket, known: credentials.Credentials, url: str, port: int) -> None:
    _settings(known)
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    tempfile.tempdir = str(page_folder(Path()).absolute())
    stand_ins.install()
    database.prepare()
    # What is loaded stays: looking through it for garbage would take a quarter of the start.
    gc.disable()
    import uvicorn
    from argilla_server import app

    from argilla_local import engine, private, speedups
    from argilla_local.switched_off import SwitchedOff

    engine.register()
    del os.environ["ARGILLA_AUTH_SECRET_KEY"]  # read by now
    tempfile.tempdir = None
    gc.freeze()
    gc.enable()
    speedups.apply()
    private.apply()
    database.migrate()
    with credentials.alone(Path(), "users"):
        # Read again: somebody may have been added since, when there was no table to write to.
        owner, space = known.users[0].name, known.workspace
        known = credentials.ensure(Path(), owner=owner, workspace=space, annotators=())
        asyncio.run(_users(known))

    class Server(uvicorn.Server):  # type: ignore[misc]
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets=sockets)
            if self.started:
                announce(Path(), url, port, ready=True)
                print(f"argilla-local: {url}", flush=True)

    config = uvicorn.Config(
        SwitchedOff(app),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_S,
        timeout_graceful_shutdown=FAREWELL_S,
    )
    try:
        Server(config).run(sockets=[listening])
    finally:
        page_folder(Path())


async def _users(known: credentials.Credentials) -> None:
    from argilla_server.database import async_engine

    await users.ensure(known)
    # Its connections belong to this loop; the server has another one.
    await async_engine.dispose()
