"""Where a filter's or an order's scope stands in the server's tables. Knows no condition.

Suggestions and responses are JSON: json_each gives a row for each value, one for a single value.
"""

from __future__ import annotations

from typing import Any

from argilla_server.models import Question, Record, Response, Suggestion
from sqlalchemy import func, select

LISTS = ("value", "score")
"""Properties of a suggestion that may hold several values."""


def path(*keys: str) -> str:
    """SQLite's JSON path. Names of questions and properties hold no quotation mark (upstream)."""
    return "$" + "".join(f'."{key}"' for key in keys)


def metadata_values(name: str) -> Any:
    return func.json_each(Record.metadata_, path(name)).table_valued("value", "type")


def response_values(question: str) -> Any:
    return func.json_each(Response.values, path(question, "value")).table_valued("value", "type")


def suggestion_values(prop: str) -> Any:
    return func.json_each(getattr(Suggestion, prop)).table_valued("value", "type")


def suggestions(question: str, *columns: Any) -> Any:
    """A select over the current record's suggestion for the question (there is one at most)."""
    return (
        select(*columns)
        .select_from(Suggestion)
        .join(Question, Question.id == Suggestion.question_id)
        .where(Suggestion.record_id == Record.id, Question.name == question)
        .correlate(Record)
    )


def responses(user: Any, *columns: Any) -> Any:
    """A select over the current record's responses, of one user or (null) of all."""
    found = select(*columns).select_from(Response).where(Response.record_id == Record.id)
    if user is not None:
        found = found.where(Response.user_id == user.id)
    return found.correlate(Record)
