"""A run's tables and datasets built once more from the store, and nobody is asked.

Knows the run and the store; the order of things is pipeline's, where the result goes is replay's.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from aifgen import build, failing, pipeline
from aifgen.errors import DataError
from aifgen.folder import FAILURES
from aifgen.llm import answers
from aifgen.llm.offline import Offline
from aifgen.llm.request import Completion, Request
from aifgen.llm.store import folder as store_folder
from aifgen.original import Original
from aifgen.outcome import Outcome
from aifgen.schema import Budget
from aifgen.sources.base import Source, SourceFacts
from aifgen.sources.table import TableSource


def build_anew(original: Original, hidden: Path) -> tuple[Outcome, int]:
    """The whole run once more in the hidden folder; how many answers it took."""
    where = store_folder()
    if not (where / answers.NAME).exists():
        raise DataError(f"there is no store in {where}: AIFGEN_CACHE names the folder of yours")
    source = _source(original)
    missing, stored = list[str](), 0

    def seen(request: Request, answer: Completion | None) -> None:
        nonlocal stored
        stored += answer is not None
        if answer is None:
            missing.append(request.key)

    failed = failing.read(original.path / FAILURES)
    outcome = pipeline.run(
        replace(original.config, sink=original.sinks(hidden), budget=Budget()),
        hidden,
        recipe=original.recipe,
        overrides=original.overrides,
        offline=True,
        source=source,
        examples=original.examples,
        client=partial(Offline, seen=seen, failed=failed or {}),
    )
    if outcome.error is not None:
        raise outcome.error
    if outcome.report["status"] == "partial":
        return outcome, stored  # Ctrl-C
    if missing:
        unread = f"{original.path / FAILURES} cannot be read, and " * (failed is None)
        # A judgment cannot even be looked for where its responses are not there.
        total = max(original.answers, stored + len(missing))
        raise DataError(
            f"{original.path} cannot be replayed: {unread}{total - stored:,} of its {total:,} "
            f"answers are not found in the store {where}. Nothing is changed. Bring them with "
            "aifgen cache import FILE, or name the store that has them with AIFGEN_CACHE"
        )
    done, expected = outcome.report["rows"]["done"], original.report["rows"]["done"]
    if done != expected:
        raise DataError(
            f"{original.path} has {expected:,} prompts, its source now gives {done:,}: nothing is "
            "changed; run the same command again instead"
        )
    return outcome, stored


def _source(original: Original) -> Source:
    """The run's own table of prompts, else the config's source as long as it is the same."""
    report, table = original.report, original.path / "prompts.parquet"
    facts = SourceFacts(report["rows"]["done"], report["source"]["fingerprint"])
    found: Source = TableSource(table, facts, report["duplicates"])
    try:
        found.check()
        return found
    except DataError as error:
        if report["status"] == "partial":
            raise DataError(
                f"{error}. The run has not ended: the same command goes on with it"
            ) from None
        print(f"{table} is missing or damaged: the prompts are read from the config's source.")
    found = build.source(original.config)
    if found.check().fingerprint != facts.fingerprint:
        raise DataError(f"{table} is missing or damaged, and the source has changed since the run")
    return found
