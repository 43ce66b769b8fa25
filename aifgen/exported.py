"""From a row of a run to an item and its judgments in the interchange layout. Pure.

docs/interchange.md describes the layout; `aifgen.compare.stored` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aifgen.records import Judgment, Row, Verdict, transcript

if TYPE_CHECKING:
    import pyarrow as pa

USABLE = ("ok", "repaired")


Words = Mapping[float, str]
"""What ratings are called (correct, incorrect); empty where they are numbers."""


Label = str | Sequence[float | None] | None
"""What one person says of an item: the id of the best response, tie, or numbers."""


def schemas(words: Words, *, reviewed: bool = False) -> dict[str, pa.Schema]:
    """reviewed: there are labels of both kinds. A column has one type: a list is then JSON."""
    import pyarrow as pa

    text, number = pa.string(), pa.float64()
    texts, numbers = pa.list_(text), pa.list_(number)
    response = pa.struct([("id", text), ("generator", text), ("text", text)])
    gold, people = (text, texts) if words else (numbers, pa.list_(numbers))
    people = texts if reviewed else people
    return {
        "items": pa.schema(
            [
                ("item_id", text), ("source", text), ("subset", text), ("kind", text),
                ("prompt", text), ("responses", pa.list_(response)), ("gold", gold),
                ("human_labels", people), ("meta", text),
            ]
        ),
        "judgments": pa.schema(
            [
                ("item_id", text), ("judge", text), ("judge_model", text), ("protocol", text),
                ("order", texts), ("raw", text), ("verdict", text), ("scores", numbers),
                ("rationales", texts), ("scale_min", number), ("scale_max", number),
                ("status", text), ("parse_ok", pa.bool_()), ("usd", number),
                ("latency_s", number), ("meta", text),
            ]
        ),
    }  # fmt: skip


def items(
    row: Row, source: str, words: Words, reviewed: Sequence[Label] = ()
) -> Iterator[dict[str, Any]]:
    """One a prompt; where judges give labels, one a response. gold and human_labels: numbers, one a
    response and null for those nobody knows about; of labels, their words. reviewed: what people
    say who have seen the row, before the labels that the source brought; none where judges give
    labels."""
    extra = json.loads(row.prompt.extra.get("json") or "{}")
    subset = extra.get("subset")
    made = [{"id": r.response_id, "generator": r.generator, "text": r.text} for r in row.responses]
    gold = None if row.prompt.gold is None else _padded(row.prompt.gold, len(made))
    people = [_padded(one, len(made)) for one in row.prompt.human]
    shared = {
        "source": source,
        "subset": subset if isinstance(subset, str) else None,
        "prompt": transcript(row.prompt.messages),
        "meta": {"references": list(row.prompt.references), "extra": extra},
    }
    if not words:
        kind = {1: "pointwise", 2: "pairwise"}.get(len(made), "listwise")
        yield {
            "item_id": row.prompt.prompt_id, "kind": kind, "responses": made, "gold": gold,
            "human_labels": [*reviewed, *people] or None, **shared,
        }  # fmt: skip
        return
    for k, response in enumerate(made):
        yield {
            "item_id": item_id(row, response["id"], words),
            "kind": "pointwise",
            "responses": [response],
            "gold": gold and _word(gold[k], words),
            "human_labels": [_word(one[k], words) for one in people] or None,
            **shared,
        }


def item_id(row: Row, response_id: str, words: Words) -> str:
    return response_id if words and len(row.responses) > 1 else row.prompt.prompt_id


def judgments(
    row: Row, models: Mapping[str, str | None], protocol: str, words: Words
) -> Iterator[dict[str, Any]]:
    """One an answer. Of an answer about several aspects, or one of several such answers, `scores`
    is what all aspects come to, and meta holds each one's ratings."""
    place = {response.response_id: k for k, response in enumerate(row.responses)}
    aspects: dict[str, set[str]] = {}
    for judgment in row.judgments:
        aspects.setdefault(judgment.judge, set()).add(judgment.aspect)
    several = {judge for judge, names in aspects.items() if len(names) > 1}
    for answer in _answers(row.judgments):
        first = answer[0]
        usable = first.status in USABLE
        if words:
            place = {name: k for k, name in enumerate(first.response_ids)}
        scores = _scores(first, place) if usable else None
        if usable and first.judge in several:
            scores = _overall(first, row.verdicts, place)
        meta: dict[str, Any] = {"sample": first.sample}
        if first.judge in several:
            meta["aspects"] = {j.aspect: j.ratings and list(j.ratings) for j in answer}
        if first.problem:
            meta["problem"] = first.problem
        if first.probability is not None:
            meta["probability"] = first.probability
        yield {
            "item_id": item_id(row, first.response_ids[0], words),
            "judge": first.judge,
            "judge_model": models.get(first.judge),
            "protocol": protocol,
            "order": list(first.order),
            "raw": first.raw,
            "verdict": _verdict(first) if usable else None,
            "scores": scores,
            "rationales": list(first.rationales) if first.rationales else None,
            "scale_min": first.scale_min,
            "scale_max": first.scale_max,
            "status": first.status,
            "parse_ok": usable,
            "usd": first.usd,
            "latency_s": first.latency_s,
            "meta": json.dumps(meta, ensure_ascii=False),
        }


def _answers(judgments: Sequence[Judgment]) -> list[list[Judgment]]:
    """Judgments of one answer stand together; what brought no answer stands alone."""
    found: dict[tuple[str, str], list[Judgment]] = {}
    for k, judgment in enumerate(judgments):
        found.setdefault((judgment.judge, judgment.key or f" {k}"), []).append(judgment)
    return list(found.values())


def _verdict(judgment: Judgment) -> str | None:
    """The id of the better response, or tie; a label of a single one."""
    if judgment.verdict in ("A", "B"):
        return judgment.response_ids["AB".index(judgment.verdict)]
    return judgment.verdict or judgment.label


def _scores(judgment: Judgment, place: dict[str, int]) -> list[float | None] | None:
    if judgment.ratings is None:
        return None
    found: list[float | None] = [None] * len(place)
    for name, rating in zip(judgment.response_ids, judgment.ratings, strict=True):
        found[place[name]] = rating
    return found


def _overall(
    judgment: Judgment, verdicts: Sequence[Verdict], place: dict[str, int]
) -> list[float | None] | None:
    """The judge's verdict about the responses of this judgment."""
    found: list[float | None] = [None] * len(place)
    for verdict in verdicts:
        name = verdict.response_ids[0]
        if verdict.judge == judgment.judge and name in judgment.response_ids:
            found[place[name]] = verdict.rating
    return found if any(rating is not None for rating in found) else None


def _padded(numbers: Sequence[float | None], size: int) -> list[float | None]:
    return [*numbers[:size], *[None] * (size - len(numbers))]


def _word(number: float | None, words: Words) -> str | None:
    return None if number is None else words.get(number, f"{number:g}")
