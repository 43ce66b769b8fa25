"""Extra columns: every JSON-able value comes back as it was, or as JSON text; nothing crashes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aifgen.sinks._pairs import OURS, Pairs
from aifgen.tables import TableWriter, read_rows, well_formed
from tests.sinks.build import pair

TEXTS = st.text(st.characters(), max_size=8)  # with lone surrogates, as JSON may hold them
NAMES = st.one_of(st.sampled_from(["a", "b", "prompt", "source_prompt", "margin", ""]), TEXTS)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.integers(-3, 3)
    | st.floats()
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


def written(folder: Path, extras: list[dict[str, Any]]) -> tuple[pa.Schema, list[dict[str, Any]]]:
    """Through the scratch file and a Parquet table, as the sink does it."""
    pairs = Pairs(folder / "pairs.jsonl")
    for n, extra in enumerate(extras):
        pairs.add(pair(n, extra))
    table = TableWriter(folder / "t.parquet", pairs.schema())
    for row in pairs.rows():
        table.add(row)
    table.close()
    pairs.remove()
    names = {name: column for name, column, _ in pairs.extra_columns()}
    rows = [
        {name: row[column] for name, column in names.items()}
        for row in read_rows(folder / "t.parquet")
    ]
    return pairs.schema(), rows


def same(before: Any, after: Any) -> bool:
    """Equal, but for a mapping's absent names (null) and integers in a column of floats."""
    if isinstance(before, float) and math.isnan(before):
        return isinstance(after, float) and math.isnan(after)
    if isinstance(before, dict):
        return isinstance(after, dict) and all(
            same(before.get(name), after.get(name)) for name in {*before, *after}
        )
    if isinstance(before, list):
        return (
            isinstance(after, list) and len(before) == len(after) and all(map(same, before, after))
        )
    if isinstance(before, bool) or isinstance(after, bool):
        return before is after
    return bool(before == after)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=4), max_size=7))
def test_anything_json_can_say_comes_back(tmp_path: Path, extras: list[dict[str, Any]]) -> None:
    schema, rows = written(tmp_path, extras)
    assert schema.names[: len(OURS)] == list(OURS)
    assert len(set(schema.names)) == len(schema.names)
    for before, after in zip(extras, rows, strict=True):
        for name, value in well_formed(before).items():
            got = after[name]
            assert same(value, got) or (isinstance(got, str) and same(value, json.loads(got)))


@pytest.mark.parametrize(
    ("values", "kind", "stored"),
    [
        ([1, None, 2], "int64", [1, None, 2]),
        ([1, 2.5], "double", [1.0, 2.5]),
        ([1, float("inf")], "double", [1.0, float("inf")]),
        ([True, False], "bool", [True, False]),
        ([None, None], "string", [None, None]),
        ([[], None], "list<item: string>", [[], None]),
        ([[None]], "list<item: string>", [[None]]),
        ([[[]], [[1]]], "list<item: list<item: int64>>", [[[]], [[1]]]),
        ([{}], "string", ["{}"]),
        ([{}, {"a": 1}], "struct<a: int64>", [{"a": None}, {"a": 1}]),
        ([{"a": 1}, {"b": "x"}], "struct<a: int64, b: string>",
         [{"a": 1, "b": None}, {"a": None, "b": "x"}]),
        (["1", 2, None], "string", ['"1"', "2", None]),
        ([True, 2], "string", ["true", "2"]),
        ([{"a": 1}, [1]], "string", ['{"a": 1}', "[1]"]),
        ([[1, "é"]], "string", ['[1, "é"]']),
        ([{"a": [{}]}], "string", ['{"a": [{}]}']),
        ([2**63 - 1, -(2**63)], "int64", [2**63 - 1, -(2**63)]),
        ([2**63, 1], "string", [str(2**63), "1"]),
        ([2**53 + 1, 0.5], "string", [str(2**53 + 1), "0.5"]),
        ([{f"k{n}": n} for n in range(80)], "string", [f'{{"k{n}": {n}}}' for n in range(80)]),
        ([[[[[[[[[[1]]]]]]]]]], "string", ["[[[[[[[[[1]]]]]]]]]"]),
    ],
)  # fmt: skip
def test_a_column_s_type(tmp_path: Path, values: list[Any], kind: str, stored: list[Any]) -> None:
    schema, rows = written(tmp_path, [{"x": value} for value in values])
    assert str(schema.field("x").type) == kind
    assert [row["x"] for row in rows] == stored


def test_a_conflict_far_down_turns_the_whole_column_into_json_text(tmp_path: Path) -> None:
    extras: list[dict[str, Any]] = [{"x": n, "y": [n]} for n in range(2500)]
    extras.append({"x": "last", "y": [1.5], "late": "here"})
    schema, rows = written(tmp_path, extras)
    assert [str(schema.field(name).type) for name in ("x", "y", "late")] == [
        "string",
        "list<item: double>",
        "string",
    ]
    assert [row["x"] for row in rows[:2]] == ["0", "1"]
    assert rows[-1] == {"x": '"last"', "y": [1.5], "late": "here"}
    assert rows[0]["late"] is None


def test_in_a_clash_of_names_ours_win(tmp_path: Path) -> None:
    extra = {"prompt": "theirs", "source_prompt": "too", "judges": 1, "other": 2}
    schema, rows = written(tmp_path, [extra])
    assert schema.names[len(OURS) :] == [
        "source_source_prompt",
        "source_prompt",
        "source_judges",
        "other",
    ]
    assert rows == [extra]


def test_a_value_that_is_not_json_is_kept_as_its_text(tmp_path: Path) -> None:
    _, rows = written(tmp_path, [{"x": Path("a/b")}])
    assert rows == [{"x": "a/b"}]
