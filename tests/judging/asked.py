"""What judges would be sent about a row, without a server: nobody answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aifgen.judging.examiner import examiner
from aifgen.judging.panel import Panel, judge_row
from aifgen.judging.protocol import Protocol
from aifgen.llm.asking import asking
from aifgen.llm.endpoint import endpoint
from aifgen.llm.offline import Offline, nobody
from aifgen.llm.request import Request
from aifgen.llm.store import Store
from aifgen.records import Prompt, Response
from aifgen.schema import Role, Structured


def asked(
    folder: Path,
    protocol: Protocol,
    row: Prompt,
    responses: Sequence[Response],
    *,
    structured: str = "none",
    logprobs: bool = False,
    judges: Sequence[str] = ("judge-a",),
    **panel: Any,
) -> list[Request]:
    """In the order in which they are made. folder: for a store, which stays empty."""
    seated, seen = [], list[Request]()
    for name in judges:
        role = Role(
            id=f"openai/{name}", api_base="http://127.0.0.1:1/v1", temperature=0.0, max_tokens=300,
            structured=Structured(structured), logprobs=logprobs,
        )  # fmt: skip
        who = asking(name, role, endpoint(name, role))
        seated.append(tuple(examiner(who, part, by_odds=False) for part in protocol.parts))
    store = Store(folder)
    try:
        client = Offline(
            store, nobody, nobody, [one[0].asking.endpoint for one in seated],
            seen=lambda request, _: seen.append(request),
        )  # fmt: skip
        asyncio.run(judge_row(client, Panel(protocol, tuple(seated), **panel), row, responses))
    finally:
        store.close()
    return seen
