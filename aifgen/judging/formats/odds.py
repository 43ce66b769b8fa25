"""A verdict from the log probabilities of an answer's first token. Knows no text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from aifgen.judging.formats.base import Format, ParseFailure, Reading, Scale
from aifgen.judging.formats.text import said


class FirstToken(Format):
    """AlpacaEval 2 (Dubois et al. 2024): `m` the first shown, `M` the second, by their odds.

    The answer is the JSON object {token: log probability} of the first token's likeliest choices.
    P(A is better) = p(m) / (p(m) + p(M)). Where the likeliest token is neither, the judge was about
    to write something else: a ParseFailure.
    """

    name = "logprob_token"
    kind = "pair"
    brief = True
    ties = False

    def read(self, text: str, n: int | None, scale: Scale | None = None) -> Reading:
        odds = _odds(said(text))
        if max(odds, key=odds.__getitem__, default="").strip() not in ("m", "M"):
            raise ParseFailure('its likeliest first token is neither "m" nor "M"')
        first, second = (
            sum(math.exp(value) for token, value in odds.items() if token.strip() == name)
            for name in ("m", "M")
        )
        if not first + second:
            raise ParseFailure('its odds of "m" and of "M" are none')
        return Reading(probability=first / (first + second))

    def wording(self, n: int, scale: Scale | None, *, structured: bool) -> str:
        return 'Answer with one letter and nothing else: "m" if m is better, "M" if M is better.'

    def tokens(self, scale: Scale | None) -> Mapping[str, float]:
        return {"m": 1.0, "M": 0.0}


def _odds(text: str) -> dict[str, float]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ParseFailure("it is no JSON object of tokens and log probabilities") from None
    if not isinstance(value, dict) or not all(
        isinstance(odds, int | float) and not isinstance(odds, bool) and odds <= 0
        for odds in value.values()
    ):
        raise ParseFailure("it is no JSON object of tokens and log probabilities")
    return value
