"""Rows that people reviewed, read from a run's folder for judge.examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from aifgen.errors import ConfigError
from aifgen.judging.example import Example
from aifgen.records import digest
from aifgen.reviewed import read
from tests.review.human import best, rated, write_human, write_run

Found = Callable[..., dict[str, Example]]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Eight rows of three responses, of which the third is the first once more, and one of two."""
    three = [[f"{k} one.", f"{k} two.", f" {k} one."] for k in range(8)]
    return write_run(tmp_path / "run", [*three, ["This.", "That."]], lambda k: f"{k}?")


@pytest.fixture
def found(run: Path) -> Found:
    """The examples by prompt_id."""

    def of(*rows: Mapping[str, Any]) -> dict[str, Example]:
        write_human(run, rows)
        return {one.prompt_id: one for one in read(str(run / "human.parquet")).examples}

    return of


def scale(run: Path) -> tuple[float, float] | None:
    return read(str(run / "human.parquet")).scale


def test_only_what_is_about_the_texts_of_now_says_what_the_scale_is(
    run: Path, found: Found
) -> None:
    old = {"text_digests": ["x", "y", "z"], "scale_max": 10.0}
    stale = [rated(f"r{k}", 9, 5, 1, **old) for k in range(6)]
    shown = found(*stale, *(rated(f"r{k}", 5, 3, 1) for k in (6, 7)))
    assert scale(run) == (1, 5)
    assert sorted(shown) == ["r6", "r7"]
    assert read(str(run / "human.parquet")).gone == 6


def test_people_are_one_group_whether_or_not_they_noted_the_prompt(found: Found) -> None:
    noted = digest([{"role": "user", "content": "8?"}])
    rows = [best("r8", "r8/gx/0", annotator=who) for who in "abc"]
    rows += [best("r8", "r8/gy/0", annotator=who, prompt_digest=noted) for who in "de"]
    assert (found(*rows)["r8"].people, found(*rows)["r8"].best) == (5, 0)
    rows[:3] = [{**row, "prompt_digest": "another"} for row in rows[:3]]
    assert (found(*rows)["r8"].people, found(*rows)["r8"].best) == (2, 1)


def test_of_those_who_saw_other_responses_the_most_are_heard(found: Found) -> None:
    two = {
        "response_ids": ["r8/gy/0", "r8/gx/0"],
        "text_digests": [digest("That."), digest("This.")],
    }
    rows = [best("r8", "r8/gx/0", annotator="a")]
    rows += [best("r8", "r8/gy/0", annotator=who, **two) for who in "bc"]
    shown = found(*rows)["r8"]
    assert (shown.people, shown.texts, shown.best) == (2, ("That.", "This."), 0)


def test_the_last_that_somebody_submitted_counts_whatever_its_dataset(found: Found) -> None:
    times = {month: datetime(2026, month, 1, tzinfo=UTC) for month in (1, 5)}
    may = best("r8", "r8/gx/0", dataset="a", submitted_at=times[5])
    january = best("r8", "r8/gy/0", dataset="b", submitted_at=times[1])
    assert found(may, january)["r8"].best == found(january, may)["r8"].best == 0


def test_a_best_by_ratings_goes_by_any_scale_and_ratings_by_that_of_most(found: Found) -> None:
    shown = found(
        rated("r8", 5, 1, annotator="a"), rated("r8", 2, 9, annotator="b", scale_max=10.0),
        rated("r7", 3, 2, 1), rated("r8", 1, 2, annotator="c"),
    )["r8"]  # fmt: skip
    assert (shown.ratings, shown.best, shown.people) == ((1, 1), 1, 3)


def test_a_comment_goes_by_the_order_that_was_seen(found: Found) -> None:
    hm = {"prompt_id": "r8", "question": "comment", "value": " The first one. "}
    seen = {"annotator": "a", "shown": ["r8/gy/0", "r8/gx/0"]}
    shown = found({**hm, **seen}, {**hm, "annotator": "b", "shown": ["x"]})
    told = [(one.order, one.text) for one in shown["r8"].comments]
    assert told == [((1, 0), "The first one."), ((0, 1), "The first one.")]
    assert shown["r8"].people == 0


def test_however_a_number_is_written_the_run_is_the_same(run: Path, found: Found) -> None:
    digests = set()
    for value in ("[5, 1]", "[5.0, 1.0]"):
        shown = found({"prompt_id": "r8", "question": "rating", "value": value})
        digests.add(read(str(run / "human.parquet")).digest)
        assert [type(rating) for rating in shown["r8"].ratings] == [float, float]
    assert len(digests) == 1


def test_drafts_and_discards_count_nowhere(found: Found) -> None:
    hm = {"prompt_id": "r8", "question": "comment", "value": "Hm.", "annotator": "b"}
    shown = found(
        best("r8", "r8/gx/0"), {**hm, "status": "draft"},
        best("r7", "tie", status="discarded"), rated("r8", 1, 5, annotator="c", status="draft"),
    )  # fmt: skip
    assert list(shown) == ["r8"]
    assert (shown["r8"].comments, shown["r8"].people, shown["r8"].ratings) == ((), 1, (None, None))


def test_equal_texts_are_one_response(found: Found) -> None:
    rows = [best("r0", f"r0/{name}/0", annotator=name) for name in ("gx", "gy", "gz")]
    assert found(*rows)["r0"].best == 0


@pytest.mark.parametrize("name", ["messages", "prompt_id"])
def test_a_table_without_a_column_is_one_sentence(run: Path, found: Found, name: str) -> None:
    path = run / "prompts.parquet"
    found(best("r8", "tie"))
    pq.write_table(pq.read_table(path).drop_columns([name]), path)
    with pytest.raises(ConfigError, match=rf"prompts\.parquet has no column {name}: put the"):
        read(str(run / "human.parquet"))
