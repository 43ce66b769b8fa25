"""aifgen review serve, as it is typed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from aifgen.review import local
from aifgen.review.home import holder
from tests.conftest import start
from tests.review.api import free_port
from tests.review.test_local import gone, token


def serve(home: Path, *words: str) -> tuple[int, str, str]:
    process = start(["review", "serve", "--home", str(home), *words], home.parent, {})
    out, err = process.communicate(timeout=600)
    return process.returncode, out, err


def test_from_the_first_start_to_the_end(home: Path) -> None:
    assert serve(home, "--status")[:2] == (1, f"no Argilla runs on {home}\n")
    code, out, err = serve(home, "--annotator", "ada")
    assert code == 0, err
    server = local.find(home)
    assert server
    assert out.startswith(f"Argilla answers at {server.url} (process {server.pid}, data in {home})")
    for user in server.users:
        assert f"sign in as {user.name} ({user.role})  password {user.password}\n" in out
    assert "aifgen review push RUN" in out
    assert f"to stop: aifgen review serve --stop --home {home}" in out
    assert token(server.url, "ada", server.users[1].password) == 201
    assert (home / "credentials.json").stat().st_mode & 0o777 == 0o600

    code, out, err = serve(home)  # the second finds the first
    assert code == 0
    assert f"Argilla runs already, and answers at {server.url}" in out
    assert not [user for user in server.users if user.password in out + err]
    assert not [user for user in server.users if user.api_key in out + err]

    code, out, _ = serve(home, "--annotator", "ben")
    assert code == 0
    grown = local.find(home)
    assert grown
    assert grown.pid == server.pid
    assert f"sign in as ben (annotator)  password {grown.users[2].password}\n" in out
    assert server.users[1].password not in out

    # What a running server cannot become is said; whose end is another's is not taken over.
    code, out, err = serve(home, "--host", "0.0.0.0")
    assert (code, server.url in out) == (0, True)
    assert err == "aifgen: it stays where it listens now: --stop it first\n"
    code, out, err = serve(home, "--foreground")
    assert (code, out) == (1, "")
    assert "its end is not this command's to decide: leave --foreground out" in err

    names = "users aifgen, ada, ben"
    told = f"Argilla answers at {server.url} (process {server.pid}, {names})\n"
    assert serve(home, "--status")[:2] == (0, told)
    assert serve(home, "--stop")[:2] == (0, f"Argilla of {home} has ended; its data stay there\n")
    assert gone(server.pid)
    assert serve(home, "--stop")[:2] == (0, f"no Argilla runs on {home}\n")


def test_after_a_kill_it_comes_back_to_its_port(home: Path) -> None:
    assert serve(home, "--port", str(free_port()))[0] == 0
    first = local.find(home)
    assert first
    os.kill(first.pid, signal.SIGKILL)
    while holder(home) is not None:
        pass
    assert serve(home, "--status")[:2] == (1, f"no Argilla runs on {home}\n")
    code, out, _ = serve(home)
    assert code == 0
    assert f"Argilla answers at {first.url}" in out
    assert first.users[0].password not in out


def test_in_the_foreground_until_ctrl_c(home: Path) -> None:
    words = ["review", "serve", "--home", str(home), "--foreground"]
    process = start(words, home.parent, {})
    assert process.stdout
    for line in process.stdout:
        if "Ctrl-C stops it" in line:
            break
    server = local.find(home)
    assert server
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "has ended; its data stay there" in out
    assert gone(server.pid)


def test_told_to_end_while_it_starts(home: Path) -> None:
    process = start(["review", "serve", "--home", str(home), "--foreground"], home.parent, {})
    while holder(home) is None:
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert holder(home) is None


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(home: Path) -> None:
    """The terminal sends it to the whole group of the command, of which the server is none."""
    command = [sys.executable, "-m", "aifgen", "review", "serve", "--home", str(home)]
    done = subprocess.run(command, start_new_session=True, env=paths(), capture_output=True)
    assert done.returncode == 0
    server = local.find(home)
    assert server
    assert os.getpgid(server.pid) == server.pid != os.getpgid(0)
    assert os.getsid(server.pid) == server.pid


def test_a_taken_port(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        home.mkdir()
        (home / "server.json").write_text(json.dumps({"port": port}))
        code, out, err = serve(home, "--port", str(port))
        assert (code, out) == (1, "")
        sentence = f"aifgen: the local Argilla did not start: port {port} of 127.0.0.1 is in use"
        assert sentence in err
        assert "Traceback" not in err
        code, out, _ = serve(home)  # without --port it takes another one and says so
        assert code == 0
        server = local.find(home)
        assert server
        assert not server.url.endswith(f":{port}")


def test_beyond_loopback_it_warns(home: Path) -> None:
    code, out, err = serve(home, "--host", "0.0.0.0")
    assert code == 0
    assert "everybody in the network who knows a password can read and write" in err
    assert "http://127.0.0.1:" in out
    assert serve(home)[2].strip() == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--prot", "1"], "unrecognized arguments: --prot 1: see aifgen review serve --help"),
        (["--port", "0"], "--port 0 is no port: a number from 1 to 65535"),
        (["--port", "x"], "--port x is no port"),
        (["--stop", "--status"], "not allowed with argument --stop"),
        (["--annotator", "a b"], "'a b' cannot be a user's name"),
        (["--annotator", "aifgen"], "--annotator aifgen: that is the owner's name"),
        (["--stop", "--annotator", "ada"], "--stop takes no --annotator: leave it out"),
        (["--status", "--port", "7000"], "--status takes no --port: leave it out"),
        (["--annotator", "-x"], "expected one argument"),
        (["--host", "no.such.host.invalid"], "of no.such.host.invalid cannot be used"),
    ],
)
def test_wrong_words(home: Path, words: list[str], sentence: str) -> None:
    code, out, err = serve(home, *words)
    assert (code, out) == (1, "")
    assert sentence in err
    assert "Traceback" not in err
    assert local.find(home) is None


def test_help_and_wrong_commands(tmp_path: Path) -> None:
    for words, code, text in (
        (["review"], 0, "aifgen review serve"),
        (["review", "--help"], 0, "aifgen review serve"),
        (["review", "serve", "--help"], 0, "--annotator NAME"),
        (["review", "srve"], 1, "there is no command review srve: did you mean serve?"),
        (["review", "xyz"], 1, "there is no command review xyz: there is serve"),
    ):
        process = start(words, tmp_path, {})
        out, err = process.communicate()
        assert process.returncode == code
        assert text in out + err


def paths() -> dict[str, str]:
    from tests.conftest import ROOT

    return {**os.environ, "PYTHONPATH": str(ROOT)}
