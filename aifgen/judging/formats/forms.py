"""The two forms that most formats have: a text, or a JSON object with the reason before the answer.

Knows no format's words.
"""

from __future__ import annotations

import contextlib
import re
from abc import abstractmethod
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from aifgen.judging.formats.base import Format, ParseFailure, Reading, Refusal, Scale
from aifgen.judging.formats.braces import WHOLE
from aifgen.judging.formats.objects import TEXT, Shape, closed, json_object, number
from aifgen.judging.formats.sentences import WORDY
from aifgen.judging.formats.text import check_refusal, in_scale, said

CHANCE = {"A": 1.0, "tie": 0.5, "B": 0.0}
"""The probability that A is better which a verdict stands for."""


class TextOrObject(Format):
    """Reads the text form, and `{"rationale": ..., KEY: ...}` where the answer is one."""

    key: str

    def read(self, text: str, n: int | None, scale: Scale | None = None) -> Reading:
        text, scale = said(text), scale or self.scale
        if WHOLE.match(text) and (value := json_object(text, self.key)) is not None:
            reading, other = self._object(text, value, scale), None
            if WORDY.search(text, text.rfind("}")):
                with contextlib.suppress(ParseFailure):
                    other = self._text(text, scale)
            _check_same(reading, other)
            return reading
        try:
            reading = self._text(text, scale)
        except Refusal:
            raise
        except ParseFailure:
            check_refusal(text)
            if (value := json_object(text, self.key)) is None:
                raise
            return self._object(text, value, scale)
        return self._one(reading, text, scale)

    def _one(self, reading: Reading, text: str, scale: Scale | None) -> Reading:
        """Beside a text form, an object in the very form is the same answer, or a quotation."""
        other = None
        with contextlib.suppress(ParseFailure):
            value = json_object(text, self.key)
            if value is not None and value.keys() >= {"rationale", self.key}:
                other = self._object(text, value, scale)
        _check_same(reading, other)
        return other or reading

    @abstractmethod
    def _text(self, text: str, scale: Scale | None) -> Reading:
        """What the normal text says. Raises ParseFailure."""

    @abstractmethod
    def _object(self, text: str, value: Mapping[str, Any], scale: Scale | None) -> Reading:
        """What the object in the text says. Raises ParseFailure."""

    def _at(self, text: str, value: str) -> int | None:
        found = [*re.finditer(rf"[\"']{self.key}[\"']\s*:\s*[\"']?(?={re.escape(value)})", text)]
        return found[-1].end() if found else None


def _check_same(reading: Reading, other: Reading | None) -> None:
    if other and (other.verdict, other.ratings) != (reading.verdict, reading.ratings):
        raise ParseFailure("it answers twice, as text and as JSON, and the two differ")


class Worded(TextOrObject):
    """One word of a few decides. words: each with the verdict that it stands for."""

    kind = "pair"
    key = "verdict"
    words: Mapping[str, str]

    @property
    def ties(self) -> bool:  # type: ignore[override]
        return "tie" in self.words.values()

    def _object(self, text: str, value: Mapping[str, Any], scale: Scale | None) -> Reading:
        worded(tuple(self.words)).check(value)
        word: str = value["verdict"]
        return Reading(
            verdict=self.words[word], rationales=(value["rationale"],), at=self._at(text, word)
        )

    def schema(self, n: int, scale: Scale | None) -> Mapping[str, Any]:
        return worded(tuple(self.words)).schema

    def tokens(self, scale: Scale | None) -> Mapping[str, float]:
        return {word: CHANCE[verdict] for word, verdict in self.words.items()}


class Rated(TextOrObject):
    """One number decides."""

    kind = "rating"
    key = "rating"
    scale: Scale

    def _object(self, text: str, value: Mapping[str, Any], scale: Scale | None) -> Reading:
        scale = scale or self.scale
        rated(scale).check(value)
        rating = in_scale(float(value["rating"]), "the rating", scale)
        return Reading((rating,), (value["rationale"],), at=self._at(text, ""))

    def schema(self, n: int, scale: Scale | None) -> Mapping[str, Any]:
        return rated(scale or self.scale).schema

    def tokens(self, scale: Scale | None) -> Mapping[str, float]:
        scale = scale or self.scale
        return {str(k): float(k) for k in range(int(-(-scale.low // 1)), int(scale.high) + 1)}


@cache
def worded(words: tuple[str, ...]) -> Shape:
    """{"rationale": text, "verdict": one of the words}"""
    return Shape(closed({"rationale": TEXT, "verdict": {"enum": list(words)}}))


@lru_cache(maxsize=64)
def rated(scale: Scale) -> Shape:
    """{"rationale": text, "rating": a number of the scale}"""
    return Shape(closed({"rationale": TEXT, "rating": number(scale)}))


def asked(**values: str) -> str:
    """How a judge is asked for an object with these keys; the values say what stands there."""
    keys = ", ".join(f'"{key}": {what}' for key, what in values.items())
    return f"Answer with one JSON object and nothing else:\n{{{keys}}}"


def amount(scale: Scale) -> str:
    """What a rating may be, for a judge: a whole number from 1 to 5."""
    return f"a {'whole ' if scale.whole else ''}number from {scale.low:g} to {scale.high:g}"
