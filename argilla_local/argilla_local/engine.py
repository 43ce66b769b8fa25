"""argilla-server's SearchEngine over its own SQL database. Knows how questions become queries of
text_fields, filters, sorts, metrics and similarity, not what is in them.

Upstream keeps a second copy of all records in Elasticsearch. Here there is none: every method that
would bring such a copy up to date has nothing to do, and nothing can get out of step.
"""

from __future__ import annotations

import json
from typing import Any

from argilla_server.database import AsyncSessionLocal
from argilla_server.enums import MetadataPropertyType, SimilarityOrder
from argilla_server.models import Record, Vector
from argilla_server.search_engine.base import (
    SearchEngine,
    SearchResponseItem,
    SearchResponses,
    TextQuery,
)
from sqlalchemy import Select, func, literal, select

from argilla_local import filters, metrics, sorts
from argilla_local.similarity import nearest
from argilla_local.text_fields import FUNCTION

NAME = "database"
"""What ARGILLA_SEARCH_ENGINE says to get this engine."""


async def _nothing(self: Any, *_: Any, **__: Any) -> None:
    """There is no index to bring up to date: what was committed is found."""


class DatabaseSearchEngine(SearchEngine):  # type: ignore[misc]
    """One for each request, as upstream has it; holds nothing."""

    create_index = delete_index = index_records = delete_records = _nothing
    configure_metadata_property = configure_index_vectors = partial_record_update = _nothing
    update_record_response = delete_record_response = _nothing
    update_record_suggestion = delete_record_suggestion = close = _nothing

    @classmethod
    async def new_instance(cls) -> DatabaseSearchEngine:
        return cls()

    async def ping(self) -> bool:
        return bool(await _rows(select(literal(1))))

    async def info(self) -> dict[str, Any]:
        version = (await _rows(select(func.sqlite_version())))[0][0]
        return {"name": NAME, "version": {"number": version, "distribution": "sqlite"}}

    async def get_dataset_progress(self, dataset: Any) -> dict[str, int]:
        """{"total", "completed", "pending"}, without the states that no record has."""
        return {} if dataset.is_draft else metrics.told(await _rows(metrics.progress(dataset)))

    async def get_dataset_user_progress(self, dataset: Any, user: Any) -> dict[str, int]:
        """{"total", "submitted", "discarded", "draft"} of the user's responses."""
        if dataset.is_draft:
            return {}
        return metrics.told(await _rows(metrics.user_progress(dataset, user)))

    async def compute_metrics_for(self, metadata_property: Any) -> Any:
        if metadata_property.type == MetadataPropertyType.terms:
            return metrics.told_terms(await _rows(metrics.terms(metadata_property)))
        ((low, high),) = await _rows(metrics.span(metadata_property))
        return metrics.told_span(metadata_property, low, high)

    async def search(
        self,
        dataset: Any,
        query: Any = None,
        filter: Any = None,
        sort: Any = None,
        offset: int = 0,
        limit: int = 100,
        user_id: Any = None,
    ) -> Any:
        """In the order asked for; else in the user's own, else as the records were pushed."""
        order = [sorts.ordered(one) for one in sort or []] + [Record.inserted_at, Record.id]
        found = select(Record.id).where(*_where(dataset, query, filter)).order_by(*order)
        ids = [row[0] for row in await _rows(found)]
        if user_id is not None and not sort:
            ids = sorts.shuffled(ids, user_id)
        items = [SearchResponseItem(record_id=id, score=1.0) for id in ids[offset : offset + limit]]
        return SearchResponses(items=items, total=len(ids))

    async def similarity_search(
        self,
        dataset: Any,
        vector_settings: Any,
        value: Any = None,
        record: Any = None,
        query: Any = None,
        filter: Any = None,
        max_results: int = 100,
        order: Any = SimilarityOrder.most_similar,
        threshold: float | None = None,
    ) -> Any:
        """Raises ValueError unless there is either a vector or a record that has one."""
        if bool(value) == bool(record):
            raise ValueError("Must provide either vector value or record to compute the search")
        target = value or record.vector_value_by_vector_settings(vector_settings)
        if not target:
            raise ValueError("Cannot find a vector value to apply with provided info")
        if order == SimilarityOrder.least_similar:
            target = [-number for number in target]
        vectors = (
            select(Record.id, Vector.value)
            .join(Vector, Vector.record_id == Record.id)
            .where(Vector.vector_settings_id == vector_settings.id, *_where(dataset, query, filter))
            .order_by(Record.inserted_at, Record.id)
        )
        if record is not None:
            vectors = vectors.where(Record.id != record.id)
        best = nearest(await _rows(vectors), target, at_most=max_results, threshold=threshold)
        items = [SearchResponseItem(record_id=id, score=score) for id, score in best]
        return SearchResponses(items=items, total=len(items))


def register() -> None:
    """Make the engine known to the server."""
    SearchEngine.register(engine_name=NAME)(DatabaseSearchEngine)


async def _rows(query: Select[Any]) -> Any:
    async with AsyncSessionLocal() as db:
        return (await db.execute(query)).all()


def _where(dataset: Any, query: Any, filter: Any) -> list[Any]:
    found = [Record.dataset_id == dataset.id]
    if filter is not None:
        found.append(filters.clause(filter))
    if query is not None:
        query = TextQuery(q=query) if isinstance(query, str) else query
        names = [field.name for field in dataset.fields if not field.is_image]
        if query.field:
            names = [name for name in names if name == query.field]
        finds = getattr(func, FUNCTION)
        # The column as it is stored, so that SQLAlchemy does not read the JSON for us.
        fields = Record.__table__.c.fields
        found.append(finds(fields, json.dumps(names), query.q) == 1)
    return found
