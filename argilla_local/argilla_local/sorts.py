"""Orders of argilla-server as SQL, with Elasticsearch's meaning. Knows no filter.

A record without a value comes last either way. Of several values the smallest counts upwards and
the greatest downwards; of several people's ratings the mean counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from argilla_server.enums import SortOrder
from argilla_server.models import Record, Response, Suggestion
from argilla_server.search_engine.base import (
    MetadataFilterScope,
    RecordFilterScope,
    SuggestionFilterScope,
)
from sqlalchemy import case, func, select, true

from argilla_local import columns
from argilla_local.filters import NUMBERS


def ordered(order: Any) -> Any:
    down = order.order == SortOrder.desc
    value = _value(order.scope, func.max if down else func.min)
    return (value.desc() if down else value.asc()).nulls_last()


def shuffled(ids: Iterable[UUID], user: object) -> list[UUID]:
    """An order of its own for each user, always the same for one: upstream's, so that people who
    work at the same time do not all meet the same record first."""
    return sorted(ids, key=lambda id: hashlib.blake2b(f"{user}{id}".encode()).digest())


def _value(scope: Any, chosen: Any) -> Any:
    if isinstance(scope, RecordFilterScope):
        return getattr(Record, scope.property)
    if isinstance(scope, MetadataFilterScope):
        leaf = columns.metadata_values(scope.metadata_property)
        return select(chosen(leaf.c.value)).select_from(leaf).scalar_subquery()
    if isinstance(scope, SuggestionFilterScope):
        prop = str(scope.property or "value")
        if prop not in columns.LISTS:
            return columns.suggestions(
                scope.question, chosen(getattr(Suggestion, prop))
            ).scalar_subquery()
        leaf = columns.suggestion_values(prop)
        found = columns.suggestions(scope.question, chosen(leaf.c.value)).join(leaf, true())
        return found.scalar_subquery()
    if not scope.question:
        return columns.responses(scope.user, chosen(Response.status)).scalar_subquery()
    leaf = columns.response_values(scope.question)
    numbers = func.avg(case((leaf.c.type.in_(NUMBERS), leaf.c.value)))
    mean = func.coalesce(numbers, chosen(leaf.c.value))
    return columns.responses(scope.user, mean).join(leaf, true()).scalar_subquery()
