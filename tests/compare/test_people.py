"""Labels of people in files and runs, put beside stored items, or one sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aifgen.compare.people import apply, labels, words
from aifgen.compare.people_names import called
from aifgen.compare.stored import stored
from aifgen.compare.study import ABSENT, FAILED, TIE, A, B, StudyError
from aifgen.records import schemas
from tests.compare.test_stored import Rows, item, many, said, write
from tests.conftest import ROOT

IDS = ["x", "y"]


def study(folder: Path, human: Path | None = None, n: int = 2, **more: Any) -> Any:
    names = ("i", "k", "m")
    rows = [item(name, **more) if n == 2 else many(name, n, **more) for name in names]
    verdict = {"verdict": "True"} if n == 1 else {"scores": list(range(n))}
    judged = [{"item_id": name, "judge": "j", **verdict} for name in names]
    items = write(folder / "items.jsonl", rows)
    return stored(items, write(folder / "judgments.jsonl", judged), human=human)


def told(folder: Path, rows: Rows, ending: str = ".jsonl", n: int = 2) -> Any:
    return study(folder, write(folder / f"human{ending}", rows), n)


@pytest.mark.parametrize("ending", [".jsonl", ".parquet", ".jsonl.gz"])
@pytest.mark.parametrize("key", ["item_id", "prompt_id"])
@pytest.mark.parametrize("column", ["labels", "human_labels"])
def test_a_list_of_labels_a_row(tmp_path: Path, ending: str, key: str, column: str) -> None:
    rows: Rows = [{key: "i", column: ["x", "tie", "B"]}, {key: "m", column: ["A", None, "y"]}]

    found = told(tmp_path, rows, ending)

    assert found.raters == ("1", "2", "3")
    assert found.units.people.tolist() == [[A, ABSENT, A], [TIE, ABSENT, ABSENT], [B, ABSENT, B]]


def test_one_label_a_row(tmp_path: Path) -> None:
    rows = [
        {"item_id": "i", "rater": "zoe", "label": "x"},
        {"item_id": "i", "rater": "ann", "label": "tie"},
        {"item_id": "k", "rater": "ann", "label": "y"},
    ]

    found = told(tmp_path, rows)

    assert found.raters == ("ann", "zoe")
    assert found.units.people.tolist() == [[TIE, B, ABSENT], [A, ABSENT, ABSENT]]


def test_labels_without_a_rater_are_numbered(tmp_path: Path) -> None:
    rows = [{"item_id": "i", "label": label} for label in ("x", "y")]

    assert told(tmp_path, rows).units.people.tolist() == [
        [A, ABSENT, ABSENT],
        [B, ABSENT, ABSENT],
    ]


def test_csv(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text(
        'item_id,rater,label,inclusion_probability\ni,1,x,0.5\nk,1,,\nk,10,tie,\nm,2,"[3, 1]",\n',
        encoding="utf-8-sig",
    )

    found = study(tmp_path, tmp_path / "h.csv")

    assert found.inclusion.tolist() == pytest.approx([0.5, np.nan, np.nan], nan_ok=True)
    assert found.raters == ("1", "2", "10")
    assert found.units.people.tolist() == [
        [A, ABSENT, ABSENT],
        [ABSENT, ABSENT, A],
        [ABSENT, TIE, ABSENT],
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"label": [2, None, 5]},
        {"ratings": [5, 2], "response_ids": ["r2", "r0"]},
        {"label": {"r0": 2, "r2": 5}},
        {"label": {"r0": 2, "r2": 5, "another": 9}},
    ],
)
def test_ratings(tmp_path: Path, row: dict[str, Any]) -> None:
    found = told(tmp_path, [{"item_id": "k", "rater": "a", **row}], n=3)

    assert found.units.people[0, 3:6].tolist() == [ABSENT, B, ABSENT]
    assert (found.units.people == ABSENT).sum() == 8
    np.testing.assert_array_equal(found.ratings.people[0, 3:6], [2, np.nan, 5])


def test_a_rating_of_one_response_a_row(tmp_path: Path) -> None:
    rows = [
        {"item_id": "k", "rater": "a", "response_id": name, "rating": rating}
        for name, rating in (("r0", 1), ("r1", 3))
    ]

    assert told(tmp_path, rows, n=3).units.people[0, 3:6].tolist() == [B, ABSENT, ABSENT]


def test_letters_are_of_the_responses_that_the_row_lists(tmp_path: Path) -> None:
    rows = [{"item_id": "i", "verdict": "A", "response_ids": ["y", "x"]}]

    assert told(tmp_path, rows).units.people.tolist() == [[B, ABSENT, ABSENT]]


def test_the_best_of_several_beats_the_others(tmp_path: Path) -> None:
    found = told(tmp_path, [{"item_id": "i", "label": "r1"}], n=3)

    assert found.units.people[0, :3].tolist() == [B, ABSENT, A]


def test_labels_of_items_with_one_response(tmp_path: Path) -> None:
    rows: Rows = [{"item_id": "i", "labels": [True, "false"]}, {"item_id": "k", "label": False}]

    found = told(tmp_path, rows, n=1)

    assert found.units.classes == ("False", "True")
    assert found.units.people.tolist() == [[1, 0, ABSENT], [0, ABSENT, ABSENT]]
    assert words(labels(tmp_path / "human.jsonl")) == {"True", "False"}


def test_people_of_a_file_stand_instead_of_those_of_the_items(tmp_path: Path) -> None:
    human = write(tmp_path / "h.jsonl", [{"item_id": "i", "labels": ["x"]}])

    found = study(tmp_path, human, human_labels=["y", "y"])

    assert found.units.people.tolist() == [[A, ABSENT, ABSENT]]
    assert any(str(human) in note for note in found.notes)


def test_labels_that_match_nothing_are_counted(tmp_path: Path) -> None:
    rows = [
        {"item_id": "i", "label": "x"},
        {"item_id": "unknown", "label": "x"},
        {"item_id": "i", "label": "another"},
    ]

    notes = told(tmp_path, rows).notes
    assert any("1 of 3 labels of people" in n and "about nothing here" in n for n in notes)
    assert any("1 of 3 labels of people" in n and "name no response" in n for n in notes)


def review(run: Path, rows: Rows) -> None:
    run.mkdir()
    names = {name: None for row in rows for name in row}
    pq.write_table(pa.Table.from_pylist([{**names, **row} for row in rows]), run / "human.parquet")


def test_a_run_that_people_reviewed(tmp_path: Path) -> None:
    base = {"prompt_id": "i", "annotator": "a1", "status": "submitted"}
    review(
        tmp_path / "run",
        [
            {**base, "question": "rating", "response_ids": ["y", "x"], "value": "[1, 4]"},
            {**base, "question": "comment", "value": "both are long"},
            {**base, "annotator": "a2", "question": "best", "value": "tie"},
            {**base, "annotator": "a3", "question": "best", "value": "y", "status": "draft"},
            {**base, "annotator": "a4", "question": "ranking", "value": "[2, 1]"},
        ],
    )

    found = study(tmp_path, tmp_path / "run")

    assert found.raters == ("a1", "a2", "a4")
    assert found.units.people[:, 0].tolist() == [A, TIE, B]
    assert found.ratings.people[0, :2].tolist() == [4, 1]


@pytest.mark.parametrize(
    "row", [{"verdict": "B"}, {"ratings": [1.0, 2.0]}, {"verdict": "y", "ratings": [5.0, 2.0]}]
)
def test_a_simple_human_table_of_a_run(tmp_path: Path, row: dict[str, Any]) -> None:
    review(tmp_path / "run", [{"prompt_id": "i", "rater": "r", "response_ids": IDS, **row}])

    found = study(tmp_path, tmp_path / "run")

    assert found.units.people.tolist() == [[B, ABSENT, ABSENT]]


def prompts(run: Path, human: Sequence[Sequence[float]] | None) -> None:
    run.mkdir()
    given = [{"generator": "g1", "text": "a"}, {"generator": "g1", "text": "b"}]
    rows = [{"prompt_id": "p", "messages": [], "responses": given, "human": human}]
    pq.write_table(pa.Table.from_pylist(rows, schemas()["prompts"]), run / "prompts.parquet")


def test_people_that_a_runs_source_brought(tmp_path: Path) -> None:
    prompts(tmp_path / "run", [[1.0, 0.0], [0.5, 0.5]])
    responses = [{"id": f"p/source:g1/{k}", "text": str(k)} for k in (1, 0)]
    items = write(tmp_path / "i.jsonl", [item("p", responses=responses)])
    judged = write(tmp_path / "j.jsonl", [said("p", "tie")])

    found = stored(items, judged, human=tmp_path / "run")

    assert found.units.people.tolist() == [[B], [TIE]]


def test_samples_of_several_datasets_are_drawn_apart(tmp_path: Path) -> None:
    """Item k came into both. A weight of 1 / the larger chance would be too much of items that
    either sample prefers."""
    one = {"rater": "a", "label": "x", "dataset_id": "d1", "sample": "disagreement:2@0"}
    two = {"rater": "b", "label": "x", "dataset_id": "d2", "sample": "random:1@0"}
    rows = [
        {**one, "item_id": "i", "inclusion_probability": 0.5},
        {**one, "item_id": "k", "inclusion_probability": 0.5},
        {**two, "item_id": "k", "inclusion_probability": 0.25},
    ]

    apart = told(tmp_path, rows)
    together = told(tmp_path, [{**row, "dataset_id": "d1"} for row in rows])

    assert together.inclusion.tolist()[:2] == [0.5, 0.25]
    assert not any("drawn apart" in note for note in together.notes)
    # d1 is worth two prompts and d2 one: of all weights, that add up to 4, d1 gives two thirds.
    assert apart.inclusion.tolist()[:2] == pytest.approx([3 / 4, 3 / (4 + 4)])
    assert np.isnan(apart.inclusion[2])
    assert apart.samples == ("disagreement:2", "random:1")
    assert any("People saw 2 samples that were drawn apart" in note for note in apart.notes)


def test_units_in_any_order_get_their_codes(tmp_path: Path) -> None:
    plain = study(tmp_path, n=3)
    human = write(tmp_path / "h.jsonl", [{"item_id": "k", "label": [3, 1, 2]}])
    found = apply(labels(human), plain.ids, [["r0", "r1", "r2"]] * 3, plain.units)

    assert found.codes[0].tolist() == [ABSENT] * 3 + [A, A, B] + [ABSENT] * 3
    at = found.ratings_at(np.array([1, 0, 1]), np.array([2, 0, 0]))
    np.testing.assert_array_equal(at, [[2, np.nan, 3]])


@pytest.mark.parametrize(
    ("rows", "words_of_it"),
    [
        ([{"item_id": "zz", "label": "x"}], "no label in"),
        ([{"item_id": "i", "label": "another"}], "no label in"),
        ([], "holds no label of a person"),
        ([{"label": "x"}], "line 1 has no item_id or prompt_id"),
        ([{"item_id": "i", "note": "x"}], "line 1 has no label: name one of"),
        ([{"item_id": "i", "label": [1, 2, 3]}], "line 1: 3 ratings for 2 responses"),
        ([{"item_id": "i", "label": ["x"]}], 'line 1: label is ["x"]: give a text'),
        (
            [{"item_id": "i", "rater": "r", "judge": "gpt", "verdict": "A"}],
            "line 1 is what a judge said (column judge: gpt): name a table with labels of people",
        ),
        *(
            (
                [{"item_id": "i", "label": "x", "inclusion_probability": chance}],
                f"line 1: inclusion_probability is {told}: a chance is a number above 0",
            )
            for chance, told in ((7.0, "7.0"), (0.0, "0.0"), ("often", '"often"'), ([1], "[1]"))
        ),
    ],
)
def test_bad_labels_are_one_sentence(tmp_path: Path, rows: Rows, words_of_it: str) -> None:
    with pytest.raises(StudyError, match=r"^[^\n]*$") as caught:
        told(tmp_path, rows)
    assert words_of_it in str(caught.value)


def test_labels_that_are_not_there(tmp_path: Path) -> None:
    prompts(tmp_path / "run", None)
    for path, words_of_it in (
        (tmp_path / "none.csv", "there is no file"),
        (tmp_path / "none.jsonl", "there is no file"),
        (tmp_path, "is a folder without labels of people"),
        (tmp_path / "run", "holds no label of a person"),
    ):
        with pytest.raises(StudyError, match=r"^[^\n]*$") as caught:
            labels(path)
        assert words_of_it in str(caught.value)
    (tmp_path / "l.csv").write_bytes(b"item_id,label\ni,\xe9\n")
    with pytest.raises(StudyError, match="no CSV in UTF-8"):
        labels(tmp_path / "l.csv")


def test_labels_stay_where_json_is_broken(tmp_path: Path) -> None:
    (tmp_path / "h.jsonl").write_text(json.dumps({"item_id": "i", "label": "x"}) + "\n{")
    with pytest.raises(StudyError, match=r"h\.jsonl, line 2: it is no JSON"):
        labels(tmp_path / "h.jsonl")


def test_the_last_that_was_submitted_counts_wherever_it_stands(tmp_path: Path) -> None:
    may, june = "2026-05-01T00:00:00Z", "2026-06-01T00:00:00+00:00"
    base = {"item_id": "i", "rater": "r"}
    rows: Rows = [
        {**base, "label": "x", "submitted_at": june},
        {**base, "label": "y", "submitted_at": may},
    ]
    assert told(tmp_path, rows).units.people[0, 0] == A
    assert told(tmp_path, rows[::-1]).units.people[0, 0] == A
    # Where nothing is said, the last in the file; a time comes after none.
    plain: Rows = [{**base, "label": "x"}, {**base, "label": "y", "submitted_at": None}]
    assert told(tmp_path, plain).units.people[0, 0] == B
    assert told(tmp_path, [rows[0], *plain]).units.people[0, 0] == A
    times = [datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)]
    typed: Rows = [{**row, "submitted_at": time} for row, time in zip(rows, times, strict=True)]
    assert told(tmp_path, typed, ".parquet").units.people[0, 0] == A


def test_of_two_datasets_the_last_that_one_answered_counts(tmp_path: Path) -> None:
    base = {"item_id": "i", "annotator": "r", "status": "submitted", "response_ids": ["x", "y"]}
    rows: Rows = [
        {**base, "question": "best", "value": "x", "dataset_id": "b", "submitted_at": "2026-05-01"},
        {**base, "question": "rating", "value": "[1, 5]", "dataset_id": "a",
         "submitted_at": "2026-06-01"},
    ]  # fmt: skip
    assert told(tmp_path, rows).units.people[0, 0] == B
    together: Rows = [{**row, "dataset_id": "a"} for row in rows]
    assert told(tmp_path, together).units.people[0, 0] == A  # a best is a word, and counts first


def test_a_chance_may_be_a_text_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text(
        "item_id,rater,label,inclusion_probability\ni,r,x,0.25\nk,r,x,\n"
    )
    found = labels(tmp_path / "h.csv")
    assert [row.inclusion for row in found.rows] == [0.25, None]


def test_the_example_of_the_page_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "interchange.md").read_text()
    blocks = re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```", page, re.S)
    for name, text in blocks:
        (tmp_path / name).write_text(text)

    found = stored(
        tmp_path / "items.jsonl", tmp_path / "judgments.jsonl", human=tmp_path / "human.csv"
    )

    assert [name for name, _ in blocks] == ["items.jsonl", "judgments.jsonl", "human.csv"]
    assert (found.items, found.clusters) == (3, 2)
    assert found.units.said.tolist() == [[A, B, FAILED]]
    assert found.units.gold.tolist() == [A, TIE, B]
    assert found.units.people.tolist() == [[A, TIE, ABSENT], [ABSENT, ABSENT, B]]


def test_who_is_called_as_another_is_known_by_who_it_is() -> None:
    assert called(["d1", "d2"], {"d1": "bob"}) == {"d1": "bob", "d2": "d2"}
    assert called(["d1", "d2"], {"d1": "bob", "d2": "bob"}) == {"d1": "bob (d1)", "d2": "bob (d2)"}
    # One's name is who another is, also where that one has a name.
    names = {"d1": "bob", "d3": "d1"}
    assert called(["d1", "d3"], names) == {"d1": "bob", "d3": "d1 (d3)"}
    assert called(["d1", "d2 (d1)", "d3"], {"d1": "d2", "d3": "d2"})["d1"] == "d1"
