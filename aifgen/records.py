"""The records that flow through a run and their Arrow schemas; knows no file, model or config."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 1
PANEL = "panel"
"""The judge's name in verdicts of several judges together."""
GIVEN = "from the source"
"""What stands for the model of a generator whose responses the source brought."""

TIE: Final = "tie"
Best = int | Literal["tie"]
"""The place of a response, or tie."""


class Message(TypedDict):
    """One turn of a conversation. role: system, user or assistant."""

    role: str
    content: str


def digest(*parts: object) -> str:
    """32 hex digits over the canonical JSON of the parts (128 bits of BLAKE2b)."""
    # Most are texts and numbers, for which an encoder is much ado.
    if all(type(part) is str or type(part) is int for part in parts):
        inner = ",".join([_quoted(p) if type(p) is str else str(p) for p in parts])
        return digest_of(f"[{inner}]")
    return digest_of(canonical(parts))


def digest_of(text: str) -> str:
    """32 hex digits over a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


_quoted = json.encoder.encode_basestring
canonical = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":"), check_circular=False
).encode


@dataclass(frozen=True, slots=True)
class Given:
    """A response that the source brings along. generator: whose it is, as far as the row says."""

    generator: str
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked: turns ending with the user's; `extra` holds the source's other columns."""

    prompt_id: str
    messages: tuple[Message, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    responses: tuple[Given, ...] = ()
    gold: tuple[float | None, ...] | None = None
    """What is known to be right: a number a response, the higher the better. The chosen and the
    rejected are (1, 0), a tie is (0.5, 0.5)."""
    human: tuple[tuple[float | None, ...], ...] = ()
    """The same from each person who was asked."""


@dataclass(frozen=True, slots=True)
class Response:
    """One generator's answer to one prompt. latency_s in seconds, usd null where unknown.

    key is null for a response that the source brought along: nobody was asked.
    """

    prompt_id: str
    response_id: str
    generator: str
    sample: int
    model: str
    text: str
    text_digest: str
    finish_reason: str
    input_tokens: int | None
    output_tokens: int | None
    latency_s: float
    usd: float | None
    key: str | None


@dataclass(frozen=True, slots=True)
class Judgment:
    """One judge's answer about one aspect of a row: all its responses, one of them, or a pair.

    `order` is the response ids as they were shown; all else is aligned to `response_ids`: ratings,
    verdict (A: the first of them is better, B: the second, tie) and probability (that A is better).
    label: the word behind the rating (correct, incorrect). cut: a text was too long to be shown
    whole. status: ok, repaired, parse_failure, refused or error (then `raw` says what came back).
    One answer about several aspects gives several judgments; the first bears its bill.
    """

    judgment_id: str
    prompt_id: str
    judge: str
    protocol: str
    aspect: str
    sample: int
    response_ids: tuple[str, ...]
    order: tuple[str, ...]
    ratings: tuple[float | None, ...] | None
    verdict: str | None
    probability: float | None
    label: str | None
    scale_min: float | None
    scale_max: float | None
    rationales: tuple[str, ...] | None
    raw: str | None
    cut: bool
    status: str
    problem: str | None
    """Why status is not ok, as one sentence."""
    input_tokens: int | None
    output_tokens: int | None
    latency_s: float | None
    usd: float | None
    key: str | None
    first_key: str | None = None
    """The call whose answer could not be read, where a second one was asked for; key is the
    second's."""


class Part(TypedDict):
    """A rating by one aspect."""

    aspect: str
    rating: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge (or the panel) thinks of one response (a rating) or of two (a verdict).

    parts: the rating by each aspect, where there are several. verdict: A (the first of the two is
    better), B or tie. probability: that A is better. consistency of a pair asked in both orders:
    consistent, flipped (each order named another one) or tie (one or both named none).
    escalated: whether a cascade asked a further judge about the row.
    """

    prompt_id: str
    judge: str
    protocol: str
    response_ids: tuple[str, ...]
    rating: float | None
    parts: tuple[Part, ...] | None
    verdict: str | None
    probability: float | None
    consistency: str | None
    spread: float | None
    escalated: bool | None


@dataclass(frozen=True, slots=True)
class Preference:
    """One chosen and one rejected response. margin = chosen_rating - rejected_rating.

    Where pairs were judged, a rating is the mean probability that a response wins its pairs, and
    consistency tells whether the judge said the same in both orders.
    """

    prompt_id: str
    prompt: tuple[Message, ...]
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]
    chosen_rating: float | None
    rejected_rating: float | None
    margin: float | None
    consistency: str | None
    chosen_model: str
    rejected_model: str
    chosen_generator: str
    rejected_generator: str
    judges: tuple[str, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a row (or a part of it) did not make it. stage: source, generate or judge."""

    prompt_id: str
    stage: str
    who: str
    reason: str
    attempts: int
    advice: str
    key: str | None = None
    """The store key of the call that brought no answer."""


@dataclass(frozen=True, slots=True)
class Row:
    """All that came of one prompt: the unit of failure, of resume and of order."""

    prompt: Prompt
    responses: tuple[Response, ...] = ()
    judgments: tuple[Judgment, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    preferences: tuple[Preference, ...] = ()
    failures: tuple[Failure, ...] = ()
    outcome: str = "failed"
    """paired; or why there is no pair: tie, identical, small_margin, no_verdict, failed."""
    examples: int = 0
    """How many rows that people reviewed the judges were shown with it."""


def response_id(prompt_id: str, generator: str, sample: int) -> str:
    return f"{prompt_id}/{generator}/{sample}"


def same(texts: Sequence[str]) -> tuple[int, ...]:
    """Of each text the place of the first that is the same, but for white space around it."""
    first: dict[str, int] = {}
    return tuple(first.setdefault(text.strip(), k) for k, text in enumerate(texts))


def transcript(messages: Sequence[Message]) -> str:
    """A conversation as one text: a lone user turn as it is, else one headed paragraph a turn."""
    if len(messages) == 1:
        return messages[0]["content"]
    return "\n\n".join(f"[{m['role']}]\n{m['content']}" for m in messages)


def schemas() -> dict[str, pa.Schema]:
    """The Arrow schema of every table in a run's folder but `preferences` (see there)."""
    import pyarrow as pa

    text, number, whole = pa.string(), pa.float64(), pa.int64()
    texts, numbers = pa.list_(text), pa.list_(number)
    given = pa.struct([("generator", text), ("text", text)])
    bill = [
        ("input_tokens", whole), ("output_tokens", whole), ("latency_s", number),
        ("usd", number), ("key", text),
    ]  # fmt: skip
    tables = {
        "prompts": [
            ("prompt_id", text), ("messages", messages_type()), ("extra", text),
            ("references", texts), ("responses", pa.list_(given)), ("gold", numbers),
            ("human", pa.list_(numbers)),
        ],
        "responses": [
            ("prompt_id", text), ("response_id", text), ("generator", text), ("sample", whole),
            ("model", text), ("text", text), ("text_digest", text), ("finish_reason", text),
            *bill,
        ],
        "judgments": [
            ("judgment_id", text), ("prompt_id", text), ("judge", text), ("protocol", text),
            ("aspect", text), ("sample", whole), ("response_ids", texts), ("order", texts),
            ("ratings", pa.list_(number)), ("verdict", text), ("probability", number),
            ("label", text), ("scale_min", number), ("scale_max", number), ("rationales", texts),
            ("raw", text), ("cut", pa.bool_()), ("status", text), ("problem", text), *bill,
            ("first_key", text),
        ],
        "verdicts": [
            ("prompt_id", text), ("judge", text), ("protocol", text), ("response_ids", texts),
            ("rating", number),
            ("parts", pa.list_(pa.struct([("aspect", text), ("rating", number)]))),
            ("verdict", text), ("probability", number), ("consistency", text), ("spread", number),
            ("escalated", pa.bool_()),
        ],
        "human": [
            ("prompt_id", text), ("annotator", text), ("question", text), ("value", text),
            ("status", text), ("response_ids", texts), ("text_digests", texts), ("shown", texts),
            ("scale_min", number), ("scale_max", number),
            ("submitted_at", pa.timestamp("us", tz="UTC")), ("inclusion_probability", number),
            ("sample", text), ("dataset", text), ("dataset_id", text), ("prompt_digest", text),
            ("name", text),
        ],
    }  # fmt: skip
    meta = {"aifgen_schema_version": str(SCHEMA_VERSION)}
    return {name: pa.schema(fields, metadata=meta) for name, fields in tables.items()}


def messages_type() -> pa.DataType:
    """A conversation: list<struct<role: string, content: string>>."""
    import pyarrow as pa

    return pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
