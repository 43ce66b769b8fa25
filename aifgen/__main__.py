"""The aifgen command: its first word is a command, or there is none and all words are overrides."""

from __future__ import annotations

import difflib
import os
import sys
from importlib import import_module

COMMANDS = {
    "plan": "app", "replay": "replay", "cache": "cache", "parse": "parse", "compare": "comparing",
    "diff": "diff", "export": "export", "review": "reviewing",
}  # fmt: skip
"""The module of each: its `main` takes the words that follow and returns the exit status."""


def main() -> int:
    """Returns the exit status (see README, "Exit status")."""
    # pyarrow imports numpy, whose BLAS would start threads that nobody here uses.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    first, *rest = sys.argv[1:] or [""]
    if first in ("--version", "-V"):
        from aifgen import __version__

        print(f"aifgen {__version__}")
        return 0
    code = 0
    try:
        code = _command(first, rest)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        before = "" if first in COMMANDS else " before anything was asked"
        print(f"aifgen: interrupted{before}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        from aifgen.progress import mute

        # Whoever read our output has gone (aifgen | head): no error of ours.
        mute()
        return code


def _command(first: str, rest: list[str]) -> int:
    if first in COMMANDS and first != "plan":
        found: int = import_module(f"aifgen.{COMMANDS[first]}").main(rest)
        return found
    from aifgen import app

    if first == "plan":
        return app.main(rest, planning=True)
    if first.isalpha() and (close := difflib.get_close_matches(first, COMMANDS, 1, 0.7)):
        print(f"aifgen: there is no command {first}: did you mean {close[0]}?", file=sys.stderr)
        return 1
    return app.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
