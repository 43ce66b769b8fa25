"""What people said of each row, put together: a median, a majority, how far they agree. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from statistics import median_low

from aifgen.judging.example import Comment, Example
from aifgen.records import Message, same
from aifgen.review.votes import Vote


@dataclass(frozen=True, slots=True)
class Person:
    """One person's answers about one row. ratings: one a response, null for none; only those on the
    scale of the example. order: the places of the responses as they saw them."""

    vote: Vote
    ratings: tuple[float | None, ...] | None
    comment: str | None
    order: tuple[int, ...]


def example(
    prompt_id: str,
    messages: tuple[Message, ...],
    texts: tuple[str, ...],
    people: Sequence[Person],
    scale: tuple[float, float] | None,
) -> Example:
    """texts: (n,) the row's responses in the run's order.

    Who names another copy of the same text is of the same opinion.

    agreement: the mean of two shares, as far as there are answers: of the people who find the
    response best that most do, and of the scale that does not lie between their ratings of a
    response (mean over responses).
    """
    at = same(texts)
    bests = [one.vote.joined(at).first for one in people]
    given = [
        sorted(r for one in people if one.ratings and (r := one.ratings[k]) is not None)
        for k in range(len(texts))
    ]
    votes = Counter(best for best in bests if best is not None)
    ranked = sorted(votes.items(), key=lambda item: (-item[1], str(item[0])))
    agreed, best = [], None
    if ranked:
        agreed.append(ranked[0][1] / votes.total())
        best = ranked[0][0] if 2 * ranked[0][1] > votes.total() else None
    if scale and any(given):
        spreads = [min((one[-1] - one[0]) / (scale[1] - scale[0]), 1) for one in given if one]
        agreed.append(1 - fsum(spreads) / len(spreads))
    comments = [
        Comment(one.order, one.comment)
        for one, theirs in zip(people, bests, strict=True)
        # Who is of another opinion than most would explain what is not shown.
        if one.comment and (best is None or theirs in (None, best))
    ]
    return Example(
        prompt_id=prompt_id,
        messages=messages,
        texts=texts,
        ratings=tuple(median_low(one) if one else None for one in given),
        best=best,
        people=sum(one.ratings is not None or one.vote != Vote() for one in people),
        agreement=round(fsum(agreed) / len(agreed), 9) if agreed else 0.0,
        comments=tuple(comments),
    )
