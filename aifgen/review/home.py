"""What a local Argilla leaves in its home: who may sign in, whether it runs, its log.

Reads what argilla_local writes (see argilla_local/home.py); starts and ends nothing.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from aifgen.errors import ReviewError

HOME = Path("outputs/argilla")
WRITTEN_S = 2.0
"""How long a new server may take to write which process it is, once it holds its home."""
CREDENTIALS, LOG, STATE, LOCK = "credentials.json", "server.log", "server.json", "server.lock"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in. role: owner or annotator."""

    name: str
    role: str
    password: str = field(repr=False)
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that answers. api_key: the owner's, who may do everything; never in the repr."""

    url: str
    api_key: str = field(repr=False)
    workspace: str
    users: tuple[User, ...]
    home: Path
    pid: int


def holder(home: Path) -> int | None:
    """The process of the server that holds the home, from its first moment on; null: there is none.

    Raises ReviewError where nobody can tell.
    """
    import fcntl

    path = home / LOCK
    try:
        with path.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return None
            except BlockingIOError:
                end = time.monotonic() + WRITTEN_S
                while not (text := lock.read()) and time.monotonic() < end:
                    time.sleep(0.02)
                return int(text)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        raise ReviewError(
            f"a server runs on {home}, but {path} does not say which process it is: end it yourself"
        ) from None
    except OSError as error:
        raise ReviewError(f"{path} cannot be read: {error.strerror}") from None


def address(home: Path, pid: int) -> str | None:
    """Where the server of this process answers; null: nowhere yet. Raises ReviewError."""
    path = home / STATE
    try:
        found = json.loads(path.read_text())
        return str(found["url"]) if found["pid"] == pid and found["ready"] else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError):
        raise ReviewError(
            f"{path} is damaged, though a server runs (process {pid}): end it with aifgen review "
            f"serve --stop --home {home}, then start again; no data are lost"
        ) from None


def read_users(home: Path) -> tuple[str, tuple[User, ...]]:
    """The workspace, and who may sign in, the owner first; nobody where nothing was started yet.

    Raises ReviewError.
    """
    path = home / CREDENTIALS
    try:
        found = json.loads(path.read_text())
        users = tuple(User(**user) for user in found["users"])
        if users[0].role != "owner":
            raise ValueError
        return str(found["workspace"]), users
    except FileNotFoundError:
        return "", ()
    except OSError as error:
        raise ReviewError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, IndexError):
        raise ReviewError(
            f"{path} is damaged: bring back a copy, or stop the server and move the file away, "
            "then everybody gets new passwords at the next start (no data are lost)"
        ) from None
