"""The SQLite file: how it is opened, how safe it is, and its tables' version. Knows no record."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

FILE = "argilla.db"
URL = f"sqlite+aiosqlite:///{FILE}?check_same_thread=False"
"""Relative: the process works in its home, whose name may hold what a URL may not."""
BUSY_S = "30"
"""How long a writer waits for another one."""


def prepare() -> None:
    """To be called before the first connection.

    WAL lets people read while a push writes. synchronous=FULL has each commit reach the disk before
    it is answered: kill -9 loses nothing with any setting, with this one a power cut does not
    either.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    from argilla_local import text_fields

    def opened(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()
        text_fields.register(connection)

    event.listen(Engine, "connect", opened)


def migrate() -> None:
    """Bring the tables to this server's version; where they are, nothing is loaded or written."""
    import argilla_server

    scripts = Path(argilla_server.__file__).parent / "alembic" / "versions"
    if _revision() == _head(scripts):
        return
    from alembic import command
    from alembic.config import Config
    from argilla_server.database import ALEMBIC_CONFIG_FILE

    config = Config(ALEMBIC_CONFIG_FILE)
    # Alembic tells of each step on standard error, which is the log.
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        command.upgrade(config, "head")


def annotators(home: Path) -> list[str]:
    """Who is one in the tables; nobody where there are none yet."""
    import sqlite3

    if not (home / FILE).exists():
        return []
    with contextlib.closing(sqlite3.connect(home / FILE)) as connection:
        try:
            rows = connection.execute("SELECT username FROM users WHERE role = 'annotator'")
            return sorted(str(row[0]) for row in rows)
        except sqlite3.DatabaseError:  # no table, or no database: the start itself says so
            return []


def ready() -> bool:
    """Whether a server has made the tables."""
    return _revision() is not None


def _revision() -> str | None:
    import sqlite3

    if not Path(FILE).exists():
        return None
    with contextlib.closing(sqlite3.connect(FILE)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:  # no table: the first start was cut short
            return None
    return str(row[0]) if row else None


def _head(scripts: Path) -> str | None:
    """The one revision that no other one comes after; null where this cannot be read so."""
    import re

    own, before = set(), set()
    for script in scripts.glob("*.py"):
        text = script.read_text()
        own.update(re.findall(r"^revision = [\"'](\w+)[\"']", text, re.MULTILINE))
        before.update(re.findall(r"^down_revision = [\"'](\w+)[\"']", text, re.MULTILINE))
    heads = own - before
    return heads.pop() if len(heads) == 1 else None
