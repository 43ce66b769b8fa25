"""A row's pairs where people have reviewed it, and what is counted of them."""

from __future__ import annotations

from typing import Any

from aifgen.records import Response, Row, Verdict, digest
from aifgen.review.human import Answer
from aifgen.reviewed_pairs import Reviewed
from tests.judging.court import prompt, responses


def row(*texts: str, ratings: tuple[float, ...], name: str = "q") -> Row:
    """ratings: what the judge says of the texts."""
    made = responses(name, *texts)
    verdicts = (
        Verdict(name, "j", "p", (one.response_id,), rating, *[None] * 6)
        for one, rating in zip(made, ratings, strict=True)
    )
    return Row(prompt(name), made, (), tuple(verdicts))


def answer(about: tuple[Response, ...], who: str, question: str, value: str, **more: Any) -> Answer:
    ids = tuple(one.response_id for one in about)
    given: dict[str, Any] = {
        "prompt_id": about[0].prompt_id, "annotator": who, "question": question, "value": value,
        "status": "submitted", "response_ids": ids, "shown": ids,
        "text_digests": tuple(one.text_digest for one in about), "scale_min": None,
        "scale_max": None, "submitted_at": None, "inclusion_probability": None, "sample": None,
        "dataset": None, "prompt_digest": digest(prompt().messages), **more,
    }  # fmt: skip
    return Answer(**given)


def test_equal_texts_are_one_response_to_people_and_judges() -> None:
    """Two of three find one text best, each another copy of it; so do the judges."""
    one = row("One.", "Two.", "One. ", ratings=(3, 1, 5))
    said = [
        answer(one.responses, who, "best", f"q/gen{k}/0")
        for who, k in (("x", 0), ("y", 2), ("z", 1))
    ]
    heard = Reviewed.of(said, "majority")
    (made,) = heard.rows("dpo", one, 0)
    assert (made["chosen"][0]["content"], made["rejected"][0]["content"]) == ("One.", "Two.")
    assert made["labelled_by"] == "people"
    assert (heard.counts.people, heard.counts.against, heard.counts.ties) == (1, 0, 0)


def test_what_people_say_otherwise_than_the_judges_is_counted() -> None:
    one = row("One.", "Two.", ratings=(5, 1))
    best = Reviewed.of([answer(one.responses, "x", "best", "q/gen1/0")], "majority")
    (made,) = best.rows("dpo", one, 0)
    assert (made["chosen"][0]["content"], best.counts.against) == ("Two.", 1)
    same = Reviewed.of([answer(one.responses, "x", "best", "q/gen0/0")], "majority")
    assert (len(list(same.rows("dpo", one, 0))), same.counts.against) == (1, 0)
    tie = Reviewed.of([answer(one.responses, "x", "best", "tie")], "majority")
    assert list(tie.rows("dpo", one, 0)) == []
    assert (tie.counts.against, tie.counts.ties) == (1, 1)
    # The judges had no pair either.
    even = row("One.", "Two.", ratings=(3, 3))
    assert (list(tie.rows("dpo", even, 0)), tie.counts.against, tie.counts.ties) == ([], 1, 2)
