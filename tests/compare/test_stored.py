"""Stored items and judgments of every shape in, a study out, or one sentence."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aifgen.compare.figure import Bootstrap
from aifgen.compare.generators import generators
from aifgen.compare.stored import stored
from aifgen.compare.stored_judgments import ROWS
from aifgen.compare.study import ABSENT, FAILED, TIE, A, B, Study, StudyError
from tests.conftest import ROOT

DATA = ROOT.parent / "shared" / "data" / "judges"
PAIR = [{"id": "x", "generator": "g1", "text": "one"}, {"id": "y", "generator": "g2", "text": "2"}]

Rows = list[dict[str, Any]]


def item(name: str, **more: Any) -> dict[str, Any]:
    return {"item_id": name, "prompt": f"prompt of {name}", "responses": PAIR, **more}


def many(name: str, n: int, **more: Any) -> dict[str, Any]:
    responses = [{"id": f"r{k}", "generator": f"g{k}", "text": f"text {k}"} for k in range(n)]
    return {**item(name), "responses": responses, **more}


def said(name: str, verdict: Any = None, judge: str = "j", **more: Any) -> dict[str, Any]:
    return {"item_id": name, "judge": judge, "verdict": verdict, **more}


def write(path: Path, rows: Rows) -> Path:
    if path.suffix == ".parquet":
        names = {name: None for row in rows for name in row}
        pq.write_table(pa.Table.from_pylist([{**names, **row} for row in rows]), path)
        return path
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


ENDINGS = [(".jsonl", ".jsonl"), (".jsonl.gz", ".jsonl.gz"), (".parquet", ".parquet")]


class Maker:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.items, self.judgments = ".jsonl", ".jsonl"

    def __call__(self, items: Rows, judgments: Rows, **how: Any) -> Study:
        one = write(self.folder / f"items{self.items}", items)
        two = write(self.folder / f"judgments{self.judgments}", judgments)
        return stored(one, two, **how)

    def error(self, items: Rows, judgments: Rows) -> str:
        with pytest.raises(StudyError) as caught:
            self(items, judgments)
        text = str(caught.value)
        assert "\n" not in text
        return text


@pytest.fixture
def made(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


@pytest.mark.parametrize(("items", "judgments"), ENDINGS)
def test_pairs_in_both_orders(made: Maker, items: str, judgments: str) -> None:
    made.items, made.judgments = items, judgments
    study = made(
        [
            item("i", gold="x", human_labels=["x", "y"], subset="s", prompt="p"),
            item("k", gold="tie", human_labels=["tie", None], subset="s", prompt="p"),
        ],
        [
            said("i", "x", order="AB", usd=0.5, latency_s=1.0, judge_model="gpt-4", raw="x it is"),
            said("i", "y", order="BA", usd=0.5, latency_s=2.0, judge_model="gpt-4"),
            said("k", None, order="AB", usd=None, latency_s=2.0, status="refused"),
        ],
    )

    units, (judge,) = study.units, study.judges
    assert (units.kind, units.classes) == ("pair", ("A", "B", "tie"))
    assert (study.items, study.clusters, study.subsets) == (2, 1, ("s",))
    assert units.first.tolist() == [[A, FAILED]]
    assert units.second.tolist() == [[B, ABSENT]]
    assert units.said.tolist() == [[TIE, FAILED]]
    assert units.gold.tolist() == [A, TIE]
    assert units.people.tolist() == [[A, TIE], [B, ABSENT]]
    assert units.length.tolist() == [[3, 1], [3, 1]]
    assert [study.generators[k] for k in units.generator[0]] == ["g1", "g2"]
    assert (judge.name, judge.model, judge.family) == ("j", "gpt-4", "gpt")
    assert (judge.judgments, judge.refused, judge.parse_failures, judge.errors) == (3, 1, 0, 0)
    assert (judge.usd, judge.seconds) == (None, 5.0)
    assert study.choice.chosen.tolist() == [[-1, -1]]
    assert list(study.ids) == ["i", "k"]
    assert study.ratings is None
    told = study.texts.read([1, 0])
    assert [text.item_id for text in told] == ["k", "i"]
    assert told[1].prompt == "p"
    assert told[1].responses == (("g1", "one"), ("g2", "2"))
    assert [(s.verdict, s.order, s.words) for s in told[1].said] == [
        ("x", (0, 1), "x it is"),
        ("y", (1, 0), ""),
    ]
    assert told[0].said[0].status == "refused"


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("AB", True), ("BA", False), ("xy", True), ("yx", False),
        (["x", "y"], True), (["y", "x"], False),
    ],
)  # fmt: skip
def test_every_way_to_write_an_order(made: Maker, order: Any, first: bool) -> None:
    units = made([item("i")], [said("i", "x", order=order)]).units

    assert units.first.tolist() == [[A if first else ABSENT]]
    assert units.second.tolist() == [[ABSENT if first else A]]


def test_ids_come_before_letters_in_orders_and_verdicts(made: Maker) -> None:
    swapped = [{"id": "B", "text": "1"}, {"id": "A", "text": "2"}]
    units = made([item("i", responses=swapped)], [said("i", "A", order="AB")]).units

    assert units.second.tolist() == [[B]]
    assert units.first.tolist() == [[ABSENT]]


def test_letters_stand_for_responses_of_other_names(made: Maker) -> None:
    assert made([item("i", gold="B")], [said("i", "A")]).units.said.tolist() == [[A]]


@pytest.mark.parametrize(("items", "judgments"), ENDINGS)
def test_scores_of_several_responses(made: Maker, items: str, judgments: str) -> None:
    made.items, made.judgments = items, judgments
    study = made(
        [many("i", 3, gold=[1.0, 0.0, 0.5], human_labels=[[3, 1, 2], [1, 1, None]])],
        [
            said("i", scores=[4, 2, 4], judge="one", scale_min=1, scale_max=5),
            said("i", scores=[1, None, 3], judge="two"),
        ],
    )

    assert study.units.position.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert study.units.said.tolist() == [[A, TIE, B], [FAILED, B, FAILED]]
    assert study.units.gold.tolist() == [A, A, B]
    assert study.units.people.tolist() == [[A, A, B], [TIE, ABSENT, ABSENT]]
    ratings = study.ratings
    assert ratings is not None
    assert ratings.position.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(ratings.value, [[4, 2, 4], [1, np.nan, 3]])
    np.testing.assert_array_equal(ratings.gold, [1, 0, 0.5])
    np.testing.assert_array_equal(ratings.people, [[3, 1, 2], [1, 1, np.nan]])
    assert [judge.scale for judge in study.judges] == [(1, 5), None]
    assert study.choice.chosen.tolist() == [[0], [2]]
    assert study.choice.rejected.tolist() == [[1], [0]]
    assert study.choice.margin.tolist() == [[2], [2]]


def test_scores_in_two_orders_are_verdicts_in_two_orders(made: Maker) -> None:
    """Both name the same, or it is a tie; a failure in one is a failure. Ratings stay means."""
    study = made(
        [item(name) for name in "iklmn"],
        [
            said("i", scores=[5, 1], order=["x", "y"]),
            said("i", scores=[2, 3], order=["y", "x"]),
            said("k", score_a=5, score_b=1, order="AB"),
            said("k", score_a=None, score_b=None, order="BA"),
            said("l", scores=[1, 2], order="AB"),
            said("l", scores=[1, 5], order="BA"),
            said("m", scores=[1, 2], order="BA"),
            said("n", scores=[3, 2]),
            said("n", scores=[1, 3]),
        ],
    )
    units = study.units

    assert units.first.tolist() == [[A, A, B, ABSENT, ABSENT]]
    assert units.second.tolist() == [[B, FAILED, B, B, ABSENT]]
    assert units.said.tolist() == [[TIE, FAILED, B, B, B]]
    assert study.choice.margin.tolist() == [[1.5, 4, 2.5, 1, 0.5]]
    assert study.ratings is not None
    assert study.ratings.value[0].tolist() == [3.5, 2, 5, 1, 1, 3.5, 1, 2, 2, 2.5]


def test_scores_in_one_order_are_averaged(made: Maker) -> None:
    """Samples, or aspects: what their means say, a failure beside others does not count."""
    study = made(
        [many("i", 3)],
        [
            said("i", scores=[1, 2, 5], order=["r0", "r2", "r1"]),
            said("i", scores=[1, 2, 5], order=["r0", "r2", "r1"]),
            said("i", scores=[9, 2, None], order=["r0", "r2", "r1"]),
            said("i", scores=[9, 2, 1], order=["r2", "r1", "r0"]),
        ],
    )

    assert study.units.first.tolist() == [[A, B, ABSENT]]
    assert study.units.second.tolist() == [[A, A, B]]
    assert study.units.said.tolist() == [[A, TIE, B]]


def test_a_verdict_goes_before_the_scores_beside_it(made: Maker) -> None:
    study = made([item("i")], [said("i", "y", score_a=7, score_b=7), said("i", "y", judge="k")])

    assert study.units.said.tolist() == [[B], [B]]
    assert study.ratings is not None
    assert study.ratings.value[0].tolist() == [7, 7]
    assert study.choice.margin.tolist() == [[0], [1]]


def test_responses_that_were_rated_one_by_one(made: Maker) -> None:
    study = made(
        [item("i"), item("k")],
        [
            said("i", order=["x"], score=2),
            said("i", order=["y"], score=5),
            said("k", order=["x"], score=3),
            said("k", order=["y"]),
        ],
    )

    assert study.units.said.tolist() == [[B, FAILED]]
    assert study.units.first.tolist() == [[ABSENT, ABSENT]]
    assert study.judges[0].parse_failures == 1


def test_pairs_among_several_responses(made: Maker) -> None:
    study = made(
        [many("i", 3, gold="r2")],
        [
            said("i", "r0", order=["r1", "r0"]),
            said("i", "tie", order=["r1", "r2"]),
            said("i", "r1", order="CB", judge="other"),
            said("i", "r1", judge="third"),
        ],
    )

    assert study.units.said.tolist() == [
        [A, ABSENT, TIE],
        [ABSENT, ABSENT, A],
        [B, ABSENT, A],
    ]
    assert study.units.second.tolist()[0] == [A, ABSENT, ABSENT]
    assert study.units.gold.tolist() == [ABSENT, B, B]
    assert study.choice.chosen.tolist() == [[0], [1], [1]]
    assert study.choice.rejected.tolist() == [[1], [2], [0]]


def test_samples_vote(made: Maker) -> None:
    study = made(
        [item("i"), item("k"), item("m")],
        [
            *(said("i", verdict, order="AB") for verdict in ("x", "y", "x", None)),
            *(said("k", verdict, order="AB") for verdict in ("x", "y")),
            *(said("m", verdict) for verdict in (None, None)),
        ],
    )

    assert study.units.first.tolist() == [[A, TIE, ABSENT]]
    assert study.units.said.tolist() == [[A, TIE, FAILED]]
    assert "5 judgments repeat" in study.notes[0]
    assert study.judges[0].judgments == 8


def test_identical_texts_are_no_unit(made: Maker) -> None:
    same = [{"id": "x", "text": "t"}, {"id": "y", "text": "t"}, {"id": "z", "text": "u"}]
    study = made([item("i", responses=same)], [said("i", scores=[2, 1, 3])])

    assert study.units.position.tolist() == [[0, 2], [1, 2]]
    assert (study.choice.chosen.tolist(), study.choice.rejected.tolist()) == ([[2]], [[1]])


def test_texts_that_nobody_knows_may_differ(made: Maker) -> None:
    none = [{"id": "x", "text": None}, {"id": "y"}]
    study = made([item("i", responses=none)], [said("i", "x")])

    assert study.units.length.tolist() == [[-1, -1]]
    assert study.texts.read([0])[0].responses == (("", None), ("", None))


@pytest.mark.parametrize(("items", "judgments"), ENDINGS)
def test_labels(made: Maker, items: str, judgments: str) -> None:
    made.items, made.judgments = items, judgments
    study = made(
        [
            many("i", 1, gold=True, human_labels=[True, False]),
            many("k", 1, gold=False, human_labels=[False, False]),
        ],
        [said("i", "True"), said("k", "true"), said("i", None, judge="b"), said("k", "False", "b")],
    )

    assert (study.units.kind, study.units.classes) == ("label", ("False", "True"))
    assert study.units.said.tolist() == [[1, 1], [FAILED, 0]]
    assert study.units.gold.tolist() == [1, 0]
    assert study.units.people.tolist() == [[1, 0], [0, 0]]
    assert study.units.position.tolist() == [[0], [0]]
    assert study.ratings is None
    assert study.choice.chosen.tolist() == [[-1, -1], [-1, -1]]
    assert study.texts.read([0])[0].said[0].verdict == "True"


def test_words_of_which_one_is_better_are_in_ascending_order(made: Maker) -> None:
    """As reference_binary says them. The last class is the one that a generator's rate counts."""
    study = made(
        [many(name, 1, gold="correct") for name in "ikmn"],
        [said(name, "correct" if name != "n" else "incorrect") for name in "ikmn"],
    )
    three = made([many("i", 1, gold="right")], [said("i", "partly"), said("i", "Wrong", "b")])

    assert study.units.classes == ("incorrect", "correct")
    assert study.units.said.tolist() == [[1, 1, 1, 0]]
    assert three.units.classes == ("Wrong", "partly", "right")
    found = generators(study, Bootstrap(10))["generators"]["j"]
    (rate,) = (of["win_rate"] for of in found.values())
    assert rate["value"] == 0.75
    assert "share of 'correct'" in rate["method"]


@pytest.mark.parametrize("column", ["verdict", "score"])
@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
def test_labels_that_are_numbers(made: Maker, column: str, ending: str) -> None:
    made.judgments = ending
    study = made(
        [many("i", 1, gold=10), many("k", 1, gold=2)],
        [{"item_id": name, "judge": "j", column: value} for name, value in (("i", 10), ("k", 9))],
    )

    assert study.units.classes == ("2", "9", "10")
    assert study.units.said.tolist() == [[2, 1]]
    assert study.units.gold.tolist() == [2, 0]
    assert study.ratings is not None
    assert study.ratings.value.tolist() == [[10, 9]]
    assert study.ratings.gold.tolist() == [10, 2]


def test_ratings_that_are_no_labels(made: Maker) -> None:
    study = made([many("i", 1)], [said("i", score=3.5)])

    assert study.units.said.tolist() == [[ABSENT]]
    assert study.ratings is not None
    assert study.ratings.value.tolist() == [[3.5]]
    assert "no labels" in study.notes[0]


def test_a_judge_under_several_protocols(made: Maker) -> None:
    rows = [said("i", "x", protocol=p) for p in ("p", "q")] + [said("i", "x", "k", protocol="p")]

    assert made([item("i")], rows).names == ("j/p", "j/q", "k")


def test_families_that_are_named(made: Maker) -> None:
    study = made([item("i")], [said("i", "x")], families={"j": "mine", "g2": "yours"})

    assert study.judges[0].family == "mine"
    assert study.families[1] == "yours"


def test_items_that_nobody_judged_are_left_out(made: Maker) -> None:
    study = made([item("i"), item("k", gold="y")], [said("k", "x")])

    assert (list(study.ids), study.units.gold.tolist()) == (["k"], [B])
    assert study.texts.read([0])[0].item_id == "k"
    assert "1 of 2 items have no judgment" in study.notes[0]


def test_few_items_of_the_other_kind_are_left_out(made: Maker) -> None:
    rows = [many("one", 1), *(item(f"i{k}") for k in range(11))]
    study = made(rows, [said(row["item_id"], "x", raw=row["item_id"]) for row in rows])

    assert (study.units.kind, study.items) == ("pair", 11)
    assert "1 of 12 judged items have one response" in study.notes[0]
    assert study.texts.read([0])[0].said[0].words == "i0"


@pytest.mark.parametrize(
    ("items", "judgments", "told"),
    [
        ([item("i"), item("i")], [said("i", "x")], "items.jsonl, line 2: item_id i is in line 1"),
        ([item("i")], [said("no", "x"), said("no", "x")], "line 1: item_id no is not in"),
        ([item("i")], [said("i", "x"), said("k", "x")], "1 of 2 judgments are about no item"),
        ([item("i")], [said("i", "x"), said("i", "z")], 'line 2: verdict is "z", which is no resp'),
        ([item("i", gold="q")], [said("i", "x")], 'items.jsonl, line 1: gold is "q"'),
        ([item("i", human_labels=["q"])], [said("i", "x")], 'line 1: human_labels is "q"'),
        ([item("i")], [said("i", scores=[1, 2, 3])], "3 ratings for an item of 2 responses"),
        ([item("i", gold=[1])], [said("i", "x")], "1 ratings for an item of 2 responses"),
        ([item("i")], [said("i", scores="7")], 'scores is "7", not a list of numbers'),
        ([item("i")], [said("i", score=True)], "score is true, not a number"),
        ([item("i")], [said("i", score=3)], "score is one number for an item of 2 responses"),
        ([many("i", 3)], [said("i", score_a=3)], "score_a and score_b are for items of two"),
        ([item("i")], [said("i", "x", order=["x", "q"])], 'order names "q", no response'),
        ([item("i")], [said("i", "x", order="zz")], 'order is "zz", which does not name'),
        ([item("i")], [said("i", "x", order=3.5)], "order is 3.5, not a text, or a list"),
        ([item("i")], [said("i")], "holds no verdict and no score"),
        ([item("i")], [{"item_id": "i", "verdict": "x"}], "line 1 has no judge"),
        ([item("i")], [], "judgments.jsonl holds no judgment"),
        ([], [said("i", "x")], "items.jsonl holds no item"),
        ([{"item_id": "i", "prompt": "p"}], [said("i", "x")], "line 1 has no responses"),
        ([item("i", responses=[])], [said("i", "x")], "line 1 has no response"),
        ([item("i", responses=["a"])], [said("i", "x")], 'responses is ["a"], not a list of'),
        ([item("i", responses=[{"text": "a"}])], [said("i", "x")], "a response without an id"),
        ([item("i", responses=[PAIR[0], PAIR[0]])], [said("i", "x")], "responses have the id x"),
        ([item("i"), many("k", 1)], [said("i", "x"), said("k", "x")], "1 judged items with one"),
    ],
)
def test_bad_input_is_one_sentence(made: Maker, items: Rows, judgments: Rows, told: str) -> None:
    assert told in made.error(items, judgments)


def test_bad_parquet_is_one_sentence(made: Maker) -> None:
    made.judgments = ".parquet"
    items = [item("i")]

    assert "no column judge: it has item_id, verdict" in made.error(
        items, [{"item_id": "i", "verdict": "x"}]
    )
    assert "row 2 has no judge" in made.error(items, [said("i", "x"), {"item_id": "i"}])
    assert 'row 2: verdict is "q"' in made.error(items, [said("i", "x"), said("i", "q")])
    assert "column scores holds string, not a list of numbers" in made.error(
        items, [said("i", scores="7")]
    )
    assert "column order holds double" in made.error(items, [said("i", "x", order=1.5)])


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    good = write(tmp_path / "items.jsonl", [item("i")])
    torn, cut, broken = (tmp_path / name for name in ("t.parquet", "c.jsonl.gz", "b.jsonl"))
    torn.write_bytes(b"PAR1 no")
    cut.write_bytes(gzip.compress(b'{"item_id": "i"}\n' * 99)[:30])
    broken.write_text('{"item_id": "i", "judge": "j", "verdict": "x"}\n{oh')
    (tmp_path / "list.jsonl").write_text("[1]\n")
    (tmp_path / "latin.jsonl").write_bytes(b'{"item_id": "\xe9"}\n')
    (tmp_path / "notes.txt").write_text("x")
    told = {
        tmp_path / "none.jsonl": "there is no file",
        tmp_path: "is a folder: name one that ends in .jsonl, .jsonl.gz or .parquet",
        torn: "cannot be read as Parquet",
        cut: "cannot be read",
        broken: "b.jsonl, line 2: it is no JSON",
        tmp_path / "list.jsonl": "line 1: it is no JSON object",
        tmp_path / "latin.jsonl": "line 1: it is not UTF-8",
        tmp_path / "notes.txt": "is of no kind that is known",
    }
    for path, words in told.items():
        with pytest.raises(StudyError, match=r"^[^\n]*$") as caught:
            stored(good, path)
        assert words in str(caught.value)


def test_blank_lines_do_not_shift_places(tmp_path: Path) -> None:
    items = write(tmp_path / "items.jsonl", [item("i"), item("k")])
    items.write_text("\n" + items.read_text().replace("\n", "\n\n"))
    judged = write(tmp_path / "j.jsonl", [said("k", "x", raw="why")])
    judged.write_text("\n\n" + judged.read_text())

    (told,) = stored(items, judged).texts.read([0])

    assert (told.item_id, told.prompt, told.said[0].words) == ("k", "prompt of k", "why")


def test_parquet_in_several_row_groups_and_batches(tmp_path: Path) -> None:
    n = 5000
    rows = [item(f"i{k}", prompt=f"p{k // 2}", gold="x") for k in range(n)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "items.parquet", row_group_size=1700)
    judged = [said(f"i{k}", "x" if k % 3 else "y", raw=f"raw {k}") for k in reversed(range(n))]
    pq.write_table(pa.Table.from_pylist(judged), tmp_path / "j.parquet", row_group_size=999)

    study = stored(tmp_path / "items.parquet", tmp_path / "j.parquet")

    assert (study.items, study.clusters) == (n, n // 2)
    assert study.units.said[0].tolist() == [A if k % 3 else B for k in range(n)]
    told = study.texts.read([4999, 0, 2500])
    assert [one.item_id for one in told] == ["i4999", "i0", "i2500"]
    assert [one.said[0].words for one in told] == ["raw 4999", "raw 0", "raw 2500"]


def test_more_judgments_than_are_read_at_once(tmp_path: Path) -> None:
    n, judges = 5000, 60
    items = write(tmp_path / "items.parquet", [item(f"i{k}") for k in range(n)])
    table = {
        "item_id": [f"i{k}" for k in range(n)] * judges,
        "judge": np.repeat([f"j{k}" for k in range(judges)], n),
        "scores": [[1, 2]] * (n * (judges - 1)) + [[2, 1]] * n,
    }
    assert n * judges > ROWS
    pq.write_table(pa.table(table), tmp_path / "j.parquet")

    study = stored(items, tmp_path / "j.parquet")

    assert (study.units.said[:-1] == B).all()
    assert (study.units.said[-1] == A).all()


def test_conversations_are_prompts(made: Maker) -> None:
    turns = [{"role": "user", "content": "hello"}]
    for ending in (".jsonl", ".parquet"):
        made.items = ending
        study = made(
            [item("i", prompt=turns), item("k", prompt=turns)], [said("i", "x"), said("k", "y")]
        )

        assert study.clusters == 1
        assert study.texts.read([0])[0].prompt == "hello"


def shared(name: str) -> Study:
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"no stored judgments of real judges in {DATA}")
    return stored(folder / "items.jsonl", folder / "judgments.parquet")


def test_pandalm() -> None:
    study = shared("pandalm")

    assert (study.items, study.clusters, len(study.units)) == (999, 170, 999)
    assert study.names == ("gpt-3.5-turbo", "PandaLM-7B")
    counts = [[int((said == c).sum()) for c in (A, B, TIE, FAILED)] for said in study.units.said]
    assert counts == [[460, 476, 38, 25], [433, 459, 107, 0]]
    assert study.judges[0].parse_failures == 25
    assert study.raters == ("1", "2", "3")
    assert [int((study.units.gold == c).sum()) for c in (A, B, TIE)] == [422, 472, 105]
    assert study.reference()[0] == "people"  # gold is what most of them said


def test_triviaqa() -> None:
    study = shared("triviaqa_v1")

    assert (study.items, study.clusters) == (3600, 400)
    assert study.units.classes == ("False", "True")
    valid = dict(zip(study.names, (study.units.said >= 0).sum(axis=1).tolist(), strict=True))
    assert valid.pop("Llama-70B") == 3465
    assert set(valid.values()) == {3595}
    assert (study.units.said == FAILED).all(axis=0).sum() == 5


def test_llmbar_gives_what_its_cells_are_made_of() -> None:
    """All 325 cells: a verdict counts whatever parse_ok says; without one an answer is wrong, and
    two that failed agree with each other."""
    study = shared("llmbar")
    expected = json.loads((DATA / "expected.json").read_text())["llmbar"]["cells"]
    units, of = study.units, {(j.judge, j.protocol): k for k, j in enumerate(study.judges)}

    assert len(expected) == 325
    for name, cell in expected.items():
        subset, judge, protocol = name.split("|")
        rows = study.subset[units.item] == study.subsets.index(subset)
        k = of[judge, protocol]
        first, second, gold = units.first[k, rows], units.second[k, rows], units.gold[rows]
        won = np.concatenate([first[first >= 0] == A, second[second >= 0] == B])
        found = {
            "n": len(first),
            "acc_ab": 100 * np.mean(first == gold),
            "acc_ba": 100 * np.mean(second == gold),
            "both_correct": 100 * np.mean((first == gold) & (second == gold)),
            "swap_agreement": 100 * np.mean(first == second),
            "p_first": np.mean(won),
            "parse_failures": int((first == FAILED).sum() + (second == FAILED).sum()),
        }
        assert found == pytest.approx({key: cell[key] for key in found}, abs=6e-5), name
