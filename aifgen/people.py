"""What people said of each row, put together: a median, a majority, how far they agree. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from statistics import median_low

from aifgen.judging.example import Best, Comment, Example
from aifgen.records import Message


@dataclass
class Person:
    """One person's answers about one row. ratings and ranks: one a response, null for none.
    order: the places of the responses as they saw them."""

    order: tuple[int, ...]
    ratings: list[float | None] | None = None
    best: Best | None = None
    ranks: list[float | None] | None = None
    comment: str | None = None

    @property
    def vote(self) -> Best | None:
        """The best by their own word, else by their ranking, else by their ratings."""
        if self.best is not None:
            return self.best
        if self.ranks is not None:
            return _first([None if rank is None else -rank for rank in self.ranks])
        return _first(self.ratings or [])


def example(
    prompt_id: str,
    messages: tuple[Message, ...],
    texts: tuple[str, ...],
    people: Sequence[Person],
    scale: tuple[float, float] | None,
) -> Example:
    """texts: (n,) the row's responses in the run's order.

    agreement: the mean of two shares, as far as there are answers: of the people who find the
    response best that most do, and of the scale that does not lie between their ratings of a
    response (mean over responses).
    """
    given = [
        sorted(r for one in people if one.ratings and (r := one.ratings[k]) is not None)
        for k in range(len(texts))
    ]
    votes = Counter(vote for one in people if (vote := one.vote) is not None)
    ranked = sorted(votes.items(), key=lambda item: (-item[1], str(item[0])))
    agreed, best = [], None
    if ranked:
        agreed.append(ranked[0][1] / votes.total())
        best = ranked[0][0] if 2 * ranked[0][1] > votes.total() else None
    if scale and any(given):
        spreads = [(one[-1] - one[0]) / (scale[1] - scale[0]) for one in given if one]
        agreed.append(1 - fsum(spreads) / len(spreads))
    comments = [
        Comment(one.order, one.comment)
        for one in people
        # Who is of another opinion than most would explain what is not shown.
        if one.comment and (best is None or one.vote in (None, best))
    ]
    return Example(
        prompt_id=prompt_id,
        messages=messages,
        texts=texts,
        ratings=tuple(median_low(one) if one else None for one in given),
        best=best,
        people=len(people),
        agreement=round(fsum(agreed) / len(agreed), 9) if agreed else 0.0,
        comments=tuple(comments),
    )


def _first(numbers: Sequence[float | None]) -> Best | None:
    """The place of the highest; a tie where several are, null where fewer than two have one."""
    there = {k: number for k, number in enumerate(numbers) if number is not None}
    if len(there) < 2:
        return None
    top = [k for k, number in there.items() if number == max(there.values())]
    return top[0] if len(top) == 1 else "tie"
