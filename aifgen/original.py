"""A run that is there: its report, its config, what it wrote. Changes nothing, knows no store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aifgen import app, keeping, reviewed
from aifgen.errors import AifgenError, ConfigError
from aifgen.folder import FAILURES, REPORT, TABLES, RunFolder
from aifgen.identity import config_digest
from aifgen.judging.example import Reviewed
from aifgen.schema import Config

PARQUET, JSONL = "aifgen.sinks.parquet.ParquetSink", "aifgen.sinks.jsonl.JsonlSink"
NOWHERE = ".nowhere.jsonl"
NEEDED = (
    "status",
    "rows",
    "config_digest",
    "source",
    "duplicates",
    "run_id",
    "generators",
    "judges",
)


@dataclass(frozen=True, slots=True)
class Original:
    path: Path
    report: dict[str, Any]
    config: Config
    recipe: str
    overrides: list[str]
    examples: Reviewed | None = None

    @property
    def answers(self) -> int:
        """How many the tables were made of at least: repairs are not among them."""
        made = sum(who["responses"] for who in self.report["generators"].values())
        judges = self.report["judges"].values()
        return int(made + sum(who["judgments"] - who["errors"] for who in judges))

    @property
    def left_out(self) -> list[str]:
        """Sinks that write elsewhere than into files of their own."""
        return [name for name, node in self.config.sink.items() if _file(name, node) is None]

    def sinks(self, folder: Path) -> dict[str, Any]:
        """The file sinks, all writing below `folder`."""
        found = {
            name: {**node, "path": str(folder / file)}
            for name, node in self.config.sink.items()
            if (file := _file(name, node))
        }
        # A run has a sink; nobody looks at this one.
        return found or {"nowhere": {"_target_": JSONL, "path": str(folder / NOWHERE)}}

    def pairs(self, folder: Path) -> Iterator[tuple[str, Path, Path]]:
        """What `folder` holds, built as the run was: a name, the file there, the run's own file."""
        elsewhere = {
            file: Path(node["path"]).expanduser()
            for name, node in self.config.sink.items()
            if (file := _file(name, node)) and node.get("path")
        }
        first = (*(f"{table}.parquet" for table in TABLES), FAILURES)
        made = RunFolder(folder)
        names = made.files() | made.pages()
        for name in (*filter(names.__contains__, first), *(n for n in names if n not in first)):
            top, *rest = Path(name).parts
            own = elsewhere[top].joinpath(*rest) if top in elsewhere else self.path / name
            yield name, folder / name, own


def read(path: Path) -> Original:
    """Raises ConfigError where the folder holds no run that can be replayed."""
    from omegaconf import DictConfig, OmegaConf

    report = RunFolder(path).known_report()
    if any(key not in report for key in NEEDED):
        raise ConfigError(f"{path / REPORT} is not whole: run the same command again")
    if not report["rows"]["done"]:
        raise ConfigError(f"{path} has no finished row yet: run the same command again")
    recipe, overrides = path / ".hydra" / "config.yaml", path / ".hydra" / "overrides.yaml"
    try:
        text = recipe.read_text("utf-8")
        typed = overrides.read_text("utf-8") if overrides.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{recipe} cannot be read ({error}): nothing else says what was asked"
        ) from None
    found = OmegaConf.create(text)
    if not isinstance(found, DictConfig):
        raise ConfigError(f"{recipe} is no config")
    config = app.typed(found)
    examples = _examples(path, config, report["config_digest"])
    if (
        config_digest(asdict(config), examples.digest if examples else None)
        != report["config_digest"]
    ):
        raise ConfigError(f"{recipe} is not the config of the run that {REPORT} tells of")
    words = typed.removeprefix("- ").removesuffix("\n").split("\n- ") if typed else []
    return Original(path, report, config, text, words, examples)


def _examples(path: Path, config: Config, digest: str) -> Reviewed | None:
    """The run's own copy, else what judge.examples names as long as it is the same."""
    name = config.judge.examples
    if name is None:
        return None
    for read in (partial(keeping.read, path), partial(reviewed.read, name)):
        with contextlib.suppress(AifgenError):
            found = read()
            if config_digest(asdict(config), found.digest) == digest:
                return found
    raise ConfigError(
        f"{path / keeping.KEPT}, which holds what the judges were shown, is missing or damaged, "
        f"and judge.examples={name} is gone or has changed since the run"
    )


def _file(name: str, node: Any) -> str | None:
    """Where a file sink writes below a run's folder, null for another sink."""
    ending = {PARQUET: "", JSONL: ".jsonl"}.get(node.get("_target_"))
    if ending is None:
        return None
    return f"{name if node.get('path') else 'preferences'}{ending}"
