"""aifgen review: its second word is a command. Knows the commands' names."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from importlib import import_module

from aifgen import usage

COMMANDS = {"serve": "serve"}
"""The module of each: its `main` takes the words that follow and returns the exit status."""


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status."""
    first, *rest = arguments or ["--help"]
    if first in ("--help", "-h"):
        print(usage.REVIEW, end="")
        return 0
    if first not in COMMANDS:
        close = difflib.get_close_matches(first, COMMANDS, 1)
        fix = f"did you mean {close[0]}?" if close else f"there is {', '.join(COMMANDS)}"
        print(f"aifgen: there is no command review {first}: {fix}", file=sys.stderr)
        return 1
    status: int = import_module(f"aifgen.reviewing.{COMMANDS[first]}").main(rest)
    return status
