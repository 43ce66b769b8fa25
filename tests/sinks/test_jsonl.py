"""The JSON lines sink: the Parquet sink's columns, strict JSON, never half there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import disable_progress_bars, load_dataset

from aifgen.errors import ConfigError, SinkError
from aifgen.records import Row
from aifgen.sinks.jsonl import JsonlSink
from tests.fakes.tiny_disk import tiny_disk
from tests.sinks.build import REPORT, as_columns, pair, row, tied

disable_progress_bars()


def finished(folder: Path, rows: list[Row], **options: Any) -> str:
    sink = JsonlSink(**options)
    sink.open(folder)
    for one in rows:
        sink.write(one)
    return sink.close(REPORT)


def no_word(name: str) -> float:
    raise AssertionError(f"{name} is not JSON")


def lines(path: Path) -> list[dict[str, Any]]:
    text = path.read_text(encoding="utf-8")
    return [json.loads(line, parse_constant=no_word) for line in text.split("\n")[:-1]]


def test_one_object_a_line_in_order(tmp_path: Path) -> None:
    said = finished(tmp_path, [row(1, {"x": 1}), tied(2), row(3, {"judges": "a\u2028b"})])
    path = tmp_path / "preferences.jsonl"
    assert said == f"{path}: 2 pairs"
    assert lines(path) == [
        {**as_columns(pair(1)), "x": 1, "source_judges": None},
        {**as_columns(pair(3)), "x": None, "source_judges": "a\u2028b"},
    ]
    assert "é 1" in path.read_text(encoding="utf-8")
    assert [entry.name for entry in tmp_path.iterdir()] == ["preferences.jsonl"]


def test_mixed_columns_load_although_json_lines_have_no_types(tmp_path: Path) -> None:
    values = [1, "two", 3.5, {"a": 1}, None, float("nan"), "\ud800"]
    numbers = [1, 2.5, float("nan"), float("-inf"), 3, None, 4]
    rows = [
        row(n, {"mixed": value, "number": number})
        for n, (value, number) in enumerate(zip(values, numbers, strict=True))
    ]
    finished(tmp_path, rows)
    path = tmp_path / "preferences.jsonl"
    assert [line["mixed"] for line in lines(path)] == [
        "1", '"two"', "3.5", '{"a": 1}', None, "NaN", '"\ufffd"',
    ]  # fmt: skip
    assert '"number": 1.0}' in path.read_text(encoding="utf-8").splitlines()[0]
    data = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "c"))
    assert data["number"] == [1.0, 2.5, None, None, 3.0, None, 4.0]


def test_the_older_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    finished(tmp_path, [row(1)])
    sink = JsonlSink()
    sink.open(tmp_path)
    sink.write(row(2))
    assert [line["prompt_id"] for line in lines(tmp_path / "preferences.jsonl")] == ["p1"]
    sink.abort()
    assert [entry.name for entry in tmp_path.iterdir()] == ["preferences.jsonl"]


def test_no_pairs_are_an_empty_file(tmp_path: Path) -> None:
    finished(tmp_path, [tied(1)])
    assert (tmp_path / "preferences.jsonl").read_bytes() == b""


def test_path_is_another_file(tmp_path: Path) -> None:
    finished(tmp_path / "run", [row(1)], path=str(tmp_path / "there/mine.jsonl"))
    assert len(lines(tmp_path / "there/mine.jsonl")) == 1
    with pytest.raises(ConfigError, match="is a folder: name a file"):
        finished(tmp_path, [], path=str(tmp_path / "there"))


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    with tiny_disk(tmp_path) as disk:
        finished(disk, [row(1)])
        sink = JsonlSink()
        sink.open(disk)
        for n in range(1400):
            sink.write(row(n))
        with pytest.raises(SinkError, match=r"disk full while writing .*preferences\.jsonl"):
            sink.close(REPORT)
        assert [line["prompt_id"] for line in lines(disk / "preferences.jsonl")] == ["p1"]
        assert [entry.name for entry in disk.iterdir()] == ["preferences.jsonl"]
