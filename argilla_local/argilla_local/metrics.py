"""Counts over a dataset: progress, and what its metadata hold. Knows no search."""

from __future__ import annotations

from typing import Any

from argilla_server.enums import MetadataPropertyType
from argilla_server.models import Record, Response
from argilla_server.search_engine.base import (
    FloatMetadataMetrics,
    IntegerMetadataMetrics,
    TermsMetrics,
)
from sqlalchemy import func, select, true

from argilla_local import columns

MAX_TERMS = 2**14
"""As upstream: more different terms are not told one by one."""


def progress(dataset: Any) -> Any:
    """Rows (status, records). The status counts submitted responses against the distribution's
    min_submitted; the server keeps it up to date with each response."""
    return (
        select(Record.status, func.count())
        .where(Record.dataset_id == dataset.id)
        .group_by(Record.status)
    )


def user_progress(dataset: Any, user: Any) -> Any:
    """Rows (status, this user's responses)."""
    return (
        select(Response.status, func.count())
        .join(Record, Record.id == Response.record_id)
        .where(Record.dataset_id == dataset.id, Response.user_id == user.id)
        .group_by(Response.status)
    )


def told(rows: Any) -> dict[str, int]:
    counts = {str(status.value): count for status, count in rows}
    return {"total": sum(counts.values()), **counts}


def terms(prop: Any) -> Any:
    """Rows (term, count), the most frequent first."""
    leaf = columns.metadata_values(prop.name)
    return (
        select(leaf.c.value, func.count())
        .select_from(Record)
        .join(leaf, true())
        .where(Record.dataset_id == prop.dataset_id, leaf.c.type != "null")
        .group_by(leaf.c.value)
        .order_by(func.count().desc(), leaf.c.value)
    )


def told_terms(rows: Any) -> Any:
    counts = [TermsMetrics.TermCount(term=str(term), count=count) for term, count in rows]
    return TermsMetrics(total=sum(each.count for each in counts), values=counts[:MAX_TERMS])


def span(prop: Any) -> Any:
    """One row (smallest, greatest), both null without a value."""
    leaf = columns.metadata_values(prop.name)
    return (
        select(func.min(leaf.c.value), func.max(leaf.c.value))
        .select_from(Record)
        .join(leaf, true())
        .where(Record.dataset_id == prop.dataset_id)
    )


def told_span(prop: Any, low: float | None, high: float | None) -> Any:
    whole = prop.type == MetadataPropertyType.integer
    return (IntegerMetadataMetrics if whole else FloatMetadataMetrics)(min=low, max=high)
