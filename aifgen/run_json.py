"""run.json while a run goes on: what there is to say of this start, and of all. Asks no model."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

from aifgen.errors import AifgenError
from aifgen.folder import RunFolder
from aifgen.llm.ledger import Ledger
from aifgen.llm.meter import Meters
from aifgen.parts import Parts
from aifgen.report import report, shown_examples
from aifgen.tally import Tally


class RunJson:
    """before: what it said when this start began; empty where there was none."""

    def __init__(
        self,
        parts: Parts,
        folder: RunFolder,
        before: Mapping[str, Any],
        tally: Tally,
        meters: Meters,
        ledger: Ledger,
    ) -> None:
        self._parts, self._folder, self._before = parts, folder, before
        self._tally, self._meters, self._ledger = tally, meters, ledger
        self._began = time.monotonic()

    def note(self) -> None:
        """Keep what was spent, so that a crash does not forget it."""
        now = {**self.of("partial"), **self._before}
        now |= {"status": "partial", "spent": self._ledger.report()}
        with contextlib.suppress(AifgenError):
            self._folder.write_report(now)

    def of(self, status: str) -> dict[str, Any]:
        """All that it would say now; nothing is written."""
        parts, tally = self._parts, self._tally
        found = report(
            tally,
            self._meters,
            status=status,
            total=parts.facts.total if status == "partial" else tally.rows,
            duplicates=parts.source.duplicates,
            seconds=time.monotonic() - self._began,
            spent=self._ledger.report(),
            protocol=parts.panel.protocol,
            citations=parts.panel.citations,
            embedded=[j.name for j in parts.panel.askings if j.endpoint.weights is not None],
        )
        source = str(parts.config.source.get("_target_", "")).rpartition(".")[2]
        if parts.panel.examples is not None:
            found["examples"] = shown_examples(parts.panel.examples, tally.examples)
        return {
            **found,
            "run_id": self._folder.path.name,
            "config_digest": parts.digest,
            "source": {"name": source, "fingerprint": parts.facts.fingerprint},
        }
