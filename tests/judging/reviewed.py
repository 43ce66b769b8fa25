"""Rows that people reviewed, made by hand: what the tests of examples share."""

from __future__ import annotations

from typing import Any

from aifgen.judging.example import Comment, Example, Reviewed
from aifgen.judging.examples import Examples
from aifgen.judging.formats.base import Kind, Scale
from aifgen.records import Best, Message

SCALE = Scale(1, 5)


def example(
    name: str,
    *texts: str,
    ratings: tuple[float | None, ...] | None = None,
    best: Best | None = None,
    agreement: float = 1.0,
    people: int = 1,
    comments: tuple[Comment, ...] = (),
    ask: str | None = None,
) -> Example:
    """By default two texts, of which the first is rated 4 and the second 2."""
    texts = texts or (f"{name} one.", f"{name} two.")
    if ratings is None:
        ratings = (4.0, *(2.0 for _ in texts[1:]))
    if best is None:
        top = [k for k, rating in enumerate(ratings) if rating == max(r or 0 for r in ratings)]
        best = top[0] if len(top) == 1 else "tie"
    asked = (Message(role="user", content=ask or f"{name}?"),)
    return Example(name, asked, texts, ratings, best, people, agreement, comments)


def reviewed(*examples: Example, **more: Any) -> Reviewed:
    return Reviewed("run/human.parquet", examples, (1.0, 5.0), **more)


def chosen(
    kind: Kind, *examples: Example, n: int = 3, seed: int = 0, scale: Scale = SCALE,
    ties: bool = True, most_tokens: int | None = None,
) -> Examples:  # fmt: skip
    return Examples(
        reviewed(*examples), kind, None if kind == "pair" else scale,
        ties=ties, n=n, seed=seed, most_tokens=most_tokens,
    )  # fmt: skip
