"""The type of a source's extra column, found from its values; knows no file.

Sources promise JSON-able values, not columns of one type. A column keeps a type of its own as long
as every value fits it without a loss; else the whole column becomes JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

DEEPEST = 8
WIDEST = 64
"""Mappings with more names than this over all rows are maps, not records: JSON text."""
EXACT = 2**53
"""Beyond this a float no longer holds every integer."""


@dataclass(frozen=True, slots=True)
class Kind:
    """null, bool, int, wide (an int that a float may not hold), float, text, list, struct, json."""

    name: str
    item: Kind | None = None
    fields: Mapping[str, Kind] = field(default_factory=dict)


NULL, BOOL, INT, WIDE, FLOAT, TEXT, JSON = map(
    Kind, ("null", "bool", "int", "wide", "float", "text", "json")
)
LADDER = {("int", "wide"): WIDE, ("float", "int"): FLOAT}


def kind_of(value: Any, depth: int = 0) -> Kind:
    """The narrowest kind that holds one value as json.loads would give it."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        if abs(value) <= EXACT:
            return INT
        return WIDE if -(2**63) <= value < 2**63 else JSON
    if isinstance(value, float):
        return FLOAT
    if isinstance(value, str):
        return TEXT
    if depth == DEEPEST:
        return JSON
    if isinstance(value, Mapping):
        return _struct({name: kind_of(part, depth + 1) for name, part in value.items()})
    return _list(joined(kind_of(part, depth + 1) for part in value))


def join(one: Kind, other: Kind) -> Kind:
    """The narrowest kind that holds the values of both; JSON where there is none."""
    if one == other or other.name == "null":
        return one
    if one.name == "null":
        return other
    if one.name == "list" and other.name == "list":
        return _list(join(one.item or NULL, other.item or NULL))
    if one.name == "struct" and other.name == "struct":
        names = dict.fromkeys((*one.fields, *other.fields))
        return _struct(
            {name: join(one.fields.get(name, NULL), other.fields.get(name, NULL)) for name in names}
        )
    first, second = sorted((one.name, other.name))
    return LADDER.get((first, second), JSON)


def joined(kinds: Iterable[Kind]) -> Kind:
    kind = NULL
    for other in kinds:
        kind = join(kind, other)
    return kind


def settled(kind: Kind) -> Kind:
    """What is written once all values were seen: a mapping without names, which Parquet cannot
    hold, is JSON text."""
    if kind.name == "list":
        return _list(settled(kind.item or NULL))
    if kind.name == "struct":
        if not kind.fields:
            return JSON
        return _struct({name: settled(part) for name, part in kind.fields.items()})
    return kind


def fit(value: Any, kind: Kind) -> Any:
    """A value as its settled column holds it: JSON text, ints among floats as floats, names that a
    mapping lacks as null."""
    if value is None:
        return None
    if kind.name == "json":
        return json.dumps(value, ensure_ascii=False)
    if kind.name == "float":
        return float(value)
    if kind.name == "list":
        return [fit(part, kind.item or TEXT) for part in value]
    if kind.name == "struct":
        return {name: fit(value.get(name), part) for name, part in kind.fields.items()}
    return value


def arrow_type(kind: Kind) -> pa.DataType:
    """The Arrow type of a settled kind; nothing but nulls is text, as list<null> has no readers."""
    import pyarrow as pa

    if kind.name == "list":
        return pa.list_(arrow_type(kind.item or TEXT))
    if kind.name == "struct":
        return pa.struct([(name, arrow_type(part)) for name, part in kind.fields.items()])
    plain = {"bool": pa.bool_(), "int": pa.int64(), "wide": pa.int64(), "float": pa.float64()}
    return plain.get(kind.name, pa.string())


def _list(item: Kind) -> Kind:
    return JSON if item.name == "json" else Kind("list", item)


def _struct(fields: Mapping[str, Kind]) -> Kind:
    if len(fields) > WIDEST or any(part.name == "json" for part in fields.values()):
        return JSON
    if any("\0" in name for name in fields):  # Parquet's readers end a name at its first zero
        return JSON
    return Kind("struct", fields=fields)
