"""A server's home: who holds it, where the server answers, its secrets. Knows files, no server.

argilla.db          what people and programs have put into Argilla
credentials.json    who may sign in, with password and API key; readable by its owner alone
server.json         url, port and process of the server that runs, or ran last
server.lock         held (flock) by the server for as long as it lives; its process inside
page/               the web page as it is served; made at each start, emptied at the end
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Failure(Exception):
    """Something the user can mend, in one sentence."""


PATIENCE_S = 2.0
"""How long a look at the lock from outside may stand in a starting server's way."""


@contextlib.contextmanager
def held(home: Path) -> Iterator[None]:
    """Within, this process is the one server of the home. Raises Failure where another one is."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = open(home / "server.lock", "a+")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise Failure(f"{home} cannot be written ({error.strerror}): name another folder") from None
    with lock:
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    lock.seek(0)
                    raise Failure(
                        f"a server runs on {home} already (process {lock.read().strip()})"
                    ) from None
                time.sleep(0.05)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def page_folder(home: Path) -> Path:
    """An empty folder for the web page, of which upstream leaves a copy in /tmp at each start."""
    page = home / "page"
    shutil.rmtree(page, ignore_errors=True)
    page.mkdir()
    return page


def last_port(home: Path) -> int | None:
    """Where the last server listened; null where nobody knows."""
    try:
        return int(json.loads((home / "server.json").read_text())["port"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def announce(home: Path, url: str, port: int, *, ready: bool) -> None:
    write(home / "server.json", {"url": url, "port": port, "pid": os.getpid(), "ready": ready})


def write(path: Path, content: Any) -> None:
    """All or nothing, for the owner's eyes alone. Raises OSError."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(opened, "w") as out:
            json.dump(content, out, indent=2)
            out.write("\n")
            out.flush()
            os.fsync(out.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
