"""The one place that knows the order of things: source, generate, judge, pair, tables, sinks.

Takes the typed config, so that a test or a notebook runs it without Hydra.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aifgen import keeping
from aifgen.engine.garbage import fewer_passes
from aifgen.engine.local import Flow
from aifgen.errors import AifgenError, DataError
from aifgen.folder import RunFolder, Tables
from aifgen.generate import generate
from aifgen.interrupts import Interrupt, two_stages
from aifgen.judging.example import Reviewed
from aifgen.judging.panel import judge_row
from aifgen.llm.budget import Budget
from aifgen.llm.client import Client
from aifgen.llm.ledger import Ledger
from aifgen.llm.request import Timeouts
from aifgen.llm.store import Store
from aifgen.llm.store import folder as store_folder
from aifgen.llm.transports import Transports
from aifgen.outcome import COMPLETE, FAILED, OUT_OF_BUDGET, Outcome
from aifgen.parts import Parts, notes, parts
from aifgen.preferences import pair
from aifgen.progress import Progress, State
from aifgen.reading import Compare, for_people, whole
from aifgen.records import Failure, Prompt, Row
from aifgen.run_json import RunJson
from aifgen.schema import Config
from aifgen.sinks.base import Sink
from aifgen.sources.base import Source
from aifgen.tally import Tally

GRACE_S = 30.0
"""How long answers in flight may take to come home once one model turned out to be unusable."""


def run(
    config: Config,
    run_dir: Path,
    *,
    recipe: str = "",
    overrides: Sequence[str] = (),
    offline: bool = False,
    source: Source | None = None,
    examples: Reviewed | None = None,
    client: Callable[..., Client] = Client,
    compare: Compare | None = None,
) -> Outcome:
    """Work off a config in a folder: start, resume, or see that it is finished.

    recipe: the composed config as YAML, kept in the folder and in the dataset card. offline: every
    answer comes from the store, and no key is needed. source, examples: instead of the config's.
    client: makes the one that is asked. compare: writes the comparison of a run with several
    judges; where null, there is none. Raises AifgenError for whatever can be known before the first
    call; later ones come in Outcome.error.
    """
    found = parts(config, source, examples)
    endpoints = [role.endpoint for role in found.roles]
    folder = RunFolder(run_dir)
    with folder.locked():
        before = folder.report() or {}
        folder.check_same_run(before, found.digest)
        if folder.finished(before, found.facts.fingerprint):
            if offline or whole(folder, before):
                return Outcome(COMPLETE, before, already=True)
            drawn, trouble = for_people(folder, before, recipe, compare)
            folder.write_report(drawn)
            return Outcome(COMPLETE, drawn, already=True, trouble=trouble)
        if not offline:
            for endpoint in endpoints:
                endpoint.require_key()
        opened: list[Sink] = []
        try:
            if recipe:  # before the sinks are opened: some look at the run that they belong to
                folder.keep_recipe(recipe, overrides)
            for sink in found.sinks.values():
                opened.append(sink)
                sink.open(run_dir)
            ledger = Ledger(None if offline else run_dir, before.get("spent") or {})
            budget = Budget(config.budget, ledger, endpoints)
            store = Store(store_folder())
        except BaseException:
            for sink in opened:
                sink.abort()
            if not before:
                folder.forget_recipe()
            raise
        return _Run(found, before, folder, store, budget, recipe, offline, client, compare).go()


class _Run:
    """One start of a run."""

    def __init__(
        self,
        parts: Parts,
        before: Mapping[str, Any],
        folder: RunFolder,
        store: Store,
        budget: Budget,
        recipe: str,
        offline: bool,
        client: Callable[..., Client],
        compare: Compare | None,
    ) -> None:
        self.compare = compare
        self.parts, self.before, self.folder = parts, before, folder
        self.store, self.recipe = store, recipe
        self.budget, self.offline = budget, offline
        self.ledger = budget.ledger
        endpoints = [role.endpoint for role in parts.roles]
        self.transports = Transports(self._say)
        limits = parts.config.limits
        self.budget.on_exhausted = self._spent
        self.client = client(
            store,
            self.transports.of,
            self.transports.serve,
            endpoints,
            timeouts=Timeouts(limits.timeout_s, limits.connect_s, limits.first_byte_s),
            retry_s=limits.retry_minutes * 60,
            adaptive=limits.adaptive,
            budget=self.budget,
            offline=offline,
        )
        self.tally = Tally(
            [(g.name, g.endpoint.id) for g in parts.generators],
            [(j.name, j.endpoint.id) for j in parts.panel.askings],
            cascade={j.name: j.samples for j in parts.panel.askings}
            if parts.panel.cascade is not None
            else None,
        )
        self.json = RunJson(parts, folder, before, self.tally, self.client.meters, budget.ledger)
        self.state = State(self.client.meters, self.client.limits, total=parts.facts.total)
        self.progress = Progress(parts.config.progress, self.state, self.json.note)
        places = sum({e.address: e.max_concurrency for e in endpoints}.values())
        self.flow: Flow[Prompt, Row] = Flow(
            self._row, self._emit, window=limits.window or max(4, 2 * places), on_error=self._halt
        )
        self.tables: Tables | None = None
        self.interrupt = Interrupt()

    def go(self) -> Outcome:
        """Run to an end, whichever; what was paid for is in the store by then."""
        with two_stages() as self.interrupt:
            whole, error = self._work()
            try:
                return self._end(whole, error)
            except KeyboardInterrupt:  # a second signal, while the tables are made
                self._abort()
                self.json.note()
                return Outcome(self.interrupt.exit_code or FAILED, self.json.of("partial"))

    def _work(self) -> tuple[bool, Exception | None]:
        """Whether all rows were tried, and what ended it early."""
        error: Exception | None = None
        whole = False
        try:
            self.json.note()
            self.tables = Tables(self.folder)
            whole = asyncio.run(self._flow())
        except (AifgenError, OSError) as problem:
            error = problem
        except BaseException:
            self._abort()
            raise
        finally:
            try:
                self.store.close()
            except AifgenError as problem:
                error = error or problem
            self.ledger.close()
        return whole, error

    async def _flow(self) -> bool:
        async with self.progress:
            with self.interrupt.told(self._gently, self.flow.cancel):
                try:
                    if not self.offline:
                        await self.transports.prepare([r.endpoint for r in self.parts.roles])
                    self.state.doing = "working"
                    for told in () if self.offline else notes(self.parts):
                        self._say(told)
                    with fewer_passes():
                        return await self.flow.run(iter(self.parts.source))
                finally:
                    await self.transports.close()

    async def _row(self, prompt: Prompt) -> Row:
        """One prompt's way: its responses, then its judgments, then its pair."""
        parts = self.parts
        responses, failures = await generate(self.client, parts.generators, prompt)
        if failures:
            return Row(prompt, responses, failures=failures)
        if not responses:
            return Row(prompt, failures=(_nothing_there(prompt),))
        said = await judge_row(self.client, parts.panel, prompt, responses)
        least = parts.config.preference.min_margin
        outcome, preferences = pair(prompt, responses, said.verdicts, least)
        if said.judgments and all(judgment.status == "error" for judgment in said.judgments):
            outcome = "failed"
        return Row(
            prompt, responses, said.judgments, said.verdicts, preferences, said.failures, outcome,
            said.examples,
        )  # fmt: skip

    def _emit(self, row: Row) -> None:
        assert self.tables is not None
        self.tables.add(row)
        for sink in self.parts.sinks.values():
            sink.write(row)
        self.tally.add(row)
        self.state.done, self.state.failed = self.tally.rows, self.tally.failed

    def _halt(self) -> None:
        """Something ended the run: send no more, let what is in flight come home for a while."""
        self.client.stop()
        asyncio.get_running_loop().call_later(GRACE_S, self.flow.cancel)

    def _spent(self) -> None:
        """A cap is reached: ask no more; what is in flight was reserved and may come home."""
        self.state.doing = "stopping"
        self._say(f"stopping: {self.budget.exhausted} is reached")
        self.flow.stop()
        self.client.stop()

    def _gently(self) -> None:
        """Ask no more; what is in flight is paid for and may come home."""
        self.state.doing = "stopping"
        waiting = self.client.meters.total().in_flight
        self._say(f"stopping: waiting for {waiting} answers in flight. Ctrl-C again: stop now")
        self.flow.stop()
        self.client.stop()

    def _end(self, whole: bool, error: Exception | None) -> Outcome:
        """Show the tables and datasets, write run.json, and say how it went."""
        rate = self.tally.failed / self.tally.rows if self.tally.rows else 0.0
        status = "partial"
        if whole:
            most = self.parts.config.max_failure_rate
            fine = rate <= most and (self.tally.judged > 0 or most == 1)
            status = "complete" if fine else "failed"
        final = self.json.of(status)
        if whole and self.tally.rows == 0 and error is None:
            error = DataError("the source gave no prompt: look at source.path and source.limit")
        places, trouble = list[str](), list[str]()
        older = self.before.get("rows", {}).get("done", 0)
        if self.tables is not None and (whole or self.tally.rows > older):
            try:
                self.folder.forget_pages()
                self.tables.close()
                if self.parts.reviewed is not None:
                    self.folder.write_text(keeping.KEPT, keeping.text(self.parts.reviewed))
                places, problem = self._sinks(whole, final)
                if problem is not None:  # the same command tries again, with every answer there
                    error = error or problem
                    final["status"] = "partial"
                final["files"] = self.folder.files()
                self.folder.write_report(final)
                if not self.offline:  # a replay draws them for the run that it replays
                    final, trouble = self._for_people(final)
            except (AifgenError, OSError) as problem:
                error = error or problem
                self._abort()
        else:
            self._abort()
            self.json.note()
        code = self._exit_code(status, error)
        exhausted = self.budget.exhausted if code == OUT_OF_BUDGET else None
        return Outcome(
            code,
            final,
            places,
            error=error,
            exhausted=exhausted,
            trouble=trouble,
            interrupted=self.interrupt.exit_code,
        )

    def _sinks(self, whole: bool, final: Mapping[str, Any]) -> tuple[list[str], Exception | None]:
        """Where each dataset is, and the first trouble: one that fails costs the others nothing."""
        places, trouble = list[str](), None
        for sink in self.parts.sinks.values():
            try:
                if whole or sink.takes_partial:
                    places.append(sink.close({**final, "recipe": self.recipe}))
                else:
                    sink.abort()
            except (AifgenError, OSError) as problem:
                trouble = trouble or problem
                sink.abort()
        return places, trouble

    def _for_people(self, final: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """The comparison of the judges, and the page. A signal ends it: the run is on the disk."""
        complete = final["status"] == "complete"
        try:
            with self.interrupt.at_once():
                if complete and self.interrupt.number is not None:
                    raise KeyboardInterrupt  # it came while the tables were made
                final, trouble = for_people(self.folder, final, self.recipe, self.compare)
                self.folder.write_report(final)
        except KeyboardInterrupt:
            self.folder.forget_pages()
            return final, ["stopped before the report was drawn; the same command draws it"]
        return final, trouble

    def _abort(self) -> None:
        if self.tables is not None:
            self.tables.abort()
        for sink in self.parts.sinks.values():
            sink.abort()

    def _exit_code(self, status: str, error: Exception | None) -> int:
        if error is None and status == "partial":
            if self.interrupt.exit_code is None and self.budget.exhausted:
                return OUT_OF_BUDGET
            return self.interrupt.exit_code or FAILED
        return COMPLETE if status == "complete" and error is None else FAILED

    def _say(self, line: str) -> None:
        self.progress.say(line)


def _nothing_there(prompt: Prompt) -> Failure:
    return Failure(
        prompt_id=prompt.prompt_id,
        stage="source",
        who="source",
        reason="this row brings no response, and no generator is chosen",
        attempts=0,
        advice="remove the row, or choose a generator",
    )
