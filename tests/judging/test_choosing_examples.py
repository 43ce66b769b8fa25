"""Which reviewed rows a judge is shown: the same for all, balanced, and never the row itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from aifgen.judging.example import Comment
from aifgen.judging.formats.base import Kind, Scale
from aifgen.records import Message, Prompt, digest
from tests.judging.court import prompt, responses
from tests.judging.reviewed import chosen, example, reviewed

ROW = prompt("row", "Why?"), responses("row", "This.", "That.")
MANY = [example(f"e{k}") for k in range(12)]
ALL_KINDS = pytest.mark.parametrize("kind", ["ratings", "rating", "pair"])


@ALL_KINDS
def test_all_rows_are_shown_the_same_in_an_order_that_the_seed_draws(kind: Kind) -> None:
    shots = chosen(kind, *MANY).of(*ROW)
    assert len(shots) == 3
    assert shots == chosen(kind, *reversed(MANY)).of(*ROW)
    other = prompt("other", "Whence?"), responses("other", "Here.", "There.")
    assert shots == chosen(kind, *MANY).of(*other)
    assert len({chosen(kind, *MANY, seed=seed).of(*ROW) for seed in range(8)}) == 8


@ALL_KINDS
def test_a_row_is_never_its_own_example_and_the_next_stands_in(kind: Kind) -> None:
    found = chosen(kind, *MANY)
    first = found.of(*ROW)[0]
    mine = next(one for one in MANY if first.texts[0] in one.texts)
    elsewhere = ("Somewhere else.", "Nowhere.")
    asked = mine.messages[0]["content"]
    for row in (
        (prompt(mine.prompt_id, "Another?"), responses(mine.prompt_id, *elsewhere)),
        (prompt("x", asked), responses("x", *elsewhere)),
        (prompt("x", "Another?"), responses("x", "New.", mine.texts[1])),
    ):
        shots = found.of(*row)
        assert len(shots) == 3
        assert not any(set(shot.texts) & set(mine.texts) for shot in shots)
        assert {shot.conversation for shot in shots} > {
            shot.conversation for shot in found.of(*ROW)[1:2]
        }
    near = prompt("x", asked + " "), responses("x", *elsewhere)
    assert found.of(*near) == found.of(*ROW)


def test_what_remains_is_shown_and_nothing_where_nothing_does() -> None:
    two = chosen("pair", *MANY[:2])
    assert (len(two), two.shown) == (2, 2)
    assert len(two.of(prompt("e0", "?"), ROW[1])) == 1
    one = chosen("pair", MANY[0])
    assert one.of(prompt("e0", "?"), ROW[1]) == ()
    whole = Prompt("x", (Message(role="system", content="Be brief."), *MANY[0].messages))
    assert len(one.of(whole, ROW[1])) == 1


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["ratings", "pair"])
def test_no_place_wins_more_often_and_a_tie_is_the_third(kind: Kind, seed: int) -> None:
    ties = [example(f"t{k}", ratings=(3.0, 3.0)) for k in range(4)]
    said = [shot.said for shot in chosen(kind, *MANY, *ties, n=3, seed=seed).of(*ROW)]
    outcomes = {
        "pair": ("Text A better", "Text B better", "neither better"),
        "ratings": ("Text 1: 4, Text 2: 2", "Text 1: 2, Text 2: 4", "Text 1: 3, Text 2: 3"),
    }[kind]
    assert sorted(next(k for k, word in enumerate(outcomes) if word in one) for one in said) == [
        0, 1, 2,
    ]  # fmt: skip
    assert outcomes[2] in said[2]
    without = [shot.said for shot in chosen(kind, *MANY, n=6, seed=seed).of(*ROW)]
    assert [sum(word in one for one in without) for word in outcomes] == [3, 3, 0]
    alone = chosen(kind, *ties, n=3, seed=seed).of(*ROW)
    assert len(alone) == 3


def test_the_best_of_three_stands_everywhere() -> None:
    three = [example(f"e{k}", f"a{k}", f"b{k}", f"c{k}") for k in range(9)]
    places = Counter(
        next(at for at, text in enumerate(shot.texts) if text[0] == "a")
        for shot in chosen("ratings", *three, n=9).of(*ROW)
    )
    assert places == {0: 3, 1: 3, 2: 3}


def test_of_single_responses_ratings_differ() -> None:
    same = [example(f"e{k}", ratings=(4.0, 4.0)) for k in range(8)]
    odd = [example("low", ratings=(1.0, 4.0), agreement=0.5), example("high", ratings=(5.0, 4.0))]
    said = [shot.said for shot in chosen("rating", *same, *odd).of(*ROW)]
    assert {one.rsplit(" ", 1)[1] for one in said} == {"1", "4", "5"}
    shots = chosen("rating", *same, *odd, n=10).of(*ROW)
    assert len({shot.conversation for shot in shots}) == len(shots) == 10


@ALL_KINDS
def test_where_people_agree_more_comes_first_and_then_where_more_were_asked(kind: Kind) -> None:
    split = [replace(one, agreement=0.6) for one in MANY]
    sure = [example(f"s{k}") for k in range(2)]
    heard = example("heard", people=3)
    shots = chosen(kind, *split, *sure, heard).of(*ROW)
    assert {shot.conversation for shot in shots} == {"s0?", "s1?", "heard?"}
    assert chosen(kind, *split, *sure, heard, n=1).of(*ROW)[0].conversation == "heard?"


@ALL_KINDS
def test_one_alone_agrees_with_nobody_and_comes_after_any_two(kind: Kind) -> None:
    asked = [replace(one, agreement=0.8, people=6) for one in MANY[:2]]
    shots = chosen(kind, *MANY[2:], *asked, n=2).of(*ROW)
    assert {shot.conversation for shot in shots} == {"e0?", "e1?"}


def test_an_answer_more_leaves_the_order_as_it_was() -> None:
    before = chosen("pair", *MANY).of(*ROW)
    louder = [replace(one, ratings=(5.0, 1.0)) for one in MANY]
    assert [s.conversation for s in chosen("pair", *louder).of(*ROW)] == [
        s.conversation for s in before
    ]


def test_a_pair_of_several_is_the_best_and_the_worst() -> None:
    three = example("e", "mid", "best", "worst", ratings=(3.0, 5.0, 1.0))
    (shot,) = chosen("pair", three).of(*ROW)
    assert set(shot.texts) == {"best", "worst"}
    assert shot.said == f"People found Text {'AB'[shot.texts.index('best')]} better."
    unrated = replace(three, ratings=(None, None, None), best=2)
    (shot,) = chosen("pair", unrated).of(*ROW)
    assert "worst" in shot.texts
    tied = example("e", "x", "y", "z", ratings=(4.0, 1.0, 4.0))
    (shot,) = chosen("pair", tied).of(*ROW)
    assert set(shot.texts) == {"x", "z"}
    assert "a tie" in shot.said


def test_two_copies_of_one_text_are_no_pair() -> None:
    copied = example("e", "best", "other", " best", ratings=(5.0, 3.0, 1.0), best=0)
    (shot,) = chosen("pair", copied).of(*ROW)
    assert set(shot.texts) == {"best", "other"}
    tied = example("e", "x", "x ", "y", "z", ratings=(4.0, 4.0, 1.0, 4.0))
    (shot,) = chosen("pair", tied).of(*ROW)
    assert set(shot.texts) == {"x", "z"}
    assert len(chosen("pair", example("e", "x", "x", ratings=(5.0, 4.0)))) == 0


def test_what_cannot_be_shown_is_left_out() -> None:
    unclear = replace(example("e"), best=None)
    against = replace(example("f"), best=1)  # rated lower than the other
    alone = example("g", "only one")
    vague_tie = replace(example("h", "x", "y", "z"), ratings=(None,) * 3, best="tie")
    assert len(chosen("pair", unclear, against, alone, vague_tie)) == 0
    assert len(chosen("pair", example("t", ratings=(3.0, 3.0)), ties=False)) == 0
    half = example("e", ratings=(3.5, 2.0))
    unrated = replace(example("f"), ratings=(None, None))
    part = replace(example("g"), ratings=(None, 2.0))
    off = replace(example("h"), ratings=(99.0, 2.0))
    assert len(chosen("ratings", half, unrated, part, off)) == 0
    assert [s.said[-1] for s in chosen("rating", off).of(*ROW)] == ["2"]
    assert len(chosen("ratings", half, unrated, part, scale=Scale(1, 5, whole=False))) == 1
    said = [shot.said for shot in chosen("rating", half, unrated, part).of(*ROW)]
    assert said == ["How people rated this text, on the scale from 1 to 5: 2"] * 2


def test_a_comment_is_shown_beside_texts_that_stand_as_its_author_saw_them() -> None:
    seen = Comment((1, 0), "The first one is wrong.")
    for seed in range(8):
        shots = chosen("pair", example("e", comments=(seen,)), seed=seed).of(*ROW)
        assert [(s.texts, s.comment) for s in shots] == [
            (("e two.", "e one."), "The first one is wrong.")
        ]
    # Whose place the balance asks for otherwise is shown without.
    both = [example(f"e{k}", comments=(seen,)) for k in range(2)]
    shots = chosen("pair", *both).of(*ROW)
    assert sorted(shot.comment for shot in shots) == ["", "The first one is wrong."]
    assert {shot.said for shot in shots} == {f"People found Text {x} better." for x in "AB"}
    three = example("e", "a", "b", "c", comments=(Comment((2, 1, 0), "The first."),))
    assert chosen("pair", three).of(*ROW)[0].comment == ""
    assert chosen("rating", three).of(*ROW)[0].comment == ""
    assert (
        chosen("rating", example("e", "a", comments=(Comment((0,), "Hm."),))).of(*ROW)[0].comment
        == "Hm."
    )
    tied = example("t", ratings=(3.0, 3.0), comments=(seen,))
    assert chosen("ratings", tied).of(*ROW)[0].comment == "The first one is wrong."


def test_long_texts_are_cut_as_those_that_are_judged() -> None:
    long = example("e", "a" * 1000, "b" * 10, ask="c" * 1000)
    (shot,) = chosen("pair", long, most_tokens=50).of(*ROW)
    assert "800 characters left out" in shot.conversation
    assert any("800 characters left out" in text for text in shot.texts)


def test_the_digest_is_of_what_may_be_shown() -> None:
    found = reviewed(*MANY)
    assert found.digest == reviewed(*reversed(MANY), gone=3).digest
    assert found.digest == replace(found, name="elsewhere/human.parquet").digest
    for other in (
        reviewed(*MANY[1:]),
        replace(found, scale=(1.0, 10.0)),
        reviewed(replace(MANY[0], best=1), *MANY[1:]),
        reviewed(replace(MANY[0], comments=(Comment((0, 1), "!"),)), *MANY[1:]),
        reviewed(replace(MANY[0], texts=("x", "y")), *MANY[1:]),
    ):
        assert other.digest != found.digest
    assert len(digest()) == len(found.digest)
