"""human.parquet as it may come: older, made by hand, or no such table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aifgen.errors import DataError
from aifgen.review.human import read

ROW = {
    "prompt_id": "q", "annotator": "ann", "question": "rating", "value": "[5, 1, null]",
    "status": "submitted", "response_ids": ["x", "y", "z"],
}  # fmt: skip


def write(run: Path, *rows: dict[str, Any]) -> None:
    pq.write_table(pa.Table.from_pylist(list(rows)), run / "human.parquet")


def test_columns_may_be_missing_and_others_there(tmp_path: Path) -> None:
    write(tmp_path, {**ROW, "mine": 1}, {**ROW, "annotator": "bob", "mine": 2})
    first, second = read(tmp_path)
    assert (first.annotator, second.annotator) == ("ann", "bob")
    assert (first.text_digests, first.shown, first.scale_min, first.name) == ((), (), None, None)
    write(tmp_path, {**ROW, "value": [5.0, 1.0, None]})
    assert read(tmp_path)[0].value == "[5.0, 1.0, null]"
    write(tmp_path, {**ROW, "status": "draft", "value": "five"})
    assert read(tmp_path)[0].value == "five"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"value": "[5, 1]"}, "row 2 of human.parquet says [5, 1], which is no list of 3 numbers"),
        ({"value": "five"}, "says five, which is no list of 3 numbers: give one a response"),
        ({"value": "3"}, "says 3, which is no list"),
        ({"value": '[5, 1, "x"]'}, "which is no list of 3 numbers"),
        ({"value": "[5, 1, NaN]"}, "which is no list of 3 numbers"),
        ({"question": "ranking", "value": '["a", "b", "c"]'}, "which is no list of 3 numbers"),
        ({"question": "best", "value": "w"}, "finds w best, which is none of its responses: name"),
        ({"annotator": None}, "row 2 of human.parquet: annotator is None: give a text"),
        ({"response_ids": None}, "row 2 of human.parquet has no response_ids: name the"),
        ({"text_digests": ["a"]}, "row 2 of human.parquet: 1 text_digests for 3 response_ids"),
        ({"scale_min": 5.0, "scale_max": 5.0}, "has scale_min 5.0 and scale_max 5.0: give both"),
        ({"scale_min": 1.0}, "has scale_min 1.0 and scale_max None: give both, the lower one"),
        ({"submitted_at": "May"}, "submitted_at is 'May': give a column of timestamps"),
    ],
)
def test_what_cannot_be_is_one_sentence_with_its_place(
    tmp_path: Path, row: dict[str, Any], told: str
) -> None:
    more = dict.fromkeys(("text_digests", "scale_min", "scale_max", "submitted_at"))
    write(tmp_path, {**more, **ROW}, {**more, **ROW, **row})
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_such_table_is_one_sentence(tmp_path: Path) -> None:
    write(tmp_path, {"prompt_id": "q", "rater": "ann", "verdict": "A"})
    with pytest.raises(DataError, match=r"no table of people's answers \(it has no column annot"):
        read(tmp_path)
    (tmp_path / "human.parquet").write_text("{}")
    with pytest.raises(DataError, match="it cannot be read as Parquet"):
        read(tmp_path)
