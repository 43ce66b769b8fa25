"""The dataset as a folder that `load_dataset` opens: one Parquet file and a card."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aifgen.errors import ConfigError
from aifgen.records import Row
from aifgen.sinks._pairs import Pairs
from aifgen.sinks.base import Sink
from aifgen.sinks.card import card, masked
from aifgen.tables import TableWriter, writing

DATA, CARD = "train-00000-of-00001.parquet", "README.md"


class ParquetSink(Sink):
    """RUN/preferences, or the folder `path`. Made in a folder beside it and renamed when whole, so
    that an older dataset is there until the new one is. `card: false` leaves README.md out."""

    def __init__(self, path: str | None = None, card: bool = True) -> None:
        self._path = path
        self._card = card
        self._pairs: Pairs | None = None

    def open(self, folder: Path) -> None:
        """Raises ConfigError where `path` holds anything but a dataset of ours: it is replaced."""
        target = Path(self._path).expanduser().resolve() if self._path else folder / "preferences"
        self._target = target
        self._part = target.parent / f".{target.name}.tmp"
        self._old = target.parent / f".{target.name}.old"
        self._prompts = 0
        with writing(self._target):
            if self._old.exists() and not self._target.exists():
                os.replace(self._old, self._target)  # a run was killed between the two renames
            _refuse_foreign(self._target)
            shutil.rmtree(self._part, ignore_errors=True)
            self._part.mkdir(parents=True)
        self._pairs = Pairs(self._part / "pairs.jsonl")

    def write(self, row: Row) -> None:
        assert self._pairs is not None
        self._prompts += 1
        for pair in row.preferences:
            self._pairs.add(pair)

    def close(self, report: Mapping[str, Any]) -> str:
        assert self._pairs is not None
        try:
            schema = self._pairs.schema()
            table = TableWriter(self._part / DATA, schema)
            try:
                for row in self._pairs.rows():
                    table.add(row)
                table.close()
            except BaseException:
                table.abort()
                raise
            if self._card:
                extra = [(column, kind.name) for _, column, kind in self._pairs.extra_columns()]
                text = card(
                    report,
                    pairs=table.rows,
                    prompts=self._prompts,
                    digest=_digest(self._part / DATA),
                    extra=extra,
                )
                with writing(self._part / CARD):
                    (self._part / CARD).write_text(masked(text, os.environ), encoding="utf-8")
            self._pairs.remove()
            self._show()
        except BaseException:
            self.abort()
            raise
        return f"{self._target}: {table.rows:,} pairs from {self._prompts:,} prompts"

    def abort(self) -> None:
        if self._pairs is not None:
            self._pairs.remove()
            shutil.rmtree(self._part, ignore_errors=True)

    def _show(self) -> None:
        with writing(self._target):
            shutil.rmtree(self._old, ignore_errors=True)
            with contextlib.suppress(FileNotFoundError):
                os.replace(self._target, self._old)
            try:
                os.replace(self._part, self._target)
            except OSError:
                with contextlib.suppress(OSError):
                    os.replace(self._old, self._target)
                raise
            shutil.rmtree(self._old, ignore_errors=True)


def _digest(path: Path) -> str:
    state = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def _refuse_foreign(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise ConfigError(f"sink.parquet.path: {target} is a file: name a folder for the dataset")
    if foreign := sorted({entry.name for entry in target.iterdir()} - {DATA, CARD}):
        raise ConfigError(
            f"sink.parquet.path: {target} holds {foreign[0]}, which is not part of a dataset that "
            "aifgen wrote, and the whole folder would be replaced: name another folder"
        )
