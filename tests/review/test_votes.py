"""One person's answers about one row: the vote, and the one answer that says the most of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aifgen.records import TIE, same
from aifgen.review import human
from aifgen.review.votes import Vote, votes
from tests.review.human import best, rated, write_human, write_run


@pytest.mark.parametrize(
    ("vote", "n", "told"),
    [
        # A best of three says nothing of the other two; nor does a tie of two rate them.
        (Vote(best=0), 3, 0),
        (Vote(best=TIE), 3, TIE),
        (Vote(best=1), 2, 1),
        (Vote(best=TIE), 2, TIE),
        # Ratings that say the same and more stand for it.
        (Vote(best=0, ratings=(5, 1, 3)), 3, (5, 1, 3)),
        (Vote(best=0, ratings=(5, 1)), 2, (5, 1)),
        (Vote(best=TIE, ratings=(5, 5)), 2, (5, 5)),
        (Vote(best=TIE, ratings=(5, 5, 1)), 3, (5, 5, 1)),
        (Vote(best=TIE, ratings=(5, 4, 1)), 3, (5, 4, 1)),
        # Where they say otherwise, the best is what counts.
        (Vote(best=0, ratings=(5, 5, 3)), 3, 0),
        (Vote(best=0, ratings=(1, 5, 3)), 3, 0),
        (Vote(best=0, ratings=(4, 4)), 2, 0),
        (Vote(best=TIE, ratings=(5, 1)), 2, TIE),
        # Of three, the best is better than one that nobody rated: the word says more.
        (Vote(best=0, ratings=(5, None, None)), 3, 0),
        # A ranking decides before ratings, but as ratings only where they say the same.
        (Vote(ranks=(1, 2, 3), ratings=(5, 4, 1)), 3, (5, 4, 1)),
        (Vote(ranks=(1, 2, 3), ratings=(5, 5, 1)), 3, (2, 1, 0)),
        (Vote(ranks=(1, None, 2)), 3, (2, None, 1)),
        (Vote(ratings=(None, None)), 2, None),
        (Vote(), 2, None),
        (Vote(ratings=(4,)), 1, (4,)),
    ],
)
def test_the_one_answer_that_says_the_most(vote: Vote, n: int, told: Any) -> None:
    assert vote.told(n) == told


def test_as_numbers_the_best_of_two_comes_first() -> None:
    assert Vote(best=1, ratings=(5, 1)).numbers(2) == (0, 1)
    assert Vote(best=TIE, ratings=(5, 1)).numbers(2) == (0.5, 0.5)
    assert Vote(best=1, ratings=(5, 1, 1)).numbers(3) == (5, 1, 1)
    assert Vote(ranks=(1, 2, None)).numbers(3) == (2, 1, None)


def test_the_best_is_their_own_word_else_their_ranking_else_their_ratings() -> None:
    assert Vote(best=1, ranks=(1, 2), ratings=(5, 1)).first == 1
    assert Vote(ranks=(2, 1), ratings=(5, 1)).first == 1
    assert Vote(ratings=(5, 5, 1)).first == TIE
    assert Vote(ratings=(5, None)).first is None


def test_equal_texts_are_one_response() -> None:
    at = same(["One.", "Two.", " One.\n"])
    assert at == (0, 1, 0)
    assert Vote(best=2, ranks=(3, 1, 2)).joined(at) == Vote(best=0, ranks=(3, 1, None))
    assert Vote(ratings=(None, 4, 5)).joined(at).first == 0
    # The best twice is no tie with itself.
    assert Vote(ratings=(5, 4, 5)).first == TIE
    assert Vote(ratings=(5, 4, 5)).joined(at).first == 0
    assert Vote(best=TIE).joined(at).first == TIE


def test_of_two_datasets_the_last_that_was_answered_counts(tmp_path: Path) -> None:
    run = write_run(tmp_path, [["One.", "Two."]], lambda k: f"Question {k}?")
    ids = ["r0/gx/0", "r0/gy/0"]
    may, june = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    later = [best("r0", ids[1], dataset_id="a", submitted_at=june)]
    earlier = [
        rated("r0", 5, 1, dataset_id="b", submitted_at=may),
        best("r0", ids[0], dataset_id="b", submitted_at=may),
    ]
    write_human(run, [*later, *earlier])
    assert votes(human.read(run), ids) == {"p1": Vote(best=1)}
    write_human(run, earlier)
    assert votes(human.read(run), ids) == {"p1": Vote(ratings=(5, 1), best=0)}
