"""The argilla-local command. Knows words; serve does the work.

What a user can mend is printed as one sentence after `argilla-local: `, with the exit status 1.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from argilla_local import __version__, serve
from argilla_local.home import Failure

DESCRIPTION = """\
Argilla on this machine without Docker, Elasticsearch and Redis: a page for people who look at data.
start runs in the foreground until Ctrl-C; users adds annotators, whether the server runs or not.
Passwords and API keys stand in HOME/credentials.json and are never printed.
"""


def main() -> int:
    words = argparse.ArgumentParser(prog="argilla-local", description=DESCRIPTION)
    words.add_argument("--version", action="version", version=f"argilla-local {__version__}")
    commands = words.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start", help="run the server")
    start.add_argument("--host", default="127.0.0.1", help="127.0.0.1: this machine alone")
    start.add_argument("--port", type=int, help="6900, or the next free one")
    users = commands.add_parser("users", help="add annotators")
    for command in (start, users):
        command.add_argument("--home", type=Path, required=True, help="where everything is kept")
        command.add_argument("--annotator", action="append", default=[], metavar="NAME")
        command.add_argument("--owner", default="owner", help="of a new home (owner)")
        command.add_argument("--workspace", default="default", help="of a new home (default)")
    given = words.parse_args()
    home = given.home.expanduser().absolute()
    try:
        if given.command == "users":
            serve.add_users(home, given.owner, given.workspace, given.annotator)
        else:
            serve.run(home, given.host, given.port, given.owner, given.workspace, given.annotator)
    except Failure as failure:
        print(f"argilla-local: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
