"""aifgen export where people have reviewed the run: who decides a row, and what is marked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aifgen.compare.runs import runs
from aifgen.compare.stored import stored
from aifgen.compare.study import ABSENT
from aifgen.export import main
from tests.conftest import Bench
from tests.review.human import write_human

Export = Callable[..., tuple[list[dict[str, Any]], str]]
TEXT = "What is {0} plus {0}?"


@pytest.fixture
def export(bench: Bench, capsys: pytest.CaptureFixture[str]) -> Export:
    """Rows and what was printed, of a run with three generators and six prompts."""
    bench.prompts(6)
    assert bench(generators="gx,gy,gz") == 0

    def ran(*words: str, name: str = "dpo") -> tuple[list[dict[str, Any]], str]:
        capsys.readouterr()
        out = bench.path / "exported.jsonl"
        assert main([str(bench.path / "out"), "--format", name, "--out", str(out), "--force",
                     *words]) == 0  # fmt: skip
        rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
        return rows, capsys.readouterr().out

    return ran


def said(bench: Bench, *told: tuple[str, str, str, str], digest: str | None = None) -> None:
    """told: (prompt, annotator, question, value). digest: of all texts, not the right one."""
    other = {} if digest is None else {"text_digests": [digest] * 3}
    names = ("prompt_id", "annotator", "question", "value")
    write_human(bench.path / "out", [dict(zip(names, one, strict=True), **other) for one in told])


def pairs(rows: list[dict[str, Any]]) -> dict[str, tuple[str, str, str]]:
    """By prompt: chosen, rejected, whose word it is."""
    return {
        row["prompt"][0]["content"]: (
            row["chosen"][0]["content"], row["rejected"][0]["content"], row["labelled_by"],
        )
        for row in rows
    }  # fmt: skip


def test_people_decide_where_they_spoke_and_every_row_is_marked(
    bench: Bench, export: Export
) -> None:
    before, printed = export()
    assert "labelled_by" not in before[0]
    assert "decided" not in printed
    text = {row["response_id"]: row["text"] for row in bench.table("responses")}
    judged = {
        row["prompt"][0]["content"]: (row["chosen"][0]["content"], row["rejected"][0]["content"])
        for row in before
    }
    worst = {k: next(i for i, t in text.items() if t == judged[TEXT.format(k)][1]) for k in (0, 1)}
    said(
        bench,
        # the judges' own rejected one is best; nobody says which is the worst
        ("q0", "ann", "best", worst[0]),
        # by ratings alone: gz before gx before gy
        ("q1", "ann", "rating", "[3, 1, 5]"),
        ("q2", "ann", "best", "tie"),
        ("q3", "ann", "ranking", "[2, 1, 3]"),
        # one each: split, so that the judges' word stays
        ("q4", "ann", "best", "q4/gx/0"),
        ("q4", "bob", "best", "q4/gy/0"),
    )
    rows, printed = export()
    found = pairs(rows)
    assert found[TEXT.format(0)][0] == text[worst[0]]
    assert found[TEXT.format(0)][1] != text[worst[0]]
    assert found[TEXT.format(0)][2] == "people"
    assert found[TEXT.format(1)] == (text["q1/gz/0"], text["q1/gy/0"], "people")
    assert TEXT.format(2) not in found
    assert found[TEXT.format(3)] == (text["q3/gy/0"], text["q3/gz/0"], "people")
    for k in (4, 5):
        assert found[TEXT.format(k)] == (*judged[TEXT.format(k)], "judges")
    assert "people decided 4 prompts, " in printed
    assert " 1 as ties, which give no row (column labelled_by)" in printed
    alone, _ = export("--people", "none")
    assert alone == before
    for name in ("kto", "sft", "orpo"):
        marked, _ = export(name=name)
        assert {row["labelled_by"] for row in marked} == {"people", "judges"}


def test_who_is_believed(bench: Bench, export: Export) -> None:
    text = {row["response_id"]: row["text"] for row in bench.table("responses")}
    said(
        bench,
        *(("q0", who, "best", f"q0/{name}/0") for who, name in
          (("ann", "gx"), ("bob", "gy"), ("cy", "gy"), ("dan", "gz"))),
        ("q1", "bob", "best", "q1/gz/0"),
    )  # fmt: skip
    by = {words: pairs(export(*words)[0]) for words in (
        (), ("--people", "any"), ("--people", "ann,bob"), ("--people", "bob"),
    )}  # fmt: skip
    first = TEXT.format(0)
    assert by[()][first][2] == "judges"  # two of four are no majority
    assert by["--people", "any"][first][::2] == (text["q0/gy/0"], "people")
    assert by["--people", "ann,bob"][first][::2] == (text["q0/gx/0"], "people")
    assert by["--people", "bob"][first][::2] == (text["q0/gy/0"], "people")
    for found in by.values():
        assert found[TEXT.format(1)][::2] == (text["q1/gz/0"], "people")


def test_labels_of_a_run_stay_the_judges(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.prompts(6, reference="It is two k.")
    words = ["judge/prompt=reference_binary", "source.columns.reference=reference"]
    assert bench(*words, generators="gx,gy,gz") == 0
    run, out = str(bench.path / "out"), bench.path / "kto.jsonl"
    words = [run, "--format", "kto", "--out", str(out), "--force"]
    assert main(words) == 0
    before = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    said(bench, *((f"q{k}", "ann", "best", f"q{k}/gx/0") for k in range(6)))
    capsys.readouterr()
    stays = "judges' labels stay: people were asked which response is better, not which is right"
    for people in ([], ["--people", "ann"]):
        assert main([*words, *people]) == 0
        after = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
        assert after == [{**row, "labelled_by": "judges"} for row in before]
        told = capsys.readouterr().out
        assert stays in told
        assert "decided" not in told
    items = [run, "--format", "judgments", "--out", str(bench.path / "items")]
    assert main(items) == 0
    assert stays in capsys.readouterr().out


def test_answers_about_other_texts_are_left_out_and_counted(
    bench: Bench, export: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(bench, ("q0", "ann", "best", "q0/gx/0"), digest="another")
    rows, printed = export()
    assert {row["labelled_by"] for row in rows} == {"judges"}
    assert "1 answers of people are about texts that the run has no longer: left out" in printed
    # So are those about prompts that are gone.
    write_human(bench.path / "out", [
        {"prompt_id": "q0", "question": "best", "value": "tie"},
        {"prompt_id": "gone", "question": "best", "value": "tie", "response_ids": ["gone/gx/0"]},
        {"prompt_id": "gone", "question": "comment", "value": "!", "response_ids": ["gone/gx/0"]},
    ])  # fmt: skip
    assert "2 answers of people are about texts that the run has no longer" in export()[1]
    run, out = str(bench.path / "out"), str(tmp_path / "items")
    assert main([run, "--format", "judgments", "--out", out]) == 0
    assert "2 answers of people are about texts" in capsys.readouterr().out


def test_where_people_see_no_better_one_anywhere_they_are_said_to(
    bench: Bench, export: Export, capsys: pytest.CaptureFixture[str]
) -> None:
    said(bench, *((f"q{k}", "ann", "best", "tie") for k in range(6)))
    assert main([str(bench.path / "out"), "--format", "dpo"]) == 1
    err = capsys.readouterr().err
    assert "has no preference pair: there is nothing to export as dpo (people see no better" in err
    assert "response in 6 prompts: --people none exports the judges' pairs)" in err


def test_judgments_come_with_the_answers_of_those_who_are_named(
    bench: Bench, export: Export, tmp_path: Path
) -> None:
    said(bench, *(("q0", who, "best", f"q0/{name}/0") for who, name in
                  (("ann", "gx"), ("bob", "gy"), ("cy", "gz"))))  # fmt: skip
    run, there = str(bench.path / "out"), tmp_path / "items"
    ids = {name: f"q0/{name}/0" for name in ("gx", "gy", "gz")}
    for people, expected in (
        ("cy,ann", [ids["gz"], ids["gx"]]),
        ("any", [ids["gx"], ids["gy"], ids["gz"]]),
        ("none", None),
    ):
        words = ["--people", people, "--out", str(there), "--force"]
        assert main([run, "--format", "judgments", *words]) == 0
        first, *_ = (there / "items.jsonl").read_text("utf-8").splitlines()
        assert json.loads(first)["human_labels"] == expected


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_people_s_answers_are_human_labels_for_a_comparison(
    bench: Bench, export: Export, tmp_path: Path, ending: str
) -> None:
    said(
        bench,
        ("q0", "ann", "best", "q0/gx/0"),
        ("q0", "bob", "rating", "[1, null, 5]"),
        # Not by their ratings, in which two are the best.
        ("q1", "ann", "best", "q1/gx/0"),
        ("q1", "ann", "rating", "[5, 5, 3]"),
        ("q2", "bob", "best", "q2/gz/0"),
        ("q2", "bob", "ranking", "[2, 3, 1]"),
        ("q3", "bob", "best", "tie"),
    )
    out = tmp_path / "items"
    words = [str(bench.path / "out"), "--format", "judgments", "--out", str(out)]
    assert main([*words, *(["--parquet"] if ending == "parquet" else [])]) == 0
    if ending == "jsonl":
        items = [json.loads(line) for line in (out / "items.jsonl").read_text("utf-8").splitlines()]
        labels = {item["item_id"]: item["human_labels"] for item in items}
        assert labels["q0"] == ["q0/gx/0", [1, None, 5]]
        assert labels["q3"] == [None, "tie"]
        assert labels["q4"] == [None, None]
    theirs = stored(out / f"items.{ending}", out / "judgments.parquet").units
    ours = runs([bench.path / "out"], reviewed=True).units
    assert (ours.people >= 0).sum(axis=1).tolist() == [5, 7]
    same = theirs.people == ours.people
    # One label a person: what ann's ratings say of the other two of q1 is not in "q1/gx/0".
    assert np.argwhere(~same).tolist() == [[0, 5]]
    assert theirs.people[0, 5] == ABSENT


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["--people", "nobody"],
            "--people nobody: give majority, any, none or names of",
        ),
        (["--people", ","], "--people ,: give majority"),
    ],
)
def test_wrong_words(
    bench: Bench, export: Export, capsys: pytest.CaptureFixture[str], words: list[str],
    expected: str,
) -> None:  # fmt: skip
    run = str(bench.path / "out")
    assert main([run, "--format", "dpo", *words]) == 1
    assert "nobody has submitted an answer about" in capsys.readouterr().err
    said(bench, ("q0", "ann", "best", "tie"))
    assert main([run, "--format", "dpo", *words]) == 1
    err = capsys.readouterr().err
    assert expected in err
    assert "(ann; aifgen review pull RUN --names brings" in err


def test_a_name_is_one_person_and_who_somebody_is_comes_first(
    bench: Bench, export: Export, capsys: pytest.CaptureFixture[str]
) -> None:
    write_human(bench.path / "out", [
        {"prompt_id": "q0", "annotator": who, "name": name, "question": "best",
         "value": f"q0/{best}/0"}
        for who, name, best in (("d1", "bob", "gx"), ("d2", "bob", "gy"), ("d3", "d1", "gz"))
    ])  # fmt: skip
    text = {row["response_id"]: row["text"] for row in bench.table("responses")}
    for name, best in (("bob (d1)", "gx"), ("d1", "gx"), ("d1 (d3)", "gz"), ("bob (d2)", "gy")):
        found = pairs(export("--people", name)[0])
        assert found[TEXT.format(0)][::2] == (text[f"q0/{best}/0"], "people")
    assert main([str(bench.path / "out"), "--format", "dpo", "--people", "bob"]) == 1
    err = capsys.readouterr().err
    assert "--people bob: give majority" in err
    assert "bob (d1), bob (d2), d1 (d3)" in err
