"""What the judges of a run think of one prompt's responses, in the questions that people get.

Knows verdicts; knows no server and no order in which anything is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from aifgen.records import PANEL

T = TypeVar("T")
TIE = "tie"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Opinion:
    """One judge's. ratings: by response id. best: a response id, tie, or null where unsaid."""

    judge: str
    ratings: Mapping[str, float]
    best: str | None


@dataclass(frozen=True, slots=True)
class Suggested:
    """What is filled in for people to confirm or correct.

    Argilla keeps one suggestion a question. So agent names all the judges that say this, and score
    is their share of those who said anything (a ranking has none).
    """

    value: Any
    agent: str
    score: float | None


def opinions(verdicts: Sequence[Row], responses: Sequence[str]) -> list[Opinion]:
    """Every judge's, the panel's last. verdicts: rows of verdicts.parquet about one prompt;
    responses: the ids of its responses."""
    judges = sorted({row["judge"] for row in verdicts}, key=lambda name: (name == PANEL, name))
    found = []
    for judge in judges:
        said = [row for row in verdicts if row["judge"] == judge]
        ratings = {
            row["response_ids"][0]: float(row["rating"])
            for row in said
            if row["rating"] is not None and row["response_ids"][0] in responses
        }
        found.append(Opinion(judge, ratings, _best(ratings, said, responses)))
    return found


def rating_of(
    response: str, said: Sequence[Opinion], values: Sequence[int], name: Callable[[str], str]
) -> Suggested | None:
    """A rating that a question takes: none of 3.5, which rounded would be nobody's."""
    given = [
        (opinion.judge, opinion.ratings[response])
        for opinion in _alone(said)
        if response in opinion.ratings
    ]
    whole = [(judge, int(rating)) for judge, rating in given if rating in values]
    return _most(whole, len(given), name)


def best_of(
    said: Sequence[Opinion], place: Mapping[str, str], name: Callable[[str], str]
) -> Suggested | None:
    """place: the question's word for each response."""
    given = [(o.judge, place.get(o.best, o.best)) for o in _alone(said) if o.best is not None]
    return _most(given, len(given), name)


def ranking_of(
    said: Sequence[Opinion], place: Mapping[str, str], name: Callable[[str], str]
) -> Suggested | None:
    """Ranks by the panel's ratings, else the only judge's; equal ratings share a rank."""
    spoken = [o for o in said if o.judge == PANEL] or _alone(said)
    if not spoken or len(spoken[0].ratings) < len(place):
        return None
    ratings = spoken[0].ratings
    ranks = [
        {"value": word, "rank": 1 + sum(other > ratings[response] for other in ratings.values())}
        for response, word in place.items()
    ]
    ranks.sort(key=lambda one: int(str(one["rank"])))
    return Suggested(ranks, name(spoken[0].judge), None)


def agent(judge: str) -> str:
    """A judge's name as Argilla takes it."""
    return re.sub(r"[^a-zA-Z0-9_:./-]", "-", judge)


def consistency(verdicts: Sequence[Row]) -> str | None:
    """Over both orders of all pairs: flipped where one was, else tie, else consistent; null where
    nobody was asked in both orders."""
    told = {row["consistency"] for row in verdicts if row.get("consistency")}
    return next((word for word in ("flipped", "tie", "consistent") if word in told), None)


def _alone(said: Sequence[Opinion]) -> list[Opinion]:
    """The judges themselves; a panel is not one more."""
    return [opinion for opinion in said if opinion.judge != PANEL] or list(said)


def _most(
    given: Sequence[tuple[str, T]], asked: int, name: Callable[[str], str]
) -> Suggested | None:
    """What most say; of equals what the first judge among them says."""
    if not given:
        return None
    by: dict[T, list[str]] = {}
    for judge, value in given:
        by.setdefault(value, []).append(judge)
    value = max(by, key=lambda one: len(by[one]))
    who = " ".join(name(judge) for judge in by[value])[:200].strip()
    return Suggested(value, who, round(len(by[value]) / asked, 4))


def _best(
    ratings: Mapping[str, float], said: Sequence[Row], responses: Sequence[str]
) -> str | None:
    """Null where the judge did not say enough to know."""
    if len(responses) < 2:
        return None
    if len(ratings) == len(responses):
        top = [name for name, rating in ratings.items() if rating == max(ratings.values())]
        return top[0] if len(top) == 1 else TIE
    pairs = [row for row in said if row["verdict"] and len(row["response_ids"]) == 2]
    wins = [
        row["response_ids"]["AB".index(row["verdict"])] for row in pairs if row["verdict"] in "AB"
    ]
    for response in responses:
        if wins.count(response) == len(responses) - 1:
            return response
    return TIE if pairs and not wins and len(responses) == 2 else None
