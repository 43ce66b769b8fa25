"""The run's prompts, responses and ratings as an Argilla dataset, for people to look at."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from aifgen.errors import ConfigError, SinkError
from aifgen.records import Row
from aifgen.sinks._argilla_client import Server
from aifgen.sinks._argilla_records import (
    Record,
    Shape,
    asked,
    joined,
    record,
    scale_of,
    slots_in,
)
from aifgen.sinks._argilla_settings import difference, settings
from aifgen.sinks.base import Sink
from aifgen.tables import writing

BATCH = 100
"""Records in one request: beyond it the server is slow enough to be taken for dead."""
REFUSED = "argilla_refused.jsonl"


class ArgillaSink(Sink):
    """One record a prompt, its id the prompt's: a second push updates what is there. A run that
    stopped early is not pushed: people would work on prompts that change under them.

    dataset, workspace: names in Argilla; the workspace may be left out where there is one only.
    api_url: else ARGILLA_API_URL. The key is ARGILLA_API_KEY and never in the config.
    prompt_as: chat (shown as a conversation; Argilla takes 500 turns of 20,000 characters) or text
    (of any length).
    """

    takes_partial = False

    def __init__(
        self,
        dataset: str,
        workspace: str | None = None,
        api_url: str | None = None,
        prompt_as: str = "chat",
    ) -> None:
        if prompt_as not in ("chat", "text"):
            raise ConfigError(f"sink.argilla.prompt_as is {prompt_as!r}: write chat or text")
        self._dataset = dataset
        self._workspace = workspace
        self._api_url = api_url
        self._as_chat = prompt_as == "chat"
        self._server: Server | None = None

    def open(self, folder: Path) -> None:
        """Sign in and look whether the dataset can be what the run needs, before any model call."""
        self._folder = folder
        if not 1 <= len(self._dataset.strip()) <= 200:
            raise ConfigError("sink.argilla.dataset must be a name of 1 to 200 characters")
        url = self._api_url or os.environ.get("ARGILLA_API_URL")
        key = os.environ.get("ARGILLA_API_KEY", "").strip()
        if not url or not key:
            what = "ARGILLA_API_KEY" if url else "ARGILLA_API_URL (or sink.argilla.api_url)"
            raise ConfigError(f"sink=argilla needs the environment variable {what}")
        self._server = Server(url, key)
        self._space = self._server.workspace(self._workspace)
        there = self._server.find(self._dataset, self._space)
        if there is None:
            return
        slots, scale = asked(folder)
        # What the config in the folder does not say yet is taken to be as it is there: close asks
        # once more.
        count = len(slots) or sum(f.name.startswith("response_") for f in there.fields) or 1
        wanted = settings(count, scale[0] if scale else (1, 2), self._as_chat)
        if problem := self._mismatch(there, wanted, ratings=scale is not None):
            raise ConfigError(problem)

    def write(self, row: Row) -> None:
        """Nothing yet: the records are made from the run's tables, which hold all responses."""

    def close(self, report: Mapping[str, Any]) -> str:
        if self._server is None:
            raise SinkError("the Argilla sink was not opened")
        protocol = report.get("protocol") or {}
        values, suggest = scale_of(protocol.get("scale_min"), protocol.get("scale_max"))
        slots = tuple(sorted({*asked(self._folder)[0], *slots_in(self._folder)}))
        if not slots:
            return f"Argilla dataset {self._dataset}: nothing sent, no prompt has a response"
        shape = Shape(slots, values, suggest, self._as_chat)
        records = (record(*parts, shape) for parts in joined(self._folder) if parts[1])
        try:
            return self._push(self._server, records, shape)
        finally:
            self.abort()

    def abort(self) -> None:
        """What was sent stays: it is right, and the next push completes it."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _push(self, server: Server, records: Iterator[Record], shape: Shape) -> str:
        wanted = settings(len(shape.slots), shape.values, self._as_chat)
        dataset = server.find(self._dataset, self._space)
        if dataset is None:
            dataset = server.create(self._dataset, self._space, wanted)
        elif problem := self._mismatch(dataset, wanted, ratings=True):
            raise SinkError(problem)
        sent, refused = 0, list[tuple[str, str]]()
        while batch := list(islice(records, BATCH)):
            bad = server.send(dataset, batch)
            refused += bad
            sent += len(batch) - len(bad)
        self._keep(refused)
        if refused and not sent:
            why = _reason(refused, self._as_chat)
            raise SinkError(f"Argilla took none of {len(refused):,} records ({why})")
        text = f"{server.url}/dataset/{dataset.id}/annotation-mode: {sent:,} records"
        if refused:
            text += (
                f"; {len(refused):,} not taken, listed in {self._folder / REFUSED} "
                f"({_reason(refused, self._as_chat)})"
            )
        return text

    def _mismatch(self, there: Any, wanted: Any, *, ratings: bool) -> str | None:
        problem = difference(there, wanted, ratings=ratings)
        return problem and (
            f"the Argilla dataset {self._dataset!r} in workspace {self._space!r} does not fit this "
            f"run ({problem}): choose another name, sink.argilla.dataset=NAME, or delete it there"
        )

    def _keep(self, refused: Iterable[tuple[str, str]]) -> None:
        path = self._folder / REFUSED
        lines = [json.dumps({"prompt_id": name, "reason": why}) + "\n" for name, why in refused]
        with writing(path):
            path.unlink(missing_ok=True)
            if lines:
                path.write_text("".join(lines), encoding="utf-8")


def _reason(refused: list[tuple[str, str]], as_chat: bool) -> str:
    """The first one's, for the one line that a sink may say."""
    name, why = refused[0]
    advice = "; sink.argilla.prompt_as=text takes any prompt" if as_chat and "chat" in why else ""
    return f"{name}: {why}{advice}"
