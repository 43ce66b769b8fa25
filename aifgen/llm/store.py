"""Every answer ever paid for, in one SQLite file. Knows keys and answers, not what they are for."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from filelock import FileLock

from aifgen.errors import StoreError
from aifgen.llm.request import Completion

VERSION = 1
APPLICATION = 0x61696667  # "aifg": tells our file from a stranger's
COMMIT_SECONDS = 0.1
FIELDS = (
    "text", "reasoning", "finish_reason", "input_tokens", "output_tokens", "latency_s", "usd",
    "served_model", "created", "logprobs",
)  # fmt: skip
TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, endpoint TEXT NOT NULL, model TEXT NOT NULL,
    text TEXT NOT NULL, reasoning TEXT, finish_reason TEXT NOT NULL,
    input_tokens INTEGER, output_tokens INTEGER, latency_s REAL NOT NULL, usd REAL,
    served_model TEXT NOT NULL, created REAL NOT NULL, logprobs TEXT
) WITHOUT ROWID
"""


def folder() -> Path:
    """AIFGEN_CACHE, else outputs/cache below the current folder."""
    return Path(os.environ.get("AIFGEN_CACHE") or Path("outputs") / "cache").expanduser()


class Store:
    """Answers by key, shared by parallel processes.

    Reads are at once and writes never wait for a disk: one thread commits what has come at least
    every 100 ms, so a crash costs no more than that.
    """

    def __init__(self, where: Path) -> None:
        self.path = where / "answers.sqlite"
        self._fresh: dict[str, Completion] = {}
        self._error: str | None = None
        self._queue: queue.SimpleQueue[tuple[Any, ...] | threading.Event | None] = (
            queue.SimpleQueue()
        )
        try:
            where.mkdir(parents=True, exist_ok=True)
            with FileLock(where / ".answers.lock"):  # two processes may both be the first
                self._reader = self._connect()
                try:
                    self._migrate(self._reader)
                    self._writer = self._connect()
                    self._writer.execute("PRAGMA synchronous = FULL")
                except BaseException:
                    self._reader.close()
                    raise
        except (OSError, sqlite3.Error) as error:
            raise StoreError(self._sentence(error)) from error
        self._thread = threading.Thread(target=self._write, name="aifgen-store", daemon=True)
        self._thread.start()

    def get(self, key: str) -> Completion | None:
        """The answer stored under the key. Raises StoreError once the disk refused a write."""
        self._raise()
        if (fresh := self._fresh.get(key)) is not None:
            return fresh
        try:
            row = self._reader.execute(
                f"SELECT {', '.join(FIELDS)} FROM answers WHERE key = ?", (key,)
            ).fetchone()
        except sqlite3.Error as error:
            raise StoreError(self._sentence(error)) from error
        if row is None:
            return None
        values = dict(zip(FIELDS, row, strict=True))
        values["model"] = values.pop("served_model")
        values["logprobs"] = json.loads(values["logprobs"]) if values["logprobs"] else None
        return Completion(**values)

    def put(self, key: str, endpoint: str, model: str, answer: Completion) -> None:
        """Keep an answer; returns at once."""
        self._raise()
        self._fresh[key] = answer
        logprobs = json.dumps(answer.logprobs) if answer.logprobs is not None else None
        self._queue.put(
            (
                key, endpoint, model, answer.text, answer.reasoning, answer.finish_reason,
                answer.input_tokens, answer.output_tokens, answer.latency_s, answer.usd,
                answer.model, answer.created, logprobs,
            )
        )  # fmt: skip

    def flush(self) -> None:
        """Wait until all that was put is on the disk."""
        done = threading.Event()
        self._queue.put(done)
        done.wait()
        self._raise()

    def close(self) -> None:
        """Write what is left. Raises StoreError where it could not be written."""
        self._queue.put(None)
        self._thread.join()
        self._reader.close()
        self._raise()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables and application != APPLICATION:
            raise StoreError(
                f"{self.path} is another program's database: set AIFGEN_CACHE elsewhere"
            )
        if version > VERSION:
            raise StoreError(
                f"{self.path} was written by a newer aifgen (store version {version}, not "
                f"{VERSION}): update aifgen, or set AIFGEN_CACHE to another folder"
            )
        connection.execute("PRAGMA journal_mode = WAL")  # not before: a stranger's stays untouched
        if not tables:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(TABLE)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")

    def _write(self) -> None:
        """The writing thread: gather for at most 100 ms, commit, forget what is on the disk."""
        insert = f"INSERT OR IGNORE INTO answers VALUES ({', '.join('?' * 13)})"
        closing = False
        while not closing:
            rows: list[tuple[Any, ...]] = []
            item = self._queue.get()
            until = time.monotonic() + COMMIT_SECONDS
            while isinstance(item, tuple):
                rows.append(item)
                try:
                    item = self._queue.get(timeout=max(0.0, until - time.monotonic()))
                except queue.Empty:
                    break
            self._commit(insert, rows)
            if isinstance(item, threading.Event):
                item.set()
            closing = item is None
        self._writer.close()

    def _commit(self, insert: str, rows: list[tuple[Any, ...]]) -> None:
        if not rows or self._error:
            return
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            self._writer.executemany(insert, rows)
            self._writer.execute("COMMIT")
        except Exception as error:  # whatever it is: this thread must live, or flush would hang
            self._error = self._sentence(error)
            with contextlib.suppress(sqlite3.Error):
                self._writer.rollback()
            return
        for row in rows:
            self._fresh.pop(row[0], None)

    def _raise(self) -> None:
        if self._error:
            raise StoreError(self._error)

    def _sentence(self, error: Exception) -> str:
        text = str(error)
        if "full" in text or "No space" in text:
            return (
                f"the disk is full: {self.path} takes no more answers. Free some space, or set "
                "AIFGEN_CACHE to a folder on another disk; the same command then goes on"
            )
        return f"the store {self.path} cannot be used: {text}. AIFGEN_CACHE names another folder"
