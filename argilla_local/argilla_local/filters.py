"""Filters of argilla-server as SQL conditions on a record, with Elasticsearch's meaning.

Knows no text search and no order. What Elasticsearch would refuse or never find (a word where a
number is wanted) finds nothing here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from argilla_server.enums import RecordSortField, ResponseStatusFilter
from argilla_server.models import Record, Response, Suggestion
from argilla_server.search_engine.base import (
    AndFilter,
    MetadataFilterScope,
    RangeFilter,
    RecordFilterScope,
    ResponseFilterScope,
    SuggestionFilterScope,
    TermsFilter,
)
from sqlalchemy import String, and_, cast, exists, false, not_, or_, select, true

from argilla_local import columns

NUMBERS = ("integer", "real")
"""Types of json_each that a range may compare: in SQLite any text is greater than any number."""
TIMES = (RecordSortField.inserted_at, RecordSortField.updated_at)


def clause(filter: Any) -> Any:
    if isinstance(filter, AndFilter):
        return and_(true(), *map(clause, filter.filters))
    scope = filter.scope
    if isinstance(scope, RecordFilterScope):
        return _record(filter, scope.property)
    if isinstance(scope, MetadataFilterScope):
        leaf = columns.metadata_values(scope.metadata_property)
        return exists(select(1).select_from(leaf).where(_among(filter, leaf)))
    if isinstance(scope, SuggestionFilterScope):
        return _suggestion(filter, scope.question, str(scope.property or "value"))
    if isinstance(scope, ResponseFilterScope) and scope.question:
        # One and the same response: this user's, with this value.
        leaf = columns.response_values(scope.question)
        value = exists(select(1).select_from(leaf).where(_among(filter, leaf)).correlate(Response))
        return columns.responses(scope.user, 1).where(value).exists()
    if isinstance(scope, ResponseFilterScope) and isinstance(filter, TermsFilter):
        return _status(filter.values, scope.user)
    raise ValueError(f"Cannot process filter {filter}")


def _status(values: Any, user: Any) -> Any:
    """pending: the user (anybody, without one) has not answered at all, not even as a draft."""
    wanted = {str(value) for value in values}
    stored = wanted - {ResponseStatusFilter.pending.value}
    found = [columns.responses(user, 1).where(_text(Response.status).in_(stored)).exists()]
    if ResponseStatusFilter.pending in wanted:
        found.append(not_(columns.responses(user, 1).exists()))
    return or_(*found)


def _suggestion(filter: Any, question: str, prop: str) -> Any:
    if prop in columns.LISTS:
        leaf = columns.suggestion_values(prop)
        among = select(1).select_from(leaf).where(_among(filter, leaf)).correlate(Suggestion)
        return columns.suggestions(question, 1).where(exists(among)).exists()
    if isinstance(filter, RangeFilter):
        return false()
    equal = _text(getattr(Suggestion, prop)).in_([str(value) for value in filter.values])
    return columns.suggestions(question, 1).where(equal).exists()


def _record(filter: Any, prop: str) -> Any:
    column = getattr(Record, prop)
    if isinstance(filter, TermsFilter):
        values = [str(value) for value in filter.values]
        if prop == RecordSortField.id:
            return column.in_([key for value in values if (key := _uuid(value))])
        if prop in TIMES:
            return column.in_([time for value in values if (time := _time(value))])
        return _text(column).in_(values)
    if prop not in TIMES:
        return false()
    return _within(column, _time(filter.ge), _time(filter.le), filter)


def _among(filter: Any, leaf: Any) -> Any:
    if isinstance(filter, TermsFilter):
        return _text(leaf.c.value).in_([str(value) for value in filter.values])
    within = _within(leaf.c.value, _number(filter.ge), _number(filter.le), filter)
    return and_(leaf.c.type.in_(NUMBERS), within)


def _within(column: Any, low: Any, high: Any, filter: Any) -> Any:
    """low, high: the filter's bounds, null where it has none or where they cannot be compared."""
    if (low is None) != (filter.ge is None) or (high is None) != (filter.le is None):
        return false()
    parts = [column >= low] if low is not None else []
    return and_(true(), *parts, *([column <= high] if high is not None else []))


def _text(column: Any) -> Any:
    return cast(column, String)


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


def _time(value: Any) -> datetime | None:
    """Milliseconds since 1970, or ISO 8601; the database keeps UTC without saying so."""
    if value is None:
        return None
    try:
        try:
            found = datetime.fromtimestamp(float(value) / 1000, UTC)
        except ValueError:
            found = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except (ValueError, OverflowError, OSError):
        return None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
