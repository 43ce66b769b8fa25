"""Makes the Python environment in which the local Argilla runs, once a user. Knows pip, no server.

The server cannot share ours (it holds back pydantic), so what argilla_local's list pins
and hashes goes into a folder of the user's cache. The folder gets its name only when it is whole.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from aifgen.errors import ReviewError
from aifgen.user_cache import user_cache

Say = Callable[[str], None]
VARIABLE = "AIFGEN_ARGILLA_ENV"
MEGABYTES = 80
"""What an environment takes on the disk, about."""
PYTHONS = ((3, 11), (3, 13))
"""The list has wheels for these and what lies between."""
STRAY = ("PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV")
"""Settings of pip that would send packages elsewhere."""
UNREACHED = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|Max retries|"
    r"No matching distribution found"
)


def project() -> Path:
    """argilla_local: in the wheel within the package, in a checkout beside it."""
    inside = Path(__file__).parent.parent / "argilla_local"
    return inside if inside.is_dir() else Path(__file__).parent.parent.parent / "argilla_local"


def python(say: Say) -> Path:
    """The environment's interpreter. `say` gets short lines while it is being made.

    Raises ReviewError, a sentence: a full disk, no index, a refused hash, no pip.
    """
    if sys.platform == "win32":
        raise ReviewError(
            "the local Argilla runs on Linux and macOS: start it in WSL, or name a server "
            "elsewhere with ARGILLA_API_URL and ARGILLA_API_KEY"
        )
    lock = project() / "requirements.lock"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    tag = f"{sys.implementation.cache_tag}-{sysconfig.get_platform()}"
    target = user_cache(VARIABLE, "argilla") / f"{digest}-{tag}"
    found = target / "bin" / "python"
    if found.is_file():
        return found
    if not PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        raise ReviewError(
            f"the local Argilla needs Python {_dotted(PYTHONS[0])} to {_dotted(PYTHONS[1])}, this "
            f"is {_dotted(sys.version_info[:2])}: run aifgen with one of them, or name a server "
            "elsewhere with ARGILLA_API_URL and ARGILLA_API_KEY"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target, say):
            if not found.is_file():
                _make(target, lock, say)
    except OSError as error:
        raise _unkept(target.parent, error) from None
    return found


@contextlib.contextmanager
def _alone(target: Path, say: Say) -> Iterator[None]:
    lock = FileLock(f"{target}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("another process is making the environment of the local Argilla; waiting")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _make(target: Path, lock: Path, say: Say) -> None:
    # A name of its own: the pip of a process that was killed may still be writing.
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    for left in target.parent.glob(f"{target.name}.*.part"):
        shutil.rmtree(left, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)  # its Python is gone
    names = re.findall(r"^[\w.-]+==\S+", lock.read_text(), re.MULTILINE)
    say(
        f"making the environment of the local Argilla, once: {len(names)} packages, about "
        f"{MEGABYTES} MB, in {target.parent}"
    )
    try:
        ours = _own_pip()
        if not ours and importlib.util.find_spec("ensurepip") is None:
            raise ReviewError(
                f"{sys.executable} has neither pip nor ensurepip, of which the environment of the "
                "local Argilla needs one: uv pip install pip, or apt-get install python3-venv"
            )
        try:
            venv.create(part, symlinks=True, with_pip=not ours)
        except subprocess.CalledProcessError as error:  # ensurepip
            raise OSError(errno.EIO, f"ensurepip ended with status {error.returncode}") from None
        inner = str(part / "bin" / "python")
        pip = [sys.executable, "-m", "pip", "--python", inner] if ours else [inner, "-m", "pip"]
        _install(pip, lock, part, len(names), say)
        os.rename(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    say("the environment of the local Argilla is made")


def _own_pip() -> bool:
    """Whether there is a pip here that can install into another environment (22.3)."""
    if importlib.util.find_spec("pip") is None:
        return False
    version = re.findall(r"\d+", importlib.metadata.version("pip"))[:2]
    return [int(part) for part in version] >= [22, 3]


def _install(pip: list[str], lock: Path, part: Path, total: int, say: Say) -> None:
    work = part / "tmp"  # the packages may be more than /tmp can hold
    work.mkdir()
    env = {name: value for name, value in os.environ.items() if name not in STRAY}
    words = ["install", "--require-hashes", "--no-deps", "--no-input", "--progress-bar", "off"]
    words += ["--disable-pip-version-check", "--no-cache-dir", "-r", str(lock)]
    run = subprocess.Popen(
        [*pip, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**env, "TMPDIR": str(work)},
    )
    told, seen, lines = 0, 0, []
    with run:
        for line in run.stdout or ():
            lines.append(line.strip())
            if line.startswith(("Collecting ", "Processing ")):
                seen += 1
                if (tenth := seen * 10 // total) > told:
                    told = tenth
                    say(f"fetching packages: {tenth * 10} %")
            elif line.startswith("Installing collected"):
                say("installing them")
    shutil.rmtree(work, ignore_errors=True)
    if run.returncode:
        raise _refused(lines, run.returncode, part.parent)


def _refused(lines: list[str], code: int, folder: Path) -> ReviewError | OSError:
    text = "\n".join(lines)
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    if "DO NOT MATCH THE HASHES" in text:
        name = re.search(r"^(\S+==\S+|\S+) from \S+", text, re.MULTILINE)
        return ReviewError(
            f"pip refused {name[1] if name else 'a package'}: what the index gave is not what "
            "aifgen was tested with (its sha256 differs); ask another index, or try again"
        )
    if UNREACHED.search(text):
        return ReviewError(
            "pip could not fetch the packages of the local Argilla: is there a network, and does "
            f"pip's index have them? ({(errors or ['no answer'])[0][:200]})"
        )
    reason = errors[0][:300] if errors else f"exit status {code}"
    return ReviewError(f"the environment of the local Argilla cannot be made in {folder}: {reason}")


def _unkept(folder: Path, error: OSError) -> ReviewError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    what = "the disk is full" if full else error.strerror or str(error)
    return ReviewError(
        f"cannot keep the environment of the local Argilla in {folder}: {what}; make room there "
        f"(about {MEGABYTES} MB), or name another folder with the environment variable {VARIABLE}"
    )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
