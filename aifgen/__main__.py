"""The aifgen command: its first word is a command, or there is none and all words are overrides."""

from __future__ import annotations

import sys


def main() -> int:
    """Returns the exit status (see README, "Exit status")."""
    arguments = sys.argv[1:]
    if arguments and arguments[0] in ("--version", "-V"):
        from aifgen import __version__

        print(f"aifgen {__version__}")
        return 0
    from aifgen import app

    try:
        return app.main(arguments)
    except KeyboardInterrupt:
        print("aifgen: interrupted before anything was asked", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone (aifgen | head): no error of ours.
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    sys.exit(main())
