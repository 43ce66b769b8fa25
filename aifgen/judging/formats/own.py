"""Answers read by what a user wrote in YAML: a regular expression or a JSON Schema.

Knows nothing of how that was written, see custom.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from aifgen.judging.formats.base import Format, ParseFailure, Reading, Scale
from aifgen.judging.formats.objects import Shape
from aifgen.judging.formats.text import check_refusal, in_scale, said
from aifgen.judging.formats.voice import check_taken_back, own

JOINED = re.compile(
    r"[.,]?\d|[\s*_`)\]]*+(?:(?:/|out\s+of)\s*+(?P<of>\d+(?:\.\d+)?)|(?:[-–—~]|(?:or|to)\b)\s*+\d)",
    re.IGNORECASE,
)
"""What makes a number a part of another one, or one of two."""
Value = Literal["rating", "ratings", "verdict"]


class Own(Format):
    name = "custom"

    def __init__(
        self,
        value: Value,
        verdicts: Mapping[str, str],
        labels: Mapping[str, float],
        instruction: str,
    ) -> None:
        self.kind = "pair" if value == "verdict" else value
        self._verdicts = {word.lower(): verdict for word, verdict in verdicts.items()}
        self._labels = {word.lower(): (word, rating) for word, rating in labels.items()}
        self._instruction = instruction
        self.ties, self.labelled = "tie" in self._verdicts.values(), bool(labels)

    def wording(self, n: int, scale: Scale | None, *, structured: bool) -> str:
        return self._instruction

    def misfit(self, scale: Scale | None) -> str | None:
        if scale is None:
            return None
        try:
            for word, rating in self._labels.values():
                in_scale(rating, f"the label {word}", scale)
        except ParseFailure as failure:
            return failure.reason
        return None

    def _verdict(self, said: object, at: int | None = None) -> Reading:
        verdict = self._verdicts.get(str(said).strip().lower())
        if verdict is None:
            raise ParseFailure("its verdict is none of the words asked for")
        return Reading(verdict=verdict, at=at)

    def _rating(self, said: object, scale: Scale | None, at: int | None = None) -> Reading:
        label, rating = self._labels.get(str(said).strip().lower(), (None, None))
        if rating is None:
            rating = _value(said)
            if scale is not None:
                rating = in_scale(rating, "the rating", scale)
        return Reading((rating,), label=label, at=at)


class Pattern(Own):
    """The last match of a regular expression, its group `rating` or `verdict`."""

    def __init__(
        self,
        pattern: re.Pattern[str],
        verdicts: Mapping[str, str],
        labels: Mapping[str, float],
        instruction: str,
    ) -> None:
        self._group: Value = "rating" if "rating" in pattern.groupindex else "verdict"
        super().__init__(self._group, verdicts, labels, instruction)
        self._pattern = pattern

    def read(self, text: str, n: int | None, scale: Scale | None = None) -> Reading:
        text = said(text)
        found = own(text, self._pattern.finditer(text), self._group, objects=False)
        if not found or found[-1][self._group] is None:
            check_refusal(text)
            raise ParseFailure(f"nothing that it says itself matches {self._pattern.pattern}")
        value, at = found[-1][self._group], found[-1].start(self._group)
        check_taken_back(text, found[-1].end())
        if self._group == "verdict":
            return self._verdict(value, at)
        if more := JOINED.match(text, found[-1].end(self._group)):
            if more["of"] is None:
                raise ParseFailure("its rating goes on: the pattern reads a part of it")
            if scale is not None and float(more["of"]) != scale.high:
                raise ParseFailure(f"the rating is out of {more['of']}, not {scale.high:g}")
        return self._rating(value, scale, at)

    def tokens(self, scale: Scale | None) -> Mapping[str, float]:
        if self.kind == "rating" and scale is not None and not self._labels:
            return {str(k): float(k) for k in range(int(scale.low), int(scale.high) + 1)}
        return {}


class Structured(Own):
    """A JSON answer that follows the user's schema, and a pointer to what decides."""

    def __init__(
        self,
        shape: Shape,
        value: Value,
        path: tuple[str, ...],
        verdicts: Mapping[str, str],
        labels: Mapping[str, float],
        instruction: str,
    ) -> None:
        super().__init__(value, verdicts, labels, instruction)
        self._shape, self._value, self._path = shape, value, path

    def schema(self, n: int, scale: Scale | None) -> Mapping[str, Any]:
        return self._shape.schema

    def wording(self, n: int, scale: Scale | None, *, structured: bool) -> str:
        return self._instruction or (
            "Answer with one JSON object that follows this JSON Schema, and nothing else:\n"
            + json.dumps(self._shape.schema)
        )

    def read(self, text: str, n: int | None, scale: Scale | None = None) -> Reading:
        text = said(text)
        value = self._decoded(text)
        self._shape.check(value)
        for key in self._path:
            try:
                value = value[int(key)] if isinstance(value, list) else value[key]
            except (KeyError, IndexError, ValueError, TypeError):
                raise ParseFailure(f"there is no /{'/'.join(self._path)} in it") from None
        if self._value == "verdict":
            return self._verdict(value)
        if self._value == "rating":
            return self._rating(value, scale)
        if not isinstance(value, list) or (n is not None and len(value) != n):
            raise ParseFailure(f"/{'/'.join(self._path)} is no list of {n} ratings")
        return Reading(tuple((self._rating(one, scale).ratings or (None,))[0] for one in value))

    def _decoded(self, text: str) -> Any:
        begin, end = text.find("{"), text.rfind("}")
        if begin < 0:
            check_refusal(text)
            raise ParseFailure("there is no JSON object")
        try:
            return json.loads(text[begin : end + 1])
        except (ValueError, RecursionError) as error:
            raise ParseFailure(f"its JSON cannot be read: {error}") from None


def _value(said: object) -> float:
    if isinstance(said, bool):
        raise ParseFailure("its rating is no number")
    try:
        return float(said)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ParseFailure("its rating is no number") from None
