"""aifgen review status: the server, a run's dataset, how far people are. Changes nothing."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from shlex import quote

from aifgen import usage
from aifgen.flags import Parser, path, status
from aifgen.review.home import HOME
from aifgen.reviewing.run import again, the_run

OPTION = "--"
KINDS = ("submitted", "draft", "discarded")


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status."""
    words = Parser(prog="aifgen review status", text=lambda: usage.REVIEW)
    words.add_argument("runs", nargs="*", type=path, metavar="RUN")
    words.add_argument("--dataset", metavar="NAME")
    words.add_argument("--workspace", metavar="NAME")
    words.add_argument("--api-url", metavar="URL")
    words.add_argument("--home", type=path, default=HOME, metavar="DIR")

    def work() -> None:
        for line in _status(words.parse_intermixed_args(arguments)):
            print(line)

    return status(work)


def _status(given: argparse.Namespace) -> list[str]:
    from aifgen.review import human
    from aifgen.review.place import connect, places

    run, _ = the_run(given.runs, "status") if given.runs else (None, None)
    server = connect(given.api_url, OPTION, given.home)
    try:
        if run is not None:
            asked = places(run, server, given.dataset, given.workspace)
        else:
            space = server.workspace(given.workspace)
            names = [given.dataset] if given.dataset else server.names(space)
            asked = [(name, space) for name in names]
        spaces = ", ".join(dict.fromkeys(space for _, space in asked))
        lines = [f"{server.url}: answers; workspace {spaces or space}"]
        for name, space in asked:
            dataset = server.find(name, space)
            if dataset is None:
                own = given.dataset or run is None or name == run.resolve().name
                which = ("" if own else f" --dataset {quote(name)}") + again(given)
                push = f"aifgen review push {quote(str(run)) if run else 'RUN'}{which}"
                lines.append(f"{name}: not there; {push} makes it")
                continue
            of = server.progress(dataset)
            lines.append(
                f"{name}: {of['completed']:,} of {of['total']:,} records done, "
                f"{server.link(dataset)}"
            )
            for user in sorted(of["users"], key=lambda user: str(user["username"])):
                done = {k: user["completed"][k] + user["pending"][k] for k in KINDS}
                said = ", ".join(f"{n:,} {kind}" for kind, n in done.items() if n)
                lines.append(f"  {user['username']}: {said or 'no record yet'}")
    finally:
        server.close()
    if run is not None:
        counts = Counter(answer.status for answer in human.read(run))
        said = ", ".join(f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind])
        told = f"{said} answers to single questions" if said else "no answers yet"
        lines.append(f"{run / human.HUMAN}: {told}")
    return lines
