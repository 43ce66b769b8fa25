"""What people said of a row, put together: which comments are shown, and how far they agree."""

from __future__ import annotations

import pytest

from aifgen.judging.example import Example
from aifgen.people import Person, example
from aifgen.records import TIE
from aifgen.review.votes import Vote

TEXTS = ("This.", "That.")


def person(best: int | None = None, *ratings: float | None, comment: str | None = None) -> Person:
    return Person(Vote(ratings or None, best), ratings or None, comment, (0, 1))


def put(*people: Person, scale: tuple[float, float] | None = (1, 5)) -> Example:
    return example("r", (), TEXTS, people, scale)


@pytest.mark.parametrize(
    ("people", "agreement"),
    [
        ([person(0), person(0), person(1)], 2 / 3),
        # One of three lies two of four steps from another: of both responses a half and nothing.
        ([person(None, 5, 1), person(None, 3, 1)], (1 + 3 / 4) / 2),
        ([person(0, 5, 1), person(1, 5, 1)], (1 / 2 + 1) / 2),
        ([person(0, 5, 1), person(0, 1, 5)], (1 + 0) / 2),
        # What is on no scale of theirs makes it no less than nothing.
        ([person(0, 99, 1), person(0, 1, 1)], (1 + 1 / 2) / 2),
        ([person(comment="Hm.")], 0),
    ],
)
def test_agreement_is_of_the_best_and_of_the_ratings(
    people: list[Person], agreement: float
) -> None:
    assert put(*people).agreement == pytest.approx(agreement)


def test_comments_of_another_opinion_than_most_are_left_out() -> None:
    most = [person(0, comment="a"), person(0, comment="b"), person(1, comment="c")]
    silent = person(None, comment="d")
    assert [one.text for one in put(*most, silent).comments] == ["a", "b", "d"]
    assert [one.text for one in put(most[0], most[2]).comments] == ["a", "c"]


def test_who_only_comments_says_nothing_that_others_could_agree_with() -> None:
    assert put(person(0), person(comment="Hm.")).people == 1
    assert put(person(0), person(None, 3, None)).people == 2


def test_who_names_a_copy_of_the_best_is_of_the_same_opinion() -> None:
    people = [person(0, comment="a"), person(2, comment="b"), person(1, comment="c")]
    found = example("r", (), ("One.", "Two.", "One.\n"), people, None)
    assert found.best == 0
    assert found.agreement == pytest.approx(2 / 3)
    assert [one.text for one in found.comments] == ["a", "b"]
    ties = [Person(Vote(best=TIE), None, None, (0, 1)), person(0), person(1)]
    assert put(*ties).best is None
