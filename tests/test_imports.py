"""Who imports whom, and that composing loads nothing heavy and asks no network."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.conftest import ROOT

HEAVY = ("litellm", "datasets", "argilla", "torch", "ray", "matplotlib", "pyarrow", "aiohttp")


def test_the_import_rules_hold() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_composing_loads_nothing_heavy() -> None:
    code = f"""
import json, socket, sys
def refuse(*a, **k): raise AssertionError("asked the network")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
from aifgen import app
code = app.main(["--cfg", "job"])
print("\\n" + json.dumps([code, sorted(set({HEAVY!r}) & set(sys.modules))]))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [0, []], done.stderr
