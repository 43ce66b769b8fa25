"""judge.examples: rows that people reviewed in one run, shown to the judges of another."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from aifgen import app, replay
from aifgen.folder import RunFolder
from aifgen.schema import Config
from tests.conftest import Bench
from tests.fakes.judging import content
from tests.fakes.model_server import ModelServer
from tests.judging.shipped import NAMES, built
from tests.review.human import best, rated, write_human, write_run
from tests.test_plan import Planner
from tests.test_plan import plan as plan  # the fixture
from tests.test_replay import rebuilt

EXAMPLES = "judge.examples=reviewed/human.parquet"
HEADING = "## How people judged other texts"
Digests = Callable[[Path], dict[str, str]]
Make = Callable[[Bench, int], Path]


def ran(bench: Bench, n: int) -> Path:
    """A run that people may review, of other prompts than `bench.prompts` has."""
    path = bench.path / "reviewed.jsonl"
    rows = [{"id": f"r{k}", "prompt": ask(k)} for k in range(n)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert bench("progress=none", prompts=path, out="reviewed") == 0
    return bench.path / "reviewed"


def by_hand(bench: Bench, n: int) -> Path:
    """The tables of such a run that are read."""
    texts = [[f"The {k}th, says one of two: {name}." for name in "xy"] for k in range(n)]
    return write_run(bench.path / "reviewed", texts, ask)


def ask(k: int) -> str:
    return f"Which is the {k}th letter?"


def reviewed(
    bench: Bench, rows: Iterable[dict[str, Any]] | None = None, n: int = 6, make: Make = by_hand
) -> Path:
    """By default all rows are rated, the first response 5 and the second 1."""
    run = make(bench, n)
    write_human(run, [rated(f"r{k}", 5, 1) for k in range(n)] if rows is None else rows)
    return run


def judged(server: ModelServer, since: int = 0) -> list[str]:
    """What the judges were asked, in the order in which it came."""
    return [
        content(call.messages[-1])
        for call in server.calls[since:]
        if call.model.startswith("judge")
    ]


def shown_in(asked: str) -> list[str]:
    """The texts of the examples in a request."""
    return re.findall(r"^<example_\d+_text\w* (?:\w+)>\n(.*?)\n</", asked, re.M | re.S)


def test_a_judge_is_shown_how_people_judged(
    bench: Bench, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run = reviewed(bench, make=ran)
    bench.prompts(4)
    since, sent = server.count(), judged(server)
    assert not any(HEADING in asked for asked in sent)
    assert bench(EXAMPLES) == 0
    asked = judged(server, since)
    assert len(asked) == 4
    texts = {row["text"]: row for row in bench.table("responses", "reviewed")}
    for one in asked:
        shown = shown_in(one)
        assert len(shown) == 6
        assert one.index(HEADING) < one.index("<conversation ")
        for text, rating in zip(
            shown, re.findall(r"Text \d: (\d)", one.partition("<conversation ")[0]), strict=True
        ):
            assert rating == ("5" if texts[text]["generator"] == "gx" else "1")
    assert len({tuple(shown_in(one)) for one in asked}) == 1
    report = bench.report()
    assert report["examples"] == {
        "from": "reviewed/human.parquet", "usable": 6, "shown": 3, "prompts_with_fewer": 0,
        "prompts_without": 0,
    }  # fmt: skip
    told = "judges were shown 3 of 6 rows that people reviewed (reviewed/human.parquet)"
    assert told in capsys.readouterr().out
    assert told in (bench.path / "out/preferences/README.md").read_text()
    assert told in (bench.path / "out/report.html").read_text()
    kept = (bench.path / "out/examples.jsonl").read_text().splitlines()
    assert json.loads(kept[0])["from"] == "reviewed/human.parquet"
    assert len(kept) == 7
    assert "examples" not in bench.report("reviewed")
    assert not (run / "examples.jsonl").exists()
    count = server.count()
    assert bench(EXAMPLES) == 0
    assert "Nothing was sent" in capsys.readouterr().out
    assert server.count() == count


@pytest.mark.parametrize("name", [n for n in NAMES if built(n).takes_examples])
def test_under_every_protocol(name: str, bench: Bench, server: ModelServer) -> None:
    reviewed(bench)
    bench.prompts(2, reference="Seven.")
    protocol, since = built(name), server.count()
    given = [] if protocol.reference == "none" else ["source.columns.reference=reference"]
    if protocol.scale is not None and protocol.scale.high != 5:
        given.append("judge.prompt.scale.max=5")
    assert bench(EXAMPLES, f"judge/prompt={name}", *given) == 0
    asked = judged(server, since)
    each = {"ratings": 1, "rating": 2, "pair": 2}[protocol.kind] * len(protocol.parts)
    assert len(asked) == 2 * each
    words = {
        "ratings": "How people rated these texts, on the scale from 1 to 5: Text 1: ",
        "rating": "How people rated this text, on the scale from 1 to 5: ",
        "pair": "People found Text ",
    }[protocol.kind]
    assert all(one.count(words) == 3 for one in asked)
    assert len({tuple(shown_in(one)) for one in asked}) == 1  # in both orders, of all parts
    assert {row["status"] for row in bench.table("judgments")} == {"ok"}


def test_no_row_is_its_own_example(
    bench: Bench, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The very run that was reviewed, judged once more; and one row that nothing is left for."""
    reviewed(bench, n=4, make=ran)
    since = server.count()
    prompts = bench.path / "reviewed.jsonl"
    assert bench(EXAMPLES, "judge.examples_n=4", prompts=prompts) == 0
    texts = {row["text"]: row["prompt_id"] for row in bench.table("responses", "reviewed")}
    for one in judged(server, since):
        (mine,) = set(re.findall(r"^<conversation \w+>\nWhich is the (\d)th", one, re.M))
        assert {texts[text] for text in shown_in(one)} == {f"r{k}" for k in range(4)} - {f"r{mine}"}
    assert bench.report()["examples"]["prompts_with_fewer"] == 4
    write_human(bench.path / "reviewed", [rated("r0", 4, 2)])
    capsys.readouterr()
    since = server.count()
    assert bench(EXAMPLES, "source.limit=2", prompts=prompts, out="two") == 0
    # Where nothing is left, the judge is asked as without examples, which it was before.
    (asked,) = judged(server, since)
    assert "\nWhich is the 1th letter?\n</conversation" in asked
    assert len(shown_in(asked)) == 2
    assert bench.report("two")["examples"]["prompts_without"] == 1
    out, err = capsys.readouterr()
    assert "none with 1 prompts, as no row is shown beside itself" in out
    assert "judge.examples_n=3: of reviewed/human.parquet 1 can be shown" in err


def test_only_submitted_answers_count_and_people_are_put_together(
    bench: Bench, server: ModelServer
) -> None:
    people = [
        rated("r0", 5, 1, annotator="a"), rated("r0", 3, 2, annotator="b"),
        rated("r0", 4, 2, annotator="c"), rated("r0", 1, 5, annotator="d", status="draft"),
        rated("r1", 1, 5, status="discarded"),
        {"prompt_id": "r0", "question": "comment", "value": "It is exact.", "annotator": "c"},
    ]  # fmt: skip
    reviewed(bench, people)
    bench.prompts(1)
    since = server.count()
    assert bench(EXAMPLES) == 0
    (asked,) = judged(server, since)
    assert len(shown_in(asked)) == 2
    assert sorted(re.findall(r"Text \d: (\d)", asked.partition("<conversation ")[0])) == ["2", "4"]
    assert "comment" in asked
    assert "It is exact." in asked


def test_a_pair_goes_by_the_best_whatever_the_scale(bench: Bench, server: ModelServer) -> None:
    run = by_hand(bench, 6)
    ids: dict[str, list[str]] = {f"r{k}": [] for k in range(6)}
    for row in bench.table("responses", "reviewed"):
        ids[row["prompt_id"]].append(row["response_id"])
    write_human(run, [
        best("r0", ids["r0"][1]), best("r1", "tie"),
        rated("r2", 9, 3, scale_max=10.0),
        {"prompt_id": "r3", "question": "ranking", "value": [2, 1]},
    ])  # fmt: skip
    bench.prompts(1)
    since = server.count()
    assert bench(EXAMPLES, "judge/prompt=pair", "judge.examples_n=9", "judge.orders=one") == 0
    (asked,) = judged(server, since)
    texts = {row["text"]: row["response_id"] for row in bench.table("responses", "reviewed")}
    won = set()
    for a, b, letter in re.findall(
        r"_text_a \w+>\n(.*?)\n</.*?_text_b \w+>\n(.*?)\n</.*?People found (Text [AB]|neither)",
        asked, re.S,
    ):  # fmt: skip
        won.add(texts[{"Text A": a, "Text B": b}[letter]] if letter != "neither" else "tie")
    assert won == {ids["r0"][1], ids["r2"][0], ids["r3"][1], "tie"}


def test_the_run_is_another_where_the_answers_are_and_not_where_the_file_is(
    bench: Bench, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run = reviewed(bench)
    bench.prompts(2)

    def folder(*words: str) -> str:
        assert app.main(bench.words(*words, "progress=none", out=None)) == 0
        (found,) = set(re.findall(r"outputs/(judge-a-\w+)", capsys.readouterr().out))
        return str(found)

    first = folder(EXAMPLES)
    assert folder() != first
    assert folder(EXAMPLES, "judge.examples_n=2") != first
    count = server.count()
    shutil.move(run, bench.path / "elsewhere")
    moved = "judge.examples=elsewhere/human.parquet"
    assert folder(moved) == first
    assert folder(f"judge.examples={bench.path}/elsewhere/human.parquet") == first
    drafts = [rated(f"r{k}", 5, 1) for k in range(6)] + [rated("r0", 1, 5, annotator="b",
                                                               status="draft")]  # fmt: skip
    write_human(bench.path / "elsewhere", drafts)
    assert folder(moved) == first
    assert server.count() == count
    write_human(bench.path / "elsewhere", [rated(f"r{k}", 5, 2) for k in range(6)])
    second = folder(moved)
    assert second != first
    assert server.count() == count + 2
    # Named by hand, the folder refuses what is another run.
    assert bench(moved) == 0
    write_human(bench.path / "elsewhere", [rated(f"r{k}", 4, 2) for k in range(6)])
    assert bench(moved) == 1
    assert "holds another run" in capsys.readouterr().err


def test_without_examples_the_number_of_them_makes_no_other_run(bench: Bench) -> None:
    from aifgen.identity import config_digest

    plain = asdict(Config())
    older = {**plain, "judge": {k: v for k, v in plain["judge"].items() if "examples" not in k}}
    more = {**plain, "judge": {**plain["judge"], "examples_n": 5}}
    assert len({config_digest(one) for one in (plain, older, more)}) == 1


def test_a_replay_needs_the_runs_own_folder_alone(
    bench: Bench, server: ModelServer, digests: Digests, capsys: pytest.CaptureFixture[str]
) -> None:
    run = reviewed(bench, [
        *(rated(f"r{k}", 5, 1) for k in range(6)),
        {"prompt_id": "r0", "question": "comment", "value": "Odd\u2028ends\x85of\r\nlines."},
    ])  # fmt: skip
    bench.prompts(5)
    assert bench(EXAMPLES) == 0
    sent, before = server.count(), digests(bench.path / "out")
    shutil.move(run, bench.path / "away")
    assert replay.main(["out"]) == 0
    assert "examples.jsonl" in capsys.readouterr().out
    assert digests(bench.path / "out") == before
    (bench.path / "out/judgments.parquet").unlink()
    assert replay.main(["out"]) == 0
    assert digests(bench.path / "out") == before
    assert replay.main(["out", "--out", "copy"]) == 0
    assert rebuilt(digests(bench.path / "copy")) == rebuilt(before)
    assert bench.report("copy")["examples"] == bench.report()["examples"]
    # Its own copy is damaged: what it was made from will do, as long as it is the same.
    kept = bench.path / "out/examples.jsonl"
    text = kept.read_text()
    capsys.readouterr()
    for damaged in (text[:-20], text.replace("5.0", "4.0"), None):
        kept.unlink() if damaged is None else kept.write_text(damaged)
        assert replay.main(["out"]) == 1
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert (
            "examples.jsonl, which holds what the judges were shown, is missing or damaged" in err
        )
        assert "judge.examples=reviewed/human.parquet is gone or has changed since" in err
    shutil.move(bench.path / "away", run)
    assert replay.main(["out"]) == 0
    assert digests(bench.path / "out") == before
    assert server.count() == sent


def test_a_finished_run_writes_its_copy_anew(bench: Bench, server: ModelServer) -> None:
    reviewed(bench)
    bench.prompts(2)
    assert bench(EXAMPLES) == 0
    kept, sent = bench.path / "out/examples.jsonl", server.count()
    text = kept.read_text()
    kept.unlink()
    assert bench(EXAMPLES) == 0
    assert kept.read_text() == text
    assert server.count() == sent
    assert RunFolder(bench.path / "out").files()["examples.jsonl"] == len(text.encode())


def test_a_plan_counts_what_examples_cost(bench: Bench, server: ModelServer, plan: Planner) -> None:
    reviewed(bench)
    bench.prompts(3)
    assert bench("source.limit=2", out="some") == 0  # of some prompts the responses are known
    planned, sent = [], []
    for n in (1, 6):
        said = plan(EXAMPLES, f"judge.examples_n={n}", judge="judge-b").rows["judge judge-b"]
        assert (said.needed, said.to_ask) == (3, 3)
        planned.append(said.read)
    for n in (1, 6):
        since = server.count()
        assert bench(EXAMPLES, f"judge.examples_n={n}", judge="judge-b", out=f"of{n}") == 0
        sent.append(sum(map(len, judged(server, since))))
    # Nothing in the store said how many tokens this judge's model makes of a character.
    assert planned[1] - planned[0] == pytest.approx((sent[1] - sent[0]) / 4, abs=2)


@pytest.mark.parametrize("judge", ["[judge-a,judge-b]", "[judge-a,judge-b] judge.cascade=4"])
def test_all_judges_are_shown_the_same(bench: Bench, server: ModelServer, judge: str) -> None:
    reviewed(bench)
    bench.prompts(3)
    since = server.count()
    who, *words = judge.split()
    assert bench(EXAMPLES, *(words and ["judge.cascade=3.9"]), judge=who) == 0
    asked = judged(server, since)
    assert len(asked) > 3
    assert len({tuple(shown_in(one)) for one in asked}) == 1


def gone(bench: Bench) -> None:
    rows = [rated("r0", 5, 1, text_digests=["x", "y"]), rated("zz", 5, response_ids=["a"])]
    reviewed(bench, rows)


def no_table(bench: Bench) -> None:
    (reviewed(bench) / "run.json").write_text("{}")


def no_tables(bench: Bench) -> None:
    (reviewed(bench) / "responses.parquet").unlink()


def ten(bench: Bench) -> None:
    reviewed(bench, [rated("r0", 9, 1, scale_max=10.0)])


def split(bench: Bench) -> None:
    reviewed(bench, [rated("r0", 5, 1, annotator="a"), rated("r0", 1, 5, annotator="b")])


@pytest.mark.parametrize(
    ("make", "words", "told"),
    [
        (None, [], "judge.examples=reviewed/human.parquet: there is no such file; aifgen review"),
        (reviewed, ["judge.examples=reviewed"], "is a folder: name the file"),
        (reviewed, ["judge.examples=reviewed/responses.parquet"], "is no table of people's"),
        (no_table, ["judge.examples=reviewed/run.json"], "is no table of people's answers"),
        (lambda b: reviewed(b, []), [], "holds no submitted answer"),
        (lambda b: reviewed(b, [rated("r0", 5, 1, status="draft")]), [], "no submitted answer"),
        (lambda b: reviewed(b, [{"prompt_id": "r0", "question": "comment", "value": "Hm."}]),
         [], "people gave no ratings there, which judge/prompt=ultrafeedback needs"),
        (lambda b: reviewed(b, [rated("r0", 5)]), [], "row 1 of human.parquet says [5], which"),
        (lambda b: reviewed(b, [best("r0", "r9/gx/0")]), [], "finds r9/gx/0 best, which is none"),
        (lambda b: reviewed(b, [rated("r0", 5, None)]), [], "none of the 1 reviewed rows can be"),
        (gone, [], "none of the 2 reviewed rows (2 have texts that are not in the run any more)"),
        (no_tables, [], "stands in no run's folder: responses.parquet of the run"),
        (ten, [], "people rated from 1 to 10 and judge/prompt=ultrafeedback rates from 1 to 5"),
        (reviewed, ["judge/prompt=mtbench_single"], "rates from 1 to 10: choose a protocol of"),
        (split, ["judge/prompt=pair"], "of which most people find the same response best"),
        (reviewed, ["judge.examples_n=0"], "judge.examples_n is 0: give 1 or more"),
        (reviewed, ["judge/prompt=reference_binary", "source.columns.reference=reference"],
         "does not go with judge/prompt=reference_binary, whose verdict is a word of its own"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_one_sentence_and_costs_no_call(
    make: Callable[[Bench], object] | None,
    words: list[str],
    told: str,
    bench: Bench,
    server: ModelServer,
    plan: Planner,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if make:
        make(bench)
    bench.prompts(2, reference="Four.")
    sent = server.count()
    capsys.readouterr()
    assert bench(EXAMPLES, *words) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("aifgen: ")
    assert err.count("\n") == 1
    assert told in err
    said = plan(EXAMPLES, *words)
    assert (said.code, told in said.err) == (1, True)
    assert server.count() == sent
    assert not (bench.path / "out").exists()


def test_what_is_left_out_and_what_does_nothing_is_said(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    reviewed(bench, [rated("r0", 5, 1), rated("r1", 5, 1, text_digests=["x", "y"])])
    bench.prompts(2)
    capsys.readouterr()
    assert bench(EXAMPLES) == 0
    err = capsys.readouterr().err
    assert "judge.examples: 1 of 2 reviewed rows are left out, for their texts are not in" in err
    assert "judge.examples_n=3: of reviewed/human.parquet 1 can be shown, and are" in err
    assert bench("judge.examples_n=5", out="plain") == 0
    assert "judge.examples_n=5 has no effect without judge.examples" in capsys.readouterr().err
