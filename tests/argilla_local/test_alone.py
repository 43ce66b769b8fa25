"""argilla-local by itself, as somebody uses it who has no aifgen."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from urllib.request import urlopen

import pytest

from aifgen.review import environment
from tests.review.api import Api, make_room

AUDIT = """
import os, sys
def note(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        with open(os.environ["NOTES"], "a") as out:
            out.write(f"{event} {args[1:] if event == 'socket.connect' else args}\\n")
sys.addaudithook(note)
"""


@pytest.fixture
def words(argilla_python: Path, tmp_path: Path) -> list[str]:
    return [str(argilla_python), "-P", "-m", "argilla_local"]


def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "audit").mkdir(exist_ok=True)
    (tmp_path / "audit" / "sitecustomize.py").write_text(AUDIT)
    path = os.pathsep.join([str(tmp_path / "audit"), str(environment.project())])
    # What would send a server's data elsewhere, had it a say.
    odd = {"ARGILLA_DATABASE_URL": "sqlite+aiosqlite:////tmp/elsewhere.db", "SPACE_ID": "a/b"}
    return {**os.environ, **odd, "PYTHONPATH": path, "NOTES": str(tmp_path / "notes")}


def test_it_serves_keeps_to_itself_and_ends(words: list[str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = subprocess.Popen(
        [*words, "start", "--home", str(home), "--annotator", "ada"],
        env=env(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        first = process.stdout.readline()
        url = re.fullmatch(r"argilla-local: (http://127\.0\.0\.1:\d+)\n", first)
        assert url
        kept = json.loads((home / "credentials.json").read_text())
        names = [(user["name"], user["role"]) for user in kept["users"]]
        assert (kept["workspace"], names) == ("default", [("owner", "owner"), ("ada", "annotator")])
        owner = Api(url[1], kept["users"][0]["api_key"])
        room = make_room(owner, "alone")
        items = [room.record(k) for k in range(3)]
        owner.ok("PUT", f"/datasets/{room.id}/records/bulk", {"items": items})
        body = {"query": {"text": {"q": "plus"}}}
        assert owner.ok("POST", f"/datasets/{room.id}/records/search", body)["total"] == 3

        with urlopen(f"{url[1]}/datasets", timeout=60) as page:
            assert b"<title>Argilla</title>" in page.read()

        second = subprocess.run(
            [*words, "start", "--home", str(home)],
            env=env(tmp_path), capture_output=True, text=True,
        )  # fmt: skip
        assert second.returncode == 1
        told = f"argilla-local: a server runs on {home} already (process {process.pid})\n"
        assert second.stderr == told
        added = subprocess.run(
            [*words, "users", "--home", str(home), "--annotator", "ben"],
            env=env(tmp_path), capture_output=True, text=True,
        )  # fmt: skip
        assert (added.returncode, added.stdout) == (0, "")
        assert {user["username"] for user in owner.ok("GET", "/users")["items"]} == {
            "owner", "ada", "ben"
        }  # fmt: skip
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert not list((home / "page").iterdir())
    kept = json.loads((home / "credentials.json").read_text())
    for user in kept["users"]:
        assert user["password"] not in out + err
        assert user["api_key"] not in out + err
    assert not (tmp_path / "notes").exists(), (tmp_path / "notes").read_text()
    assert not Path("/tmp/elsewhere.db").exists()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["start", "--home", "h", "--port", "99999"], "port 99999 of 127.0.0.1 cannot be used"),
        (["start", "--home", "h", "--annotator", "a/b"], "'a/b' cannot be a user's name"),
        (["users", "--home", "h", "--annotator", ""], "'' cannot be a user's name"),
        (["start", "--home", "file/h"], "cannot be written (Not a directory)"),
        (["users", "--home", "none"], "none cannot be written (No such file or directory)"),
    ],
)
def test_wrong_words(words: list[str], tmp_path: Path, more: list[str], sentence: str) -> None:
    (tmp_path / "file").write_text("")
    done = subprocess.run(
        [*words, *more], cwd=tmp_path, env=env(tmp_path), capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("argilla-local: ")
    assert sentence in done.stderr
    assert done.stdout == ""


def test_the_list_is_that_of_its_source() -> None:
    """requirements.lock pins what requirements.in names, each with hashes and none with a host."""
    folder = environment.project()
    wanted = re.findall(r"^[\w.-]+==\S+", (folder / "requirements.in").read_text(), re.MULTILINE)
    lock = (folder / "requirements.lock").read_text()
    pinned = re.findall(r"^([\w.-]+==\S+) (?:\\\n    --hash=sha256:[0-9a-f]{64} ?)+", lock, re.M)
    assert pinned == wanted
    assert "--only-binary :all:" in lock
    assert "://" not in lock
