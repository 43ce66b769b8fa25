"""Quotas and places, over virtual minutes: the loop's clock jumps to the next thing to do."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifgen.llm.limiter import MINUTE, Limiter, Quota

T = TypeVar("T")


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop in which nobody waits: time is what the next timer says."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self.now = max(self.now, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def run(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(asyncio.wait_for(work, 1_000_000))


def now() -> float:
    return asyncio.get_running_loop().time()


async def sent(limiter: Limiter, requests: int, estimate: float = 0, lasting: float = 0) -> Any:
    """When each of so many requests, wanted at once, was let through."""
    times: list[float] = []

    async def one() -> None:
        async with limiter.place(estimate):
            times.append(now())
            await asyncio.sleep(lasting)

    await asyncio.gather(*(one() for _ in range(requests)))
    return times


STEPS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 50)), max_size=40)


@settings(deadline=None)
@given(STEPS, st.integers(1, 100))
def test_a_quota_lets_through_what_it_may_and_no_more(
    steps: list[tuple[int, int]], limit: int
) -> None:
    quota, clock = Quota(limit), 0.0
    spent: list[tuple[float, int]] = []
    for pause, amount in steps:
        clock += pause
        wait = quota.wait_s(clock)
        last_minute = sum(a for t, a in spent if t > clock - MINUTE)
        assert (wait > 0) == (last_minute >= limit)  # waits exactly when the quota is used up
        clock += wait
        assert quota.wait_s(clock) == 0  # and no longer than needed
        if wait:
            earlier = clock - 0.5
            assert sum(a for t, a in spent if t > earlier - MINUTE) >= limit
        quota.spend(clock, amount)
        spent.append((clock, amount))


def test_no_limit_never_waits() -> None:
    quota = Quota(None)
    for _ in range(1000):
        quota.spend(0.0, 1e9)
    assert quota.wait_s(0.0) == 0


def test_an_amount_is_corrected_once_it_is_known() -> None:
    quota = Quota(100)
    entry = quota.spend(0.0, 500)
    assert quota.wait_s(1.0) == 59
    entry[1] = 20
    assert quota.wait_s(1.0) == 0


def test_requests_a_minute() -> None:
    assert run(sent(Limiter(32, 3, None), 8)) == [0, 0, 0, 60, 60, 60, 120, 120]


def test_tokens_a_minute() -> None:
    # The request that crosses the line still goes: how long an answer gets is not known before.
    assert run(sent(Limiter(32, None, 100), 5, estimate=60)) == [0, 0, 60, 60, 120]


def test_the_tighter_quota_holds() -> None:
    assert run(sent(Limiter(32, 2, 100), 4, estimate=100)) == [0, 60, 120, 180]


def test_the_real_number_of_tokens_replaces_the_estimate() -> None:
    async def times(used: int) -> list[float]:
        limiter = Limiter(32, None, 100)
        async with limiter.place(1000) as place:
            pass
        place.tokens(used)
        found: list[float] = await sent(limiter, 1)
        return found

    assert run(times(99)) == [0]
    assert run(times(100)) == [60]


def test_places_bound_what_is_in_flight() -> None:
    async def work() -> None:
        limiter = Limiter(3, None, None)
        assert await sent(limiter, 7, lasting=10) == [0, 0, 0, 10, 10, 10, 20]
        assert limiter.in_flight == 0

    run(work())


def test_a_place_is_given_back_after_an_error() -> None:
    async def work() -> None:
        limiter = Limiter(1, None, None)

        async def fail() -> None:
            async with limiter.place(0):
                assert limiter.in_flight == 1
                raise ValueError("from inside")

        for _ in range(3):
            with pytest.raises(ValueError, match="from inside"):
                await fail()
        assert limiter.in_flight == 0

    run(work())


def test_nobody_is_sent_while_the_server_wants_rest() -> None:
    async def work() -> None:
        limiter = Limiter(32, None, None)
        limiter.rest(7)
        limiter.rest(2)  # a shorter wish does not end a longer one
        assert await sent(limiter, 3) == [7, 7, 7]

    run(work())


def test_a_rest_that_is_asked_for_while_others_wait_holds_for_them_too() -> None:
    async def work() -> None:
        limiter = Limiter(32, 1, None)
        asyncio.get_running_loop().call_later(59, limiter.rest, 30)
        assert await sent(limiter, 2) == [0, 89]

    run(work())


def test_who_comes_first_is_sent_first() -> None:
    async def work() -> None:
        limiter = Limiter(4, 1, None)
        order: list[int] = []

        async def one(number: int) -> None:
            async with limiter.place(0):
                order.append(number)

        await asyncio.gather(*(one(number) for number in range(12)))
        assert order == list(range(12))

    run(work())


@pytest.mark.parametrize("waits_for", ["a place", "its turn", "the quota"])
def test_who_stops_waiting_takes_nothing_along(waits_for: str) -> None:
    async def work() -> None:
        places = {"a place": 1, "its turn": 5, "the quota": 2}[waits_for]
        limiter = Limiter(places, 1, None)
        first = asyncio.create_task(sent(limiter, 1, lasting=10))
        await asyncio.sleep(1)
        waiting = [asyncio.create_task(sent(limiter, 1)) for _ in range(3)]
        await asyncio.sleep(1)
        for task in waiting[: 1 if waits_for == "the quota" else 3]:
            task.cancel()
        rest = await asyncio.gather(*waiting, return_exceptions=True)
        assert await first == [0]
        cancelled = [one for one in rest if isinstance(one, asyncio.CancelledError)]
        assert len(cancelled) == (1 if waits_for == "the quota" else 3)
        assert limiter.in_flight == 0
        # All places are free again, and no request was counted for who never sent one.
        limiter.rest(1000 - now())
        times = await sent(limiter, places, lasting=10_000)
        assert times == [1000 + 60 * k for k in range(places)]

    run(work())
