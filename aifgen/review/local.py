"""Starts, finds and stops a local Argilla. Knows processes; home knows what they leave in a folder.

The server is a process of its own (argilla_local, in its own environment) that goes on when ours
ends. It holds its home by a lock, so that there is never a second one and a killed one is noticed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from aifgen.errors import ReviewError
from aifgen.review import environment
from aifgen.review.home import HOME, LOG, LocalServer, User, address, holder, read_users

OWNER = WORKSPACE = "aifgen"
LOOPBACK = "127.0.0.1"
START_S, STOP_S = 300.0, 20.0
"""How long a start may take (5 s do, on an idle machine), and an end before it is made one."""
POLL_S = 0.1
INHERITED = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
)  # fmt: skip
"""What the server gets of our environment: no key of any provider is among it."""


def find(home: Path = HOME) -> LocalServer | None:
    """The server that answers from this home; null where none runs, or none answers yet.

    Raises ReviewError where its files are damaged.
    """
    pid = holder(home)
    if pid is None:
        return None
    url = address(home, pid)
    if url is None:
        return None
    workspace, users = read_users(home)
    if not users:
        raise ReviewError(f"{home} has lost its credentials.json: stop the server and start again")
    return LocalServer(url, users[0].api_key, workspace, users, home, pid)


def start(
    home: Path = HOME,
    *,
    host: str = LOOPBACK,
    port: int | None = None,
    annotators: Sequence[str] = (),
    say: environment.Say = lambda _: None,
) -> LocalServer:
    """The home's server: the one that runs, else a new one. Returns once it answers.

    port: null for the one of last time, else 6900, else the next free one. annotators: who may sign
    in too; whoever is known already keeps the password. Raises ReviewError.
    """
    python = environment.python(say)
    server = running = _wait(home, None)
    if server is None:
        say("starting")
        server = _wait(home, _spawn(python, home, host, port, annotators))
    missing = server and set(annotators) - {user.name for user in server.users}
    # Also who is in the file already: an addition may have been cut off before the tables.
    if missing or (running and annotators):
        _add(python, home, annotators)
        server = _wait(home, None)
    if server is None:
        raise ReviewError(f"the local Argilla did not start: {_last_words(home)}")
    return server


def stop(home: Path = HOME) -> bool:
    """End the home's server and what it may have started; whether there was one. Its data stay.

    Raises ReviewError where it cannot be ended.
    """
    pid = _sure_holder(home)
    if pid is None:
        return False
    try:
        group = os.getpgid(pid) == pid  # as we start it
        for number in (signal.SIGTERM, signal.SIGKILL):
            (os.killpg if group else os.kill)(pid, number)
            end = time.monotonic() + STOP_S
            while _alive(pid):
                if time.monotonic() > end:
                    break
                time.sleep(POLL_S)
            else:
                return True
    except ProcessLookupError:
        return True
    except PermissionError:
        raise ReviewError(f"the server of {home} (process {pid}) is another user's") from None
    raise ReviewError(f"the server of {home} (process {pid}) does not end")


def _sure_holder(home: Path) -> int | None:
    """As holder, but not in the moment in which a new server has the home and has not written yet
    which process it is: then the last one's number stands there, by now perhaps another's."""
    before = holder(home)
    while before is not None:
        time.sleep(POLL_S)
        if (now := holder(home)) == before:
            break
        before = now
    return before


def _words(command: str, home: Path, annotators: Sequence[str]) -> list[str]:
    # No secret stands here: a command line can be seen by all users of the machine.
    words = ["-P", "-m", "argilla_local", command, "--home", str(home.absolute())]
    words += ["--owner", OWNER, "--workspace", WORKSPACE]
    return words + [f"--annotator={name}" for name in annotators]


def _environ() -> dict[str, str]:
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**kept, "PYTHONPATH": str(environment.project())}


def _spawn(
    python: Path, home: Path, host: str, port: int | None, annotators: Sequence[str]
) -> subprocess.Popen[bytes]:
    words = [*_words("start", home, annotators), f"--host={host}"]
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(home / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(opened, "ab", buffering=0) as log:
            log.write(b"\n")  # now: a full disk must be seen before a server is there
            return subprocess.Popen(
                [str(python), *words, *([] if port is None else [f"--port={port}"])],
                cwd=home,
                env=_environ(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in our terminal is not meant for it
            )
    except OSError as error:
        raise ReviewError(
            f"{home} cannot be used as the home of the local Argilla: {error.strerror}"
        ) from None


def _wait(home: Path, process: subprocess.Popen[bytes] | None) -> LocalServer | None:
    """Until the home's server answers; null: there is none, or the one that was there has ended.

    process: the one that we started, if we did. One that was killed holds its home for a moment
    still, and its address stands there: that it does not answer is no reason to give up.
    """
    end = time.monotonic() + START_S
    try:
        while time.monotonic() < end:
            try:
                server = find(home)
            except ReviewError:
                if process is None or process.poll() is not None:
                    raise
                server = None  # what our process found there, it is about to write anew
            if server is not None and _answers(server.url):
                return server
            if process is None or process.poll() is not None:
                # It may have found that another process was quicker to start the server.
                if holder(home) is None:
                    return None
                process = None
            time.sleep(POLL_S)
    except BaseException:
        if process is not None and process.poll() is None:
            process.terminate()
            process.wait()
        raise
    raise ReviewError(
        f"the local Argilla of {home} does not answer after {START_S:.0f} s: {_last_words(home)}"
    )


def _answers(url: str) -> bool:
    try:
        # Not through a proxy, whatever the environment says: it is this machine.
        with build_opener(ProxyHandler({})).open(f"{url}/api/v1/version", timeout=10) as answer:
            return bool(json.load(answer).get("version"))
    except (OSError, ValueError):
        return False


def _last_words(home: Path) -> str:
    """Why a server ended, from its log: its own sentence, else the last line."""
    try:
        lines = (home / LOG).read_text(errors="replace").rpartition("\n\n")[2].splitlines()
    except OSError:
        lines = []
    said = [line for line in lines if line.startswith("argilla-local: ")]
    if said:
        return said[-1].removeprefix("argilla-local: ")
    told = [line.strip() for line in lines if line.strip()]
    return f"{told[-1][:300] if told else 'it said nothing'} (see {home / LOG})"


def _add(python: Path, home: Path, annotators: Sequence[str]) -> None:
    done = subprocess.run(
        [str(python), *_words("users", home, annotators)],
        env=_environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ReviewError(f"nobody was added: {last.removeprefix('argilla-local: ')}")


def _alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # where it is our own child
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


__all__ = ["HOME", "LocalServer", "User", "find", "start", "stop"]
