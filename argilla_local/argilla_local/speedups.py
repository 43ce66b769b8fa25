"""Three places where argilla-server 2.8.0 does the same work for each suggestion or record again.

What they spare when 500 records with 7 suggestions each are pushed stands in
docs/review-server.md. Knows nothing else of the server.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def apply() -> None:
    """After argilla_server was imported."""
    _one_adapter()
    _no_events()
    _plain_inserts()


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


def _plain_inserts() -> None:
    """All suggestions of a push become one statement with some thousands of parameters, which
    SQLAlchemy writes anew each time. One short statement for each row has the same effect: what the
    long one returns, nobody reads, and it is loaded afterwards in any case."""
    from argilla_server.bulk import records_bulk
    from argilla_server.models import Suggestion
    from sqlalchemy.dialects.sqlite import insert

    insertion = insert(Suggestion.__table__)
    updated = {name: insertion.excluded[name] for name in Suggestion.__upsertable_columns__}
    keys = ["record_id", "question_id"]

    async def upsert(self: Any, records_and_suggestions: Any) -> None:
        rows = [
            {**suggestion.model_dump(), "record_id": record.id}
            for record, suggestions in records_and_suggestions
            for suggestion in suggestions or []
        ]
        if rows:
            now = datetime.now(UTC).replace(tzinfo=None)
            changes = {**updated, "updated_at": now}
            await self._db.execute(
                insertion.on_conflict_do_update(index_elements=keys, set_=changes), rows
            )

    records_bulk.CreateRecordsBulk._upsert_records_suggestions = upsert
