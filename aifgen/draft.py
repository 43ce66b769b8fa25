"""A file of rows, JSON lines or Parquet by its name, that appears whole. Knows no row's meaning."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from aifgen.tables import TableWriter, well_formed, writing

if TYPE_CHECKING:
    import pyarrow as pa


class Draft:
    """A file of rows that is shown whole, by `finish` and `show`, or not at all."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path, self.rows = path, 0
        self._draft = path.with_name(f".{path.name}.draft")
        self._write: Callable[[Mapping[str, Any]], None]
        self._end: Callable[[], None]
        self._made = not path.parent.exists()
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".parquet":
            table = TableWriter(self._draft, schema)
            write = self._cells(table, schema)
            self._write, self._end, self._abort = write, table.close, table.abort
        else:
            with writing(path):
                lines = self._draft.open("w", encoding="utf-8", newline="\n")
            self._write = lambda row: _line(lines, row)
            self._end = self._abort = lines.close

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *_: object) -> None:
        self._abort()
        self._draft.unlink(missing_ok=True)
        if self._made:
            with contextlib.suppress(OSError):  # there is something in it
                self.path.parent.rmdir()

    def add(self, row: Mapping[str, Any]) -> None:
        with writing(self.path):
            self._write(row)
        self.rows += 1

    def add_all(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            self.add(row)

    def finish(self) -> None:
        with writing(self.path):
            self._end()

    def show(self) -> None:
        with writing(self.path):
            os.replace(self._draft, self.path)

    @staticmethod
    def _cells(table: TableWriter, schema: pa.Schema) -> Callable[[Mapping[str, Any]], None]:
        """meta is JSON in a table, an object in a line; so is a list where texts are wanted."""
        import pyarrow as pa

        texts = [field.name for field in schema if field.type == pa.list_(pa.string())]

        def write(row: Mapping[str, Any]) -> None:
            made = dict(row)
            if isinstance(meta := row.get("meta"), dict):
                made["meta"] = json.dumps(meta, ensure_ascii=False)
            for name in texts:
                if row.get(name) is not None:
                    made[name] = [
                        json.dumps(one) if isinstance(one, list | tuple) else one
                        for one in row[name]
                    ]
            table.add(made)

        return write


def _line(lines: TextIO, row: Mapping[str, Any]) -> None:
    lines.write(json.dumps(well_formed(row), ensure_ascii=False) + "\n")
