"""Asking models once: store, single flight, limits, retries, and when to give an endpoint up.

Written once for all transports; knows neither prompts nor judges.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from aifgen.errors import (
    CallError,
    Filtered,
    ModelError,
    RateLimited,
    Rejected,
    ServerFault,
    Stopped,
    Unreachable,
)
from aifgen.llm.endpoint import Endpoint
from aifgen.llm.limiter import Limiter
from aifgen.llm.meter import Meters
from aifgen.llm.request import Completion, Request
from aifgen.llm.store import Store

T = TypeVar("T")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
HOPELESS_S, HOPELESS_FAULTS = 20.0, 5
"""An endpoint from which nothing but faults came for so long, and so many, is down."""
UNREACHED_TRIES = 3
"""So many refused connections, and never an answer, mean that nobody is there."""
REFUSALS = 20
"""So many refusals, and never an answer, are not the fault of single prompts."""
EMPTY_TRIES = 3


class Transport(Protocol):
    """Turns a request into a completion or one of our call errors; retries nothing."""

    async def send(
        self, request: Request, base: str | None, key: str | None, timeout_s: float
    ) -> Completion: ...

    async def close(self) -> None: ...


Serve = Callable[[Endpoint, bool], Awaitable[tuple[str, str]]]
"""The address and key of an embedded model's server, started on demand; True: the last one died."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A completion and how it came: from the store, or after so many HTTP requests."""

    completion: Completion
    key: str
    stored: bool
    attempts: int


class _Health:
    """What an endpoint did lately, to tell a passing fault from one that will not pass."""

    def __init__(self) -> None:
        self.answered = False
        self.refusals = 0
        self.unreached = 0
        self.faults = 0
        self.faulty: set[str] = set()
        self.faulty_since: float | None = None

    def good(self) -> None:
        self.answered = True
        self.refusals = self.unreached = self.faults = 0
        self.faulty.clear()
        self.faulty_since = None

    def bad(self, request: Request, error: CallError, now: float, in_flight: int) -> None:
        """Count a fault; ModelError once asking on is pointless."""
        who = f"{request.endpoint.name} ({request.endpoint.id})"
        if isinstance(error, RateLimited):
            return  # Busy is not down.
        if isinstance(error, Rejected):
            self.faulty_since = None
            self.faults = 0
            self.refusals += 1
            if self.refusals >= REFUSALS and not self.answered:
                raise ModelError(
                    f"{who} refused each of the first {self.refusals} requests: {error.reason}"
                )
            return
        if self.faulty_since is None:
            self.faulty_since = now
        if isinstance(error, Unreachable):
            self.unreached += 1
        self.faults += 1
        self.faulty.add(request.key)
        never = self.unreached >= UNREACHED_TRIES and not self.answered
        # Slow answers may still be on their way while fast faults come in: those prove nothing.
        dead = self.faults >= max(HOPELESS_FAULTS, 2 * in_flight)
        # One prompt on which a server always fails is that prompt's fault.
        dead = dead and (len(self.faulty) > 1 or not self.answered)
        if never or (dead and now - self.faulty_since >= HOPELESS_S):
            raise ModelError(
                f"{who} cannot be used: {error.reason.rstrip('.')}. Nothing is lost: run the same "
                "command again when it answers"
            )


class Client:
    """`await client.ask(request)`: from the store, from a twin in flight, or from the model."""

    def __init__(
        self,
        store: Store,
        transports: Callable[[Endpoint], Transport],
        serve: Serve,
        endpoints: Sequence[Endpoint],
        *,
        timeout_s: float = 600.0,
        retry_s: float = 600.0,
    ) -> None:
        self.meters = Meters()
        self._store = store
        self._transports = transports
        self._serve = serve
        self._timeout_s = timeout_s
        self._retry_s = retry_s
        self._flights: dict[str, asyncio.Future[Answer]] = {}
        self._limiters = _limiters(endpoints)
        self._health: dict[tuple[str, str], _Health] = {}
        self._waiting: set[asyncio.Task[object]] = set()
        self._stopping = False
        # Jitter decides when, never what: it needs no seed.
        self._jitter = random.Random()

    async def ask(self, request: Request) -> Answer:
        """The answer to a request.

        Raises CallError (this request failed for good), ModelError (the model cannot be used),
        StoreError, or Stopped (the run is ending; the request was not sent).
        """
        meter = self.meters[request.endpoint.name]
        twin = self._flights.get(request.key)
        if twin is not None:
            answer = await asyncio.shield(twin)
            meter.stored += 1
            return Answer(answer.completion, answer.key, True, 0)
        completion = self._store.get(request.key)
        if completion is not None:
            meter.stored += 1
            self._health_of(request.endpoint).answered = True
            return Answer(completion, request.key, True, 0)
        flight: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._flights[request.key] = flight
        try:
            answer = await self._send(request)
        except BaseException as error:
            shared = Stopped() if isinstance(error, asyncio.CancelledError) else error
            flight.set_exception(shared)
            flight.exception()  # Seen: a flight without a twin must not warn.
            raise
        else:
            flight.set_result(answer)
            return answer
        finally:
            del self._flights[request.key]

    def stop(self) -> None:
        """Send nothing more. Requests in flight come home; those waiting for a turn are let go."""
        self._stopping = True
        for task in list(self._waiting):
            task.cancel()

    async def _send(self, request: Request) -> Answer:
        """Send until an answer comes, the fault is final, or patience ends."""
        endpoint = request.endpoint
        meter = self.meters[endpoint.name]
        health = self._health_of(endpoint)
        limiter = self._limiters[endpoint.address]
        clock = asyncio.get_running_loop().time
        give_up = clock() + self._retry_s
        estimate = sum(len(m["content"]) for m in request.messages) / 4 + (
            request.params.get("max_tokens") or 256
        )
        attempts = empty = 0
        unreached = False
        base: str | None
        while True:
            try:
                place = await self._unless_stopped(limiter.place(estimate).__aenter__())
                try:
                    if endpoint.weights is None:
                        base, key = endpoint.api_base, endpoint.key()
                    else:
                        base, key = await self._serve(endpoint, unreached)
                    if self._stopping:
                        raise Stopped
                    attempts += 1
                    meter.sent += 1
                    meter.in_flight += 1
                    try:
                        completion = await self._transports(endpoint).send(
                            request, base, key, self._timeout_s
                        )
                    finally:
                        meter.in_flight -= 1
                finally:
                    await place.__aexit__(None, None, None)
                meter.add(completion)
                if completion.input_tokens is not None and completion.output_tokens is not None:
                    place.tokens(completion.input_tokens + completion.output_tokens)
                self._keepable(completion)
            except CallError as error:
                error.attempts = attempts
                health.bad(request, error, clock(), limiter.in_flight)
                meter.limited += isinstance(error, RateLimited)
                meter.faults += not isinstance(error, RateLimited)
                empty += isinstance(error, EmptyAnswer)
                unreached = isinstance(error, Unreachable)
                pause = self._pause(attempts, error)
                if not error.retryable or empty >= EMPTY_TRIES or clock() + pause >= give_up:
                    raise
                if isinstance(error, RateLimited):
                    limiter.rest(pause)
                await self._unless_stopped(asyncio.sleep(pause))
                continue
            health.good()
            self._store.put(request.key, endpoint.identity, endpoint.model, completion)
            return Answer(completion, request.key, False, attempts)

    async def _unless_stopped(self, waiting: Awaitable[T]) -> T:
        """Wait, but let go with Stopped when the run ends (`stop` cancels who waits here)."""
        if self._stopping:
            if asyncio.iscoroutine(waiting):
                waiting.close()
            raise Stopped
        task = asyncio.current_task()
        assert task is not None
        self._waiting.add(task)
        try:
            return await waiting
        except asyncio.CancelledError:
            if self._stopping and task.uncancel() == 0:
                raise Stopped from None
            raise
        finally:
            self._waiting.discard(task)

    def _health_of(self, endpoint: Endpoint) -> _Health:
        return self._health.setdefault((endpoint.address, endpoint.model), _Health())

    def _pause(self, attempts: int, error: CallError) -> float:
        if error.retry_after is not None:
            return error.retry_after + self._jitter.uniform(0, 0.25)
        longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempts - 1, 10))
        return longest * self._jitter.uniform(0.5, 1.0)

    @staticmethod
    def _keepable(completion: Completion) -> None:
        """Raise for what must never be stored: an answer without a word in it."""
        if completion.text.strip():
            return
        if completion.finish_reason == "length":
            raise Rejected(
                "the answer is empty because max_tokens was used up before it began "
                "(a reasoning model?): raise max_tokens"
            )
        if completion.finish_reason == "content_filter":
            raise Filtered("the provider's content filter left the answer empty")
        raise EmptyAnswer("the model answered with nothing")


def _limiters(endpoints: Sequence[Endpoint]) -> dict[str, Limiter]:
    """One limiter an address and account; the smallest of its models' limits holds."""

    def least(values: Iterable[int | None]) -> int | None:
        return min((value for value in values if value is not None), default=None)

    groups: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        groups.setdefault(endpoint.address, []).append(endpoint)
    return {
        address: Limiter(
            min(e.max_concurrency for e in group),
            least(e.rpm for e in group),
            least(e.tpm for e in group),
        )
        for address, group in groups.items()
    }


class EmptyAnswer(ServerFault):
    """200 and no text. Tried a few times: some servers recover, some models have nothing to say."""
