"""Who may sign in: made once, kept in the home's credentials.json, never printed. Knows no server.

{"workspace": "...", "secret": "signs sessions",
 "users": [{"name": "...", "role": "owner|annotator", "password": "...", "api_key": "..."}]}
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from argilla_local.home import Failure, write

FILE = "credentials.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
OWNER, ANNOTATOR = "owner", "annotator"


@dataclass(frozen=True, slots=True)
class User:
    name: str
    role: str
    password: str = field(repr=False)
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    workspace: str
    secret: str = field(repr=False)
    users: tuple[User, ...]


def ensure(home: Path, *, owner: str, workspace: str, annotators: Sequence[str]) -> Credentials:
    """What the home has, with whoever is new among the annotators. Raises Failure.

    owner, workspace: of a home that has no credentials yet; its first annotator is then `annotator`
    unless one is named.
    """
    check(owner, *annotators)
    path = home / FILE
    with alone(home, FILE):
        found = _read(path)
        known = found or Credentials(workspace, secrets.token_hex(32), (_new(owner, OWNER),))
        wanted = annotators if found else annotators or [ANNOTATOR]
        there = {user.name for user in known.users}
        new = [_new(name, ANNOTATOR) for name in dict.fromkeys(wanted) if name not in there]
        after = replace(known, users=(*known.users, *new))
        if after != found:
            try:
                write(path, asdict(after))
            except OSError as error:
                raise Failure(f"{path} cannot be written ({error.strerror})") from None
    return after


def check(*names: str) -> None:
    """Raises Failure for what is no name."""
    for name in names:
        if not NAME.fullmatch(name):
            raise Failure(
                f"{name!r} cannot be a user's name: up to 64 letters, digits and . _ @ - after a "
                "first letter or digit"
            )


def _new(name: str, role: str) -> User:
    return User(name, role, secrets.token_urlsafe(12), secrets.token_urlsafe(32))


def _read(path: Path) -> Credentials | None:
    try:
        found = json.loads(path.read_text())
        users = tuple(User(**user) for user in found["users"])
        if not all(isinstance(v, str) and v for user in found["users"] for v in user.values()):
            raise ValueError
        if not users or users[0].role != OWNER:
            raise ValueError
        return Credentials(str(found["workspace"]), str(found["secret"]), users)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failure(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, TypeError, KeyError):
        raise Failure(
            f"{path} is damaged: bring back a copy, or move it away, then everybody gets new "
            "passwords at the next start (no data are lost)"
        ) from None


@contextlib.contextmanager
def alone(home: Path, what: str) -> Iterator[None]:
    """Within, no other process of the home is in one of the same name. Raises Failure."""
    try:
        lock = open(home / f"{what}.lock", "a")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise Failure(f"{home} cannot be written ({error.strerror})") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
