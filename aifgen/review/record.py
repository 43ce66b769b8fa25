"""From the tables of a run to records for people to look at; knows no network and no client."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from aifgen.records import digest, transcript
from aifgen.review.opinions import (
    Opinion,
    Row,
    Suggested,
    agent,
    best_of,
    consistency,
    opinions,
    ranking_of,
    rating_of,
)

HIDDEN = "aifgen"
"""Metadata without a property of its own, which nobody can filter or sort by and which Argilla's
searches show to owners and admins alone: `Shown`, which says whose response stands where."""
OPINIONS = "opinions"
"""The field with each judge's own word, where there are several."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is sent. suggestions: by question."""

    id: str
    fields: Mapping[str, Any]
    metadata: Mapping[str, Any]
    suggestions: Mapping[str, Suggested]


@dataclass(frozen=True, slots=True)
class Shape:
    """What all records of a run share. slots: the most responses of a prompt. values: the answers
    that a rating question allows.

    `suggest` is false where the judge's scale is none that a rating question can have (it takes
    integers from 0 to 10): then no rating of a judge's can be suggested. seed: of the order.
    blind: nothing of the judges is shown.
    """

    slots: int
    values: tuple[int, ...]
    suggest: bool
    as_chat: bool
    questions: tuple[str, ...]
    blind: bool
    several: bool
    """Whether several judges spoke, each of which has a line in the field `opinions`."""
    seed: int
    source: str | None
    """What stands for the source where a row does not name its own."""
    run: str
    """Which run it is: its config's digest."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """How a row came to be shown. margin, spread: as sampling.Candidate has them."""

    inclusion_probability: float
    sample: str
    margin: float | None
    spread: float | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What people's answers are brought home by. The lists follow response_ids, the run's own
    order; shown[k] is the index of the response in slot k + 1."""

    prompt_id: str
    prompt_digest: str
    run: str
    response_ids: tuple[str, ...]
    generators: tuple[str, ...]
    text_digests: tuple[str, ...]
    shown: tuple[int, ...]
    inclusion_probability: float
    sample: str

    def hidden(self) -> str:
        """As metadata."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


def shown(metadata: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """`Shown` as a record has it; null where aifgen has not made it."""
    try:
        found = json.loads((metadata or {})[HIDDEN])
    except (KeyError, TypeError, ValueError):
        return None
    return found if isinstance(found, dict) and "response_ids" in found else None


def scale_of(low: float | None, high: float | None) -> tuple[tuple[int, ...], bool]:
    """(a rating question's values, are they the judge's scale?); 1 to 5 where they cannot be."""
    if low is None or high is None or low != int(low) or high != int(high):
        return (1, 2, 3, 4, 5), False
    if not 0 <= low < high <= 10:
        return (1, 2, 3, 4, 5), False
    return tuple(range(int(low), int(high) + 1)), True


def record(
    prompt: Row, responses: Sequence[Row], verdicts: Sequence[Row], how: Sampled, shape: Shape
) -> Record:
    """One prompt with its responses, shuffled and without names, and what the judges think.

    The order is drawn from the seed, the prompt and the texts: the same at every push, and nothing
    that an annotator could know.
    """
    ids = [row["response_id"] for row in responses]
    order = sorted(
        range(len(ids)),
        key=lambda k: digest(
            "shown", shape.seed, prompt["prompt_id"], responses[k]["text_digest"], ids[k]
        ),
    )
    said = opinions(verdicts, ids)
    place = {ids[k]: f"response_{slot}" for slot, k in enumerate(order, start=1)}
    fields: dict[str, Any] = {
        "prompt": prompt["messages"] if shape.as_chat else transcript(prompt["messages"])
    }
    fields |= {f"response_{slot}": responses[k]["text"] for slot, k in enumerate(order, start=1)}
    if shape.several and not shape.blind and said:
        fields[OPINIONS] = _table(said, [ids[k] for k in order])
    facts = Shown(
        prompt["prompt_id"],
        digest(prompt["messages"]),
        shape.run,
        tuple(ids),
        tuple(row["generator"] for row in responses),
        tuple(row["text_digest"] for row in responses),
        tuple(order),
        how.inclusion_probability,
        how.sample,
    )
    return Record(
        prompt["prompt_id"],
        fields,
        _metadata(prompt, verdicts, said, how, facts, shape),
        {} if shape.blind else _suggestions(said, place, shape),
    )


def _suggestions(
    said: Sequence[Opinion], place: Mapping[str, str], shape: Shape
) -> dict[str, Suggested]:
    found: dict[str, Suggested | None] = {}
    if "rating" in shape.questions and shape.suggest:
        for response, word in place.items():
            name = word.replace("response", "rating")
            found[name] = rating_of(response, said, shape.values, agent)
    if "best" in shape.questions:
        found["best"] = best_of(said, place, agent)
    if "ranking" in shape.questions:
        found["ranking"] = ranking_of(said, place, agent)
    return {name: of for name, of in sorted(found.items()) if of is not None}


def _metadata(
    prompt: Row,
    verdicts: Sequence[Row],
    said: Sequence[Opinion],
    how: Sampled,
    facts: Shown,
    shape: Shape,
) -> dict[str, Any]:
    extra = json.loads(prompt.get("extra") or "{}")
    own = (extra[k] for k in ("source", "subset") if isinstance(extra.get(k), str))
    found: dict[str, Any] = {"source": next(own, shape.source), HIDDEN: facts.hidden()}
    if not shape.blind:
        found |= {
            "margin": how.margin,
            "spread": how.spread,
            "consistency": consistency(verdicts),
            "judges": [opinion.judge for opinion in said],
        }
    return {name: value for name, value in found.items() if value not in (None, [])}


def _table(said: Sequence[Opinion], order: Sequence[str]) -> str:
    """Markdown: each judge's ratings and its best, in the order shown."""
    rated = any(opinion.ratings for opinion in said)
    numbers = range(1, len(order) + 1)
    heads = ["judge", *(f"response {n}" for n in numbers if rated), "best"]
    place = {response: f"response {n}" for n, response in zip(numbers, order, strict=True)}
    rows = [heads, ["---"] * len(heads)]
    for opinion in said:
        ratings = [_number(opinion.ratings.get(response)) for response in order if rated]
        best = place.get(opinion.best or "", opinion.best or "–")
        rows.append([opinion.judge.replace("|", "\\|"), *ratings, best])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _number(rating: float | None) -> str:
    return "–" if rating is None else f"{round(rating, 2):g}"
