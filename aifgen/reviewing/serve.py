"""aifgen review serve: words, and what is told about a local Argilla. Knows no process."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from shlex import quote

from aifgen import usage
from aifgen.errors import ConfigError
from aifgen.flags import Parser, path, status
from aifgen.progress import doing
from aifgen.review import home as homes
from aifgen.review import local

PORT = 6900


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status."""
    words = Parser(prog="aifgen review serve", text=lambda: usage.REVIEW_SERVE)
    words.add_argument("--home", type=path, default=local.HOME)
    words.add_argument("--port", type=_port)
    words.add_argument("--host", default=local.LOOPBACK)
    words.add_argument("--annotator", action="append", default=[], metavar="NAME")
    what = words.add_mutually_exclusive_group()
    for flag in ("--foreground", "--stop", "--status"):
        what.add_argument(flag, action="store_true")

    def work() -> None:
        given = words.parse_args(arguments)
        if given.stop or given.status:
            ignored = [("--annotator", given.annotator), ("--port", given.port)]
            ignored.append(("--host", given.host != local.LOOPBACK))
            if said := [flag for flag, value in ignored if value]:
                what = "--stop" if given.stop else "--status"
                raise ConfigError(f"{what} takes no {said[0]}: leave it out")
        if sys.platform == "win32":
            local.environment.python(print)  # raises
        if given.stop:
            print(_stopped(given.home))
        elif given.status:
            print(_status(given.home))
            if local.find(given.home) is None:
                raise SystemExit(1)
        else:
            _serve(given.home, given.host, given.port, given.annotator, given.foreground)

    return status(work)


def _port(word: str) -> int:
    if not word.isdecimal() or not 1 <= int(word) <= 65535:
        raise ConfigError(f"--port {word} is no port: a number from 1 to 65535")
    return int(word)


def _serve(
    home: Path, host: str, port: int | None, annotators: Sequence[str], foreground: bool
) -> None:
    before = local.find(home)
    if foreground and before is not None:
        raise ConfigError(
            f"Argilla of {home} runs already (process {before.pid}), and its end is not this "
            "command's to decide: leave --foreground out, or --stop it first"
        )
    users = homes.read_users(home)[1]
    owner = users[0].name if users else local.OWNER
    if owner in annotators:
        raise ConfigError(f"--annotator {owner}: that is the owner's name, choose another one")
    known = {user.name for user in users}
    if foreground:
        for number in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C, from now on
            signal.signal(number, signal.default_int_handler)
    with doing("starting Argilla") as update:

        def say(line: str) -> None:
            update(line) if sys.stderr.isatty() else print(line, file=sys.stderr, flush=True)

        server = local.start(home, host=host, port=port, annotators=annotators, say=say)
    try:
        _tell(home, server, known, before is not None, port)
        _warn(before, server, host, port)
        if foreground:
            _stay(home)
    except KeyboardInterrupt:
        if not foreground:
            raise
        print(_stopped(home))


def _tell(
    home: Path, server: local.LocalServer, known: Collection[str], before: bool, port: int | None
) -> None:
    again = "" if home == local.HOME else f" --home {quote(str(home))}"
    runs = "runs already, and answers" if before else "answers"
    print(f"Argilla {runs} at {server.url} (process {server.pid}, data in {home})")
    if not before and port is None and not server.url.endswith(f":{PORT}"):
        print(f"  its port is not {PORT}: that one is in use, or it was another one last time")
    for user in server.users:
        secret = f"  password {user.password}" if user.name not in known else ""
        print(f"  sign in as {user.name} ({user.role}){secret}")
    new = any(user.name not in known for user in server.users)
    shown = "are shown this once and" if new else ""
    print(f"  passwords {shown + ' ' if shown else ''}stand in {home / homes.CREDENTIALS}")
    print(f"  next: aifgen review push RUN{again}")
    print(f"  to stop: aifgen review serve --stop{again}")


def _warn(
    before: local.LocalServer | None, server: local.LocalServer, host: str, port: int | None
) -> None:
    if before is not None:
        if host != local.LOOPBACK or (port and not server.url.endswith(f":{port}")):
            print("aifgen: it stays where it listens now: --stop it first", file=sys.stderr)
    elif host not in (local.LOOPBACK, "localhost", "::1"):
        print(
            f"aifgen: --host {host}: everybody in the network who knows a password can read and "
            "write, and whoever listens in can read it all, as nothing is encrypted",
            file=sys.stderr,
        )


def _stay(home: Path) -> None:
    """Until Ctrl-C or SIGTERM, or until the server ends by itself."""
    print("  Ctrl-C stops it", flush=True)
    while local.find(home) is not None:
        time.sleep(1)
    print(f"Argilla of {home} has ended: see {home / homes.LOG}")


def _stopped(home: Path) -> str:
    if local.stop(home):
        return f"Argilla of {home} has ended; its data stay there"
    return f"no Argilla runs on {home}"


def _status(home: Path) -> str:
    server = local.find(home)
    if server is not None:
        names = ", ".join(user.name for user in server.users)
        return f"Argilla answers at {server.url} (process {server.pid}, users {names})"
    if homes.holder(home) is not None:
        return f"Argilla of {home} is starting"
    return f"no Argilla runs on {home}"
