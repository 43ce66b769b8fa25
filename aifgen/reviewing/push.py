"""aifgen review push: its words and what it says. aifgen.review knows how."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence

from aifgen import usage
from aifgen.errors import ConfigError
from aifgen.flags import Parser, path, status
from aifgen.review.home import HOME
from aifgen.review.settings import USUAL
from aifgen.reviewing.run import again, recipe, the_run

OPTION = "--"


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status."""
    words = Parser(prog="aifgen review push", text=lambda: usage.REVIEW)
    words.add_argument("runs", nargs="*", type=path, metavar="RUN")
    words.add_argument("--sample", default="all", metavar="DESIGN")
    words.add_argument("--by", metavar="JUDGE")
    words.add_argument("--seed", type=int, default=0, metavar="N")
    words.add_argument("--blind", action="store_true")
    words.add_argument("--ask", default=",".join(USUAL), metavar="NAME,NAME")
    words.add_argument("--min-submitted", type=int, metavar="N")
    words.add_argument("--guidelines", type=path, metavar="FILE")
    words.add_argument("--prompt-as", default="chat", metavar="chat|text")
    words.add_argument("--dataset", metavar="NAME")
    words.add_argument("--workspace", metavar="NAME")
    words.add_argument("--api-url", metavar="URL")
    words.add_argument("--home", type=path, default=HOME, metavar="DIR")

    def work() -> None:
        for line in _push(words.parse_intermixed_args(arguments)):
            print(line)

    return status(work)


def _push(given: argparse.Namespace) -> list[str]:
    from aifgen.progress import doing
    from aifgen.review.ask import Ask
    from aifgen.review.place import alone, connect
    from aifgen.review.push import push, told
    from aifgen.tables import read_rows

    ask = Ask(
        dataset=given.dataset,
        workspace=given.workspace,
        prompt_as=given.prompt_as,
        blind=given.blind,
        questions=tuple(word.strip() for word in given.ask.split(",")),
        sample=given.sample,
        by=given.by,
        seed=given.seed,
        guidelines=given.guidelines,
        min_submitted=given.min_submitted,
    )
    ask.check(lambda name: OPTION + name.replace("_", "-"))
    run, report = the_run(given.runs, "push")
    if next(read_rows(run / "verdicts.parquet", ["judge"]), None) is None:
        raise ConfigError(
            f"{run} has no judgment: run its command again (it tries what failed), then push it"
        )
    with doing("pushing") as tell:
        server = connect(given.api_url, OPTION, given.home)
        try:
            with alone(run):
                found = push(run, server, report, recipe(run), ask, tell)
            line = told(found, server, run)
        finally:
            server.close()
    lines = [line]
    chosen = " and ".join(map(str, found.samples))
    if report.get("status") != "complete":
        more = "push it again when it is, what is there stays"
        if chosen != "all":
            more = (
                "these are drawn from what it has now; once it is, a new sample wants a new dataset"
            )
        lines.append(f"{run} is not complete: {more}.")
    if {one.design for one in found.samples} == {"flipped"}:
        lines.append("chosen by flipped: what is measured on them speaks of them alone.")
    elif chosen != "all":
        lines.append(f"chosen by {chosen}: the weights are kept, so that estimates can undo it.")
    lines.append(f"their answers: aifgen review pull {shlex.quote(str(run))}{again(given)}")
    return lines
