"""A client over real HTTP with a store on a real disk, as the tests of this room need it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from aifgen.llm.client import Answer, Client, Serve
from aifgen.llm.endpoint import Endpoint, endpoint
from aifgen.llm.litellm_transport import LitellmTransport
from aifgen.llm.request import Request, request
from aifgen.llm.store import Store
from aifgen.records import Message
from aifgen.schema import Model

T = TypeVar("T")
HANG_S = 60.0
"""No test waits for this: it only turns what hangs into a failure."""


def run(work: Coroutine[Any, Any, T]) -> T:
    async def bounded() -> T:
        return await asyncio.wait_for(work, HANG_S)

    return asyncio.run(bounded())


def model(url: str, name: str = "m", *, provider: str = "openai", **settings: Any) -> Endpoint:
    return endpoint(name, Model(id=f"{provider}/{name}", api_base=url, **settings))


def said(*texts: str) -> tuple[Message, ...]:
    """Turns, the user's first."""
    roles = ("user", "assistant")
    return tuple(Message(role=roles[k % 2], content=text) for k, text in enumerate(texts))


def about(
    endpoint: Endpoint, text: str = "hi", params: Mapping[str, Any] | None = None, **more: Any
) -> Request:
    return request(endpoint, said(text), params or {}, **more)


async def no_server(endpoint: Endpoint, again: bool) -> tuple[str, str]:
    raise AssertionError(f"{endpoint.name} is not embedded")


@contextlib.asynccontextmanager
async def asking(
    folder: Path,
    *endpoints: Endpoint,
    timeout_s: float = 30.0,
    retry_s: float = 600.0,
    serve: Serve = no_server,
    say: Callable[[str], None] = lambda line: None,
) -> AsyncIterator[Client]:
    """A client; what it stored is on the disk of `folder` once this is left."""
    store = Store(folder)
    transport = LitellmTransport(say)
    try:
        yield Client(
            store, lambda _: transport, serve, endpoints, timeout_s=timeout_s, retry_s=retry_s
        )
    finally:
        await transport.close()
        store.close()


async def outcome(client: Client, request: Request) -> Answer | Exception:
    try:
        return await client.ask(request)
    except Exception as error:
        return error


async def outcomes(client: Client, requests: Sequence[Request]) -> list[Answer | Exception]:
    return list(await asyncio.gather(*(outcome(client, one) for one in requests)))


async def until(true: Callable[[], bool]) -> None:
    """Let the others go on until it is so."""
    while not true():
        await asyncio.sleep(0.005)


def stored(folder: Path, *requests: Request) -> list[str | None]:
    """The text on the disk for each request."""
    store = Store(folder)
    try:
        found = [store.get(one.key) for one in requests]
        return [None if one is None else one.text for one in found]
    finally:
        store.close()
