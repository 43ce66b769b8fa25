"""One server for a home, whoever starts it; what it keeps, who may speak to it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from aifgen.errors import ReviewError
from aifgen.review import local
from aifgen.review.home import holder
from tests.fakes.tiny_disk import tiny_disk
from tests.review.api import Api, free_port, make_room

OPEN = {
    ("GET", "/version"), ("GET", "/status"), ("GET", "/settings"), ("POST", "/token"),
    ("GET", "/oauth2/providers"),
}  # fmt: skip
"""What anybody may ask: versions, whether the server lives, and to be let in."""


def test_nobody_without_a_key_reads_or_writes(argilla: local.LocalServer) -> None:
    nobody, stranger = Api(argilla.url, None), Api(argilla.url, "argilla.apikey")
    paths = nobody.ok("GET", "/openapi.json")["paths"]
    assert len(paths) >= 50
    for path, methods in paths.items():
        place = re.sub(r"\{[^}]*\}", "00000000-0000-0000-0000-000000000000", path)
        for method in map(str.upper, methods):
            if (method, path) in OPEN:
                continue
            # 501: switched off for everybody; 404: a way to sign in that does not exist
            wanted = {401, 501, 404} if path.startswith("/oauth2/") else {401, 501}
            assert nobody(method, place)[0] in wanted, (method, path)
            assert stranger(method, place)[0] in wanted, (method, path)


def test_no_default_user_and_no_way_in_from_elsewhere(argilla: local.LocalServer) -> None:
    api = Api(argilla.url, argilla.api_key)
    names = {user["username"] for user in api.ok("GET", "/users")["items"]}
    assert names == {"aifgen", "ada", "ben", "cy"}
    assert token(argilla.url, "argilla", "1234") == 401
    assert token(argilla.url, "aifgen", "1234") == 401
    for user in argilla.users:
        assert token(argilla.url, user.name, user.password) == 201
    assert api.ok("GET", "/oauth2/providers") == {"items": []}


def test_an_annotator_does_not_do_what_an_owner_does(argilla: local.LocalServer) -> None:
    ada = Api(argilla.url, argilla.users[1].api_key)
    assert argilla.users[1].role == "annotator"
    assert ada("GET", "/users")[0] == 403
    assert ada("POST", "/workspaces", {"name": "mine"})[0] == 403
    assert [space["name"] for space in ada.ok("GET", "/me/workspaces")["items"]] == ["aifgen"]


def test_what_would_use_the_network_is_refused_in_a_sentence(argilla: local.LocalServer) -> None:
    api = Api(argilla.url, argilla.api_key)
    room = make_room(api, "hub")
    for path in (f"/datasets/{room.id}/import", f"/datasets/{room.id}/export", "/webhooks"):
        status, found = api("POST", path, {})
        assert status == 501
        assert found["detail"].startswith("This local Argilla does not do that")
    assert api.ok("GET", "/webhooks") == {"items": []}


def test_loopback_only(argilla: local.LocalServer) -> None:
    port = urlsplit(argilla.url).port or 0
    with socket.create_connection(("127.0.0.1", port), 10):
        pass
    others = {"127.0.0.2"} if sys.platform == "linux" else set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: asks which address would be used
            others.add(probe.getsockname()[0])
        except OSError:
            pass
    assert others
    for address in others - {"127.0.0.1"}:
        with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
            socket.create_connection((address, port), 5)


def test_no_secret_is_seen_from_outside(argilla: local.LocalServer) -> None:
    kept = json.loads((argilla.home / "credentials.json").read_text())
    secrets = [kept["secret"]]
    for user in argilla.users:
        secrets += [user.password, user.api_key]
    for path in argilla.home.iterdir():
        if path.is_file():
            assert path.stat().st_mode & 0o077 == 0, path
    seen = (argilla.home / "server.log").read_bytes()
    if sys.platform == "linux":
        process = Path("/proc") / str(argilla.pid)
        seen += (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    assert not [secret for secret in secrets if secret.encode() in seen]


def test_the_server_gets_no_key_of_ours(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-ours")
    monkeypatch.setenv("ARGILLA_DATABASE_URL", "postgresql://elsewhere")
    server = local.start(home)
    if sys.platform == "linux":
        environ = Path(f"/proc/{server.pid}/environ").read_bytes()
        assert b"sk-ours" not in environ
        assert b"elsewhere" not in environ


def test_two_starts_at_once_are_one_server(home: Path) -> None:
    found: list[local.LocalServer] = []
    threads = [threading.Thread(target=lambda: found.append(local.start(home))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert found[0] == found[1] == local.find(home)


DYING = """
import fcntl, json, os, socket, sys
home = sys.argv[1]
held = open(f"{home}/server.lock", "w")
fcntl.flock(held, fcntl.LOCK_EX)
print(os.getpid(), file=held, flush=True)
listening = socket.create_server(("127.0.0.1", 0))
port = listening.getsockname()[1]
state = {"url": f"http://127.0.0.1:{port}", "port": port, "pid": os.getpid(), "ready": True}
with open(f"{home}/server.json", "w") as out:
    json.dump(state, out)
print("there", flush=True)
listening.accept()
os._exit(9)
"""
"""A server on its way out: it holds the home still, and ends when somebody asks it anything."""


def test_a_server_that_was_killed_a_moment_ago_does_not_stop_the_next_one(home: Path) -> None:
    home.mkdir()
    users = [{"name": "aifgen", "role": "owner", "password": "p", "api_key": "k"}]
    known = {"workspace": "aifgen", "secret": "s" * 32, "users": users}
    (home / "credentials.json").write_text(json.dumps(known))
    words = [sys.executable, "-c", DYING, str(home)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as dying:
        assert dying.stdout is not None
        dying.stdout.readline()
        assert holder(home) == dying.pid
        server = local.start(home)
    assert server.pid != dying.pid
    assert Api(server.url, "k").ok("GET", "/me")["username"] == "aifgen"


def test_stop_leaves_nobody_and_a_restart_keeps_everything(home: Path) -> None:
    server = local.start(home, port=free_port(), annotators=["ada"])
    assert [user.name for user in server.users] == ["aifgen", "ada"]
    owner, ada = (Api(server.url, user.api_key) for user in server.users)
    room = make_room(owner, "kept")
    items = [room.record(k) for k in (1, 2)]
    owner.ok("PUT", f"/datasets/{room.id}/records/bulk", {"items": items})
    path = f"/datasets/{room.id}/records?include=responses&include=suggestions"
    records = owner.ok("GET", path)
    answer = {"values": {"rating_a": {"value": 4}}, "status": "submitted"}
    ada.ok("POST", f"/records/{records['items'][0]['id']}/responses", answer)
    before = owner.ok("GET", path)

    assert local.stop(home)
    assert gone(server.pid)
    assert local.find(home) is None
    assert not local.stop(home)

    again = local.start(home)
    assert again.pid != server.pid
    assert (again.url, again.users) == (server.url, server.users)
    owner = Api(again.url, again.api_key)
    assert owner.ok("GET", path) == before
    assert before["items"][0]["responses"][0]["values"] == answer["values"]
    assert token(again.url, "ada", again.users[1].password) == 201


def test_annotators_are_added_to_a_running_and_to_a_stopped_server(home: Path) -> None:
    first = local.start(home)
    assert [user.name for user in first.users] == ["aifgen", "annotator"]
    second = local.start(home, annotators=["ben", "annotator"])
    assert second.pid == first.pid
    assert second.users[:2] == first.users
    assert token(second.url, "ben", second.users[2].password) == 201
    local.stop(home)
    third = local.start(home, annotators=["cy"])
    assert [user.name for user in third.users] == ["aifgen", "annotator", "ben", "cy"]
    cy = Api(third.url, third.users[3].api_key)
    assert [space["name"] for space in cy.ok("GET", "/me/workspaces")["items"]] == ["aifgen"]


def test_annotators_who_are_added_at_once_can_all_sign_in(home: Path) -> None:
    """Also one who stands in the file alone, because an addition was cut off."""
    server = local.start(home)
    known = json.loads((home / "credentials.json").read_text())
    known["users"].append({"name": "cy", "role": "annotator", "password": "p", "api_key": "k"})
    (home / "credentials.json").write_text(json.dumps(known))
    assert token(server.url, "cy", "p") == 401
    names = ["ada", "ben", "cy"]
    threads = [threading.Thread(target=local.start, args=(home,), kwargs={"annotators": [name]})
               for name in names]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = local.find(home)
    assert found
    assert {user.name for user in found.users} == {"aifgen", "annotator", *names}
    for user in found.users:
        assert token(found.url, user.name, user.password) == 201, user.name


def test_new_credentials_hold_for_users_that_are_there(home: Path) -> None:
    old = local.start(home, annotators=["ada"])
    local.stop(home)
    (home / "credentials.json").rename(home / "lost.json")
    new = local.start(home)
    assert new.api_key != old.api_key
    assert Api(new.url, old.api_key)("GET", "/me")[0] == 401
    assert Api(new.url, new.api_key).ok("GET", "/me")["username"] == "aifgen"
    assert [user.name for user in new.users] == ["aifgen", "ada"]
    assert token(new.url, "ada", old.users[1].password) == 401
    assert token(new.url, "ada", new.users[1].password) == 201


@pytest.mark.parametrize("content", ["", "{", '{"users": []}', '{"users": [{"name": "x"}]}', "[]"])
def test_damaged_credentials(home: Path, content: str) -> None:
    home.mkdir()
    (home / "credentials.json").write_text(content)
    with pytest.raises(ReviewError, match=r"credentials\.json is damaged: bring back a copy"):
        local.start(home)
    assert local.find(home) is None
    assert (home / "credentials.json").read_text() == content


def test_a_damaged_database(home: Path) -> None:
    home.mkdir()
    (home / "argilla.db").write_bytes(b"no database " * 1000)
    with pytest.raises(ReviewError, match=r"argilla\.db cannot be used \(file is not a database\)"):
        local.start(home)


def test_damaged_server_json(home: Path) -> None:
    server = local.start(home)
    (home / "server.json").write_text("{")
    for ask in (local.find, local.start):
        with pytest.raises(ReviewError, match=r"server\.json is damaged, though a server runs"):
            ask(home)
    assert holder(home) == server.pid
    assert local.stop(home)
    assert gone(server.pid)
    (home / "server.json").write_text('{"port": "many"}')
    assert local.start(home).pid != server.pid


def test_a_port_in_use(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ReviewError, match=f"port {port} of 127.0.0.1 is in use"):
            local.start(home, port=port)
    assert local.start(home, port=port).url == f"http://127.0.0.1:{port}"


def test_an_odd_name_of_a_home(argilla_python: Path, tmp_path: Path) -> None:
    home = tmp_path / "a b%20?c=#d' ü"
    try:
        server = local.start(home)
        make_room(Api(server.url, server.api_key), "here")
        assert (home / "argilla.db").stat().st_size > 0
    finally:
        local.stop(home)


def test_a_full_disk(argilla_python: Path, tmp_path: Path) -> None:
    with (
        tiny_disk(tmp_path) as disk,
        pytest.raises(ReviewError, match=r"did not start: the disk of .* is full: make room there"),
    ):
        local.start(disk / "argilla")


def test_a_disk_without_any_room_gets_no_server(argilla_python: Path, tmp_path: Path) -> None:
    with tiny_disk(tmp_path) as disk:
        home = disk / "argilla"
        home.mkdir()
        with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
            while filler.write(b"x" * 4096) == 4096:
                pass
        with pytest.raises(ReviewError, match="No space left on device"):
            local.start(home)
        # It would see room, now, and stay.
        (disk / "filler").unlink()
        assert subprocess.run(["pgrep", "-f", str(home)], stdout=subprocess.DEVNULL).returncode == 1


def test_a_home_that_cannot_be(argilla_python: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReviewError, match="cannot be used as the home"):
        local.start(tmp_path / "file" / "home")


def token(url: str, name: str, password: str) -> int:
    """The status of signing in as the page does."""
    import urllib.error
    import urllib.parse
    import urllib.request

    form = urllib.parse.urlencode({"username": name, "password": password}).encode()
    try:
        with urllib.request.urlopen(f"{url}/api/v1/token", form, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def gone(pid: int) -> bool:
    """Whether neither the process nor another one of its group is there."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return True
    return False
