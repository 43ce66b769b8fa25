"""What people say of a row instead of the judges: which is chosen, and which is rejected."""

from __future__ import annotations

import pytest

from aifgen.errors import ConfigError
from aifgen.overruling import Decided, decided, pair_by_people, policy
from aifgen.records import TIE, Row, same
from aifgen.review.votes import Vote
from tests.judging.court import prompt, responses

JUDGED = ("q/gen2/0", "q/gen1/0")
"""Of x, y and z the judges chose z and rejected y."""


def row(*texts: str) -> Row:
    return Row(prompt("q", "?"), responses("q", *texts), ())


def rejected(*votes: Vote, best: int = 0, judged: tuple[str, str] | None = JUDGED) -> str:
    found = pair_by_people(row("x", "y", "z"), Decided(best, votes), judged)
    assert found is not None
    assert found[0].text == "xyz"[best]
    return found[1].text


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        # Only one of the others is rated: who is worst is not said, and the judges' word stays.
        ([Vote(best=0, ratings=(5, None, 1))], "y"),
        # Who names nothing but the best says nothing of the others.
        ([Vote(best=0, ratings=(5, 1, None)), Vote(best=0)], "y"),
        ([Vote(best=0, ratings=(5, 3, 4)), Vote(best=0), Vote(best=0)], "y"),
        ([Vote(best=0, ratings=(5, 4, 3)), Vote(best=0), Vote(best=0)], "z"),
        # Ranks are no ratings, nor the other way round: ratings decide where they are.
        ([Vote(ranks=(1, 2, 3)), Vote(ratings=(5, 1, 4))], "y"),
        ([Vote(ranks=(1, 3, 2)), Vote(ratings=(5, 4, 1))], "z"),
        ([Vote(ranks=(1, 2, 3)), Vote(ranks=(1, 2, 3)), Vote(ratings=(5, 3, 4))], "y"),
        ([Vote(ranks=(1, 2, 3)), Vote(ranks=(1, 2, 3)), Vote(best=0)], "z"),
        ([Vote(ranks=(1, 2, 3)), Vote(best=0, ratings=(5, 1, None))], "z"),
        # The median of three, not the lowest of all.
        ([Vote(ratings=(5, 1, 3)), Vote(ratings=(5, 4, 3)), Vote(ratings=(5, 4, 2))], "z"),
        # Rated alike: the judges' word between them.
        ([Vote(ratings=(5, 2, 2))], "y"),
    ],
)
def test_the_rejected_one_is_what_people_rate_lowest_on_one_scale(
    votes: list[Vote], expected: str
) -> None:
    assert rejected(*votes) == expected


def test_the_judges_rejected_may_be_the_one_that_people_chose() -> None:
    assert rejected(Vote(best=1), best=1) == "z"
    assert rejected(Vote(best=0), judged=None) == "y"


def test_the_rejected_one_never_has_the_chosen_text() -> None:
    chosen, other = pair_by_people(row("x", "x ", "z"), Decided(0, ()), JUDGED[::-1]) or (
        None,
        None,
    )
    assert (chosen and chosen.text, other and other.text) == ("x", "z")
    assert pair_by_people(row("x", "x\n"), Decided(0, ()), None) is None
    assert pair_by_people(row("x", "y"), Decided(TIE, ()), None) is None


def test_policies_of_votes() -> None:
    votes = {"a": Vote(best=0), "b": Vote(best=1), "c": Vote(best=0), "d": Vote(ratings=(None,))}
    assert decided(votes, "majority") == Decided(0, (votes["a"], votes["b"], votes["c"]))
    assert decided({"a": Vote(best=0), "b": Vote(best=1)}, "any") is None
    assert decided({"a": Vote(best="tie")}, "majority") == Decided("tie", (Vote(best="tie"),))
    assert decided(votes, ("d", "b")) == Decided(1, (votes["b"],))
    half = {"a": Vote(best=0), "b": Vote(best=0), "c": Vote(best=1), "d": Vote(best=TIE)}
    assert decided(half, "majority") is None
    assert decided(half, "any") == Decided(0, tuple(half.values()))
    assert decided({}, "any") is None
    assert policy(None, {}) == "majority"
    assert policy("bea,a,bea", {"a": "a", "b": "b", "bea": "b"}) == ("b", "a")
    for known, hint in (({"d1": "d1"}, True), ({"bea": "d1", "d1": "d1"}, False)):
        with pytest.raises(ConfigError, match="names of annotators") as caught:
            policy("ann", known)
        assert ("--names brings people's names" in str(caught.value)) is hint


def test_who_names_equal_texts_is_of_one_opinion() -> None:
    votes = {"x": Vote(best=0), "y": Vote(best=2), "z": Vote(best=1)}
    assert decided(votes, "majority") is None
    found = decided(votes, "majority", same(["One.", "Two.", "One. "]))
    assert found == Decided(0, tuple(votes.values()))
    assert decided(votes, ("y",), (0, 1, 0)) == Decided(0, (votes["y"],))
