"""aifgen review pull: its words and what it says. aifgen.review knows how."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from aifgen import usage
from aifgen.flags import Parser, path, status
from aifgen.review.home import HOME
from aifgen.reviewing.run import the_run

if TYPE_CHECKING:
    from aifgen.review.pull import Pulled

OPTION = "--"


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status."""
    words = Parser(prog="aifgen review pull", text=lambda: usage.REVIEW)
    words.add_argument("runs", nargs="*", type=path, metavar="RUN")
    words.add_argument("--names", action="store_true")
    words.add_argument("--force", action="store_true")
    words.add_argument("--dataset", metavar="NAME")
    words.add_argument("--workspace", metavar="NAME")
    words.add_argument("--api-url", metavar="URL")
    words.add_argument("--home", type=path, default=HOME, metavar="DIR")

    def work() -> None:
        for line in _pull(words.parse_intermixed_args(arguments)):
            print(line)

    return status(work)


def _pull(given: argparse.Namespace) -> list[str]:
    from aifgen.progress import doing
    from aifgen.review.human import HUMAN
    from aifgen.review.place import alone, connect, places
    from aifgen.review.pull import pull

    run, _ = the_run(given.runs, "pull")
    lines, submitted = list[str](), False
    with doing("pulling"):
        server = connect(given.api_url, OPTION, given.home)
        try:
            asked = places(run, server, given.dataset, given.workspace)
            there = [one for one in asked if len(asked) == 1 or server.find(*one) is not None]
            lines += [f"{one[0]}: not there any more" for one in asked if one not in there]
            for dataset, space in there or asked:
                with alone(run):
                    found = pull(run, server, dataset, space, names=given.names, force=given.force)
                lines += _told(found, run / HUMAN)
                submitted |= "submitted" in found.answers
        finally:
            server.close()
    if submitted:
        lines.append(f"what it says of the judges: aifgen compare {quote(str(run))}")
    return lines


def _told(found: Pulled, path: Path) -> list[str]:
    counts = ", ".join(f"{n:,} {what}" for what, n in sorted(found.answers.items(), reverse=True))
    who = f"{found.annotators:,} annotator{'' if found.annotators == 1 else 's'}"
    said = f"{counts} answers to single questions, of {who}" if counts else "no answers yet"
    lines = [f"{path}: {said}; {found.dataset} has {found.records:,} records"]
    if found.strange:
        lines.append(f"{found.strange:,} answers name a response that is not there: left out.")
    if found.foreign:
        lines.append(
            f"{found.foreign:,} records are of prompts or texts that the run has not: left out."
        )
    if found.gone:
        lines.append(
            f"{found.gone:,} answers of an earlier pull are not in Argilla any more: kept (--force "
            "drops them)."
        )
    if found.unnamed:
        lines.append("Names of an earlier pull are left out: --names brings them back.")
    if found.dropped:
        lines.append(f"{found.dropped:,} answers that are not in Argilla any more: dropped.")
    return lines
