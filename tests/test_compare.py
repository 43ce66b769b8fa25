"""aifgen compare from its words to its three files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow.parquet as pq
import pytest

from aifgen import comparing
from aifgen.review.sampling import candidates, design, draw, probabilities
from tests.compare.reviewed import answer
from tests.conftest import ROOT, Bench
from tests.fakes.model_server import Behaviour, ModelServer

FILES = {"report.html", "comparison.json", "judgments_wide.parquet"}
SCHEMA = json.loads((ROOT / "docs" / "comparison.schema.json").read_text("utf-8"))
DATA = ROOT.parent / "shared" / "data" / "judges"


def stored(folder: Path, n: int = 60, **more: Any) -> list[str]:
    """n pairs on n/2 prompts: `good` is right in 5 of 6, `bad` always says A in both orders."""
    items, judgments = [], []
    for k in range(n):
        gold = "AB"[k % 2]
        items.append(
            {
                "item_id": f"i{k}",
                "prompt": f"Question {k // 2}?",
                "responses": [
                    {"id": "A", "generator": "gx", "text": "short" * (1 + k % 3)},
                    {"id": "B", "generator": "gy", "text": "longer text" * (1 + k % 2)},
                ],
                "gold": gold,
                **more,
            }
        )
        good = gold if k % 6 else "AB"[(k + 1) % 2]
        for judge, verdict in (("good", good), ("bad", "A")):
            for order in ("AB", "BA"):
                judgments.append(
                    {"item_id": f"i{k}", "judge": judge, "order": order, "verdict": verdict}
                )
    files = folder / "items.jsonl", folder / "judgments.jsonl"
    for path, rows in zip(files, (items, judgments), strict=True):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return [f"--items={files[0]}", f"--judgments={files[1]}"]


def result(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "comparison.json").read_text("utf-8"))
    jsonschema.validate(found, SCHEMA)
    return found


@pytest.mark.filterwarnings("error")
def test_a_judge_without_any_verdict_warns_nobody(tmp_path: Path) -> None:
    words = stored(tmp_path)
    path = tmp_path / "judgments.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    mute = [{**row, "judge": "mute", "verdict": None} for row in rows if row["judge"] == "good"]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, *mute]))
    assert comparing.main([*words, f"--out={tmp_path / 'out'}"]) == 0
    found = result(tmp_path / "out")
    assert found["judges"]["mute"]["failures"] == 60
    assert found["generator_delta"]["mute"]["value"] is None


def test_stored_judgments_from_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"

    assert comparing.main([*stored(tmp_path), f"--out={out}"]) == 0

    found = result(out)
    told = capsys.readouterr().out
    assert {path.name for path in out.iterdir()} == FILES
    assert told.startswith(found["headline"])
    assert str(out / "report.html") in told
    assert (found["n_items"], found["n_clusters"], found["reference"]) == (60, 30, "gold")
    assert found["judges"]["good"]["agreement"]["value"] == pytest.approx(5 / 6)
    assert found["judges"]["bad"]["agreement"]["value"] == pytest.approx(1 / 2)
    assert found["judges"]["bad"]["p_first"]["value"] == pytest.approx(1 / 2)
    assert found["pairs"]["good|bad"]["agreement_difference"]["value"] == pytest.approx(1 / 3)
    wide = pq.read_table(out / "judgments_wide.parquet")
    assert wide.num_rows == 60
    assert wide["item_id"].to_pylist()[:2] == ["i0", "i1"]
    assert wide["good"].to_pylist()[:3] == ["B", "B", "A"]
    assert set(wide["bad"].to_pylist()) == {"A"}
    assert wide["gold"].to_pylist()[:2] == ["A", "B"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pty")
def test_a_narrow_terminal_is_told_what_it_does_not_show(tmp_path: Path) -> None:
    import pty

    command = [sys.executable, "-m", "aifgen", "compare", *stored(tmp_path), f"--out={tmp_path}/o"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": ""}
    shown = {}
    for columns in (60, 200):
        ours, theirs = pty.openpty()
        os.set_blocking(ours, False)
        subprocess.run(["stty", "cols", str(columns)], stdin=theirs, check=True)
        subprocess.run(command, stdin=theirs, stdout=theirs, check=True, env=env)
        shown[columns] = os.read(ours, 100_000).decode()
        os.close(ours)
        os.close(theirs)
    assert "No room" not in shown[200]
    narrow = " ".join(shown[60].split())
    left = re.findall(r"No room for (.*?): see the report", narrow)
    assert left == ["P(longer)", "flipped, gained, lost, kappa, McNemar p"]
    assert all(key in shown[200] for keys in left for key in keys.split(", "))


def test_the_same_words_give_the_same_bytes(
    tmp_path: Path, digests: Callable[[Path], dict[str, str]]
) -> None:
    words = stored(tmp_path)

    for name in ("one", "two"):
        assert comparing.main([*words, f"--out={tmp_path / name}"]) == 0

    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_another_seed_moves_the_ends_and_not_the_value(tmp_path: Path) -> None:
    words = stored(tmp_path)
    figures = []

    for seed in ("0", "1"):
        out = tmp_path / seed
        assert comparing.main([*words, f"--out={out}", f"--seed={seed}", "--resamples=200"]) == 0
        figures.append(result(out)["judges"]["good"]["agreement"])

    assert figures[0]["value"] == figures[1]["value"]
    assert figures[0]["ci95"] != figures[1]["ci95"]
    assert "200 resamples" in figures[0]["method"]


def test_without_a_word_the_same_question_has_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = stored(tmp_path)

    for more in ([], [], ["--seed=1"]):
        assert comparing.main([*words, *more]) == 0

    folders = sorted(path.name for path in (tmp_path / "outputs" / "comparisons").iterdir())
    assert len(folders) == 2
    assert all(name.startswith("good+bad-") for name in folders)


def test_some_of_the_judges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = stored(tmp_path)

    assert comparing.main([*words, "--judges=bad", f"--out={tmp_path / 'out'}"]) == 0
    found = result(tmp_path / "out")
    assert list(found["judges"]) == ["bad"]
    assert found["judges"]["bad"]["agreement"]["value"] == 0.5
    assert "Left out, as asked: 1 of 2 judges." in found["notes"]
    assert comparing.main([*words, "--judges=bad,good", f"--out={tmp_path / 'two'}"]) == 0
    assert list(result(tmp_path / "two")["pairs"]) == ["bad|good"]
    capsys.readouterr()
    assert comparing.main([*words, "--judges=bda", f"--out={tmp_path / 'three'}"]) == 1
    assert "no judge is called bda: did you mean bad?" in capsys.readouterr().err
    assert comparing.main([*words, "--judges=bad,bad", f"--out={tmp_path / 'three'}"]) == 1
    assert "the judge bad is named twice" in capsys.readouterr().err
    assert not (tmp_path / "three").exists()


def test_a_family_of_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*stored(tmp_path), f"--out={tmp_path / 'out'}"]

    assert comparing.main([*words, "--family=goood=mine"]) == 1
    assert "no judge or generator is goood: did you mean good?" in capsys.readouterr().err
    assert comparing.main([*words, "--family=good=mine", "--family=gx=mine"]) == 0
    found = result(tmp_path / "out")["judges"]["good"]
    assert (found["family"], found["own"]["n"]) == ("mine", 60)


def test_two_runs_and_people(
    bench: Bench, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.models["judge-b"] = Behaviour(judge=True, style="first")
    prompts = bench.prompts(24)
    assert bench("judge/prompt=pair", out="one", prompts=prompts) == 0
    assert bench("judge/prompt=pair", out="two", prompts=prompts, judge="judge-b") == 0
    before = server.count()
    labels = bench.path / "labels.csv"
    responses = [row for row in bench.table("responses", "one") if row["generator"] == "gx"]
    labels.write_text(
        "prompt_id,rater,label\n"
        + "".join(f"{row['prompt_id']},{who},A\n" for row in responses for who in ("ann", "bob"))
    )
    capsys.readouterr()

    runs = [str(bench.path / name) for name in ("one", "two")]
    out = bench.path / "out"
    assert comparing.main([*runs, f"--human={labels}", f"--out={out}"]) == 0

    found = result(out)
    assert server.count() == before
    assert list(found["judges"]) == ["judge-a", "judge-b"]
    assert found["judges"]["judge-a"]["p_first"]["value"] == pytest.approx(0.5)
    assert found["judges"]["judge-b"]["p_first"]["value"] == 1.0
    assert found["humans"]["n_raters"] == 2
    assert found["reference"] == "people"
    effect = found["pairs"]["judge-a|judge-b"]["dataset_effect"]
    assert effect["lost"]["value"] > 0.2  # judge-b contradicts itself everywhere
    assert "judge-b" in capsys.readouterr().out


def test_people_who_answered_about_the_run_count_by_themselves(
    bench: Bench, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Drawn for its disagreement, answered by two, compared: estimates of the whole run."""
    server.models["judge-b"] = Behaviour(judge=True, style="first")
    bench.prompts(60)
    assert bench("judge/prompt=pair", judge="[judge-a,judge-b]", out="outputs/r") == 0
    run = Path("outputs", "r")
    among, how = candidates(run), design("disagreement:30")
    chances, taken = probabilities(among, how), draw(among, how, 0)
    answer(
        run,
        [
            {"prompt": one.prompt_id, "by": who, "question": "best", "value": k % 2,
             "inclusion_probability": chance, "sample": how.text}
            for k, (one, chance, there) in enumerate(zip(among, chances, taken, strict=True))
            if there
            for who in ("ann", "bob")
        ],
    )  # fmt: skip
    before = (run / "run.json").read_bytes()
    capsys.readouterr()

    assert comparing.main(["outputs/r"]) == 0
    told = capsys.readouterr().out
    assert comparing.main(["outputs/r", "--no-human"]) == 0
    silent = capsys.readouterr().out
    assert comparing.main(["outputs/r", "--no-human", "--human=outputs/r"]) == 1
    assert "--human and --no-human" in capsys.readouterr().err

    with_, without = sorted(
        (result(path) for path in Path("outputs", "comparisons").iterdir()),
        key=lambda found: len(found["sources"]),
        reverse=True,
    )
    assert with_["sources"] == ["outputs/r", "outputs/r/human.parquet"]
    assert (without["sources"], without["estimates"], without["reference"]) == (
        ["outputs/r"],
        None,
        None,
    )
    found = with_["estimates"]
    assert (found["people"], found["prompts"], found["of"]) == (2, 30, 60)
    assert (found["samples"], found["weighted"]) == (["disagreement:30"], True)
    assert list(found["judges"]) == ["judge-a", "judge-b", "panel"]
    assert list(found["generators"]) == ["gx", "gy"]
    assert found["matchups"].keys() == {"gx|gy"}
    for three in (*found["judges"].values(), *found["generators"].values()):
        assert three["prediction_powered"]["ci95"] is not None
        assert "drawn as disagreement:30" in three["prediction_powered"]["method"]
    assert (
        "People: 2 people, 60 answers about 30 of 60 prompts, drawn as disagreement:30 "
        "(outputs/r/human.parquet)." in with_["notes"]
    )
    assert "People saw 30 of 60 prompts (disagreement:30): of all, judge-" in told
    assert "too few for an interval" not in told
    assert "the estimates speak of all" in told.splitlines()[0]
    assert "People" not in silent
    pages = {
        path.parent.name: path.read_text()
        for path in Path("outputs", "comparisons").rglob("report.html")
    }
    assert sorted('id="estimates"' in page for page in pages.values()) == [False, True]
    assert (run / "run.json").read_bytes() == before
    # More answers of the same people: the same question, and so the same folder.
    assert comparing.main(["outputs/r"]) == 0
    assert len(list(Path("outputs", "comparisons").iterdir())) == 2
    # Of few a bare figure would look certain.
    answer(run, [{"prompt": f"q{k}", "question": "best", "value": k % 2} for k in range(10)])
    capsys.readouterr()
    assert comparing.main(["outputs/r"]) == 0
    assert re.search(
        r"People saw 10 of 60 prompts: of all, judge-\w agrees with them on [\d.]+ % "
        r"\(too few for an interval\), of those alone on [\d.]+ %\.\n",
        capsys.readouterr().out,
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "nothing to compare: aifgen compare RUN RUN"),
        (["--items=x.jsonl"], "--judgments FILE is missing"),
        (["--judgments=x.parquet"], "--items FILE is missing"),
        (["run", "--items=x.jsonl"], "either runs or --items"),
        (["nowhere"], "nowhere"),
        (["--item=x"], "see aifgen compare --help"),
        (["--items=x", "--judgments=y", "--resamples=3"], "--resamples is 3: give 100 to"),
        (["--items=x", "--judgments=y", "--seed=-1"], "--seed is -1"),
        (["--items=x", "--judgments=y", "--agreement=90"], "--agreement is 90: give a share"),
        (["--items=x", "--judgments=y", "--family=llama"], "--family llama: write NAME=FAMILY"),
    ],
)
def test_wrong_words_are_one_sentence(
    words: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    assert comparing.main(words) == 1

    told = capsys.readouterr()
    assert told.err.startswith("aifgen: ")
    assert told.err.count("\n") == 1
    assert sentence in told.err
    assert not list(tmp_path.iterdir())


def test_a_folder_of_somebody_else_is_not_written_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = stored(tmp_path)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("years of work")

    assert comparing.main([*words, f"--out={theirs}"]) == 1

    assert "holds other things" in capsys.readouterr().err
    assert [path.name for path in theirs.iterdir()] == ["thesis.txt"]


def test_one_item_has_figures_and_no_interval(tmp_path: Path) -> None:
    assert comparing.main([*stored(tmp_path, 1), f"--out={tmp_path / 'out'}"]) == 0

    figure = result(tmp_path / "out")["judges"]["bad"]["agreement"]
    assert (figure["value"], figure["ci95"], figure["n"]) == (1.0, None, 1)
    assert "too few" in figure["method"]


@pytest.mark.parametrize("name", ["pandalm", "triviaqa_v1"])
def test_figures_that_others_published(name: str) -> None:
    """LLMBar's 325 cells are in tests/compare/test_published.py."""
    from benchmarks import published

    if not DATA.is_dir():
        pytest.skip("../shared/data/judges is not here")
    expected = json.loads((DATA / "expected.json").read_text("utf-8"))
    lines = {"pandalm": published.pandalm, "triviaqa_v1": published.triviaqa}[name]

    found = list(lines(published.compared(DATA / name), expected))

    assert [line for line in found if not line.same] == []
    assert len(found) > 60


def written(folder: Path, items: list[Any], judgments: list[Any]) -> list[str]:
    for name, rows in (("items", items), ("judgments", judgments)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text)
    return [f"--items={folder}/items.jsonl", f"--judgments={folder}/judgments.jsonl"]


def test_lengths_that_all_differ_by_the_same(tmp_path: Path) -> None:
    """The length regression cannot be fitted; everything else can."""
    items = [
        {
            "item_id": f"q{k}",
            "prompt": f"p{k}",
            "responses": [{"id": "x", "text": "short"}, {"id": "y", "text": "longer text"}],
            "gold": "x",
        }
        for k in range(40)
    ]
    judgments = [{"item_id": f"q{k}", "judge": "j", "verdict": "xy"[k % 2]} for k in range(40)]

    words = written(tmp_path, items, judgments)
    assert comparing.main([*words, f"--out={tmp_path / 'out'}"]) == 0

    found = result(tmp_path / "out")["judges"]["j"]
    assert found["agreement"]["value"] == 0.5
    assert found["length"]["corr"]["value"] is None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("gold", "gold is the reference"), ("a|b", "| stands between two judges")],
)
def test_names_that_mean_something_else(
    name: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = stored(tmp_path)
    path = tmp_path / "judgments.jsonl"
    path.write_text(path.read_text().replace('"good"', f'"{name}"'))

    assert comparing.main([*words, f"--out={tmp_path / 'out'}"]) == 1

    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_judge_named_like_a_column_keeps_its_verdicts(tmp_path: Path) -> None:
    words = stored(tmp_path)
    path = tmp_path / "judgments.jsonl"
    path.write_text(path.read_text().replace('"bad"', '"good/first"'))

    assert comparing.main([*words, f"--out={tmp_path / 'out'}"]) == 0

    table = pq.read_table(tmp_path / "out" / "judgments_wide.parquet")
    assert set(table["good/first"].to_pylist()) == {"A"}
    assert table["good/first_"].to_pylist() == table["good"].to_pylist()


def test_a_pair_that_becomes_another_is_a_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The best and worst of three: x and z with one judge, y and z with the other."""
    items = [
        {
            "item_id": f"q{k}",
            "prompt": f"p{k}",
            "responses": [{"id": name, "text": f"{name} {k}"} for name in "xyz"],
        }
        for k in range(30)
    ]
    judgments = [
        {"item_id": f"q{k}", "judge": judge, "scores": scores}
        for k in range(30)
        for judge, scores in (("j1", [3, 2, 1]), ("j2", [2, 3, 1]))
    ]

    words = written(tmp_path, items, judgments)
    assert comparing.main([*words, f"--out={tmp_path / 'out'}"]) == 0

    told = capsys.readouterr().out
    assert "flips 0.0 % of the 30 preference pairs that both give and changes 100.0 %" in told
    assert "changed" in told


def test_a_number_of_hundreds_of_digits_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = stored(tmp_path, 4)
    path = tmp_path / "judgments.jsonl"
    line = json.dumps({"item_id": "i0", "judge": "j", "score_a": 10**400, "score_b": 1})
    path.write_text(path.read_text() + line + "\n")

    assert comparing.main([*words, f"--out={tmp_path / 'out'}"]) == 1

    assert "judgments.jsonl, line 17" in capsys.readouterr().err


def test_words_of_people_in_any_case_and_those_that_say_nothing(tmp_path: Path) -> None:
    words = stored(tmp_path)
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "item_id,rater,label\n"
        "i0,ann,a\ni1,ann,TIE\ni2,ann,B\ni3,ann,nonsense\ni4,ann,A\ni4,ann,B\nelsewhere,ann,A\n"
    )

    assert comparing.main([*words, f"--human={labels}", f"--out={tmp_path / 'out'}"]) == 0

    notes = " ".join(result(tmp_path / "out")["notes"])
    wide = pq.read_table(tmp_path / "out" / "judgments_wide.parquet")
    assert wide["rater/ann"].to_pylist()[:6] == ["A", "tie", "B", None, "B", None]
    assert "1 of 7 labels of people in" in notes
    assert "are about nothing here" in notes
    assert "name no response of their item and are left out; the first" in notes
    assert "1 labels in" in notes
    assert "contradict an earlier one of the same rater" in notes


def test_people_who_say_one_word_alone_have_no_kappa(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = stored(tmp_path, 4, human_labels=["A", "A"])

    assert comparing.main([*words, f"--out={tmp_path / 'out'}"]) == 0

    assert "2 people agree with each other on 100.0 %.\n" in capsys.readouterr().out


def test_nothing_in_a_name_moves_the_cursor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = stored(tmp_path)
    path = tmp_path / "judgments.jsonl"
    path.write_text(path.read_text().replace('"bad"', json.dumps("b\x1b[2J\u202ead")))

    assert comparing.main([*words, f"--out={tmp_path / 'out'}"]) == 0

    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "\u202e" not in told


def test_a_runs_folder_stays_as_it_is(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.prompts(4)
    assert bench() == 0
    capsys.readouterr()

    run = bench.path / "out"
    assert comparing.main([str(run), f"--out={run / 'mine'}"]) == 1

    assert "which stays as it is" in capsys.readouterr().err
    assert bench() == 0
    assert "is finished" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("table", "column"),
    [("responses", "generator"), ("judgments", "judge"), ("verdicts", "response_ids")],
)
def test_a_table_with_a_hole_is_one_sentence(
    table: str, column: str, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    import pyarrow as pa

    bench.prompts(4)
    assert bench() == 0
    path = bench.path / "out" / f"{table}.parquet"
    rows = pq.read_table(path)
    place = rows.schema.get_field_index(column)
    nothing = pa.nulls(rows.num_rows, rows.schema.field(column).type)
    pq.write_table(rows.set_column(place, rows.schema.field(column), nothing), path)
    capsys.readouterr()

    assert comparing.main([str(bench.path / "out"), f"--out={bench.path / 'c'}"]) == 1

    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"{table}.parquet has a row without {column}" in told


@pytest.mark.parametrize(
    "recipe", ["judge: 3\n", "judge: {models: 3}\npreference: 3\n", "preference: {min_margin: x}\n"]
)
def test_a_config_that_somebody_edited(
    recipe: str, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.prompts(4)
    assert bench() == 0
    (bench.path / "out" / ".hydra" / "config.yaml").write_text(recipe)
    capsys.readouterr()

    code = comparing.main([str(bench.path / "out"), f"--out={bench.path / 'c'}"])

    told = capsys.readouterr().err
    assert (code, told.count("\n")) == ((1, 1) if "x" in recipe else (0, 0))
    assert "Traceback" not in told


@pytest.mark.parametrize("responses", [1, 1.5, True, [1], "x"])
def test_responses_that_are_none(
    responses: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    items = [{"item_id": "q", "prompt": "p", "responses": responses}]
    words = written(tmp_path, items, [{"item_id": "q", "judge": "j", "verdict": "A"}])

    assert comparing.main([*words, f"--out={tmp_path / 'out'}"]) == 1

    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "items.jsonl, line 1" in told
