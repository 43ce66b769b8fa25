"""The texts of a record's fields, as Elasticsearch would have indexed them. Knows no query's words.

Shows itself to SQLite as a function, so that the database does the filtering.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from argilla_local.text_search import Predicate, compile_query

FUNCTION = "argilla_local_finds"
"""SQL: FUNCTION(fields as JSON, names of fields as JSON, search text) is 0 or 1."""


def register(connection: Any) -> None:
    """Make the function known on a DB-API connection of SQLAlchemy's (sync or async)."""
    connection.create_function(FUNCTION, 3, _finds)


def _finds(fields: str, names: str, text: str) -> int:
    found = json.loads(fields)
    if not isinstance(found, dict):
        return 0
    return int(_compiled(text)(list(texts(found, json.loads(names)))))


@lru_cache(maxsize=32)
def _compiled(text: str) -> Predicate:
    return compile_query(text)


def texts(fields: dict[str, Any], names: Sequence[str]) -> Iterator[str]:
    """A text as it is, a chat's messages one by one, anything else as upstream writes it."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            for message in value:
                if isinstance(message, dict):
                    yield from (str(message[key]) for key in ("content", "role") if key in message)
        elif value is not None:
            yield str(value)
