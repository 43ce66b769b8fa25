"""Background jobs in the server's own process, in place of rq and Redis. Knows no job.

argilla-server 2.8.0 queues three kinds of work: records' states after a dataset's distribution has
changed, imports from and exports to the Hugging Face Hub, and webhooks. The first runs here at
once, as a task of the event loop; switched_off refuses the others before they get here.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

_LOG = logging.getLogger("argilla_local.jobs")


class JobStatus(StrEnum):
    queued = "queued"
    finished = "finished"
    failed = "failed"


class NoSuchJobError(Exception):
    """Nobody started a job of this id since the server was started."""


class Queue:
    def __init__(self, name: str, connection: Any = None) -> None:
        self.name = name


class Job:
    """One piece of work that was begun; remembered while the process lives."""

    _all: dict[str, Job] = {}  # noqa: RUF012 (of all jobs, on purpose)

    def __init__(self, work: Awaitable[Any]) -> None:
        self.id = str(uuid.uuid4())
        self._task = asyncio.ensure_future(work)
        self._task.add_done_callback(_told)
        self._all[self.id] = self

    @classmethod
    def fetch(cls, job_id: str, connection: Any = None) -> Job:
        """Raises NoSuchJobError."""
        try:
            return cls._all[job_id]
        except KeyError:
            raise NoSuchJobError(job_id) from None

    def get_status(self, refresh: bool = True) -> JobStatus:
        if not self._task.done():
            return JobStatus.queued
        bad = self._task.cancelled() or self._task.exception() is not None
        return JobStatus.failed if bad else JobStatus.finished


def job(_queue: Queue, **_: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """rq's decorator: the function gets a method `delay` that begins the work."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        function.delay = lambda *args, **named: Job(function(*args, **named))  # type: ignore[attr-defined]
        return function

    return decorate


def _told(task: asyncio.Future[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _LOG.error("a background job failed", exc_info=error)
