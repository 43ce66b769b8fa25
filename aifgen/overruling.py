"""Where people have spoken, their word instead of the judges'. Knows rows and votes, no file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from aifgen.errors import ConfigError
from aifgen.records import TIE, Best, Response, Row
from aifgen.review.votes import Vote

MAJORITY, ANY, NONE = "majority", "any", "none"


@dataclass(frozen=True, slots=True)
class Decided:
    """What people say of a row. best: the place of a response, or tie. votes: of those who were
    heard for it."""

    best: Best
    votes: tuple[Vote, ...]


def policy(word: str | None, known: Mapping[str, str]) -> str | tuple[str, ...]:
    """majority (also null), any, none, or annotators. known: by what they may be called. Raises
    ConfigError."""
    if word is None:
        return MAJORITY
    if word in (MAJORITY, ANY, NONE):
        return word
    named = (name.strip() for name in word.split(","))
    names = tuple(dict.fromkeys(known.get(name, name) for name in named if name))
    if not names or (unknown := [name for name in names if name not in known.values()]):
        who = ", ".join(known) or "nobody has submitted an answer"
        if known and all(name == one for name, one in known.items()):
            who += "; aifgen review pull RUN --names brings people's names"
        what = unknown[0] if names else word
        raise ConfigError(
            f"--people {what}: give majority, any, none or names of annotators ({who})"
        )
    return names


def decided(
    votes: Mapping[str, Vote], by: str | tuple[str, ...], at: Sequence[int] | None = None
) -> Decided | None:
    """Null where the judges' word stays. votes: by annotator. at: which places are one response
    (votes.same); null where none are.

    majority: what more than half of those who answered say. any: what most say, however few.
    names: the first of them who has answered. Where people are split, the judges' word stays.
    """
    heard = votes if at is None else {who: vote.joined(at) for who, vote in votes.items()}
    said = {who: first for who, vote in heard.items() if (first := vote.first) is not None}
    if isinstance(by, tuple):
        expert = next((name for name in by if name in said), None)
        return Decided(said[expert], (votes[expert],)) if expert is not None else None
    if not said or by == NONE:
        return None
    (best, most), *others = Counter(said.values()).most_common()
    split = any(count == most for _, count in others)
    if split or (by == MAJORITY and 2 * most <= len(said)):
        return None
    return Decided(best, tuple(votes[who] for who in said))


def pair_by_people(
    row: Row, found: Decided, judged: tuple[str, str] | None
) -> tuple[Response, Response] | None:
    """(chosen, rejected) by what people say; null where they say tie, or where both are one text.

    Of three responses or more the rejected one is what people rate lowest, else what they rank
    lowest (the median over them); where they do not say, the one that the judges rejected.
    judged: the ids of the judges' pair.
    """
    if found.best == TIE:
        return None
    responses = row.responses
    chosen = responses[int(found.best)]
    others = [
        (k, one) for k, one in enumerate(responses) if one.text.strip() != chosen.text.strip()
    ]
    if not others:
        return None
    known = _heights(found.votes, [k for k, _ in others])
    lowest = [one for k, one in others if not known or known[k] == min(known.values())]
    ids = (*(judged or ())[::-1], *(one.response_id for one in lowest))
    return chosen, next(one for name in ids for one in lowest if one.response_id == name)


def _heights(votes: Sequence[Vote], places: Sequence[int]) -> dict[int, float]:
    """The median of what people say of each of these, the higher the better: of their ratings, else
    of their ranks, which are on no scale together. Empty where neither is known of all of them."""
    ranks = [
        tuple(None if rank is None else -rank for rank in vote.ranks)
        for vote in votes
        if vote.ranks is not None
    ]
    for said in ([vote.ratings for vote in votes if vote.ratings is not None], ranks):
        given = {k: [n for one in said if (n := one[k]) is not None] for k in places}
        if all(given.values()):
            return {k: median(numbers) for k, numbers in given.items()}
    return {}
