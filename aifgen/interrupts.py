"""Ctrl-C and SIGTERM in two stages: first ask no more, then stop now. Knows no run."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass
class Interrupt:
    """The signal that came first, if one came."""

    number: signal.Signals | None = None

    @property
    def exit_code(self) -> int | None:
        """130 after Ctrl-C, 143 after SIGTERM, as shells have it."""
        return None if self.number is None else 128 + self.number


@contextlib.contextmanager
def two_stages(gently: Callable[[], None], now: Callable[[], None]) -> Iterator[Interrupt]:
    """The first signal calls `gently`, every later one `now`. Only in the main thread."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    loop = asyncio.get_running_loop()

    def caught(number: signal.Signals) -> None:
        if interrupt.number is None:
            interrupt.number = number
            gently()
        else:
            now()

    taken = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C stays KeyboardInterrupt
            loop.add_signal_handler(number, caught, number)
            taken.append(number)
    try:
        yield interrupt
    finally:
        for number in taken:
            loop.remove_signal_handler(number)
