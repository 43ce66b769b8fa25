"""How near vectors are to each other: all of them, one by one. Knows no database.

Elasticsearch asks an approximate index; for the tens of thousands of records that people review,
the exact answer is quick enough and needs no numpy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from operator import mul
from typing import TypeVar

Key = TypeVar("Key")


def nearest(
    rows: Iterable[tuple[Key, Sequence[float]]],
    target: Sequence[float],
    *,
    at_most: int,
    threshold: float | None = None,
) -> list[tuple[Key, float]]:
    """(key, score), best first; score is (1 + cosine) / 2, Elasticsearch's, 0.5 for a null vector.

    A row whose vector has another length than the target is left out.
    """
    length = _norm(target)
    scored = []
    for key, value in rows:
        if len(value) != len(target):
            continue
        norms = length * _norm(value)
        score = (1 + (sum(map(mul, value, target)) / norms if norms else 0.0)) / 2
        if threshold is None or score >= threshold:
            scored.append((key, score))
    scored.sort(key=lambda row: -row[1])
    return scored[:at_most]


def _norm(vector: Sequence[float]) -> float:
    return math.sqrt(sum(map(mul, vector, vector)))
