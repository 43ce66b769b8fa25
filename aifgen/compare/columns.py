"""Columns of Parquet tables, from any type that can hold them to the one that readers work with.

Knows types, no file and no column's meaning.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from aifgen.compare.values import Wrong, from_values, kind_of

if TYPE_CHECKING:
    import pyarrow as pa

_PARTNER = {"text of": "texts", "texts": "text of", "said of": "numbers of", "numbers of": "said"}
"""The other half of a column that is read as two kinds."""


def from_arrow(column: pa.Array, kind: str) -> pa.Array:
    """The same of an Arrow column. Raises Wrong where its type is no `kind`."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    found, wanted = column.type, kind_of(kind)
    if types.is_null(found):
        return pa.nulls(len(column), wanted)
    halved = kind in ("text of", "texts", "said of", "numbers of")
    if halved and _listed(found) != _listed(wanted):
        _cast(column, _PARTNER[kind])  # so that a column of neither is refused
        return pa.nulls(len(column), wanted)
    if kind == "prompt" and (_listed(found) or types.is_struct(found)):
        return from_values(column.to_pylist(), kind)
    if kind.startswith("people's"):
        if not _listed(found):
            return from_values([[value] for value in column.to_pylist()], kind)
        if _texts(found.value_type) and _holds_lists(column.flatten()):
            # A column has one type: where some label by a word and others by numbers, a text.
            return from_values(
                [value and [*map(_decoded, value)] for value in column.to_pylist()], kind
            )
        if _listed(found.value_type) != _listed(wanted.value_type):
            return pa.nulls(len(column), wanted)
    return _cast(column, kind)


def _holds_lists(texts: pa.Array) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    return bool(pc.any(pc.starts_with(texts.cast(pa.string()), "[")).as_py())


def _decoded(value: str | None) -> Any:
    """The list that a text in JSON holds."""
    if value is not None and value.startswith("["):
        with contextlib.suppress(ValueError):
            return json.loads(value)
    return value


def _cast(column: pa.Array, kind: str) -> pa.Array:
    import pyarrow as pa
    from pyarrow import types

    found, wanted = column.type, kind_of(kind)
    if kind in ("said", "said of"):
        return said(column)
    if kind == "people's words":
        inner = said(column.flatten())
        return pa.ListArray.from_arrays(_offsets(column), inner, mask=_nulls(column))
    text = types.is_string(wanted) and (_texts(found) or types.is_integer(found))
    number = types.is_float64(wanted) and _numeric(found)
    listed = _listed(wanted) and _listed(found) and kind != "responses"
    if listed:
        inner, of = found.value_type, wanted.value_type
        while _listed(inner) and _listed(of):
            inner, of = inner.value_type, of.value_type
        listed = _numeric(inner) if types.is_float64(of) else _texts(inner)
        listed = listed or types.is_null(inner)
    struct = kind == "responses" and _listed(found) and types.is_struct(found.value_type)
    if not (text or number or listed or struct):
        raise Wrong
    if struct:
        return _responses(column)
    return column.cast(wanted)


def said(column: pa.Array) -> pa.Array:
    """Texts as they are, truth as True and False, whole numbers without a point, "" as null."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    found = column.type
    if types.is_null(found):
        return pa.nulls(len(column), pa.string())
    if types.is_boolean(found):
        return pc.if_else(column, "True", "False")
    if types.is_floating(found):
        whole = pc.and_(pc.is_finite(column), pc.equal(pc.floor(column), column))
        plain = pc.if_else(whole, column, None).cast(pa.int64(), safe=False).cast(pa.string())
        return pc.coalesce(plain, pc.if_else(pc.is_nan(column), None, column.cast(pa.string())))
    if not (_texts(found) or types.is_integer(found)):
        raise Wrong
    text = column.cast(pa.string())
    return pc.if_else(pc.equal(text, ""), None, text)


def _responses(column: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    flat, (listed,) = column.flatten(), (kind_of("responses"),)
    names = [field.name for field in flat.type]
    fields = [
        from_arrow(pc.struct_field(flat, field.name), "text")
        if field.name in names
        else pa.nulls(len(flat), pa.string())
        for field in listed.value_type
    ]
    inner = pa.StructArray.from_arrays(fields, fields=list(listed.value_type))
    return pa.ListArray.from_arrays(_offsets(column), inner, mask=_nulls(column))


def _offsets(column: pa.Array) -> pa.Array:
    """Of the lists in `column.flatten()`, which leaves out what is in no list."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))


def _nulls(column: pa.Array) -> pa.Array | None:
    return column.is_null() if column.null_count else None


def _listed(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _texts(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _numeric(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))
