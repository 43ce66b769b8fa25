"""aifgen compare: its words, what it reads, and where it puts what comes out.

Knows files and folders; aifgen.compare knows the statistics, aifgen.page the report.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aifgen import usage
from aifgen.errors import ConfigError, SinkError
from aifgen.flags import Parser, path, status

if TYPE_CHECKING:
    from aifgen.compare.study import Study

RESULT, REPORT, WIDE = "comparison.json", "report.html", "judgments_wide.parquet"
COMPARISONS = "comparisons"
RESERVED = ("gold", "people")
SEED, RESAMPLES, WANTED = 0, 1000, 0.9
USUAL: tuple[Any, ...] = (None, [], SEED, RESAMPLES, WANTED)
"""Words that need not be said: with them a question is the same as without."""


@dataclass(frozen=True, slots=True)
class Written:
    """A comparison that is on the disk."""

    headline: str
    out: Path
    result: Mapping[str, Any]
    """What comparison.json holds."""


def main(arguments: Sequence[str]) -> int:
    """Compare, say what came out. Returns the exit status."""
    words = Parser(prog="aifgen compare", text=lambda: usage.COMPARE)
    words.add_argument("runs", nargs="*", type=path, metavar="RUN")
    words.add_argument("--items", type=path, metavar="FILE")
    words.add_argument("--judgments", type=path, metavar="FILE")
    words.add_argument("--human", type=path, metavar="FILE|RUN")
    words.add_argument("--no-human", action="store_true")
    words.add_argument("--judges", metavar="NAME,NAME")
    words.add_argument("--out", type=path, metavar="DIR")
    words.add_argument("--family", action="append", default=[], metavar="NAME=FAMILY")
    words.add_argument("--seed", type=int, default=SEED, metavar="N")
    words.add_argument("--resamples", type=int, default=RESAMPLES, metavar="N")
    words.add_argument("--agreement", type=float, default=WANTED, metavar="SHARE")

    def work() -> None:
        from aifgen import comparing_table

        given = words.parse_intermixed_args(arguments)
        _check(given)
        study, beside = _study(given)
        out = given.out or _place(beside, study, given)
        _check_apart(out, study)
        settings = {"seed": given.seed, "resamples": given.resamples, "wanted": given.agreement}
        found = write(study, out, **settings)
        comparing_table.show(found.result, str(found.out))

    return status(work)


def compare_runs(folders: Sequence[Path], out: Path | None = None) -> Written:
    """Compare the judges of finished runs. out: beside the first run where null.

    Raises AifgenError where there is nothing to compare.
    """
    from aifgen.compare import runs

    study = runs.runs(folders)
    return write(study, out or _place(folders[0].parent, study))


def write(study: Study, out: Path, **settings: Any) -> Written:
    """Compute, and write the three files; all of them or none. settings: see `comparison`."""
    from aifgen.compare.comparison import comparison
    from aifgen.compare.wide import wide
    from aifgen.page.comparison_page import comparison_page
    from aifgen.progress import doing

    _check_out(out)
    _check_names(study)
    with doing("comparing") as tell:
        found = comparison(study, tell=tell, **settings)
        tell("writing")
        text = json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        page = comparison_page(found, study)
        part = out.with_name(f".{out.name}.{os.getpid()}.tmp")
        with _writing(out):
            part.mkdir(parents=True)
            try:
                import pyarrow.parquet as pq

                (part / RESULT).write_text(text, "utf-8")
                (part / REPORT).write_text(page, "utf-8")
                pq.write_table(wide(study), part / WIDE, compression="zstd")
                out.mkdir(parents=True, exist_ok=True)
                for name in (REPORT, WIDE, RESULT):
                    os.replace(part / name, out / name)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    return Written(found["headline"], out, found)


def _study(given: argparse.Namespace) -> tuple[Study, Path]:
    """What to compare, and the folder that its comparison goes beside."""
    families = _families(given.family)
    if given.items:
        from aifgen.compare.stored import stored

        study = stored(given.items, given.judgments, human=given.human, families=families)
        beside = Path("outputs")
    else:
        from aifgen.compare import runs

        study = runs.runs(
            given.runs, human=given.human, reviewed=not given.no_human, families=families
        )
        beside = runs.folders_of(given.runs)[0].parent
    _check_families(families, study)
    if given.no_human:
        from aifgen.compare.added import without_people

        study = without_people(study)
    if given.judges:
        from aifgen.compare.selecting import selected

        study = selected(study, [name.strip() for name in given.judges.split(",")])
    return study, beside


def _check(given: argparse.Namespace) -> None:
    if given.runs and (given.items or given.judgments):
        raise ConfigError("either runs or --items with --judgments: aifgen compare RUN RUN")
    if not given.runs and not given.items and not given.judgments:
        raise ConfigError(
            "nothing to compare: aifgen compare RUN RUN, or --items FILE --judgments FILE"
        )
    if bool(given.items) != bool(given.judgments):
        missing = "--judgments" if given.items else "--items"
        raise ConfigError(f"{missing} FILE is missing: both files make a set (docs/interchange.md)")
    if given.human and given.no_human:
        raise ConfigError("--human and --no-human: name labels of people, or leave people out")
    if not 100 <= given.resamples <= 100_000:
        raise ConfigError(f"--resamples is {given.resamples}: give 100 to 100,000")
    if given.seed < 0:
        raise ConfigError(f"--seed is {given.seed}: give a whole number, 0 or more")
    if not 0 < given.agreement < 1:
        raise ConfigError(f"--agreement is {given.agreement:g}: give a share, such as 0.9")


def _families(words: Sequence[str]) -> dict[str, str]:
    found = {}
    for word in words:
        name, equals, family = word.partition("=")
        if not (name and equals and family):
            raise ConfigError(f"--family {word}: write NAME=FAMILY, for example judge-a=llama")
        found[name] = family
    return found


def _check_names(study: Study) -> None:
    """A judge's name that means something else in comparison.json is refused."""
    for name in study.names:
        if name in RESERVED or "|" in name:
            why = "| stands between two judges" if "|" in name else f"{name} is the reference"
            raise ConfigError(
                f"a judge is called {name}, and in comparison.json {why}: give it another name"
            )


@contextlib.contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or error
        raise SinkError(
            f"{out} cannot be written ({why}): name another folder with --out"
        ) from error


def _check_families(families: Mapping[str, str], study: Study) -> None:
    """A name that nobody has would change nothing, and nobody would see it."""
    judges = [word for j in study.judges for word in (j.name, j.judge, j.model) if word]
    known = [*judges, *study.generators]
    there = {judge.family for judge in study.judges} | set(study.families)
    for name, family in families.items():
        if name not in known and family not in there:  # a generator's model may be named, too
            close = difflib.get_close_matches(name, known, 1)
            hint = f": did you mean {close[0]}?" if close else ""
            raise ConfigError(f"--family {name}={family}: no judge or generator is {name}{hint}")


def _check_apart(out: Path, study: Study) -> None:
    """A run's folder stays as it is: a file more would make a finished run look unfinished."""
    for source in map(Path, study.sources):
        if source.is_dir() and out.resolve().is_relative_to(source.resolve()):
            raise ConfigError(f"--out {out} lies in {source}, which stays as it is: name another")


def _check_out(out: Path) -> None:
    """Only a folder that is ours, empty or new is written to."""
    if out.is_dir() and any(out.iterdir()) and not (out / RESULT).is_file():
        raise ConfigError(f"--out {out} holds other things: name a folder of its own")
    if out.exists() and not out.is_dir():
        raise SinkError(f"--out {out} is a file: name a folder")


def _place(beside: Path, study: Study, given: argparse.Namespace | None = None) -> Path:
    """Where a comparison goes when nobody says: the same question is the same folder."""
    from aifgen.records import digest

    names = "+".join(dict.fromkeys(judge.judge for judge in study.judges))
    plain = "".join(c if c.isalnum() or c in "+-_." else "-" for c in names)[:60]
    read = [str(Path(source).resolve()) for source in study.sources]
    asked = [
        (name, str(word))
        for name, word in sorted(vars(given).items() if given else ())
        if name not in ("runs", "items", "judgments", "out") and word not in USUAL
    ]
    return beside / COMPARISONS / f"{plain}-{digest(read, asked)[:10]}"
