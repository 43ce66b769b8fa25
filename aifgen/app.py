"""The command that runs a config: Hydra's composition, the run's folder, what is printed.

With build and schema the only room that knows Hydra; knows nothing of models.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aifgen import complaints, schema, usage
from aifgen.errors import ConfigError
from aifgen.identity import config_digest
from aifgen.words import ordered

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from aifgen.pipeline import Outcome

GROUPS = ("model", "source", "generators", "judge", "preference", "sink", "experiment")


def conf_dir() -> Path:
    """The shipped options: inside the package when installed, beside it in a checkout."""
    inside = Path(__file__).parent / "conf"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "conf"


def main(arguments: Sequence[str]) -> int:
    """Compose, run, print. Returns the exit status of the worst job."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises; we print.
    codes: list[int] = []
    started: list[bool] = []

    def task(cfg: DictConfig) -> None:
        started.append(True)
        codes.append(_job(cfg))

    try:
        arguments = ordered(arguments)
        if {"--help", "-h"} & set(arguments):
            print(usage.text(_confs(arguments)), end="")
            return 0
        arguments = [*arguments, *_users_conf(arguments)]
        _no_shadows(arguments)
        prepare()
        import hydra

        sys.argv = ["aifgen", *arguments]
        hydra.main(config_path=str(conf_dir()), config_name="config", version_base="1.3")(task)()
    except Exception as error:
        sentence = complaints.sentence(error, _confs(arguments), composing=not started)
        if sentence is None:
            raise
        print(f"aifgen: {sentence}", file=sys.stderr)
        return 1
    return max(codes, default=0)


def prepare() -> None:
    """Tell Hydra and OmegaConf what is ours: the schema and the run's id."""
    from omegaconf import OmegaConf

    schema.register()
    OmegaConf.register_new_resolver("aifgen.run_id", run_id, replace=True)


def run_id(_root_: DictConfig) -> str:
    """JUDGES-DIGEST: the same config is the same folder, alone or in a sweep."""
    from omegaconf import OmegaConf

    plain: dict[str, Any] = {
        str(key): OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
        for key in _root_
        if key != "hydra"
        for node in [_root_[key] if not OmegaConf.is_missing(_root_, key) else None]
    }
    judge: Any = plain.get("judge")
    names = "+".join((judge or {}).get("models") or {}) or "run"
    return f"{names[:60]}-{config_digest(plain)[:10]}"


def typed(cfg: DictConfig) -> schema.Config:
    """The composed config once more through the schema: closes the hole that `+key=` leaves."""
    from omegaconf import OmegaConf

    plain = OmegaConf.to_container(cfg, resolve=True)
    found = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(schema.Config), plain))
    assert isinstance(found, schema.Config)
    return found


def _job(cfg: DictConfig) -> int:
    """One run: never raises what a user can mend, so that a sweep goes on to its next job."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    hydra_config = HydraConfig.get()
    folder = _short(Path(hydra_config.runtime.output_dir))
    overrides = list(hydra_config.overrides.task)
    if hydra_config.mode is not None and hydra_config.mode.name == "MULTIRUN":
        print(f"\n[{hydra_config.job.num + 1}] {' '.join(overrides)}", file=sys.stderr)
    try:
        config = typed(cfg)
        from aifgen import pipeline

        recipe = OmegaConf.to_yaml(cfg, resolve=True)
        outcome = pipeline.run(config, folder, recipe=recipe, overrides=overrides)
    except Exception as error:
        sentence = complaints.sentence(error, _confs(()))
        if sentence is None:
            raise
        print(f"aifgen: {sentence}", file=sys.stderr)
        _forget(folder)
        return 1
    _print(outcome, str(folder))
    return outcome.exit_code


def _print(outcome: Outcome, run: str) -> None:
    from aifgen import summary

    report = outcome.report
    if outcome.already:
        print(f"{run} is finished: {summary.headline(report)[10:]} Nothing was sent.")
        return
    if outcome.report["rows"]["done"]:
        summary.show(report, run, outcome.places)
    if outcome.error is not None:
        told = complaints.sentence(outcome.error, ()) or str(outcome.error)
        print(f"aifgen: {told}", file=sys.stderr)
    elif report["status"] == "failed":
        common = "; ".join(f"{r['times']} x {r['reason']}" for r in report["reasons"])
        print(f"aifgen: too many rows failed: {common}", file=sys.stderr)
    if report["status"] == "partial":
        print("Nothing is lost: the same command goes on from here.", file=sys.stderr)


def _short(folder: Path) -> Path:
    """As one would type it from here."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _forget(folder: Path) -> None:
    """Hydra makes the folder before we can refuse to run: leave none that is empty."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def _option(arguments: Sequence[str], *names: str) -> str | None:
    """The value of a command line flag: `--name value` or `--name=value`."""
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in names:
            if equals:
                return value
            return arguments[position + 1] if position + 1 < len(arguments) else None
    return None


def _confs(arguments: Sequence[str]) -> list[Path]:
    return [conf_dir(), *_users_dirs(arguments)]


def _users_dirs(arguments: Sequence[str]) -> list[Path]:
    """Where a user's own options may stand: --config-dir and ./conf."""
    given = _option(arguments, "--config-dir", "-cd")
    dirs = [Path(given)] if given else []
    here = Path("conf")
    if here.is_dir() and here.resolve() != conf_dir().resolve():
        dirs.append(here)
    return dirs


def _users_conf(arguments: Sequence[str]) -> list[str]:
    """The override that appends ./conf to the search path, where it holds options."""
    if any(argument.startswith("hydra.searchpath") for argument in arguments):
        return []
    given = _option(arguments, "--config-dir", "-cd")
    if given is not None and not Path(given).is_dir():
        raise ConfigError(f"--config-dir {given}: there is no such folder")
    dirs = [d for d in _users_dirs(arguments) if given is None or d != Path(given)]
    dirs = [d for d in dirs if any((d / group).is_dir() for group in GROUPS)]
    return [f"hydra.searchpath=[{','.join(f'file://{d.resolve()}' for d in dirs)}]"] if dirs else []


def _no_shadows(arguments: Sequence[str]) -> None:
    """A user's option with the name of one of ours would be ignored without a word."""
    for folder in _users_dirs(arguments):
        for group in GROUPS:
            for path in sorted((folder / group).rglob("*.yaml")):
                name = path.relative_to(folder)
                ours, text = conf_dir() / name, path.read_text("utf-8")
                if group in ("generators", "judge") and not text.strip():
                    raise ConfigError(
                        f"{path} is empty: it chooses nobody. Write: "
                        f"defaults: [{{/model@{'models.' * (group == 'judge')}NAME: NAME}}]"
                    )
                # Equal files are ours: this is a checkout, and the installed aifgen another.
                if ours.exists() and ours.read_text("utf-8") != text:
                    raise ConfigError(
                        f"{path} has the name of an option that ships with aifgen and would be "
                        f"ignored: rename it, for example to my_{name.name}"
                    )
