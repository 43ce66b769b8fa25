"""A flow of rows: in order whatever finishes first, bounded, and ended in every way it can be."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifgen.engine.local import READ_AHEAD, Flow
from aifgen.errors import DataError, Stopped

HANG_S = 10.0
"""No test waits for this: it only turns what hangs into a failure."""


class Rows:
    """A flow over numbers whose work goes on when a test says so."""

    def __init__(self, window: int, *, free: bool = False) -> None:
        self.started: list[int] = []
        self.emitted: list[int] = []
        self.errors = 0
        self.peak = 0
        self.now: set[int] = set()
        self._free = free
        self._gates: dict[int, asyncio.Event] = {}
        self._outcomes: dict[int, BaseException | None] = {}
        self.flow: Flow[int, int] = Flow(
            self._work, self.emit, window=window, on_error=self._on_error
        )

    def emit(self, number: int) -> None:
        self.emitted.append(number)

    def _on_error(self) -> None:
        self.errors += 1

    async def _work(self, number: int) -> int:
        self.started.append(number)
        self.now.add(number)
        self.peak = max(self.peak, len(self.now))
        try:
            if not self._free or number in self._gates:
                await self._gates.setdefault(number, asyncio.Event()).wait()
        finally:
            self.now.discard(number)
        if (error := self._outcomes.get(number)) is not None:
            raise error
        return number

    def hold(self, *numbers: int) -> None:
        for number in numbers:
            self._gates[number] = asyncio.Event()

    def finish(self, *numbers: int, error: BaseException | None = None) -> None:
        for number in numbers:
            self._outcomes[number] = error
            self._gates.setdefault(number, asyncio.Event()).set()


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(test(), HANG_S)

    asyncio.run(bounded())


def started(rows: Rows, items: Iterator[int]) -> asyncio.Task[bool]:
    return asyncio.create_task(rows.flow.run(items))


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0)


async def settle() -> None:
    """Let everything that can go on without us go on."""
    for _ in range(200):
        await asyncio.sleep(0)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100), st.integers(1, 12), st.randoms(use_true_random=False))
def test_results_leave_in_input_order_whatever_finishes_first(
    count: int, window: int, chance: random.Random
) -> None:
    async def test() -> None:
        rows = Rows(window)
        running = started(rows, iter(range(count)))
        for _ in range(count):
            await until(lambda: bool(rows.now))
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            rows.finish(one := chance.choice(sorted(rows.now)))
            await until(lambda one=one: one not in rows.now)  # type: ignore[misc]
            assert rows.emitted == list(range(len(rows.emitted)))
        assert await running is True
        assert rows.emitted == rows.started == list(range(count))
        assert rows.peak <= window
        assert rows.flow.admitted == count

    run(test)


def test_a_row_leaves_as_soon_as_all_before_it_have() -> None:
    async def test() -> None:
        rows = Rows(4)
        running = started(rows, iter(range(4)))
        await until(lambda: len(rows.now) == 4)
        for number, emitted in ((2, []), (1, []), (0, [0, 1, 2]), (3, [0, 1, 2, 3])):
            rows.finish(number)
            await until(lambda number=number: number not in rows.now)  # type: ignore[misc]
            await settle()
            assert rows.emitted == emitted
        assert await running

    run(test)


def test_the_window_is_filled_and_never_more() -> None:
    async def test() -> None:
        rows = Rows(5)
        running = started(rows, iter(range(200)))
        for number in range(200):
            expected = set(range(number, min(number + 5, 200)))
            await until(lambda expected=expected: rows.now == expected)  # type: ignore[misc]
            await settle()
            assert rows.now == expected
            rows.finish(number)
        assert await running
        assert rows.peak == 5

    run(test)


def test_finished_rows_behind_a_slow_one_are_bounded() -> None:
    async def test() -> None:
        rows = Rows(2, free=True)
        rows.hold(0)
        running = started(rows, iter(range(100)))
        await until(lambda: rows.flow.admitted == 20)
        await settle()
        assert (rows.flow.admitted, rows.emitted) == (20, [])
        rows.finish(0)
        assert await running
        assert rows.emitted == list(range(100))

    run(test)


def test_an_endless_source_is_read_no_further_than_needed() -> None:
    async def test() -> None:
        read = 0

        def endless() -> Iterator[int]:
            nonlocal read
            for read in itertools.count(1):
                yield read - 1

        rows = Rows(3)
        running = started(rows, endless())
        await until(lambda: len(rows.now) == 3)
        rows.flow.stop()
        rows.finish(0, 1, 2)
        assert await running is False
        assert rows.emitted == [0, 1, 2]
        assert read <= READ_AHEAD

    run(test)


def test_a_source_that_blocks_does_not_hold_up_the_rows() -> None:
    async def test() -> None:
        rows = Rows(100)
        go_on = threading.Event()

        def slow() -> Iterator[int]:
            yield from range(READ_AHEAD)
            assert go_on.wait(HANG_S)
            yield READ_AHEAD

        running = started(rows, slow())
        await until(lambda: len(rows.now) == READ_AHEAD)
        rows.finish(*range(READ_AHEAD + 1))
        await until(lambda: len(rows.emitted) == READ_AHEAD)  # while the source still blocks
        go_on.set()
        assert await running
        assert rows.emitted == list(range(READ_AHEAD + 1))

    run(test)


@pytest.mark.parametrize("count", [0, 1, READ_AHEAD - 1, READ_AHEAD, READ_AHEAD + 1])
def test_a_source_of_any_length_is_worked_off(count: int) -> None:
    async def test() -> None:
        rows = Rows(4, free=True)
        assert await rows.flow.run(iter(range(count)))
        assert rows.emitted == list(range(count))
        assert rows.errors == 0

    run(test)


def test_stop_admits_no_more_and_lets_what_runs_end() -> None:
    async def test() -> None:
        rows = Rows(3)
        running = started(rows, iter(range(100)))
        await until(lambda: len(rows.now) == 3)
        rows.finish(1)
        await until(lambda: rows.started[-1] == 3)
        rows.flow.stop()
        rows.finish(3)
        await settle()
        assert not running.done()
        rows.finish(2, 0)
        assert await running is False
        assert rows.started == [0, 1, 2, 3]
        assert rows.emitted == [0, 1, 2, 3]
        assert rows.errors == 0

    run(test)


def test_stop_before_the_first_row() -> None:
    async def test() -> None:
        rows = Rows(3, free=True)
        rows.flow.stop()
        assert await rows.flow.run(iter(range(10))) is False
        assert rows.started == []

    run(test)


def test_stop_reaches_an_admission_that_waits_for_the_slowest_row() -> None:
    async def test() -> None:
        rows = Rows(1, free=True)
        rows.hold(0)
        running = started(rows, iter(range(5)))
        await until(lambda: rows.now == {0})
        await settle()
        rows.flow.stop()
        rows.finish(0)
        assert await running is False
        assert rows.started == rows.emitted == [0]

    run(test)


def test_cancel_ends_what_runs_and_hands_out_what_is_finished() -> None:
    async def test() -> None:
        rows = Rows(4)
        running = started(rows, iter(range(100)))
        await until(lambda: len(rows.now) == 4)
        rows.finish(1, 3)  # 0 is not done: these two are behind a gap
        await until(lambda: rows.now == {0, 2, 4, 5})
        rows.flow.cancel()
        assert await running is False
        assert rows.emitted == [1, 3]
        assert rows.now == set()
        assert rows.errors == 0

    run(test)


def test_stop_then_cancel() -> None:
    async def test() -> None:
        rows = Rows(2)
        running = started(rows, iter(range(10)))
        await until(lambda: len(rows.now) == 2)
        rows.finish(0)
        rows.flow.stop()
        await until(lambda: rows.now == {1})
        await settle()
        rows.flow.cancel()
        assert await running is False
        assert rows.emitted == [0]

    run(test)


def test_cancel_of_a_row_that_has_not_begun_hangs_nobody() -> None:
    async def test() -> None:
        rows = Rows(1, free=True)

        def cancel_soon(number: int) -> None:
            rows.emitted.append(number)
            # Runs after the next row was admitted and before its first step.
            asyncio.get_running_loop().call_soon(rows.flow.cancel)

        flow: Flow[int, int] = Flow(rows._work, cancel_soon, window=1, on_error=lambda: None)
        rows.flow = flow
        assert await flow.run(iter(range(5))) is False
        assert rows.emitted == rows.started == [0]
        assert flow.admitted == 2

    run(test)


def test_a_stopped_row_has_no_result_and_those_behind_it_have() -> None:
    async def test() -> None:
        rows = Rows(3)
        running = started(rows, iter(range(3)))
        await until(lambda: len(rows.now) == 3)
        rows.flow.stop()
        rows.finish(0, error=Stopped())
        rows.finish(1, 2)
        assert await running is False
        assert rows.emitted == [1, 2]
        assert rows.errors == 0

    run(test)


def test_an_error_in_a_row_ends_the_flow_once_the_others_are_home() -> None:
    async def test() -> None:
        rows = Rows(3)
        running = started(rows, iter(range(100)))
        await until(lambda: len(rows.now) == 3)
        rows.finish(1, error=DataError("the first"))
        await until(lambda: rows.errors == 1)
        await settle()
        assert not running.done()
        rows.finish(0, error=DataError("a later one"))
        rows.finish(2)
        with pytest.raises(DataError, match="the first"):
            await running
        assert rows.started == [0, 1, 2]
        assert rows.emitted == [2]
        assert rows.errors == 1

    run(test)


def test_an_error_while_emitting_ends_the_flow_and_nothing_more_is_emitted() -> None:
    async def test() -> None:
        rows = Rows(3, free=True)
        rows.hold(0, 2)
        seen: list[int] = []

        def emit(number: int) -> None:
            seen.append(number)
            if number == 1:
                raise DataError("the disk is full")

        rows.flow = Flow(rows._work, emit, window=3, on_error=rows._on_error)
        running = started(rows, iter(range(100)))
        await until(lambda: rows.now == {0, 2})
        rows.finish(0)
        await until(lambda: rows.errors == 1)
        rows.finish(2)
        with pytest.raises(DataError, match="the disk is full"):
            await running
        assert seen == [0, 1]

    run(test)


@pytest.mark.parametrize("good", [0, 5, READ_AHEAD, 100])
def test_an_error_in_the_source_is_raised_once_the_rows_before_it_are_home(good: int) -> None:
    async def test() -> None:
        def broken() -> Iterator[int]:
            yield from range(good)
            raise DataError(f"line {good + 1} is no JSON")

        rows = Rows(4, free=True)
        with pytest.raises(DataError, match=f"line {good + 1}"):
            await rows.flow.run(broken())
        assert rows.emitted == rows.started
        assert rows.emitted == list(range(len(rows.emitted)))
        assert good - READ_AHEAD < len(rows.emitted) <= good  # it reads ahead of the rows
        assert rows.errors == 1

    run(test)


def test_results_may_be_anything_but_none() -> None:
    async def test() -> None:
        seen: list[Any] = []

        async def work(value: Any) -> Any:
            return value

        values = [0, "", False, [], {}, 0.0]
        flow: Flow[Any, Any] = Flow(work, seen.append, window=2, on_error=lambda: None)
        assert await flow.run(iter(values))
        assert seen == values

    run(test)
