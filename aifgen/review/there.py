"""The records that are in Argilla already, and which rows of the run belong there now.

Knows digests of records, not how they are made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aifgen.records import digest
from aifgen.review.client import Argilla
from aifgen.review.record import Sampled, shown

if TYPE_CHECKING:
    from aifgen.review import sampling


@dataclass(frozen=True, slots=True)
class There:
    """A record that is in Argilla already."""

    id: str
    all: str
    """A digest of everything in it but people's answers."""
    texts: str
    """A digest of what people look at to judge."""
    answered: bool
    run: str
    """The run whose texts it shows."""
    samples: tuple[str, ...]


def there_is(server: Argilla, dataset: Any) -> Iterator[There]:
    asked = {str(question.id): question.name for question in dataset.settings.questions}
    for one in server.records(dataset):
        metadata = one.get("metadata") or {}
        said = {
            asked[s["question_id"]]: (s["value"], s["agent"], s["score"])
            for s in one.get("suggestions") or ()
        }
        facts = shown(metadata) or {}
        sample = str(facts.get("sample") or "")
        yield There(
            str(one["external_id"]),
            digest(one["fields"], metadata, said),
            texts_of(one["fields"]),
            bool(one.get("responses")),
            str(facts.get("run") or ""),
            tuple(sample.split(" + ")) if sample else (),
        )


def texts_of(fields: Mapping[str, Any]) -> str:
    return digest({k: v for k, v in fields.items() if k.startswith(("prompt", "response_"))})


def chosen(
    population: Sequence[sampling.Candidate],
    design: sampling.Design,
    seed: int,
    there: Mapping[str, There],
) -> tuple[dict[str, Sampled], tuple[str, ...]]:
    """By prompt_id, the rows to be shown: by this sample, and those of earlier ones. Also the
    samples, earlier ones first. A row's probability is that of coming in by any of them."""
    from aifgen.review import sampling

    written = [word for one in there.values() for word in one.samples]
    names = tuple(dict.fromkeys([*written, f"{design.text}@{seed}"]))
    taken, parts = [False] * len(population), []
    for name in names:
        text, _, number = name.rpartition("@")
        parts.append(sampling.probabilities(population, sampling.design(text)))
        drawn = sampling.draw(population, sampling.design(text), int(number or 0))
        taken = [a or bool(b) for a, b in zip(taken, drawn, strict=True)]
    union = sampling.union(*parts)
    return {
        one.prompt_id: Sampled(
            round(float(union[k]), 9),
            " + ".join(names),
            None if math.isnan(one.margin) else round(one.margin, 6),
            round(one.spread, 6),
        )
        for k, one in enumerate(population)
        if taken[k] or one.prompt_id in there
    }, names
