"""aifgen export: a run's judgments or pairs in files that other tools read. Knows words and files;
exported and trl know the layouts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from aifgen import exported, trl, usage
from aifgen.draft import Draft
from aifgen.errors import ConfigError, DataError
from aifgen.flags import Parser, path, status
from aifgen.overruling import NONE, policy
from aifgen.review import human
from aifgen.reviewed_pairs import Reviewed
from aifgen.run_rows import run_rows

if TYPE_CHECKING:
    from aifgen.compare.run_folder import Run

JUDGMENTS = "judgments"
FORMATS = (JUDGMENTS, *trl.COLUMNS)
ENDINGS = (".jsonl", ".parquet")
OTHERS = (".csv", ".gz", ".json", ".arrow", ".txt", ".tsv", ".zip")


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status."""
    words = Parser(prog="aifgen export", text=lambda: usage.EXPORT)
    words.add_argument("runs", nargs="*", type=path)
    words.add_argument("--format", metavar="NAME")
    words.add_argument("--out", type=path)
    words.add_argument("--parquet", action="store_true")
    words.add_argument("--force", action="store_true")
    words.add_argument("--people", metavar="POLICY")

    def work() -> None:
        given = words.parse_intermixed_args(arguments)
        if len(given.runs) != 1:
            raise ConfigError("name one run: aifgen export RUN --format NAME [--out FILE|DIR]")
        if given.format not in FORMATS:
            told = f"--format {given.format} is none" if given.format else "--format is missing"
            raise ConfigError(f"{told}: there is {', '.join(FORMATS)}")
        for line in export(
            given.runs[0],
            given.format,
            given.out,
            parquet=given.parquet,
            force=given.force,
            people=given.people,
        ):
            print(line)

    return status(work)


def export(
    folder: Path,
    name: str,
    out: Path | None = None,
    *,
    parquet: bool = False,
    force: bool = False,
    people: str | None = None,
) -> list[str]:
    """Write the files, all or none; a line about each. people: see overruling.policy; where the run
    has a human.parquet it is majority unless said. Raises an AifgenError.
    """
    from aifgen.compare.folders import one_run
    from aifgen.compare.run_folder import read_run

    _check_ending(out)
    run = read_run(one_run(folder))
    reviewed = _reviewed(run, people)
    words = _words(run) if name == JUDGMENTS or reviewed is not None else {}
    if name == JUDGMENTS:
        targets = _judgment_files(run, out, parquet)
    else:
        targets = [_file(run, name, out, parquet)]
    for target in targets:
        if target.resolve().is_relative_to(run.path.resolve()):
            raise ConfigError(f"--out {target} lies in {run.path}, which stays as it is")
        if target.is_dir():
            raise ConfigError(f"{target} is a folder: name another file with --out")
        if target.exists() and not force:
            raise ConfigError(f"{target} is there already: name another --out, or give --force")
    with ExitStack() as stack:
        if name == JUDGMENTS:
            shapes = exported.schemas(words, reviewed=reviewed is not None)
            files = [
                stack.enter_context(Draft(target, shapes[kind]))
                for target, kind in zip(targets, ("items", "judgments"), strict=True)
            ]
            _judgments(run, words, files[0], files[1], reviewed)
        else:
            shape = trl.schema(name, marked=reviewed is not None)
            files = [stack.enter_context(Draft(targets[0], shape))]
            _pairs(run, name, files[0], reviewed)
        for file in files:
            file.finish()
        for file in files:
            file.show()
    what = ("items", "judgments") if name == JUDGMENTS else ("rows",)
    told = [f"{file.path}: {file.rows:,} {of}" for file, of in zip(files, what, strict=True)]
    if reviewed is not None:
        told += reviewed.counts.told(pairs=name != JUDGMENTS, labels=bool(words))
    if run.report.get("status") != "complete":
        told.append(f"{run.path} is not complete: only what it has so far is exported.")
    return told


def _reviewed(run: Run, people: str | None) -> Reviewed | None:
    """Null where nobody has reviewed the run, or nobody is to be heard."""
    from aifgen.compare.people_names import called

    answers = human.read(run.path)
    said = [one for one in answers if one.status == human.SUBMITTED]
    names = {one.annotator: one.name for one in said if one.name}
    shown = called({one.annotator for one in said}, names)
    given = {name: who for who, name in sorted(shown.items())} | {who: who for who in sorted(shown)}
    if people is not None and not given and people != NONE:
        raise ConfigError(
            f"--people {people}: nobody has submitted an answer about {run.path}: aifgen review "
            f"pull {run.path} brings them"
        )
    by = policy(people, given)
    return None if not given or by == NONE else Reviewed.of(answers, by)


def _words(run: Run) -> dict[float, str]:
    """What ratings are called where judges give labels."""
    both = zip(run.judgments["label"], run.judgments["ratings"], strict=True)
    return {ratings[0]: label for label, ratings in both if label is not None and ratings}


def _judgments(
    run: Run, words: exported.Words, items: Draft, judgments: Draft, reviewed: Reviewed | None
) -> None:
    models = {judge: run.model(judge) for judge in run.judges}
    for row in run_rows(run.path):
        if row.responses:
            said = reviewed.labels(row) if reviewed is not None and not words else ()
            items.add_all(exported.items(row, run.path.name, words, said))
            judgments.add_all(exported.judgments(row, models, run.protocol, words))
    if reviewed is not None and not words:
        reviewed.end()


def _pairs(run: Run, name: str, file: Draft, reviewed: Reviewed | None) -> None:
    for row in run_rows(run.path):
        if reviewed is None:
            file.add_all(trl.rows(name, row, run.min_margin))
        else:
            file.add_all(reviewed.rows(name, row, run.min_margin))
    if reviewed is not None:
        reviewed.end()
    if not file.rows:
        why = "outcomes in its run.json say why"
        if reviewed is not None and (ties := reviewed.counts.ties):
            why = (
                f"people see no better response in {ties:,} prompts: --people none exports the "
                "judges' pairs"
            )
        raise DataError(
            f"{run.path} has no preference pair: there is nothing to export as {name} ({why})"
        )


def _check_ending(out: Path | None) -> None:
    """A name that looks like a file of another kind is no folder."""
    if out is not None and out.suffix in OTHERS and not out.is_dir():
        raise ConfigError(f"--out {out}: a file ends in .jsonl or .parquet; name one, or a folder")


def _home(run: Run) -> Path:
    """Beside the run: a file more in its folder would make it look unfinished."""
    return run.path.parent / "exports" / run.path.resolve().name


def _judgment_files(run: Run, out: Path | None, parquet: bool) -> list[Path]:
    if out is not None and (out.suffix in ENDINGS or out.is_file()):
        raise ConfigError(f"--out {out} is a file: judgments are two files, so name a folder")
    folder = out or _home(run)
    return [folder / f"items{ENDINGS[parquet]}", folder / "judgments.parquet"]


def _file(run: Run, name: str, out: Path | None, parquet: bool) -> Path:
    if out is None or out.suffix not in ENDINGS:
        if out is not None and out.is_file():
            raise ConfigError(f"--out {out}: name a file that ends in .jsonl or .parquet")
        return (out or _home(run)) / f"{name}{ENDINGS[parquet]}"
    if parquet and out.suffix != ".parquet":
        raise ConfigError(f"--out {out} is no Parquet file: leave --parquet out, or rename it")
    return out
