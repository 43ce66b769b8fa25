"""The run that a command is about. Knows its folder and its report, no Argilla."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aifgen.errors import ConfigError
from aifgen.folder import RunFolder
from aifgen.review.home import HOME


def the_run(folders: Sequence[Path], command: str) -> tuple[Path, Mapping[str, Any]]:
    """The only one named, and its run.json. Raises ConfigError."""
    from aifgen.compare.folders import one_run

    if len(folders) != 1:
        raise ConfigError(f"name one run: aifgen review {command} outputs/RUN")
    run = one_run(folders[0])
    return run, RunFolder(run).known_report()


def again(given: argparse.Namespace) -> str:
    """The flags that lead another command to the same place, as they are typed."""
    flags = [("--dataset", given.dataset), ("--workspace", given.workspace)]
    flags += [("--api-url", given.api_url), ("--home", given.home if given.home != HOME else None)]
    return "".join(f" {flag} {shlex.quote(str(value))}" for flag, value in flags if value)


def recipe(run: Path) -> Mapping[str, Any]:
    """The composed config. Raises ConfigError where it cannot be read."""
    import yaml

    path = run / ".hydra" / "config.yaml"
    try:
        found = yaml.safe_load(path.read_text("utf-8")) if path.is_file() else {}
    except (OSError, ValueError, yaml.YAMLError):
        raise ConfigError(f"{path} cannot be read: run the same command again") from None
    return found if isinstance(found, dict) else {}
