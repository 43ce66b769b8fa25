"""Arrow arrays from lists of Python values. Knows buffers, not what is in a table.

`pyarrow.array` imports pandas to ask whether a list is one of its own: 0.3 s in which no answer is
taken, for a package that nothing here uses.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def to_arrow(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """What `pyarrow.array(values, kind)` makes, for the types that our tables have: text, bool,
    64-bit numbers, times (as whole numbers of their unit), lists and structs of these. None is
    null.

    Raises UnicodeEncodeError for text that UTF-8 cannot hold, TypeError for a value of another
    type, OverflowError for a number of more than 64 bits or a column of more than 2 GiB.
    """
    import pyarrow as pa
    from pyarrow import types

    def buffer(data: bytes | array[Any]) -> pa.Buffer:
        return pa.py_buffer(data)

    def offsets(lengths: Sequence[int]) -> pa.Buffer:
        return buffer(array("i", accumulate(lengths, initial=0)))

    def build(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
        nulls = sum(value is None for value in values)
        valid = buffer(_bits([value is not None for value in values])) if nulls else None
        children = []
        if types.is_string(kind):
            texts = [b"" if value is None else str.encode(value) for value in values]
            data = [offsets([len(text) for text in texts]), buffer(b"".join(texts))]
        elif types.is_list(kind):
            data = [offsets([0 if value is None else len(value) for value in values])]
            inner = list(chain.from_iterable(value for value in values if value is not None))
            children = [build(inner, kind.value_type)]
        elif types.is_struct(kind):
            data = []
            children = [
                build([None if v is None else v.get(field.name) for v in values], field.type)
                for field in kind
            ]
        elif types.is_boolean(kind):
            data = [buffer(_bits(values))]
        elif types.is_int64(kind) or types.is_timestamp(kind):
            data = [buffer(array("q", [0 if value is None else value for value in values]))]
        elif types.is_float64(kind):
            data = [buffer(array("d", [0.0 if value is None else value for value in values]))]
        else:
            raise TypeError(f"no table of ours holds {kind}")
        return pa.Array.from_buffers(kind, len(values), [valid, *data], nulls, 0, children)

    return build(values, kind)


def _bits(flags: Sequence[object]) -> bytes:
    """One bit a flag, the first lowest, as Arrow has them."""
    if not flags:
        return b""
    text = "".join(["1" if flag else "0" for flag in reversed(flags)])
    return int(text, 2).to_bytes((len(flags) + 7) // 8, "little")
