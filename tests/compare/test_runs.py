"""Studies of real runs: how rows of several runs are matched, and what each judge said of them."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aifgen.compare.classes import Labels
from aifgen.compare.folders import folders_of
from aifgen.compare.runs import runs
from aifgen.compare.study import ABSENT, FAILED, TIE, A, B, Study, StudyError, most_say
from aifgen.errors import AifgenError
from tests.conftest import Bench
from tests.fakes.model_server import Behaviour, ModelServer

QUALITY = Behaviour().quality


def other(text: str) -> int:
    return QUALITY(f"{text}, says another")


@pytest.fixture
def judges(server: ModelServer) -> None:
    """judge-a and judge-b are honest and see different qualities."""
    server.models["judge-b"] = Behaviour(judge=True, quality=other)


def code(x: float, y: float) -> int:
    return TIE if x == y else A if x > y else B


def deserved(study: Study, quality: Any) -> list[int]:
    """What an honest judge says of each unit."""
    texts = study.texts.read(range(study.items))
    found = []
    for item, (i, j) in zip(study.units.item, study.units.position, strict=True):
        of = texts[item].responses
        found.append(code(quality(of[i][1]), quality(of[j][1])))
    return found


def given(bench: Bench, n: int = 12, **columns: Any) -> Path:
    rows = [
        {
            "id": f"g{k}", "prompt": f"Name a thing with {k} legs.", "generator_a": "ann",
            "response_a": f"A stool with {k} legs.", "response_b": f"Nothing has {k} legs.",
            "generator_b": "bob", "subset": "odd" if k % 2 else "even", "gold": "A",
            "people": ["A", "B", "A"] if k % 3 else ["B", "B", "tie"], **columns,
        }
        for k in range(n)
    ]  # fmt: skip
    path = bench.path / "given.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


GIVEN = (
    "source.columns.response_a=response_a", "source.columns.response_b=response_b",
    "source.columns.generator_a=generator_a", "source.columns.generator_b=generator_b",
    "source.columns.gold=gold", "source.columns.human=people",
)  # fmt: skip


# --- what judges say ---


def test_two_runs_with_ratings(bench: Bench, judges: None) -> None:
    bench.prompts(25)
    assert bench(out="one") == 0
    assert bench(out="two", judge="judge-b") == 0
    study = runs([Path("one"), Path("two")])
    assert study.names == ("judge-a", "judge-b")
    assert [j.model for j in study.judges] == ["openai/judge-a", "openai/judge-b"]
    assert [(j.protocol, j.scale) for j in study.judges] == [("ultrafeedback", (1, 5))] * 2
    assert (study.items, study.clusters, len(study.units)) == (25, 25, 25)
    assert study.generators == ("gx", "gy")
    assert study.ids == [f"q{k}" for k in range(25)]
    assert (study.units.kind, study.notes) == ("pair", ())
    assert study.units.said.tolist() == [deserved(study, QUALITY), deserved(study, other)]
    texts = [item.responses for item in study.texts.read(range(25))]
    lengths = [[len(text or "") for _, text in of] for of in texts]
    assert study.units.length.tolist() == lengths
    assert study.ratings is not None
    assert study.ratings.value[1].tolist() == [other(text or "") for of in texts for _, text in of]


def test_of_ratings_the_order_shown_tells_who_was_first(bench: Bench) -> None:
    bench.prompts(25)
    assert bench() == 0
    units = runs([Path("out")]).units
    shown = {row["prompt_id"]: row["order"] for row in bench.table("judgments")}
    for k in range(25):
        first = shown[f"q{k}"][0] == f"q{k}/gx/0"
        expected = (units.said[0][k], ABSENT) if first else (ABSENT, units.said[0][k])
        assert (units.first[0][k], units.second[0][k]) == expected
    assert 0 < (units.first[0] == ABSENT).sum() < 25


def test_each_order_of_a_pair_in_the_items_own_coordinates(
    bench: Bench, server: ModelServer
) -> None:
    server.models["judge-a"] = Behaviour(judge=True, style="first")
    bench.prompts(6)
    for flips in ("tie", "drop"):
        assert bench("judge/prompt=pair", f"judge.flips={flips}", out=flips) == 0
        units = runs([Path(flips)]).units
        assert set(units.first[0]) == {A}
        assert set(units.second[0]) == {B}
        assert set(units.said[0]) == {TIE}


def test_all_pairs_of_three_responses(bench: Bench, judges: None) -> None:
    bench.prompts(10)
    words = "judge/prompt=pair"
    assert bench(words, generators="gx,gy,gz", judge="[judge-a,judge-b]") == 0
    study = runs([Path("out")])
    assert study.names == ("judge-a", "judge-b", "panel")
    assert len(study.units) == 30
    assert study.units.position[:3].tolist() == [[0, 1], [0, 2], [1, 2]]
    for k, quality in enumerate((QUALITY, other)):
        expected = deserved(study, quality)
        assert study.units.said[k].tolist() == expected
        assert study.units.first[k].tolist() == expected
        assert study.units.second[k].tolist() == expected
    assert set(study.units.first[2]) == {ABSENT}
    bill = study.judges
    assert [judge.judgments for judge in bill] == [60, 60, 60]
    assert bill[2].seconds == pytest.approx((bill[0].seconds or 0) + (bill[1].seconds or 0))


def test_several_aspects_count_as_one_opinion(bench: Bench, judges: None) -> None:
    bench.prompts(10)
    both = "[judge-a,judge-b]"
    assert bench("judge/prompt=ultrafeedback_all", judge=both, out="all") == 0
    assert bench("judge/prompt=rubric", judge=both, out="rubric") == 0
    for name, answers in (("all", 40), ("rubric", 10)):
        study = runs([Path(name)])
        assert study.judges[0].protocol == {"all": "ultrafeedback_all"}.get(name, name)
        assert [judge.judgments for judge in study.judges] == [answers] * 3
        assert study.units.said[0].tolist() == deserved(study, QUALITY)
        assert study.units.said[1].tolist() == deserved(study, other)


def test_what_failed_what_was_never_asked_and_what_it_cost(
    bench: Bench, server: ModelServer
) -> None:
    def sometimes(texts: list[str], _: Any) -> str:
        if QUALITY(texts[0]) == 1:
            return "I cannot say."
        return "\n\n".join(
            f"#### Output for Text {k}\nRating: {QUALITY(text)}\nRationale: So." for k, text in
            enumerate(texts, 1)
        )  # fmt: skip

    server.models["judge-a"] = Behaviour(judge=True, style=sometimes)
    bench.prompts(25)
    price = ("judge.models.judge-a.price.input=1", "judge.models.judge-a.price.output=1")
    assert bench(*price, "judge.cascade=1", judge="[judge-a,judge-b]") == 0
    study = runs([Path("out")])
    status = {
        row["prompt_id"]: row["status"]
        for row in bench.table("judgments")
        if row["judge"] == "judge-a"
    }
    failed = {name for name, word in status.items() if word not in ("ok", "repaired")}
    assert 0 < len(failed) < 25
    said = dict(zip(study.ids, study.units.said[0], strict=True))
    assert {name for name, word in said.items() if word == FAILED} == failed
    asked = {row["prompt_id"] for row in bench.table("judgments") if row["judge"] == "judge-b"}
    absent = {n for n, w in zip(study.ids, study.units.said[1], strict=True) if w == ABSENT}
    assert absent == set(study.ids) - asked
    cheap = study.judges[0]
    report = bench.report()["judges"]["judge-a"]
    counted = ("judgments", "parse_failures", "refused", "errors")
    assert [getattr(cheap, name) for name in counted] == [report[name] for name in counted]
    assert cheap.usd == pytest.approx(
        sum(row["usd"] for row in bench.table("judgments") if row["judge"] == "judge-a")
    )
    assert study.judges[1].usd is None


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([], {}),
        (["preference.min_margin=2"], {}),
        (["judge/prompt=mtbench_single"], {}),
        (["judge/prompt=pair"], {"generators": "gx,gy,gz"}),
        (["judge/prompt=pair", "judge.orders=one"], {}),
        (["judge.aggregate=borda"], {"judge": "[judge-a,judge-b]", "generators": "gx,gy,gz"}),
    ],
)
def test_the_choice_is_the_runs_own_dataset(
    bench: Bench, judges: None, words: list[str], options: dict[str, str]
) -> None:
    bench.prompts(20)
    assert bench(*words, **options) == 0
    study = runs([Path("out")])
    texts = study.texts.read(range(study.items))
    found = {}
    last = (part[-1] for part in (study.choice.chosen, study.choice.rejected, study.choice.margin))
    for text, chosen, rejected, margin in zip(texts, *last, strict=True):
        assert (chosen < 0) == (rejected < 0) == np.isnan(margin)
        if chosen >= 0:
            both = (text.responses[chosen][1], text.responses[rejected][1])
            found[text.item_id] = (*both, pytest.approx(margin))
    pairs = bench.table("preferences/train-00000-of-00001")
    assert found == {
        row["prompt_id"]: (
            row["chosen"][0]["content"], row["rejected"][0]["content"], row["margin"],
        )
        for row in pairs
    }  # fmt: skip
    assert len(found) > 5


# --- gold, people, labels ---


def test_gold_people_and_subsets_of_the_source(bench: Bench) -> None:
    words = ("judge/prompt=pair", *GIVEN)
    assert bench(*words, prompts=given(bench), generators="gx") == 0
    study = runs([Path("out")])
    assert study.generators == ("ann", "bob", "gx")
    assert study.subsets == ("even", "odd")
    assert study.subset.tolist() == [k % 2 for k in range(12)]
    of_source = (study.units.position == [0, 1]).all(axis=1)
    assert of_source.sum() == 12
    assert set(study.units.gold[of_source]) == {A}
    assert set(study.units.gold[~of_source]) == {ABSENT}
    assert study.raters == ("1", "2", "3")
    people = study.units.people[:, of_source]
    assert people[:, 0].tolist() == [B, B, TIE]
    assert people[:, 1].tolist() == [A, B, A]
    assert set(study.units.people[:, ~of_source].ravel()) == {ABSENT}
    assert study.reference()[0] == "gold"


def test_one_response_a_prompt_gets_a_label(bench: Bench, server: ModelServer) -> None:
    rows = [
        {"id": f"t{k}", "prompt": f"{k} + {k}?", "answer": f"It is {k + k}.", "reference":
         str(2 * k), "gold": bool(k % 2)}
        for k in range(20)
    ]  # fmt: skip
    path = bench.path / "single.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    columns = (
        "source.columns.responses=answer", "source.columns.gold=gold",
        "source.columns.reference=reference",
    )  # fmt: skip
    how = {"prompts": path, "generators": ""}
    assert bench("judge/prompt=reference_binary", *columns, out="label", **how) == 0
    assert bench("judge/prompt=mtbench_single", *columns, out="rated", **how) == 0
    study = runs([Path("label")])
    units = study.units
    assert (units.kind, units.classes) == ("label", ("incorrect", "correct"))
    assert units.gold.tolist() == [k % 2 for k in range(20)]
    labels = {row["prompt_id"]: row["label"] for row in bench.table("judgments", "label")}
    assert [units.classes[c] for c in units.said[0]] == [labels[name] for name in study.ids]
    assert units.position.tolist() == [[0]] * 20
    assert set(study.choice.chosen[0]) == {-1}
    rated = runs([Path("rated")])
    assert rated.units.kind == "label"
    ratings = {row["prompt_id"]: row["rating"] for row in bench.table("verdicts", "rated")}
    said = [rated.units.classes[c] for c in rated.units.said[0]]
    assert said == [f"{ratings[name]:g}" for name in rated.ids]
    both = runs([Path("label"), Path("rated")])
    assert both.names == ("judge-a/reference_binary", "judge-a/mtbench_single")
    assert any("different scales" in note for note in both.notes)


def test_many_different_ratings_are_no_labels(bench: Bench) -> None:
    """As in stored judgments: one class that nothing is of, and the ratings."""
    path = bench.path / "single.jsonl"
    rows = [
        {"id": f"t{k}", "prompt": f"{k}?", "answer": f"It is {k}.", "gold": k} for k in range(21)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    columns = ("source.columns.responses=answer", "source.columns.gold=gold")
    assert bench("judge/prompt=mtbench_single", *columns, prompts=path, generators="") == 0
    study = runs([Path("out")])
    units = study.units
    assert (units.kind, units.classes) == ("label", ("rated",))
    assert set(units.said.ravel()) | set(units.gold) == {ABSENT}
    assert study.reference()[0] is None
    assert study.ratings is not None
    assert np.isfinite(study.ratings.value).all()
    assert study.ratings.gold.tolist() == list(range(21))
    assert any("more than 20 different ratings" in note for note in study.notes)


def test_classes_of_numbers() -> None:
    few = Labels([np.array([1.0, np.nan, 20.0]), np.arange(1.0, 21.0)], {}, ["7"])
    assert (len(few.classes), few.notes) == (20, [])
    assert few.codes(np.array([1.0, 20.0, np.nan])).tolist() == [0, 19, ABSENT]
    many = Labels([np.arange(21.0), np.zeros(2)], {}, ["good"])
    assert many.classes == ("rated",)
    assert many.codes(np.array([[0.0, 20.0], [np.nan, 3.0]])).tolist() == [[ABSENT] * 2] * 2
    halves = Labels([np.arange(0, 19, 0.5)], {})  # 38 values, 20 when rounded
    assert halves.classes == tuple(f"{k}" for k in range(20))
    assert "rounded" in halves.notes[0]
    words = Labels([np.array([0.0, 1.0])], {0.0: "no", 1.0: "yes"}, ["maybe"])
    assert words.classes == ("no", "yes", "maybe")
    with pytest.raises(StudyError, match="201 different labels"):
        Labels([np.array([1.0])], {}, [f"word {k}" for k in range(200)])


def test_what_most_say_among_many_classes() -> None:
    people = np.array([[130, 199, 130], [130, 199, 7], [5, 3, ABSENT]], np.int16)
    assert most_say(people, 200, "label").tolist() == [130, 199, ABSENT]


# --- how runs are matched ---


def test_runs_are_compared_on_what_they_share(bench: Bench, judges: None) -> None:
    assert bench(out="one", prompts=bench.prompts(10)) == 0
    rows = [json.loads(line) for line in (bench.path / "prompts.jsonl").read_text().splitlines()]
    more = [{"id": f"z{k}", "prompt": f"Another {k}?"} for k in range(3)]
    path = bench.path / "others.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*more, *rows[:0:-1]]))
    how = {"prompts": path, "generators": "gz,gy,gx", "judge": "judge-b"}
    assert bench(out="two", **how) == 0
    study = runs([Path("one"), Path("two")])
    assert study.ids == [f"q{k}" for k in range(1, 10)]
    assert study.notes == (
        "Compared on 9 prompts of 10 and 12.",
        "9 responses of two are not in every run and left out.",
    )
    assert study.generators == ("gx", "gy")
    assert study.units.said.tolist() == [deserved(study, QUALITY), deserved(study, other)]
    shown = {row["prompt_id"]: row["order"] for row in bench.table("judgments", "two")}
    for name, first in zip(study.ids, study.units.first[1], strict=True):
        order = shown[name]
        earlier = order.index(f"{name}/gx/0") < order.index(f"{name}/gy/0")
        assert (first != ABSENT) == earlier


def test_texts_of_a_run_with_another_order_are_in_the_items_order(
    bench: Bench, judges: None
) -> None:
    bench.prompts(5)
    assert bench("judge/prompt=pair", out="one") == 0
    how = {"generators": "gy,gx", "judge": "judge-b"}
    assert bench("judge/prompt=pair", out="two", **how) == 0
    study = runs([Path("one"), Path("two")])
    for found in (study.units.said, study.units.first, study.units.second):
        assert found.tolist() == [deserved(study, QUALITY), deserved(study, other)]
    letters = {A: "A", B: "B", TIE: "tie"}
    for k, item in enumerate(study.texts.read(range(5))):
        assert [generator for generator, _ in item.responses] == ["gx", "gy"]
        words = {letters[study.units.said[1][k]]}
        assert {said.verdict for said in item.said if said.judge == "judge-b"} == words
        assert [said.order for said in item.said[:2]] == [(0, 1), (1, 0)]


def test_a_response_is_known_by_its_text_not_by_its_name(bench: Bench, judges: None) -> None:
    source = given(bench, 6)
    words = ("judge/prompt=pair", *GIVEN)
    assert bench(*words, prompts=source, generators="", out="one") == 0
    source.write_text(source.read_text().replace('"ann"', '"eve"'))
    assert bench(*words, prompts=source, generators="", judge="judge-b", out="two") == 0
    study = runs([Path("one"), Path("two")])
    assert (study.items, len(study.units), study.generators) == (6, 6, ("ann", "bob"))
    assert study.units.said.tolist() == [deserved(study, QUALITY), deserved(study, other)]


def test_equal_texts_are_no_unit(bench: Bench) -> None:
    source = given(bench, 4, response_b="A stool with 2 legs.")
    words = ("judge/prompt=pair", *GIVEN)
    assert bench(*words, prompts=source, generators="gx") == 0
    study = runs([Path("out")])
    assert Counter(study.units.item.tolist()) == {0: 3, 1: 3, 2: 1, 3: 3}


def test_names_tell_protocols_and_runs_apart(bench: Bench) -> None:
    bench.prompts(4)
    assert bench(out="one") == 0
    assert bench("judge/prompt=pair", out="two") == 0
    assert bench("judge.temperature=0.5", out="three") == 0
    assert bench("judge.temperature=0.7", out="deep/three") == 0
    assert runs([Path("one"), Path("two")]).names == ("judge-a/ultrafeedback", "judge-a/pair")
    alike = runs([Path("one"), Path("three"), Path("deep/three")])
    path = f"judge-a ({bench.path.name}/three)"
    assert alike.names == ("judge-a (one)", path, "judge-a (deep/three)")


def test_a_run_that_was_stopped_is_used_as_far_as_it_came(bench: Bench, judges: None) -> None:
    bench.prompts(40)
    assert bench(out="one") == 0
    assert bench("budget.calls=12", "limits.window=4", judge="judge-b", out="two") == 3
    study = runs([Path("one"), Path("two")])
    done = bench.report("two")["rows"]["done"]
    assert 0 < study.items == done < 40
    assert study.notes[0] == f"two was stopped: it has {done} of 40 prompts."
    assert f"Compared on {done} prompts of 40 and {done}." in study.notes


def test_one_item(bench: Bench) -> None:
    bench.prompts(1)
    assert bench() == 0
    study = runs([Path("out")])
    assert (study.items, len(study.units)) == (1, 1)


# --- what cannot be compared ---


def test_nothing_shared(bench: Bench) -> None:
    bench.prompts(3)
    assert bench(out="one") == 0
    assert bench(out="two", generators="gy,gz") == 0
    assert bench(*GIVEN, out="three", generators="gz", prompts=given(bench, 4)) == 0
    with pytest.raises(StudyError, match="share no prompt: one has 3 prompts; three has 4 prompts"):
        runs([Path("one"), Path("three")])
    study = runs([Path("one"), Path("two")])
    assert (study.items, study.generators) == (3, ("gy",))
    shutil.copytree("one", "none")
    path = bench.path / "none" / "responses.parquet"
    table = pq.read_table(path)
    digests = pa.array([f"{k}" for k in range(table.num_rows)])
    at = table.schema.get_field_index("text_digest")
    pq.write_table(table.set_column(at, "text_digest", digests), path)
    with pytest.raises(StudyError, match="share 3 prompts but no response to any of them"):
        runs([Path("one"), Path("none")])


def test_a_run_twice_and_runs_that_are_none(bench: Bench) -> None:
    bench.prompts(3)
    assert bench(out="outputs/judge-a-0123") == 0
    run = Path("outputs/judge-a-0123")
    with pytest.raises(StudyError, match="is named twice"):
        runs([run, bench.path / run])
    with pytest.raises(StudyError, match="did you mean outputs/judge-a-0123"):
        runs([Path("outputs/judge-a-0124")])
    with pytest.raises(StudyError, match="did you mean outputs/judge-a-0123"):
        runs([Path("judge-a-0123")])
    with pytest.raises(StudyError, match="no folder in it has one"):
        runs([bench.conf])
    with pytest.raises(StudyError, match="is a file: name a run's folder"):
        runs([run / "run.json"])
    with pytest.raises(StudyError, match="name the runs to compare"):
        runs([])
    (run / "verdicts.parquet").unlink()
    with pytest.raises(AifgenError, match=r"verdicts\.parquet is not there"):
        runs([run])


def test_a_run_without_a_verdict_and_an_empty_table(bench: Bench, server: ModelServer) -> None:
    server.models["judge-a"] = Behaviour(judge=True, style="garbage")
    bench.prompts(3)
    assert bench() == 1
    with pytest.raises(StudyError, match="out has no verdict of any judge"):
        runs([Path("out")])
    server.models["judge-b"] = Behaviour(judge=True)
    assert bench(judge="judge-b", out="two") == 0
    for name in ("prompts", "responses"):
        path = bench.path / "two" / f"{name}.parquet"
        pq.write_table(pq.read_table(path).slice(0, 0), path)
        with pytest.raises(StudyError, match="nothing to compare"):
            runs([Path("two")])
    path = bench.path / "two" / "prompts.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["gold"]), path)
    with pytest.raises(AifgenError, match=r"prompts\.parquet has no column gold"):
        runs([Path("two")])


def test_a_folder_of_runs_means_those_that_go_together(
    bench: Bench, server: ModelServer, judges: None
) -> None:
    bench.prompts(4)
    assert bench(out="sweep/one") == 0
    assert bench(out="sweep/two", judge="judge-b") == 0
    assert bench(*GIVEN, out="sweep/far", prompts=given(bench), generators="") == 0
    server.models["judge-a"] = Behaviour(judge=True, style="garbage")
    assert bench("judge.temperature=0.5", out="sweep/bad") == 1
    (bench.path / "sweep" / "cache").mkdir()
    expected = [Path("sweep/one"), Path("sweep/two")]
    assert folders_of([Path("sweep")]) == expected
    study = runs([Path("sweep")])
    assert study.sources == tuple(map(str, expected))
    assert study.notes == (
        "sweep/bad has no verdict of any judge and is left out.",
        "In sweep these are about other prompts or responses and left out: far.",
    )
    shutil.rmtree(bench.path / "sweep" / "two")
    with pytest.raises(StudyError, match="no two of the 2 runs in sweep are about the same"):
        runs([Path("sweep")])


# --- people from elsewhere ---


def test_people_from_a_file_and_from_a_run(bench: Bench, judges: None) -> None:
    words = ("judge/prompt=pair", *GIVEN)
    assert bench(*words, prompts=given(bench, 6), generators="", out="labelled") == 0
    plain = [word for word in words if "human" not in word and "gold" not in word]
    assert bench(*plain, prompts=given(bench, 6), generators="", out="plain") == 0
    own = runs([Path("labelled")])
    bare = runs([Path("plain")])
    assert (bare.raters, bare.reference()[0]) == ((), None)
    added = runs([Path("plain")], human=Path("labelled"))
    assert added.units.people.tolist() == own.units.people.tolist()
    assert added.reference()[0] == "people"
    rows = [
        {"prompt_id": f"g{k}", "rater": "eva", "label": f"g{k}/source:bob/0" if k else "tie"}
        for k in range(6)
    ]
    path = bench.path / "labels.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    study = runs([Path("labelled")], human=path)
    assert study.raters == ("eva",)
    assert study.units.people.tolist() == [[TIE, B, B, B, B, B]]
    assert any("labels.jsonl" in note for note in study.notes)
