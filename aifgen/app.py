"""The command that runs a config: Hydra's composition, the run's folder, what is printed.

With build and schema the only room that knows Hydra; knows nothing of models.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aifgen import complaints, reviewed, schema, sweep, usage
from aifgen.confs import conf_dir as conf_dir
from aifgen.confs import confs, no_shadows, users_conf
from aifgen.identity import config_digest
from aifgen.words import ordered

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from aifgen.outcome import Outcome


def main(arguments: Sequence[str], *, planning: bool = False) -> int:
    """Compose, run (or only plan, or with --cite only say whose protocol it is), print.

    Returns the exit status of the worst job.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises; we print.
    citing = "--cite" in arguments
    arguments = [word for word in arguments if word != "--cite"]
    codes: list[int] = []
    started: list[bool] = []
    elsewhere: list[str] = []
    jobs: list[sweep.Job] = []

    def task(cfg: DictConfig) -> None:
        started.append(True)
        if sweep.INTERRUPTED & set(codes):  # Ctrl-C is for the whole sweep
            _forget(_folder())
            return
        if citing:
            codes.append(_cite(cfg))
        elif planning:
            codes.append(_plan(cfg, elsewhere))
        else:
            _swept(cfg, codes, jobs)

    try:
        arguments = ordered(arguments)
        if {"--help", "-h"} & set(arguments):
            print(usage.PLAN if planning else usage.text(confs(arguments)), end="")
            return 0
        arguments = [*arguments, *users_conf(arguments)]
        no_shadows(arguments)
        prepare()
        import hydra

        with contextlib.ExitStack() as held:
            if planning or citing:  # Hydra makes the folders that it is told of; these leave none.
                nowhere = held.enter_context(tempfile.TemporaryDirectory())
                elsewhere = [f"hydra.{mode}.dir='{nowhere}'" for mode in ("run", "sweep")]
            sys.argv = ["aifgen", *arguments, *elsewhere]
            compose = hydra.main(str(conf_dir()), config_name="config", version_base="1.3")
            try:
                compose(task)()
            except Exception:  # a defect of ours in one job: the others are compared all the same
                sweep.end(jobs)
                raise
        codes.append(sweep.end(jobs))
    except Exception as error:
        sentence = complaints.sentence(error, confs(arguments), composing=not started)
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
    judge: Any = plain.get("judge") or {}
    names = "+".join(judge.get("models") or {}) or "run"
    examples = reviewed.digest_of(judge.get("examples"))
    return f"{names[:60]}-{config_digest(plain, examples)[:10]}"


def typed(cfg: DictConfig) -> schema.Config:
    """The composed config once more through the schema: closes the hole that `+key=` leaves."""
    from omegaconf import OmegaConf

    plain = OmegaConf.to_container(cfg, resolve=True)
    found = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(schema.Config), plain))
    assert isinstance(found, schema.Config)
    return found


def _swept(cfg: DictConfig, codes: list[int], jobs: list[sweep.Job]) -> None:
    """One run, alone or as a job of a sweep, and what became of it."""
    from hydra.core.hydra_config import HydraConfig

    now, code = HydraConfig.get(), 1
    try:
        code = _job(cfg)
    finally:
        codes.append(code)
        if now.mode is not None and now.mode.name == "MULTIRUN":
            words = tuple(now.overrides.task)
            jobs.append(sweep.Job(now.job.num + 1, words, _folder(), code))


def _job(cfg: DictConfig) -> int:
    """One run: never raises what a user can mend, so that a sweep goes on to its next job."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    hydra_config = HydraConfig.get()
    folder = _folder()
    overrides = list(hydra_config.overrides.task)
    if hydra_config.mode is not None and hydra_config.mode.name == "MULTIRUN":
        print(f"\n[{hydra_config.job.num + 1}] {' '.join(overrides)}", file=sys.stderr)
    try:
        config = typed(cfg)
        from aifgen import pipeline, progress

        recipe = OmegaConf.to_yaml(cfg, resolve=True)
        outcome = pipeline.run(
            config, folder, recipe=recipe, overrides=overrides, compare=sweep.compare
        )
    except Exception as error:
        _tell(error)
        _forget(folder)
        return 1
    with progress.unread():
        _print(outcome, str(folder))
    return outcome.exit_code or outcome.interrupted or 0


def _plan(cfg: DictConfig, elsewhere: Sequence[str]) -> int:
    """Say what one run would do. elsewhere: the overrides that keep Hydra out of its folder."""
    from hydra.core.hydra_config import HydraConfig

    mode = HydraConfig.get().mode
    sweeping = mode is not None and mode.name == "MULTIRUN"
    if sweeping:
        job = HydraConfig.get()
        alone = " (each plan stands alone: what several ask is in each)" * (job.job.num == 0)
        print(f"\n[{job.job.num + 1}] {' '.join(job.overrides.task)}{alone}")
    try:
        config = typed(cfg)
        from aifgen import plan, plan_table

        folder = _short(_folder_of(sweeping, elsewhere))
        with plan_table.counting() as tell:
            found = plan.plan(config, folder, tell)
    except Exception as error:
        _tell(error)
        return 1
    plan_table.show(found, str(folder))
    return 0


def _cite(cfg: DictConfig) -> int:
    """Name the papers of one run's way of judging."""
    try:
        config = typed(cfg)
        from aifgen import build
        from aifgen.judging.citing import citations

        by_odds = config.judge.scoring is schema.Scoring.logprobs
        found = citations(build.protocol(config), by_odds=by_odds)
    except Exception as error:
        _tell(error)
        return 1
    print(*found, sep="\n")
    return 0


def _tell(error: Exception) -> None:
    """Print what the user can mend; raise anything else."""
    sentence = complaints.sentence(error, confs(()))
    if sentence is None:
        raise error
    print(f"aifgen: {sentence}", file=sys.stderr)


def _folder_of(sweeping: bool, elsewhere: Sequence[str]) -> Path:
    """The run's folder as Hydra would make it."""
    from hydra import compose
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import read_write

    now = HydraConfig.get()
    overrides = [o for o in (*now.overrides.hydra, *now.overrides.task) if o not in elsewhere]
    node = compose(now.job.config_name, overrides, return_hydra_config=True).hydra
    if not sweeping:
        return Path(node.run.dir)
    with read_write(node.job):
        node.job.num = now.job.num
    return Path(node.sweep.dir, node.sweep.subdir)


def _print(outcome: Outcome, run: str) -> None:
    from aifgen import summary

    report = outcome.report
    for line in outcome.trouble:
        print(f"Note: {line}", file=sys.stderr)
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
        why = summary.why_failed(report)
        print(f"aifgen: {why[0].lower()}{why[1:]}: {common}", file=sys.stderr)
    if outcome.exhausted is not None:
        rows = report["rows"]
        left = "an unknown number of" if rows["total"] is None else rows["total"] - rows["done"]
        print(
            f"aifgen: stopped because {outcome.exhausted} is reached (spent: "
            f"{summary.spending(report['spent'])}); {left} prompts are left. Nothing is lost: the "
            "same command with a higher cap goes on from here.",
            file=sys.stderr,
        )
    elif report["status"] == "partial" and "Nothing is lost" not in str(outcome.error):
        print("Nothing is lost: the same command goes on from here.", file=sys.stderr)


def _folder() -> Path:
    """Where this job's run is."""
    from hydra.core.hydra_config import HydraConfig

    return _short(Path(HydraConfig.get().runtime.output_dir))


def _short(folder: Path) -> Path:
    """As one would type it from here."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _forget(folder: Path) -> None:
    """Hydra makes the folder before we can refuse to run: leave none that is empty."""
    with contextlib.suppress(OSError):
        folder.rmdir()
