"""Asking models once: store, single flight, limits, budget and retries.

Written once for all transports; knows neither prompts nor judges.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from aifgen.errors import (
    Adjusted,
    CallError,
    RateLimited,
    Stopped,
    Unreachable,
)
from aifgen.llm.budget import Budget
from aifgen.llm.empty import EMPTY_TRIES, EmptyAnswer, refuse_empty
from aifgen.llm.endpoint import Endpoint
from aifgen.llm.health import Health
from aifgen.llm.ledger import Ledger
from aifgen.llm.limiter import Limiter
from aifgen.llm.meter import Meter, Meters
from aifgen.llm.request import Completion, Headroom, Request, Timeouts
from aifgen.llm.shared_limits import limiters
from aifgen.llm.store import Store
from aifgen.schema import Budget as Caps

T = TypeVar("T")

FIRST_PAUSE_S, LONGEST_PAUSE_S, UNKNOWN_PAUSE_S = 0.5, 30.0, 4.0
"""Pauses double from the first to the longest; while nothing was ever answered they stay short."""


class Transport(Protocol):
    """Turns a request into a completion or one of our call errors; retries nothing."""

    async def send(
        self, request: Request, base: str | None, key: str | None, timeouts: Timeouts
    ) -> tuple[Completion, Headroom | None]: ...

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


@dataclass(slots=True)
class _Way:
    """What leads to one endpoint; the limiter and the health are shared by others there."""

    endpoint: Endpoint
    limiter: Limiter
    health: Health
    meter: Meter
    transport: Transport | None = None
    key: str | None = field(default=None, repr=False)


class Client:
    """`await client.ask(request)`: from the store, from a twin in flight, or from the model."""

    def __init__(
        self,
        store: Store,
        transports: Callable[[Endpoint], Transport],
        serve: Serve,
        endpoints: Sequence[Endpoint],
        *,
        timeouts: Timeouts | None = None,
        retry_s: float = 600.0,
        adaptive: bool = True,
        budget: Budget | None = None,
        offline: bool = False,
    ) -> None:
        """offline: nothing is sent; what the store lacks is a CallError."""
        self.meters = Meters()
        self.limiters = limiters(endpoints, adaptive)
        self._store = store
        self._transports = transports
        self._serve = serve
        self._timeouts = timeouts or Timeouts()
        self._retry_s = retry_s
        self._budget = budget or Budget(Caps(), Ledger(None, {}), ())
        self._offline = offline
        self._flights: dict[str, asyncio.Future[Answer] | None] = {}
        self._health: dict[tuple[str, str], Health] = {}
        self._ways: dict[int, _Way] = {}
        self._waiting: set[asyncio.Task[object]] = set()
        self._stopping = False
        # Jitter decides when, never what: it needs no seed.
        self._jitter = random.Random()

    async def ask(self, request: Request, *, urgent: bool = False) -> Answer:
        """The answer to a request; an urgent one is sent before others that wait.

        Raises CallError (this request failed for good), ModelError (the model cannot be used),
        StoreError, or Stopped (the run is ending; the request was not sent).
        """
        way, key, flights = self._way(request.endpoint), request.key, self._flights
        if key in flights:
            twin = flights[key]
            if twin is None:
                twin = flights[key] = asyncio.get_running_loop().create_future()
            answer = await asyncio.shield(twin)
            way.meter.stored += 1
            return Answer(answer.completion, key, True, 0)
        flights[key] = None
        try:
            answer = await self._answer(way, request, urgent)
        except BaseException as error:
            if (flight := flights.pop(key)) is not None:
                shared = Stopped() if isinstance(error, asyncio.CancelledError) else error
                flight.set_exception(shared)
                flight.exception()  # Seen: the twins may be gone.
            raise
        if (flight := flights.pop(key)) is not None:
            flight.set_result(answer)
        return answer

    def limits(self) -> dict[str, Limiter]:
        """By model, for all that were asked; models at one address share theirs."""
        return {way.endpoint.name: way.limiter for way in self._ways.values()}

    def stop(self) -> None:
        """Send nothing more. Requests in flight come home; those waiting for a turn are let go."""
        self._stopping = True
        self._store.stop_waiting()
        for task in list(self._waiting):
            task.cancel()

    async def _answer(self, way: _Way, request: Request, urgent: bool) -> Answer:
        store, key = self._store, request.key
        if self._stopping or self._offline:
            completion = store.get(key)
            if completion is None and self._offline:
                raise CallError("the store does not hold this answer")
        else:
            completion = await store.admit(key)
        if completion is not None:
            way.meter.stored += 1
            way.health.known = True
            return Answer(completion, key, True, 0)
        if self._stopping:
            store.release(key)
            raise Stopped
        try:
            completion, attempts = await self._send(way, request, urgent)
            store.put(key, way.endpoint.identity, way.endpoint.model, completion)
        except BaseException:
            store.release(key)
            raise
        return Answer(completion, key, False, attempts)

    async def _send(self, way: _Way, request: Request, urgent: bool) -> tuple[Completion, int]:
        """Send until an answer comes, the fault is final, or patience ends."""
        endpoint, limiter, meter = way.endpoint, way.limiter, way.meter
        clock = asyncio.get_running_loop().time
        give_up: float | None = None
        tokens = float(request.params.get("max_tokens") or 256)
        for turn in request.messages:
            tokens += len(turn["content"]) / 4
        attempts = empty = 0
        unreached = False
        while True:
            if self._stopping:
                raise Stopped
            place = limiter.at_once(tokens)
            if place is None:
                place = await self._unless_stopped(limiter.enter(tokens, urgent))
            try:
                if endpoint.weights is None:
                    base, key = endpoint.api_base, way.key
                else:
                    base, key = await self._serve(endpoint, unreached)
                if self._stopping:
                    raise Stopped
                if self._budget.measured:
                    reserved = await self._unless_stopped(self._budget.reserve(request))
                else:
                    reserved = self._budget.count()
                attempts += 1
                meter.sent += 1
                meter.in_flight += 1
                completion: Completion | None = None
                try:
                    completion, headroom = await self._transport(way).send(
                        request, base, key, self._timeouts
                    )
                    meter.add(completion)
                finally:
                    meter.in_flight -= 1
                    self._budget.settle(reserved, completion)
                used = None
                if completion.input_tokens is not None and completion.output_tokens is not None:
                    used = completion.input_tokens + completion.output_tokens
                limiter.answered(place, used, headroom)
                if not completion.text or completion.text.isspace():
                    refuse_empty(completion)
            except CallError as error:
                error.attempts = attempts
                if isinstance(error, RateLimited):
                    meter.limited += 1
                    # Whoever is to come back too late for us gives up; the others need not wait.
                    late = (error.retry_after or 0.0) >= self._retry_s
                    limiter.refused(place, None if late else error.retry_after)
                else:
                    meter.faults += 1
                fault = error
            else:
                way.health.good()
                return completion, attempts
            finally:
                limiter.leave(place)
            now = clock()
            way.health.bad(request, fault, now, limiter.in_flight)
            if give_up is None:
                give_up = now + self._retry_s
            empty += isinstance(fault, EmptyAnswer)
            unreached = isinstance(fault, Unreachable)
            urgent = True  # whoever waited once goes before who did not
            pause = self._pause(attempts, fault, way.health.answered)
            late = now + pause >= give_up and not isinstance(fault, Adjusted)
            if not fault.retryable or empty >= EMPTY_TRIES or late:
                raise fault
            if pause:
                await self._unless_stopped(asyncio.sleep(pause))

    async def _unless_stopped(self, waiting: Awaitable[T]) -> T:
        """Wait, but let go with Stopped when the run ends (`stop` cancels who waits here)."""
        if self._stopping:
            if asyncio.iscoroutine(waiting):
                waiting.close()
            raise Stopped
        task: asyncio.Task[Any] | None = asyncio.current_task()
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

    def _way(self, endpoint: Endpoint) -> _Way:
        way = self._ways.get(id(endpoint))
        if way is None or way.endpoint is not endpoint:
            way = self._ways[id(endpoint)] = _Way(
                endpoint,
                self.limiters[endpoint.address],
                self._health.setdefault((endpoint.address, endpoint.model), Health()),
                self.meters[endpoint.name],
                key=endpoint.key(),
            )
        return way

    def _transport(self, way: _Way) -> Transport:
        if way.transport is None:
            way.transport = self._transports(way.endpoint)
        return way.transport

    def _pause(self, attempts: int, error: CallError, answered: bool) -> float:
        if isinstance(error, Adjusted):
            return 0.0
        if error.retry_after is not None:
            wish = error.retry_after
            if not answered and not isinstance(error, RateLimited):
                wish = min(wish, UNKNOWN_PAUSE_S)  # It may be down: a minute's silence tells less.
            return wish + self._jitter.uniform(0, 0.25)
        most = LONGEST_PAUSE_S if answered else min(LONGEST_PAUSE_S, UNKNOWN_PAUSE_S)
        longest = min(most, FIRST_PAUSE_S * 2.0 ** min(attempts - 1, 10))
        return longest * self._jitter.uniform(0.5, 1.0)
