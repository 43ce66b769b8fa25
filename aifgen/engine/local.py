"""A window of rows in flight, results in input order, two ways to end early. Knows no row."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import islice
from typing import Generic, TypeVar

from aifgen.errors import Stopped

T = TypeVar("T")
R = TypeVar("R")
READ_AHEAD = 32


class Flow(Generic[T, R]):
    """Run `work` over items with at most `window` at once; `emit` gets results in input order.

    Finished rows that wait for an earlier one are bounded too, by ten windows. `stop()` admits no
    more and lets work end by itself, `cancel()` ends it now; what is finished is always emitted.
    An exception of `work` stops the flow and is raised once the rest has come home.
    """

    def __init__(
        self,
        work: Callable[[T], Awaitable[R]],
        emit: Callable[[R], None],
        *,
        window: int,
        on_error: Callable[[], None],
    ) -> None:
        self._work = work
        self._emit = emit
        self._on_error = on_error
        self._places = asyncio.Semaphore(window)
        self._held = asyncio.Semaphore(window * 10)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._done: dict[int, R | None] = {}
        self._next = 0
        self._error: BaseException | None = None
        self._broken = False
        self.stopping = False
        self.admitted = 0

    async def run(self, items: Iterator[T]) -> bool:
        """True when every item was worked on; False when the flow was stopped before."""
        ended = False
        try:
            while not self.stopping and not ended:
                # Reading a source may touch disk or network: not in the event loop.
                batch = await asyncio.to_thread(lambda: list(islice(items, READ_AHEAD)))
                ended = len(batch) < READ_AHEAD
                for item in batch:
                    await self._places.acquire()
                    await self._held.acquire()
                    if self.stopping:
                        ended = False
                        break
                    self._admit(item)
        except Exception as error:
            self._fail(error)
        # Done ones may be among them: a task that is cancelled before it began runs not a line.
        while pending := [task for task in self._tasks.values() if not task.done()]:
            await asyncio.wait(pending)
        for index in sorted(self._done):  # behind a gap that a stopped row left
            self._hand_out(self._done.pop(index))
        if self._error is not None:
            raise self._error
        return ended and not self.stopping

    def stop(self) -> None:
        self.stopping = True
        self._places.release()  # Wakes an admission that waits.
        self._held.release()

    def cancel(self) -> None:
        self.stop()
        for task in list(self._tasks.values()):
            task.cancel()

    def _admit(self, item: T) -> None:
        index, self.admitted = self.admitted, self.admitted + 1
        self._tasks[index] = asyncio.get_running_loop().create_task(self._one(index, item))

    async def _one(self, index: int, item: T) -> None:
        result: R | None = None
        try:
            result = await self._work(item)
        except (Stopped, asyncio.CancelledError):
            pass
        except Exception as error:
            self._fail(error)
        del self._tasks[index]
        self._places.release()
        self._done[index] = result
        # A row without a result leaves a gap: what follows is handed out at the end.
        while not self.stopping and self._next in self._done:
            self._hand_out(self._done.pop(self._next))
            self._next += 1
            self._held.release()

    def _hand_out(self, result: R | None) -> None:
        if result is None or self._broken:
            return
        try:
            self._emit(result)
        except Exception as error:
            self._broken = True
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if self._error is None:
            self._error = error
            self.stop()
            self._on_error()
