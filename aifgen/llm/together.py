"""Several answers awaited together, each to its end. Knows no request."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def together(waiting: list[Coroutine[Any, Any, T]]) -> list[T]:
    """All results in order; the first exception only once all have ended.

    asyncio.gather raises at once and leaves the others running: what is paid for and in flight
    would be cut off when the run ends.
    """
    results = await asyncio.gather(*waiting, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]
