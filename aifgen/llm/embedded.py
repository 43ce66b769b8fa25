"""Starts, finds and shares the server of an embedded model. Knows no request and no download.

One server a weights file and user: a state file (pid, port, key) says where it is, and a lock is
held while one is started. Every process that uses it holds a shared lock on the users file, which
the kernel drops with the process, and the server leaves once nobody holds that lock.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import re
import secrets
import stat
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib.request import ProxyHandler, Request, build_opener

from filelock import FileLock

from aifgen.errors import ModelError

START_S = 120.0
HEALTH_S = 10.0
MAX_SLOTS = 8
"""More gain nothing on a processor, and each takes memory for its context."""
SECRET = re.compile("KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)

_leases: dict[Path, IO[str]] = {}
_children: dict[Path, subprocess.Popen[str]] = {}
_seen: dict[Path, int] = {}
"""Servers that this process has used, and how often one of them was found dead since."""
_direct = build_opener(ProxyHandler({}))  # no proxy leads to our own loopback


@dataclass(frozen=True, slots=True)
class Served:
    """A live server: its OpenAI-compatible address (http://127.0.0.1:PORT/v1) and its key."""

    base_url: str
    api_key: str


def slots() -> int:
    """How many requests one server answers at once: the cores, at least 2 and at most 8."""
    return max(2, min(_cores(), MAX_SLOTS))


def engine_version() -> str:
    """Version of xllamacpp. Raises ModelError where it is not installed."""
    try:
        return importlib.metadata.version("xllamacpp")
    except importlib.metadata.PackageNotFoundError:
        raise ModelError(
            "an embedded model needs the package xllamacpp: pip install 'aifgen[local]'"
        ) from None


def identity(sha256: str) -> str:
    """Names weights and engine in the store key of every answer."""
    return f"gguf:{sha256}@xllamacpp-{engine_version()}"


def ensure(path: Path, sha256: str, *, context: int) -> Served:
    """The live server of a weights file, started where there is none. Blocks; for any thread.

    context: tokens that prompt and answer may have together, in each slot. After a connection
    error, call again: a server that died is started once more, on its old port if that is free.
    Raises ModelError where it does not start, or died twice.
    """
    name = f"{sha256[:16]}-{slots()}x{context}-{engine_version()}"
    if sys.platform == "win32":
        name += f"-{os.getpid()}"  # not shared there
    base = _runtime_dir() / name
    with FileLock(_beside(base, "lock")):
        _hold(base)
        served, port = _read(base)
        if served and _answers(served):
            _seen.setdefault(base, 0)
            return served
        if base in _seen:
            _seen[base] += 1
            if _seen[base] > 1:
                raise ModelError(f"the embedded server of {path} died again: {_why(base, -1)}")
        served = _start(base, path, context, port)
        _seen.setdefault(base, 0)
        return served


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _beside(base: Path, what: str) -> Path:
    return base.with_name(f"{base.name}.{what}")


def _runtime_dir() -> Path:
    """A folder that only this user can read: the state files hold keys."""
    session = os.environ.get("XDG_RUNTIME_DIR")
    if session and os.path.isdir(session):
        folder = Path(session) / "aifgen"
    elif sys.platform == "win32":
        folder = Path(tempfile.gettempdir()) / "aifgen"  # the user's own there
    else:
        folder = Path(tempfile.gettempdir()) / f"aifgen-{os.getuid()}"
    fix = "name a folder of yours with the environment variable XDG_RUNTIME_DIR"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = folder.lstat()
    except OSError as error:
        raise ModelError(f"{folder} cannot be made ({error.strerror}); {fix}") from None
    if sys.platform != "win32" and (
        not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid() or info.st_mode & 0o077
    ):
        raise ModelError(f"{folder} is open to other users: chmod 700 it, or {fix}")
    return folder


if sys.platform == "win32":

    def _hold(base: Path) -> None:
        """The child's standard input is the lease."""

else:
    import fcntl

    def _hold(base: Path) -> None:
        """Take the shared lock that keeps the server alive; it ends with this process."""
        if base not in _leases:
            users = _beside(base, "users").open("a")
            fcntl.flock(users, fcntl.LOCK_SH)
            _leases[base] = users


def _read(base: Path) -> tuple[Served | None, int]:
    """The last server known and its port, be it alive or not."""
    try:
        state = json.loads(_beside(base, "json").read_text())
        port = int(state["port"])
        return Served(f"http://127.0.0.1:{port}/v1", str(state["key"])), port
    except (OSError, ValueError, KeyError, TypeError):
        return None, 0


def _answers(served: Served) -> bool:
    """Whether a server listens that knows our key: another program may have the port by now."""
    request = Request(
        f"{served.base_url}/models", headers={"Authorization": f"Bearer {served.api_key}"}
    )
    try:
        with _direct.open(request, timeout=HEALTH_S) as answer:
            return bool(answer.status == 200)
    except (OSError, HTTPException):
        return False


def _start(base: Path, path: Path, context: int, port: int) -> Served:
    environment = {name: value for name, value in os.environ.items() if not SECRET.search(name)}
    environment["GOMP_SPINCOUNT"] = "1000"  # idle threads that spin halve the speed and worse
    environment["PYTHONPATH"] = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    settings = {
        "path": str(path),
        "slots": slots(),
        "context": context,
        "threads": _cores(),
        "port": port,
        "key": secrets.token_urlsafe(24),
        "state": str(_beside(base, "json")),
        "users": str(_beside(base, "users")),
    }
    with _beside(base, "log").open("w") as log:
        try:
            child = subprocess.Popen(
                [sys.executable, "-m", "aifgen.llm.embedded_server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=base.parent,
                env=environment,
                start_new_session=True,  # Ctrl-C is for us
            )
        except OSError as error:
            raise ModelError(f"the embedded server cannot be started: {error}") from None
    _children[base] = child
    assert child.stdin
    assert child.stdout
    began = time.monotonic()
    patience = threading.Timer(START_S, child.kill)
    patience.start()
    ready = ""
    with contextlib.suppress(BrokenPipeError), child.stdout:
        child.stdin.write(json.dumps(settings) + "\n")
        child.stdin.flush()
        ready = child.stdout.readline()
    patience.cancel()
    if not ready:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        status = child.wait()
        how = f"ended with {status}" if status >= 0 else f"was ended by signal {-status}"
        if status == -4:
            how += " (SIGILL: xllamacpp needs a processor with AVX2)"
        if time.monotonic() - began >= START_S:
            how = f"was not ready after {START_S:g} s"
        raise ModelError(f"the embedded server of {path} {how}: {_why(base, 0)}")
    if sys.platform != "win32":
        child.stdin.close()
    served, _ = _read(base)
    assert served  # written before it is ready
    return served


def _why(base: Path, which: int) -> str:
    """A line of the server's log: of the engine's errors the first (0) or the last (-1)."""
    log = _beside(base, "log")
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"[\d.]+ E ", line)] or lines[-1:]
    line = re.sub(r"^[\d.]+ E ", "", errors[which]).strip() if errors else "it said nothing"
    return f"{line[:300]} (its log: {log})"
