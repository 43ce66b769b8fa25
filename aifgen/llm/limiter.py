"""How much one endpoint and account may be asked at once and a minute. Knows no request's text."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType

MINUTE = 60.0


class Quota:
    """At most `limit` units (requests or tokens) in any 60 seconds; null: no such limit."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self._spent: deque[list[float]] = deque()  # [time, amount]; the amount is corrected later

    def wait_s(self, now: float) -> float:
        """Seconds until one more may be sent."""
        while self._spent and self._spent[0][0] <= now - MINUTE:
            self._spent.popleft()
        if self.limit is None or not self._spent:
            return 0.0
        excess = sum(amount for _, amount in self._spent) - self.limit
        if excess < 0:
            return 0.0
        for when, amount in self._spent:
            excess -= amount
            if excess < 0:
                return when + MINUTE - now
        return MINUTE

    def spend(self, now: float, amount: float) -> list[float]:
        entry = [now, amount]
        if self.limit is not None:
            self._spent.append(entry)
        return entry


class Limiter:
    """A place for each request in flight, requests and tokens a minute, the server's wish to rest.

    `async with limiter.place(estimate) as place:` then `place.tokens(used)` when they are known.
    """

    def __init__(self, max_concurrency: int, rpm: int | None, tpm: int | None) -> None:
        self.max_concurrency = max_concurrency
        self._places = asyncio.Semaphore(max_concurrency)
        self._pace = asyncio.Lock()
        self._requests = Quota(rpm)
        self._tokens = Quota(tpm)
        self._rest_until = 0.0
        self.in_flight = 0

    def rest(self, seconds: float) -> None:
        """Nobody sends for that long: a 429 was for all of us, not for one request."""
        now = asyncio.get_running_loop().time()
        self._rest_until = max(self._rest_until, now + seconds)

    def place(self, estimate: float) -> Place:
        return Place(self, estimate)

    async def enter(self, estimate: float) -> list[float]:
        await self._places.acquire()
        try:
            loop = asyncio.get_running_loop()
            async with self._pace:  # in turn, so that two never see the same free unit
                while True:
                    now = loop.time()
                    wait = max(
                        self._rest_until - now, self._requests.wait_s(now), self._tokens.wait_s(now)
                    )
                    if wait <= 0:
                        break
                    await asyncio.sleep(wait)
                self._requests.spend(now, 1)
                entry = self._tokens.spend(now, estimate)
        except BaseException:
            self._places.release()
            raise
        self.in_flight += 1
        return entry

    def leave(self) -> None:
        self.in_flight -= 1
        self._places.release()


class Place:
    """One request's place in flight."""

    def __init__(self, limiter: Limiter, estimate: float) -> None:
        self._limiter = limiter
        self._estimate = estimate

    async def __aenter__(self) -> Place:
        self._entry = await self._limiter.enter(self._estimate)
        return self

    def tokens(self, used: int) -> None:
        self._entry[1] = used

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._limiter.leave()
