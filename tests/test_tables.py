"""Tables: exact row groups, order, same bytes, nothing half-made, a full disk, bounded memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aifgen.errors import DataError, SinkError
from aifgen.records import messages_type, schemas
from aifgen.tables import TableWriter, read_rows
from tests.fakes.tiny_disk import tiny_disk

SCHEMA = pa.schema(
    [("n", pa.int64()), ("text", pa.string()), ("turns", messages_type())], metadata={"v": "1"}
)


def rows(count: int) -> Iterator[dict[str, object]]:
    for n in range(count):
        turns = [{"role": "user", "content": f"é {n}"}]
        yield {"n": n, "text": None if n % 7 == 0 else f"text {n}", "turns": turns}


def write(path: Path, count: int, group: int = 1000) -> None:
    table = TableWriter(path, SCHEMA, group=group)
    for row in rows(count):
        table.add(row)
    table.close()


@pytest.mark.parametrize(
    ("count", "groups"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (35, [10, 10, 10, 5])]
)
def test_row_groups_are_exact_and_rows_come_back_in_order(
    tmp_path: Path, count: int, groups: list[int]
) -> None:
    path = tmp_path / "t.parquet"
    write(path, count, group=10)
    file = pq.ParquetFile(path)
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    assert sizes == groups
    assert file.schema_arrow.equals(SCHEMA)
    assert file.schema_arrow.metadata == {b"v": b"1"}
    assert list(read_rows(path)) == list(rows(count))
    if count:
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_the_same_rows_give_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", 2500)
    code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_tables import write
write(Path({str(tmp_path / "b.parquet")!r}), 2500)
"""
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONHASHSEED": "7"}
    )
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_the_name_appears_only_when_whole_and_the_older_table_stays_until_then(
    tmp_path: Path,
) -> None:
    path = tmp_path / "t.parquet"
    write(path, 3)
    table = TableWriter(path, SCHEMA, group=2)
    for row in rows(9):
        table.add(row)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".t.parquet.tmp", "t.parquet"]
    assert len(list(read_rows(path))) == 3
    table.close()
    table.close()
    table.abort()
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]
    assert len(list(read_rows(path))) == 9


def test_abort_leaves_nothing(tmp_path: Path) -> None:
    table = TableWriter(tmp_path / "t.parquet", SCHEMA, group=2)
    for row in rows(5):
        table.add(row)
    table.abort()
    table.close()
    assert list(tmp_path.iterdir()) == []


def test_a_left_over_part_of_a_killed_run_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".t.parquet.tmp").write_bytes(b"x" * 100_000)
    write(tmp_path / "t.parquet", 4)
    assert len(list(read_rows(tmp_path / "t.parquet"))) == 4
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]


def test_missing_columns_are_null_and_unknown_ones_an_error(tmp_path: Path) -> None:
    table = TableWriter(tmp_path / "t.parquet", SCHEMA)
    table.add({"n": 1})
    with pytest.raises(KeyError, match="no column txet"):
        table.add({"n": 1, "txet": "a"})
    table.close()
    assert list(read_rows(tmp_path / "t.parquet")) == [{"n": 1, "text": None, "turns": None}]


def test_half_a_surrogate_pair_does_not_lose_the_table(tmp_path: Path) -> None:
    table = TableWriter(tmp_path / "t.parquet", SCHEMA)
    table.add({"n": 1, "text": "a\ud83dz", "turns": [{"role": "user", "content": "\udc00"}]})
    table.add({"n": 2, "text": "\ud83d\ude00 ok"})
    table.close()
    first, second = read_rows(tmp_path / "t.parquet")
    assert (first["text"], first["turns"][0]["content"]) == ("a\ufffdz", "\ufffd")
    assert second["text"] == "\U0001f600 ok"


def test_reading_some_columns(tmp_path: Path) -> None:
    write(tmp_path / "t.parquet", 2)
    assert list(read_rows(tmp_path / "t.parquet", ["n"])) == [{"n": 0}, {"n": 1}]


def test_what_is_no_table_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"t\.parquet is not there"):
        list(read_rows(tmp_path / "t.parquet"))
    (tmp_path / "t.parquet").write_text("no table at all")
    with pytest.raises(DataError, match=r"t\.parquet cannot be read as a Parquet table"):
        list(read_rows(tmp_path / "t.parquet"))


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """Python's own and Arrow's, for 40 groups against 4; a group is about 2 MB of text."""

    def peak(groups: int) -> tuple[int, int]:
        schema = pa.schema([("text", pa.string())])
        table = TableWriter(tmp_path / "t.parquet", schema, group=100)
        tracemalloc.start()
        arrow = 0
        for n in range(groups * 100):
            table.add({"text": f"{n:05} " * 4000})
            arrow = max(arrow, pa.total_allocated_bytes())
        table.close()
        for _ in read_rows(tmp_path / "t.parquet"):
            arrow = max(arrow, pa.total_allocated_bytes())
        python = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return python, arrow

    peak(1)
    few, many = peak(4), peak(40)
    assert many[0] < 1.5 * few[0]
    assert many[1] < 1.5 * few[1] + 2_000_000


def test_every_table_of_a_run_can_be_written_empty(tmp_path: Path) -> None:
    for name, schema in schemas().items():
        TableWriter(tmp_path / f"{name}.parquet", schema).close()
        assert list(read_rows(tmp_path / f"{name}.parquet")) == []


def test_a_full_disk_is_a_sentence_and_leaves_the_older_table(tmp_path: Path) -> None:
    with tiny_disk(tmp_path) as disk:
        path = disk / "t.parquet"
        write(path, 3)
        before = path.read_bytes()
        table = TableWriter(path, pa.schema([("text", pa.string())]), group=10)

        def fill() -> None:
            for _ in range(2000):
                table.add({"text": os.urandom(2000).hex()})

        with pytest.raises(SinkError) as caught:
            fill()
        table.abort()
        assert str(caught.value) == (
            f"disk full while writing {path}: free some space and run the same command again; "
            "every answer is in the store"
        )
        assert path.read_bytes() == before
        assert [p.name for p in disk.iterdir()] == ["t.parquet"]


def test_a_disk_that_fills_only_at_the_end_is_the_same_sentence(tmp_path: Path) -> None:
    with tiny_disk(tmp_path) as disk:
        table = TableWriter(disk / "t.parquet", pa.schema([("text", pa.string())]))
        for _ in range(999):
            table.add({"text": os.urandom(2000).hex()})
        with pytest.raises(SinkError, match="disk full while writing"):
            table.close()
        assert list(disk.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
def test_a_footer_that_does_not_fit_is_the_same_sentence(tmp_path: Path) -> None:
    (tmp_path / ".t.parquet.tmp").symlink_to("/dev/full")
    table = TableWriter(tmp_path / "t.parquet", SCHEMA)
    with pytest.raises(SinkError, match="disk full while writing"):
        table.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match=r"cannot write .*file/t\.parquet .*: make it writable"):
        TableWriter(tmp_path / "file" / "t.parquet", SCHEMA)
