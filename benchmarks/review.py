"""A run to a local Argilla and back: seconds of each step, and of the same records by Argilla's own
client, which is the peer."""

from __future__ import annotations

import json
import logging
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from aifgen.review import local
from aifgen.review.ask import Ask
from aifgen.review.client import Argilla
from aifgen.review.local import LocalServer
from aifgen.review.pull import pull
from aifgen.review.push import push
from benchmarks.report import machine, options, publish, say, table
from tests.review.people import finished_run, users

STEPS = (
    "serve, once installed, until it answers", "push", "push again", "pull", "the peer's log",
)  # fmt: skip


def main(words: Sequence[str]) -> None:
    parser = options("review", __doc__)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--responses", type=int, default=3)
    how = parser.parse_args(words)
    logging.getLogger("argilla.sdk").setLevel(logging.CRITICAL)
    found: dict[str, list[float]] = {step: [] for step in STEPS}
    for turn in range(how.repeat):
        with tempfile.TemporaryDirectory() as folder:
            _turn(Path(folder), how.rows, how.responses, found)
        say(
            f"review, turn {turn + 1}: " + ", ".join(f"{s} {v[-1]:.1f} s" for s, v in found.items())
        )
    middle = {step: median(seconds) for step, seconds in found.items()}
    what = f"**{how.rows:,} records of {how.responses} responses, suggestions of two judges**"
    rows: list[list[str | float]] = [[step, seconds] for step, seconds in middle.items()]
    ratio = f"push takes {middle['push'] / middle[STEPS[-1]]:.2f} times as long as the peer's log."
    publish(
        "review",
        words,
        how.out,
        machine("argilla"),
        f"{what}\n\n{table(['step', 'seconds'], rows)}",
        ratio,
    )


def _turn(folder: Path, rows: int, responses: int, found: dict[str, list[float]]) -> None:
    def timed(step: str, work: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        made = work()
        found[step].append(time.perf_counter() - begun)
        return made

    names = tuple(f"g{k}" for k in range(responses))
    run = finished_run(folder / "run", rows, generators=names)
    report = json.loads((run / "run.json").read_text("utf-8"))
    server: LocalServer = timed(STEPS[0], lambda: local.start(folder / "argilla"))
    try:
        way = Argilla(server.url, server.api_key, "--")
        for step in STEPS[1:3]:
            pushed = timed(step, lambda: push(run, way, report, {}, Ask()))
            assert pushed.records == rows
        owner = users(server)["aifgen"]
        for record in owner.mine("run").values():
            owner.answer(record, {"rating_1": 3, "rating_2": 4, "best": "response_2"})
        timed(STEPS[3], lambda: pull(run, way, "run", server.workspace, names=False, force=False))
        records = owner.records("run")
        timed(STEPS[4], lambda: _log(way, "run", records))
    finally:
        local.stop(folder / "argilla")


def _log(way: Argilla, name: str, records: dict[str, Any]) -> None:
    """The same fields, metadata and suggestions, as Argilla's documentation says."""
    import argilla as rg

    there = way.find(name, way.workspace(None))
    settings = there.settings
    asked = {str(question.id): question.name for question in settings.questions}
    copy = rg.Dataset("copy", way.workspace(None), settings, client=there._client).create()
    copy.records.log(
        [
            rg.Record(
                id=key,
                fields={k: v for k, v in record["fields"].items() if v is not None},
                metadata=record["metadata"],
                suggestions=[
                    rg.Suggestion(asked[s["question_id"]], s["value"], s["score"], s["agent"])
                    for s in record["suggestions"]
                ],
            )
            for key, record in records.items()
        ],
        batch_size=100,
    )
