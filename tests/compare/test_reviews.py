"""What people answered about a run (human.parquet), as verdicts of a comparison."""

from __future__ import annotations

import shutil
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aifgen.compare.added import without_people
from aifgen.compare.estimates import estimates
from aifgen.compare.runs import runs
from aifgen.compare.study import ABSENT, TIE, A, B, Study, StudyError
from aifgen.folder import HUMAN
from tests.compare.reviewed import answer
from tests.conftest import Bench
from tests.fakes.model_server import Behaviour, ModelServer

OUT = Path("out")


def code(x: float | None, y: float | None) -> int:
    if x is None or y is None:
        return ABSENT
    return TIE if x == y else A if x > y else B


def reviewed(*runs_: Path) -> Study:
    return runs(runs_ or [OUT], reviewed=True)


def of(study: Study, prompt: str, rater: str = "ann") -> list[int]:
    """The codes of all pairs of the prompt's responses."""
    units = study.units
    mine = units.item == list(study.ids).index(prompt)
    found: list[int] = units.people[study.raters.index(rater), mine].tolist()
    return found


@pytest.fixture
def three(bench: Bench) -> None:
    """Three different responses a prompt."""
    bench.prompts(8)
    assert bench(generators="gx,gy,gz") == 0


def test_two_responses(bench: Bench) -> None:
    bench.prompts(8)
    assert bench() == 0
    answer(
        OUT,
        [
            {"prompt": "q0", "question": "rating", "value": [4, 2]},
            {"prompt": "q1", "question": "rating", "value": [3, 3]},
            {"prompt": "q2", "question": "best", "value": 1},
            {"prompt": "q3", "question": "best", "value": "tie"},
            {"prompt": "q4", "question": "ranking", "value": [2, 1]},
            {"prompt": "q5", "question": "ranking", "value": [1, 1]},
            # Both: the best decides.
            {"prompt": "q6", "question": "rating", "value": [5, 1]},
            {"prompt": "q6", "question": "best", "value": 1},
            {"prompt": "q7", "question": "best", "value": "tie"},
            {"prompt": "q7", "question": "rating", "value": [1, 2]},
        ],
    )

    study = reviewed()

    assert [of(study, f"q{k}") for k in range(8)] == [
        [A],
        [TIE],
        [B],
        [TIE],
        [B],
        [TIE],
        [B],
        [TIE],
    ]
    assert study.ratings is not None
    rated = study.ratings.people[0].reshape(8, 2)
    assert rated[0].tolist() == [4, 2]
    assert rated[6].tolist() == [5, 1]
    assert np.isnan(rated[4]).all()  # ranks are no ratings


def test_a_best_decides_about_its_own_pairs_and_ratings_about_the_others(three: None) -> None:
    answer(
        OUT,
        [
            {"prompt": "q0", "question": "best", "value": 1},
            {"prompt": "q1", "question": "best", "value": 1},
            {"prompt": "q1", "question": "rating", "value": [5, 3, 1]},
            {"prompt": "q2", "question": "rating", "value": [2, None, 2]},
            {"prompt": "q2", "question": "best", "value": 0},
            {"prompt": "q3", "question": "rating", "value": [4, 4, 1]},
            {"prompt": "q3", "question": "best", "value": "tie"},
            {"prompt": "q4", "question": "best", "value": "tie"},
            {"prompt": "q5", "question": "ranking", "value": [2, 1, 2]},
            {"prompt": "q6", "question": "ranking", "value": [3, 1, 2]},
            {"prompt": "q6", "question": "rating", "value": [5, 1, 1]},
            {"prompt": "q7", "question": "rating", "value": [None, None, None]},
        ],
    )

    study = reviewed()

    assert [of(study, f"q{k}") for k in range(8)] == [
        # 0-1, 0-2, 1-2
        [B, ABSENT, A],
        [B, A, A],
        [A, A, ABSENT],
        [TIE, A, A],
        [TIE, TIE, TIE],
        [B, TIE, A],
        [B, B, A],  # a ranking before ratings
        [ABSENT, ABSENT, ABSENT],
    ]
    assert not [note for note in study.notes if "left out" in note]


def test_eight_responses(bench: Bench) -> None:
    bench.prompts(3)
    names = [f"g{k}" for k in range(8)]
    for name in names:
        bench.model(name)
    assert bench(generators=",".join(names)) == 0
    ratings = [3, 1, 4, 1, 5, None, 2, 5]
    ranks = [2, 4, 1, 4, 3, 3, 5, 1]
    answer(
        OUT,
        [
            {"prompt": "q0", "question": "rating", "value": ratings},
            {"prompt": "q1", "question": "ranking", "value": ranks},
            {"prompt": "q2", "question": "rating", "value": ratings},
            {"prompt": "q2", "question": "best", "value": 3},
        ],
    )

    study = reviewed()

    both = list(combinations(range(8), 2))
    assert of(study, "q0") == [code(ratings[i], ratings[j]) for i, j in both]
    assert of(study, "q1") == [code(ranks[j], ranks[i]) for i, j in both]
    assert of(study, "q2") == [
        A if i == 3 else B if j == 3 else code(ratings[i], ratings[j]) for i, j in both
    ]


def test_a_discard_and_a_draft_count_nowhere(bench: Bench) -> None:
    bench.prompts(4)
    assert bench() == 0
    rows: list[dict[str, Any]] = [
        {"prompt": "q0", "question": "best", "value": 0},
        {"prompt": "q0", "by": "bob", "question": "best", "value": 1, "status": "draft"},
        {"prompt": "q1", "by": "bob", "question": "rating", "value": [1, 5], "status": "draft"},
        {"prompt": "q1", "question": None, "status": "discarded"},
        {"prompt": "q2", "question": "rating", "value": [1, 5], "status": "discarded"},
        {"prompt": "q3", "question": "comment", "value": "neither is good"},
    ]
    answer(OUT, rows)

    study = reviewed()

    assert study.raters == ("ann",)
    assert (study.units.people >= 0).sum() == 1
    assert any("1 person, 1 answer about 1 of 4 prompts" in note for note in study.notes)
    answer(OUT, rows[1:])
    nobody = reviewed()
    assert len(nobody.units.people) == 0
    assert f"{OUT / HUMAN} holds no submitted answer yet." in nobody.notes
    assert nobody.sources == (str(OUT),)


def test_samples_and_chances_come_along(bench: Bench) -> None:
    bench.prompts(4)
    assert bench() == 0
    drawn = {"question": "best", "value": 0, "sample": "disagreement:2@0"}
    answer(
        OUT,
        [
            {"prompt": "q0", **drawn, "inclusion_probability": 0.25},
            {"prompt": "q2", **drawn, "inclusion_probability": 0.5},
            {
                "prompt": "q2",
                **drawn,
                "by": "bob",
                "inclusion_probability": 0.5,
                "sample": "disagreement:2@0 + random:1@7",
            },
            {"prompt": "q3", "question": "best", "value": "tie"},
        ],
    )

    study = reviewed()

    np.testing.assert_array_equal(study.inclusion, [0.25, np.nan, 0.5, np.nan])
    assert study.samples == ("disagreement:2", "random:1")
    assert study.sources == (str(OUT), str(OUT / HUMAN))
    assert study.notes[-1] == (
        "People: 2 people, 4 answers about 3 of 4 prompts, drawn as disagreement:2 and "
        f"random:1 ({OUT / HUMAN})."
    )
    assert runs([OUT]).raters == ()
    assert runs([OUT], human=OUT).samples == ("disagreement:2", "random:1")
    bare = without_people(study)
    assert (bare.raters, bare.samples, len(bare.units.people)) == ((), (), 0)
    assert np.isnan(bare.inclusion).all()


def test_a_label_about_another_text_is_left_out(bench: Bench, server: Any) -> None:
    """The same ids, other texts: the run was made again with another temperature."""
    bench.prompts(4)
    assert bench(generators="gx,gy,gz") == 0
    assert bench("generators.gx.temperature=0.1", generators="gx,gy,gz", out="again") == 0
    again = Path("again")
    answer(OUT, [
        {"prompt": "q0", "question": "best", "value": 0},
        {"prompt": "q1", "question": "best", "value": 2},
        {"prompt": "q2", "question": "rating", "value": [5, 4, 3]},
        {"prompt": "q3", "question": "best", "value": "tie"},
    ])  # fmt: skip
    texts = {out: {row["response_id"]: row["text_digest"] for row in bench.table("responses", out)}
             for out in ("out", "again")}  # fmt: skip
    assert texts["out"].keys() == texts["again"].keys()
    changed = {name for name, text in texts["out"].items() if texts["again"][name] != text}
    assert changed == {f"q{k}/gx/0" for k in range(4)}
    shutil.copy(OUT / HUMAN, again / HUMAN)

    study = reviewed(again)

    # What was said of gx is gone, what was said of the others stays.
    assert of(study, "q0") == [ABSENT] * 3
    assert of(study, "q1") == [ABSENT, ABSENT, B]
    assert of(study, "q2") == [ABSENT, ABSENT, A]
    assert of(study, "q3") == [ABSENT] * 3
    gone = [note for note in study.notes if "about texts or a prompt that are not" in note]
    assert len(gone) == 1
    assert gone[0].startswith(f"2 of 4 labels of people in {again / HUMAN}")
    assert of(runs([again], human=OUT), "q1") == [ABSENT, ABSENT, B]
    # Nothing of it left: no error, as nobody asked for people.
    answer(OUT, [{"prompt": "q0", "question": "best", "value": 0}])
    shutil.copy(OUT / HUMAN, again / HUMAN)
    nothing = reviewed(again)
    assert len(nothing.units.people) == 0
    assert any("is about what is compared: people are left out" in note for note in nothing.notes)


def test_an_answer_about_another_prompt_is_left_out(bench: Bench) -> None:
    """The same ids and responses, other questions: what people said was of the old ones."""
    path = bench.path / "given.jsonl"
    both = ("source.columns.responses=[a,b]",)

    def ask(*words: str) -> None:
        row = '{{"id": "q{}", "prompt": "{} {}?", "a": "One.", "b": "Two."}}\n'
        path.write_text("".join(row.format(k, word, k) for k, word in enumerate(words)))

    ask("More", "More", "More", "More")
    assert bench(*both, prompts=path, generators="") == 0
    ask("Less", "Less", "More", "More")
    assert bench(*both, prompts=path, generators="", out="again") == 0
    again = Path("again")
    answer(OUT, [{"prompt": f"q{k}", "question": "best", "value": 1} for k in range(4)])
    answer(again, [])
    shutil.copy(OUT / HUMAN, again / HUMAN)

    study = reviewed(again)

    assert [of(study, f"q{k}") for k in range(4)] == [[ABSENT], [ABSENT], [B], [B]]
    gone = [note for note in study.notes if "about texts or a prompt that are not" in note]
    assert gone == [
        f"2 of 4 labels of people in {again / HUMAN} are about texts or a prompt that are not "
        "compared here (any more) and are left out; the first is on q0."
    ]
    # By hand the same; and of two runs that ask differently, whichever was answered.
    assert of(runs([again], human=OUT), "q0") == [ABSENT]
    assert of(reviewed(OUT), "q0") == [B]
    assert of(reviewed(again, OUT), "q1") == of(reviewed(OUT, again), "q1") == [ABSENT]
    assert of(reviewed(OUT, again), "q2") == [B]
    # Who has not noted the prompt is believed.
    bare = {"question": "best", "value": 1, "prompt_digest": None}
    answer(again, [{"prompt": f"q{k}", **bare} for k in range(4)])
    assert of(reviewed(again), "q0") == [B]
    rows = [{**row} for row in bench.table("human")]
    pq.write_table(
        pa.Table.from_pylist(rows).drop_columns(["prompt_digest", "name"]), again / HUMAN
    )
    assert of(reviewed(again), "q0") == [B]
    answer(OUT, [{"prompt": "q0", "question": "best", "value": 1}])
    with pytest.raises(StudyError, match="about the prompt and the texts whose digests they note"):
        runs([again], human=OUT)


def test_people_are_shown_by_name_and_told_apart_by_identity(bench: Bench) -> None:
    bench.prompts(4)
    assert bench() == 0
    assert bench(judge="judge-b", out="two") == 0
    best = {"question": "best", "value": 0}
    answer(OUT, [
        {"prompt": "q0", "by": "d1", **best},
        # Pulled with names later; a draft says the name as well.
        {"prompt": "q1", "by": "d1", "name": "zoe", **best, "status": "draft"},
        {"prompt": "q0", "by": "d2", "name": "bob", **best},
        {"prompt": "q0", "by": "d3", "name": "bob", "question": "best", "value": 1},
        {"prompt": "q0", "by": "d4", **best},
        {"prompt": "q0", "by": "ann", **best},
        {"prompt": "q0", "by": "d5", "name": "ann", **best},
    ])  # fmt: skip
    answer(Path("two"), [{"prompt": "q2", "by": "d4", "name": "eve", **best}])

    one, both = reviewed(), reviewed(OUT, Path("two"))

    assert one.raters == ("ann", "ann (d5)", "bob (d2)", "bob (d3)", "d4", "zoe")
    assert (of(one, "q0", "bob (d2)"), of(one, "q0", "bob (d3)")) == ([A], [B])
    assert (of(one, "q0", "zoe"), of(one, "q1", "zoe")) == ([A], [ABSENT])
    assert both.raters == ("ann", "ann (d5)", "bob (d2)", "bob (d3)", "eve", "zoe")
    assert (of(both, "q0", "eve"), of(both, "q2", "eve")) == ([A], [A])
    # Names that are made to look like another's are not used.
    answer(OUT, [
        {"prompt": "q0", "by": "d1", "name": "ann", **best},
        {"prompt": "q0", "by": "d2", "name": "ann", **best},
        {"prompt": "q0", "by": "d3", "name": "ann (d1)", **best},
    ])  # fmt: skip
    assert reviewed().raters == ("d1", "d2", "d3")


def test_several_runs_that_people_reviewed(bench: Bench) -> None:
    """Matched by texts: the second run has its generators in another order."""
    bench.prompts(4)
    assert bench() == 0
    assert bench(generators="gy,gx", judge="judge-b", out="two") == 0
    two = Path("two")
    drawn = {"inclusion_probability": 0.5, "sample": "random:2", "question": "best"}
    answer(OUT, [{"prompt": "q0", "value": 0, **drawn}, {"prompt": "q1", "value": 0, **drawn}])
    first = {
        row["prompt_id"]: row["generator"] for row in reversed(bench.table("responses", "two"))
    }
    assert set(first.values()) == {"gy"}

    alone = reviewed(two, OUT)
    answer(two, [{"prompt": "q1", "value": 0, "by": "bob", **drawn}])
    both = reviewed(OUT, two)

    assert of(alone, "q0") == [B]  # gx, which stands second in `two`
    assert alone.inclusion.tolist()[:2] == [0.5, 0.5]
    assert of(both, "q1") == [A]
    assert of(both, "q1", "bob") == [B]
    # q0 was drawn for the one run, q1 for both: each sample stands for all prompts.
    assert both.inclusion[1] == both.inclusion[0] / 2
    assert np.isnan(both.inclusion[2:]).all()
    assert any("People saw 2 samples that were drawn apart" in note for note in both.notes)
    assert both.sources == (str(OUT), "two", str(OUT / HUMAN), str(two / HUMAN))


def test_equal_texts_are_one_response(bench: Bench) -> None:
    path = bench.path / "given.jsonl"
    path.write_text(
        '{"id": "g", "prompt": "Name one.", "a": "One.", "b": "One.", "c": "Two."}\n'
        '{"id": "h", "prompt": "Name two.", "a": "One.", "b": "Two.", "c": "Three."}\n'
    )
    assert bench("source.columns.responses=[a,b,c]", prompts=path, generators="") == 0
    answer(OUT, [{"prompt": "g", "question": "best", "value": 1}])

    assert of(reviewed(), "g") == [A]


def test_a_table_that_is_not_as_it_should_be(bench: Bench) -> None:
    bench.prompts(2)
    assert bench() == 0
    answer(OUT, [{"prompt": "q0", "question": "best", "value": 0, "text_digests": ["d"]}])

    with pytest.raises(StudyError, match="1 text_digests for 2 response_ids"):
        reviewed()


def test_a_sample_of_flipped_speaks_of_these_alone(bench: Bench, server: ModelServer) -> None:
    server.models["judge-a"] = Behaviour(judge=True, style="first")
    bench.prompts(4)
    assert bench("judge/prompt=pair") == 0
    answer(OUT, [{"prompt": "q0", "question": "best", "value": 0, "sample": "flipped@0",
                  "inclusion_probability": 1.0}])  # fmt: skip

    found = estimates(reviewed())

    assert found is not None
    assert found["samples"] == ["flipped"]
    assert found["assumes"].startswith("of the prompts alone on which a judge changed its mind")
