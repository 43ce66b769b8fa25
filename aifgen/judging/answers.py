"""Reading what judges write: blocks, JSON, refusals. Knows no protocol's words and no model."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from aifgen.judging.protocol import ParseFailure, Reading, Refusal

EDGE = r"(?:[^\w\n]|_)*"
"""Markdown, quotes and bullets around a word on its line."""
HEADER = re.compile(
    rf"^{EDGE}(?:output\s+for\s+)?text(?:[^\S\n]|_)*[<\[(]?(\d+)[>\])]?{EDGE}$",
    re.IGNORECASE | re.MULTILINE,
)
# What may stand before the number is no sign, no decimal point and no "about".
RATING = re.compile(
    rf"^{EDGE}rating(?:[^\w\n]|_)*?[:=\-–—](?:[^\w\n+\-–—−.,~≈±<>≤≥]|_)*(?P<value>[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
NUMBER = r"[+-]?\d+(?:\.\d+)?"
VALUE = re.compile(rf"(?P<number>{NUMBER})(?P<rest>.*)$")
OUT_OF = re.compile(
    rf"(?:points?|stars?)?[\W_]*(?:[/⁄∕]|(?:out )?of\b)[\W_]*({NUMBER})", re.IGNORECASE
)
SECOND = re.compile(
    rf"[\W_]*(?:(?:to|or|and|but|than|maybe|perhaps|possibly)\b[\W_]*)*e?({NUMBER})", re.IGNORECASE
)
RATIONALE = re.compile(
    rf"^{EDGE}rationale(?:\s+for\s+rating)?(?:[^\w\n]|_)*?[:=]\**[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
RATIONALE_LINE = re.compile(RATIONALE.pattern + "[^\n]*", RATIONALE.flags)
OBJECT = re.compile(r"\{\s*(?:[\"']|\w+\s*:)")
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
    """Whether a header is followed by a rating."""
    header = HEADER.search(text)
    return header is not None and RATING.search(text, header.end()) is not None


def without_rationales(text: str) -> str:
    """The answer without the lines in which the judge gives its reasons, and may quote."""
    return RATIONALE_LINE.sub("", text)


def rating_blocks(text: str, n: int, low: float, high: float, *, whole: bool = True) -> Reading:
    """UltraFeedback's format: `#### Output for Text k`, `Rating: r`, `Rationale: ...`, k = 1..n.

    The header's number decides whose rating it is. Two different ratings for one text, a missing
    one, one too many or one outside the scale is a ParseFailure; so is a heading without a rating,
    and a text that stands twice, unless all do (a summary at the end).
    """
    headers = list(HEADER.finditer(text))
    if not headers:
        check_refusal(text)
        raise ParseFailure(
            f'there is no header "#### Output for Text 1" (and so on up to {n}), and no JSON '
            'object with "ratings"'
        )
    found: dict[int, tuple[float | None, str]] = {}
    times: Counter[int] = Counter()
    ends = [header.start() for header in headers[1:]] + [len(text)]
    for header, end in zip(headers, ends, strict=True):
        index = int(header.group(1)[:9])
        block = text[header.end() : end]
        if not RATING.search(block):
            # Quoted in another block, perhaps, whose rating then seems to be this one's.
            raise ParseFailure(f"there is no rating for Text {index} under its heading")
        if not 1 <= index <= n:
            raise ParseFailure(f"it rates a Text {index}, but there are only {n}")
        entry = _block(block, index, low, high, whole)
        if index in found and found[index][0] != entry[0]:
            raise ParseFailure(f"it gives Text {index} two different ratings")
        found.setdefault(index, entry)
        times[index] += 1
    if len(set(times.values())) > 1:  # a quoted block, which cuts the one that quotes it
        raise ParseFailure(f"it rates Text {times.most_common(1)[0][0]} twice, but not every text")
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
    number, rest = match.group("number"), " ".join(match.group("rest").split())[:60]
    rest = rest.lstrip(" *_`([\\")
    if fraction := OUT_OF.match(rest):
        if float(fraction.group(1)) != high:
            raise ParseFailure(
                f"the rating of Text {index} is out of {fraction.group(1)}, not {high:g}"
            )
        rest = rest[fraction.end() :]
    second = SECOND.match(rest)
    if second and float(second.group(1)) == float(number):
        return _rating(rest[second.start(1) :], index, low, high, whole)  # 4 (4/5)
    if second or rest[:1].isnumeric() or re.match(r"\+|[-–—−]\W*$", rest):
        raise ParseFailure(f'the rating of Text {index} names two numbers: "{value.strip()[:40]}"')
    return in_scale(float(number), f"Text {index}", low, high, whole)


def in_scale(rating: float, whose: str, low: float, high: float, whole: bool) -> float:
    """The rating itself, or ParseFailure: 4.5 is never 4, and 7 of 5 is never 5."""
    if not low <= rating <= high:
        raise ParseFailure(f"the rating of {whose} is {rating:g}; it must be {low:g} to {high:g}")
    if whole and rating != int(rating):
        raise ParseFailure(f"the rating of {whose} is {rating:g}; it must be a whole number")
    return rating


def json_object(text: str, key: str) -> dict[str, Any] | None:
    """The JSON object with this key, fenced or not; null where there is none.

    ParseFailure where an object before it is broken (then it may stand inside that one, as
    something quoted), or where two of them differ.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_unique)
    mentions = [match.start() for match in re.finditer(rf"\b{key}[\"']?\s*:", text)]
    found: dict[str, Any] | None = None
    position = 0
    while mentions and (opening := OBJECT.search(text, position, mentions[-1])):
        try:
            value, position = decoder.raw_decode(text, opening.start())
        except (ValueError, RecursionError) as error:
            raise ParseFailure(f"its JSON cannot be read: {error}") from None
        if key in value:
            if found is not None and found[key] != value[key]:
                raise ParseFailure(f'it holds two different JSON objects with "{key}"')
            found = value
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return value


def validate(value: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """ParseFailure where the value does not follow the JSON Schema: count, range, type."""
    from jsonschema import Draft202012Validator

    try:
        error = next(Draft202012Validator(schema).iter_errors(value), None)
    except RecursionError:
        raise ParseFailure("its JSON is nested too deep") from None
    if error:
        where = "/".join(str(part) for part in error.path) or "the answer"
        raise ParseFailure(f"{where}: {error.message[:200]}")
