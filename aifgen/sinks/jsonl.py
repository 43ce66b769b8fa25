"""The dataset as one file of JSON lines, with the columns of the Parquet one."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aifgen.errors import ConfigError
from aifgen.records import Row
from aifgen.sinks._pairs import Pairs
from aifgen.sinks.base import Sink
from aifgen.tables import writing


class JsonlSink(Sink):
    """RUN/preferences.jsonl, or the file `path`: one object a line, UTF-8, replaced when whole."""

    def __init__(self, path: str | None = None) -> None:
        self._path = path
        self._pairs: Pairs | None = None

    def open(self, folder: Path) -> None:
        self._target = Path(self._path).expanduser() if self._path else folder / "preferences.jsonl"
        if self._target.is_dir():
            raise ConfigError(f"sink.jsonl.path: {self._target} is a folder: name a file")
        self._part = self._target.with_name(f".{self._target.name}.tmp")
        with writing(self._target):
            self._target.parent.mkdir(parents=True, exist_ok=True)
        self._pairs = Pairs(self._target.with_name(f".{self._target.name}.pairs"))

    def write(self, row: Row) -> None:
        assert self._pairs is not None
        for pair in row.preferences:
            self._pairs.add(pair)

    def close(self, report: Mapping[str, Any]) -> str:
        assert self._pairs is not None
        try:
            with writing(self._target):
                with self._part.open("w", encoding="utf-8", newline="\n") as lines:
                    for row in self._pairs.rows():
                        lines.write(json.dumps(_strict(row), ensure_ascii=False) + "\n")
                    lines.flush()
                    os.fsync(lines.fileno())
                os.replace(self._part, self._target)
        finally:
            self.abort()
        return f"{self._target}: {self._pairs.count:,} pairs"

    def abort(self) -> None:
        if self._pairs is not None:
            self._pairs.remove()
            self._part.unlink(missing_ok=True)


def _strict(value: Any) -> Any:
    """NaN and the infinities as null: JSON has no word for them, and readers stop at NaN."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {name: _strict(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_strict(part) for part in value]
    return value
