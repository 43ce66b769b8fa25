"""aifgen review: its second word is a command about people. Knows which, not what they do."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = ("serve", "push", "pull", "status")


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status."""
    first, *rest = arguments or ["--help"]
    if first in COMMANDS:
        found: int = import_module(f"aifgen.reviewing.{first}").main(rest)
        return found
    if first in ("--help", "-h"):
        from aifgen import usage

        print(usage.REVIEW, end="")
        return 0
    close = difflib.get_close_matches(first, COMMANDS, 1)
    hint = f"did you mean {close[0]}?" if close else f"there is {', '.join(COMMANDS)}"
    print(f"aifgen: there is no command review {first}: {hint}", file=sys.stderr)
    return 1
