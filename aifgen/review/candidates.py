"""The prompts of a finished run that people could look at, and how sure its judges are of each.

Knows verdicts and ids, no text; chooses nothing (see sampling).
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from aifgen.errors import ConfigError
from aifgen.records import PANEL
from aifgen.tables import read_rows

KINDS = ("subset", "category", "kind", "type", "task")
"""Columns of a source that say of what kind a prompt is, the first that is there."""
SCORES = {"A": 1.0, "tie": 0.5, "B": 0.0}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One prompt with a response. spread: from 0 (all say the same, or the one judge is sure) to 1.
    margin: the best rating less the worst, on the judge's scale (where pairs are judged, of the
    mean probability to win); NaN where fewer than two responses have one. flipped: a judge named
    another response of a pair when it saw them the other way round. stratum: whose responses, and
    of what kind the prompt is."""

    prompt_id: str
    spread: float
    margin: float
    flipped: bool
    stratum: str


@dataclass(slots=True)
class _Said:
    """One judge about one prompt. rating, doubt: by response id; doubt: the largest rating of its
    samples or aspects less the smallest. first: (a, b) -> how sure it is that a is better. unsure:
    (a, b) -> 0 to 1. Pairs of ids are sorted."""

    rating: dict[str, float] = field(default_factory=dict)
    doubt: dict[str, float] = field(default_factory=dict)
    first: dict[tuple[str, str], float] = field(default_factory=dict)
    unsure: dict[tuple[str, str], float] = field(default_factory=dict)
    flipped: bool = False


Judged = Mapping[str, _Said]
"""By judge."""


def candidates(folder: Path, by: str | None = None) -> list[Candidate]:
    """In the run's order. by: the judge whose doubts and margins count; null: what all say.

    Between several judges, spread is the mean over pairs of responses, and of judges, of how far
    apart they are about the pair (a probability, else 1, 1/2 or 0); where they rate, the mean of
    that and of the difference of their ratings as a part of the ratings given in the run. Of one
    judge it is its flips and ties, a probability near 1/2, and how far its samples or aspects are
    apart. Where nobody doubts anything in the whole run, a small margin has to do.

    Raises an AifgenError where there is no run, or no judge of that name.
    """
    said, judges = _said(folder)
    if by is not None and by not in judges:
        there = f"there are {', '.join(judges)}" if judges else "nobody judged this run"
        raise ConfigError(f"no judge of {folder} is called {by}: {there}")
    main = by or (PANEL if PANEL in judges else next(iter(judges), PANEL))
    scale = {judge: _range([judge], said) for judge in judges}
    whole = _range(judges, said)  # the judges of a run rate on one scale
    found = []
    responses = _responses(folder)
    for prompt, kind in _prompts(folder):
        given = responses.get(prompt)
        if not given:
            continue
        mine = {j: of for j, of in said.get(prompt, {}).items() if j == by or by is None}
        each = {j: of for j, of in mine.items() if j != PANEL or by == PANEL}
        pairs = [(a, b) for (a, x), (b, y) in combinations(sorted(given.texts.items()), 2)
                 if x != y]  # fmt: skip
        found.append(
            Candidate(
                prompt_id=prompt,
                spread=_between(each, pairs, given.texts, whole)
                if len(each) > 1
                else max((_own(of, pairs, scale[j]) for j, of in each.items()), default=0.0),
                margin=_margin(mine.get(main)),
                flipped=any(of.flipped for of in each.values()),
                stratum=f"{'+'.join(sorted(given.generators))} | {kind}",
            )
        )
    return found if any(one.spread for one in found) else _by_margin(found)


def _by_margin(found: Sequence[Candidate]) -> list[Candidate]:
    known = [one.margin for one in found if math.isfinite(one.margin)]
    widest = max(known, default=0.0) or 1.0
    return [
        replace(one, spread=0.0 if math.isnan(one.margin) else 1 - one.margin / widest)
        for one in found
    ]


def _between(
    each: Judged,
    pairs: Sequence[tuple[str, str]],
    texts: Mapping[str, str],
    scale: float,
) -> float:
    verdicts = []
    for pair in pairs:
        told = [first for of in each.values() if (first := _first(of, pair)) is not None]
        verdicts += [abs(x - y) for x, y in combinations(told, 2)]
    ratings = []
    for name in texts:
        rated = [of.rating[name] for of in each.values() if name in of.rating]
        if len(rated) > 1:
            ratings.append((max(rated) - min(rated)) / scale)
    return _mean([_mean(part) for part in (verdicts, ratings) if part])


def _first(of: _Said, pair: tuple[str, str]) -> float | None:
    """How sure a judge is that the first of a pair is better; of ratings, which one is higher."""
    if pair in of.first:
        return of.first[pair]
    if of.rating.keys() >= set(pair):
        one, two = (of.rating[name] for name in pair)
        return 0.5 if one == two else float(one > two)
    return None


def _own(of: _Said, pairs: Sequence[tuple[str, str]], scale: float) -> float:
    unsure = [of.unsure[pair] for pair in pairs if pair in of.unsure]
    return _mean(unsure or [min(doubt / scale, 1.0) for doubt in of.doubt.values()])


def _margin(of: _Said | None) -> float:
    if of is None:
        return math.nan
    value = list(of.rating.values())
    if not value:
        won: dict[str, list[float]] = {}
        for (a, b), first in of.first.items():
            won.setdefault(a, []).append(first)
            won.setdefault(b, []).append(1 - first)
        value = [_mean(some) for some in won.values()]
    return round(max(value) - min(value), 9) if len(value) > 1 else math.nan


def _mean(numbers: Sequence[float]) -> float:
    return round(math.fsum(numbers) / len(numbers), 9) if numbers else 0.0


def _range(judges: Collection[str], said: Mapping[str, Judged]) -> float:
    """The largest rating that these judges give in the run less the smallest."""
    given = [of[judge] for of in said.values() for judge in judges if judge in of]
    ratings = [rating for of in given for rating in of.rating.values()]
    return (max(ratings) - min(ratings) if ratings else 0.0) or 1.0


@dataclass(slots=True)
class _Given:
    """texts: response id -> text digest."""

    texts: dict[str, str] = field(default_factory=dict)
    generators: set[str] = field(default_factory=set)


def _responses(folder: Path) -> dict[str, _Given]:
    found: dict[str, _Given] = {}
    columns = ("prompt_id", "response_id", "generator", "text_digest")
    for row in read_rows(folder / "responses.parquet", columns):
        of = found.setdefault(row["prompt_id"], _Given())
        of.texts[row["response_id"]] = row["text_digest"]
        of.generators.add(row["generator"])
    return found


def _prompts(folder: Path) -> Iterator[tuple[str, str]]:
    """Ids and kinds."""
    rows = list(read_rows(folder / "prompts.parquet", ("prompt_id", "messages", "extra")))
    extras = [json.loads(row["extra"] or "{}") for row in rows]
    column = next((c for c in KINDS if any(isinstance(e.get(c), str) for e in extras)), "")
    for row, extra in zip(rows, extras, strict=True):
        turns = sum(message["role"] == "user" for message in row["messages"])
        kind = extra.get(column)
        own = "one turn" if turns < 2 else "a conversation"
        yield row["prompt_id"], kind if isinstance(kind, str) else own


def _said(folder: Path) -> tuple[dict[str, dict[str, _Said]], list[str]]:
    """By prompt and judge, and the judges in the order in which they appear."""
    found: dict[str, dict[str, _Said]] = {}
    judges: dict[str, None] = {}
    columns = (
        "prompt_id", "judge", "response_ids", "rating", "parts", "verdict", "probability",
        "consistency", "spread",
    )  # fmt: skip
    for row in read_rows(folder / "verdicts.parquet", columns):
        judges[row["judge"]] = None
        _add(found.setdefault(row["prompt_id"], {}).setdefault(row["judge"], _Said()), row)
    return found, list(judges)


def _add(of: _Said, row: Mapping[str, Any]) -> None:
    if row["rating"] is not None:
        name = row["response_ids"][0]
        parts = [part["rating"] for part in row["parts"] or ()]
        apart = max(parts) - min(parts) if parts else 0.0
        of.rating[name] = row["rating"]
        of.doubt[name] = max(apart, row["spread"] or 0.0)
        return
    if len(row["response_ids"]) != 2:
        return
    a, b = row["response_ids"]
    flipped = row["consistency"] == "flipped"
    of.flipped |= flipped
    # Flips that were dropped have no verdict: they are as unsure as a tie.
    first = row["probability"]
    if first is None:
        first = SCORES[row["verdict"] or "tie"]
    pair = (a, b) if a < b else (b, a)
    of.first[pair] = first if a < b else 1 - first
    of.unsure[pair] = 1.0 if flipped else max(1 - abs(2 * first - 1), row["spread"] or 0.0)
