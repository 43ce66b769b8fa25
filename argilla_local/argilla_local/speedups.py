"""Two places where argilla-server 2.8.0 does the same work for each suggestion or record again.

Measured with 500 records of 7 suggestions each, see docs/review-server.md. Knows nothing else.
"""

from __future__ import annotations

from typing import Any


def apply() -> None:
    """After argilla_server was imported."""
    _one_adapter()
    _no_events()


def _one_adapter() -> None:
    """A question's settings are validated once per suggestion, each time with a new TypeAdapter."""
    from argilla_server.models import database
    from pydantic import TypeAdapter

    for model, kind in (
        (database.Question, database.QuestionSettings),
        (database.MetadataProperty, database.MetadataPropertySettings),
    ):
        model.parsed_settings = property(_parser(TypeAdapter(kind)))


def _parser(adapter: Any) -> Any:
    return lambda self: adapter.validate_python(self.settings)


def _no_events() -> None:
    """For each record some seven queries gather what a webhook would be told; there is none."""
    from argilla_server.bulk import records_bulk
    from argilla_server.contexts import distribution

    async def nobody(*_: Any, **__: Any) -> list[Any]:
        return []

    records_bulk.notify_record_event_v1 = nobody
    distribution.notify_record_event_v1 = nobody
