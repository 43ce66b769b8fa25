"""A run's folder: its lock, its tables, its run.json. Knows where things are, not their meaning."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aifgen.errors import ConfigError, SinkError
from aifgen.records import SCHEMA_VERSION, Row, schemas
from aifgen.review.human import HUMAN
from aifgen.tables import TableWriter

__all__ = ["HUMAN", "TABLES", "RunFolder", "Tables"]

REPORT = "run.json"
FAILURES = "failures.jsonl"
PAGE = "report.html"
COMPARISON = "comparison"
TABLES = ("prompts", "responses", "judgments", "verdicts")
LATER = (HUMAN, "argilla_refused.jsonl")
"""What comes and grows when the run has long been finished: no part of what makes it so."""


class RunFolder:
    """One run's folder. Everything in it appears whole, by renaming."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process works on a folder; the second gets a sentence."""
        from filelock import FileLock, Timeout

        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / ".lock", timeout=0)
            lock.acquire()
        except Timeout:
            raise ConfigError(
                f"{self.path} is being worked on by another aifgen: wait for it, or give this run "
                "another folder with hydra.run.dir=FOLDER"
            ) from None
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be written: {error.strerror or error}") from None
        try:
            yield
        finally:
            lock.release()
            self._leave_if_empty()

    def report(self) -> dict[str, Any] | None:
        """run.json, or null where this folder holds no run yet."""
        path = self.path / REPORT
        try:
            found = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path} cannot be read ({error}): move the folder away") from None
        if not isinstance(found, dict) or not isinstance(found.get("schema_version"), int):
            raise ConfigError(f"{path} is no report of a run: give this run another folder")
        return found

    def known_report(self) -> dict[str, Any]:
        """run.json of a run that somebody names; ConfigError where there is none that we know."""
        found = self.report()
        if found is None:
            raise ConfigError(f"{self.path} is no run's folder: it has no {REPORT}")
        if found["schema_version"] > SCHEMA_VERSION:
            raise ConfigError(f"{self._newer(found)}: update aifgen")
        return found

    def _newer(self, report: Mapping[str, Any]) -> str:
        return (
            f"{self.path} was written by a newer aifgen (schema {report['schema_version']}, ours "
            f"is {SCHEMA_VERSION})"
        )

    def check_same_run(self, before: Mapping[str, Any], digest: str) -> None:
        """ConfigError where the report that lies here is another run's, or a newer aifgen's."""
        if not before:
            return
        if before["schema_version"] > SCHEMA_VERSION:
            raise ConfigError(
                f"{self._newer(before)}: update aifgen, or give this run another folder"
            )
        if before.get("config_digest") != digest:
            raise ConfigError(
                f"{self.path} holds another run (see its .hydra/config.yaml): give this run a "
                "folder of its own with hydra.run.dir=FOLDER, or leave hydra.run.dir out"
            )

    def finished(self, before: Mapping[str, Any], fingerprint: str | None) -> bool:
        """Whether there is nothing left to do: no failed row, all files, the source as it was."""
        return (
            before.get("status") == "complete"
            and before["rows"]["failed"] == 0
            and before["source"]["fingerprint"] == fingerprint
            and before.get("files") == self.files()
        )

    def files(self) -> dict[str, int]:
        """What the run has written here but its pages, with sizes in bytes: a finished run has all
        of it. What people answered is not the run's."""
        return {name: size for name, size in self._written().items() if not _is_page(name)}

    def pages(self) -> dict[str, int]:
        """report.html and comparison/, which can be drawn again from the rest."""
        return {name: size for name, size in self._written().items() if _is_page(name)}

    def _written(self) -> dict[str, int]:
        return {
            str(path.relative_to(self.path)): path.stat().st_size
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and path.name != REPORT
            and str(path.relative_to(self.path)) not in LATER
            and not any(part.startswith(".") for part in path.relative_to(self.path).parts)
        }  # fmt: skip

    def write_report(self, report: Mapping[str, Any]) -> None:
        text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
        self.write_text(REPORT, text)

    def keep_recipe(self, recipe: str, overrides: Sequence[str]) -> None:
        """The composed config and what was typed, where Hydra keeps them."""
        self.write_text(".hydra/config.yaml", recipe)
        self.write_text(".hydra/overrides.yaml", "".join(f"- {o}\n" for o in overrides))

    def forget_recipe(self) -> None:
        shutil.rmtree(self.path / ".hydra", ignore_errors=True)

    def write_text(self, name: str, text: str) -> None:
        path = self.path / name
        temporary = path.with_name(f".{path.name}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(text, "utf-8")
            os.replace(temporary, path)
        except OSError as error:
            raise SinkError(f"{path} cannot be written: {error.strerror or error}") from None

    def forget_pages(self) -> None:
        """What people read of tables that are about to be replaced."""
        (self.path / PAGE).unlink(missing_ok=True)
        for left in (self.path / COMPARISON, *self.path.glob(f".{COMPARISON}.*.tmp")):
            shutil.rmtree(left, ignore_errors=True)  # the latter of a process that was killed

    def _leave_if_empty(self) -> None:
        """A run that ended before it began leaves no folder."""
        if not self.path.is_dir() or any(p.name != ".lock" for p in self.path.iterdir()):
            return
        shutil.rmtree(self.path, ignore_errors=True)


def _is_page(name: str) -> bool:
    return Path(name).parts[0] in (PAGE, COMPARISON)


class Tables:
    """The tables of one run, written row by row and shown together when whole."""

    def __init__(self, folder: RunFolder) -> None:
        shapes = schemas()
        self._writers = {
            name: TableWriter(
                folder.path / f"{name}.parquet", shapes[name], records=name != "prompts"
            )
            for name in TABLES
        }
        self._folder = folder
        self._failures = folder.path / f".{FAILURES}.tmp"
        try:
            self._lines = self._failures.open("w", encoding="utf-8")
        except OSError as error:
            raise SinkError(f"{self._failures} cannot be written: {error}") from None

    def add(self, row: Row) -> None:
        prompt = row.prompt
        self._writers["prompts"].add(
            {
                "prompt_id": prompt.prompt_id,
                "messages": list(prompt.messages),
                "extra": json.dumps(dict(prompt.extra), ensure_ascii=False),
                "references": prompt.references,
                "responses": [{"generator": g.generator, "text": g.text} for g in prompt.responses],
                "gold": prompt.gold,
                "human": prompt.human,
            }
        )
        for name, records in (
            ("responses", row.responses),
            ("judgments", row.judgments),
            ("verdicts", row.verdicts),
        ):
            for record in records:
                self._writers[name].add(record)
        for failure in row.failures:
            self._lines.write(json.dumps(asdict(failure), ensure_ascii=False) + "\n")

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._lines.close()
        os.replace(self._failures, self._folder.path / FAILURES)

    def abort(self) -> None:
        for writer in self._writers.values():
            writer.abort()
        self._lines.close()
        self._failures.unlink(missing_ok=True)
