"""aifgen review pull: its words and what it says. aifgen.review knows how."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from aifgen import usage
from aifgen.flags import Parser, path, status
from aifgen.review.home import HOME
from aifgen.reviewing.run import the_run

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
    from aifgen.review.place import connect, remembered
    from aifgen.review.pull import pull

    run, _ = the_run(given.runs, "pull")
    place = remembered(run)
    dataset = given.dataset or (place.dataset if place else run.resolve().name)
    wanted = given.workspace or (place.workspace if place else None)
    with doing("pulling"):
        server = connect(given.api_url, OPTION, given.home)
        try:
            space = server.workspace(wanted)
            found = pull(run, server, dataset, space, names=given.names, force=given.force)
        finally:
            server.close()
    counts = ", ".join(f"{n:,} {what}" for what, n in sorted(found.answers.items(), reverse=True))
    who = f"{found.annotators:,} annotator{'' if found.annotators == 1 else 's'}"
    lines = [f"{run / HUMAN}: {counts or 'no'} answers of {who}, {found.records:,} records"]
    if found.strange:
        lines.append(f"{found.strange:,} answers name a response that is not there: left out.")
    if found.foreign:
        lines.append(f"{found.foreign:,} records are of prompts that {run} has not: left out.")
    if "submitted" in found.answers:
        lines.append(f"what it says of the judges: aifgen compare {run}")
    return lines
