"""What of a reviewed row can be shown under a protocol: which responses, and the best of them.

Knows no other row and no order.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from aifgen.judging.example import Example
from aifgen.judging.formats.base import Kind, Scale
from aifgen.records import TIE, same

Compared = tuple[tuple[int, ...], int | None]
"""Places of responses in their row, and the place of the best; null for a tie, or for one alone."""


def compared(
    one: Example, kind: Kind, scale: Scale | None, draw: Callable[[int], str]
) -> Compared | None:
    """Null where it cannot be shown. draw: decides between responses that nothing else tells apart.

    Of several responses that are rated one by one, all that have a rating: one of them is shown.
    """
    if kind == "pair":
        return _two(one, draw)
    rated = {k: r for k, r in enumerate(one.ratings) if r is not None and _possible(r, scale)}
    if kind == "rating":
        return (tuple(rated), None) if rated else None
    if len(rated) < len(one.texts):
        return None
    top = [k for k, rating in rated.items() if rating == max(rated.values())]
    return tuple(rated), top[0] if len(top) < len(rated) and len(top) == 1 else None


def _possible(rating: float, scale: Scale | None) -> bool:
    """Whether a judge could give it."""
    if scale is None:
        return True
    whole = not scale.whole or float(rating).is_integer()
    return whole and scale.low <= rating <= scale.high


def _two(one: Example, draw: Callable[[int], str]) -> Compared | None:
    """The best and the lowest rated of the others, or two that are equal."""
    if len(one.texts) < 2 or one.best is None:
        return None
    rated = {k: rating for k, rating in enumerate(one.ratings) if rating is not None}
    at = same(one.texts)
    if one.best == TIE:
        top = [k for k, rating in rated.items() if rating == max(rated.values())]
        equal = list(dict.fromkeys(at[k] for k in top)) if len(one.texts) > 2 else [0, 1]
        return ((equal[0], equal[1]), None) if len(equal) > 1 else None
    best: int = one.best
    others = [k for k in range(len(one.texts)) if at[k] != at[best]]
    if not others:
        return None
    low = min(others, key=lambda k: (rated.get(k, math.inf), draw(k)))
    if rated.get(low, -math.inf) > rated.get(best, math.inf):
        return None  # their ratings say the opposite
    return (best, low), best
