"""`python -m benchmarks NAME [options]`: which module answers to which name."""

from __future__ import annotations

import sys
from importlib import import_module

NAMES = {
    "floor": "benchmarks.floor",
    "peers": "benchmarks.peers",
    "growth": "benchmarks.growth",
    "start": "benchmarks.start",
    "formats": "benchmarks.formats",
    "compare": "benchmarks.compare",
    "published": "benchmarks.published",
    "ppi": "benchmarks.ppi",
    "review": "benchmarks.review",
}


def main() -> None:
    name, words = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("", [])
    if name == "docs":
        from benchmarks.report import PAGES, page

        for path in PAGES:
            path.write_text(page(path.read_text()))
    elif name in NAMES:
        import_module(NAMES[name]).main(words)
    else:
        raise SystemExit(f"usage: python -m benchmarks {'|'.join([*NAMES, 'docs'])} [options]")


if __name__ == "__main__":
    main()
