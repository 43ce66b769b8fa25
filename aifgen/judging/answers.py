"""Reading what judges write: blocks, JSON, refusals. Knows no protocol's words and no model."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from aifgen.judging.protocol import ParseFailure, Reading, Refusal

HEADER = re.compile(
    r"^[^\w\n]*(?:output\s+for\s+)?text[\s_]*[<\[(]?(\d+)[>\])]?[^\w\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
RATING = re.compile(
    r"^[^\w\n]*rating[^\w\n]*?[:=\-–—][^\w\n+\-]*(?P<value>[^\n]*)$", re.IGNORECASE | re.MULTILINE
)
VALUE = re.compile(r"(?P<number>[+-]?\d+(?:\.\d+)?)(?P<rest>.*)$")
RATIONALE = re.compile(
    r"^[^\w\n]*rationale(?:\s+for\s+rating)?[^\w\n]*?[:=]\**[ \t]*", re.IGNORECASE | re.MULTILINE
)
NOT_APPLICABLE = re.compile(r"n\s*/?\s*a\b|not applicable", re.IGNORECASE)
REFUSED = re.compile(
    r"^\W*(?:i['’]?m\s+(?:very\s+|so\s+)?sorry|sorry|i\s+apologi[sz]e|unfortunately)?[\s,.;:—-]*"
    r"(?:but\s+)?(?:as an ai[^.\n]{0,60}[,.]\s*)?"
    r"i\s*(?:['’]?m\s+(?:not\s+able|unable)\s+to|can(?:no|['’])t|can\s*not|won['’]t|will\s+not"
    r"|am\s+(?:not\s+able|unable)\s+to)\b",
    re.IGNORECASE,
)


def normal(text: str) -> str:
    """One kind of line end, no byte order mark, no invisible characters around the edges."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\ufeff\u200b \t\n")


def check_refusal(text: str) -> None:
    """Raise Refusal for an answer that begins by declining and is too short to be a judgment."""
    if len(text) <= 600 and REFUSED.match(text):
        raise Refusal("the judge declined: " + " ".join(text.split())[:120])


def has_blocks(text: str) -> bool:
    """Whether a header is followed by a rating, outside an answer that is JSON from the start."""
    if text.removeprefix("```json").removeprefix("```").lstrip().startswith("{"):
        return False
    header = HEADER.search(text)
    return header is not None and RATING.search(text, header.end()) is not None


def rating_blocks(text: str, n: int, low: float, high: float, *, whole: bool = True) -> Reading:
    """UltraFeedback's format: `#### Output for Text k`, `Rating: r`, `Rationale: ...`, k = 1..n.

    The header's number decides whose rating it is. Two different ratings for one text, a missing
    one, one too many or one outside the scale is a ParseFailure.
    """
    headers = list(HEADER.finditer(text))
    if not headers:
        check_refusal(text)
        raise ParseFailure(f'there is no header "#### Output for Text 1" (and so on up to {n})')
    found: dict[int, tuple[float | None, str]] = {}
    ends = [header.start() for header in headers[1:]] + [len(text)]
    for header, end in zip(headers, ends, strict=True):
        index = int(header.group(1))
        block = text[header.end() : end]
        if not RATING.search(block):
            continue  # A heading in the judge's prose, or a table of contents.
        if not 1 <= index <= n:
            raise ParseFailure(f"it rates a Text {index}, but there are only {n}")
        entry = _block(block, index, low, high, whole)
        if index in found and found[index][0] != entry[0]:
            raise ParseFailure(f"it gives Text {index} two different ratings")
        found[index] = entry
    missing = [str(k) for k in range(1, n + 1) if k not in found]
    if missing:
        raise ParseFailure(f"there is no rating for Text {', '.join(missing)}")
    ordered = [found[k] for k in range(1, n + 1)]
    return Reading(tuple(r for r, _ in ordered), tuple(why for _, why in ordered))


def _block(
    block: str, index: int, low: float, high: float, whole: bool
) -> tuple[float | None, str]:
    ratings = {
        _rating(match.group("value"), index, low, high, whole) for match in RATING.finditer(block)
    }
    if len(ratings) > 1:
        raise ParseFailure(f"it gives Text {index} two different ratings")
    why = RATIONALE.search(block)
    return ratings.pop(), block[why.end() :].strip().strip("*").strip() if why else ""


def _rating(value: str, index: int, low: float, high: float, whole: bool) -> float | None:
    if NOT_APPLICABLE.match(value):
        return None
    match = VALUE.match(value)
    if match is None:
        raise ParseFailure(f'the rating of Text {index} is no number: "{value.strip()[:40]}"')
    rest = match.group("rest").strip(" *_`")
    fraction = re.match(r"(?:/|(?:out\s+)?of\b)\s*(\d+)", rest, re.IGNORECASE)
    if fraction and float(fraction.group(1)) != high:
        raise ParseFailure(
            f"the rating of Text {index} is out of {fraction.group(1)}, not {high:g}"
        )
    if not fraction and re.match(r"\d|[-–—]\s*\d|(?:to|or)\s+\d|[,/]\s*\d", rest):
        raise ParseFailure(f'the rating of Text {index} names two numbers: "{value.strip()[:40]}"')
    return in_scale(float(match.group("number")), f"Text {index}", low, high, whole)


def in_scale(rating: float, whose: str, low: float, high: float, whole: bool) -> float:
    """The rating itself, or ParseFailure: 4.5 is never 4, and 7 of 5 is never 5."""
    if whole and rating != int(rating):
        raise ParseFailure(f"the rating of {whose} is {rating:g}; it must be a whole number")
    if not low <= rating <= high:
        raise ParseFailure(f"the rating of {whose} is {rating:g}; it must be {low:g} to {high:g}")
    return rating


def json_object(text: str) -> dict[str, Any] | None:
    """The last JSON object in the text, fenced or not; null where there is none."""
    decoder = json.JSONDecoder()
    found: dict[str, Any] | None = None
    position = text.find("{")
    while position != -1:
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            position = text.find("{", position + 1)
            continue
        if isinstance(value, dict):
            found = value
        position = text.find("{", end)
    return found


def validate(value: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """ParseFailure where the value does not follow the JSON Schema: count, range, type."""
    from jsonschema import Draft202012Validator

    errors = sorted(Draft202012Validator(schema).iter_errors(value), key=lambda e: list(e.path))
    if errors:
        where = "/".join(str(part) for part in errors[0].path) or "the answer"
        raise ParseFailure(f"{where}: {errors[0].message[:200]}")
