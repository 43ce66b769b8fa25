"""The records that are in Argilla already, and which rows of the run belong there now.

Knows digests of records, not how they are made.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aifgen.errors import ConfigError
from aifgen.records import digest
from aifgen.review.client import Argilla
from aifgen.review.record import Sampled, shown

if TYPE_CHECKING:
    from aifgen.review import sampling


DIGITS, ROUNDED = 9, 1e-8
"""Of a chance as it is kept, and how far one may be from itself then."""


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
    probability: float


@dataclass(frozen=True, slots=True)
class Sample:
    """A design as it was drawn: with a seed, and (by) one judge's doubts instead of all judges'."""

    design: str
    seed: int
    by: str | None

    @property
    def text(self) -> str:
        """As records keep it: disagreement:100@0, or disagreement:100@0/JUDGE."""
        return f"{self.design}@{self.seed}" + (f"/{self.by}" if self.by else "")

    @classmethod
    def read(cls, text: str) -> Sample:
        design, _, rest = text.partition("@")
        seed, _, by = rest.partition("/")
        return cls(design, int(seed), by or None)

    def __str__(self) -> str:
        """As a user writes it."""
        by = f" by {self.by}" if self.by else ""
        return self.design + by + (f" (seed {self.seed})" if self.seed else "")


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
            float(facts.get("inclusion_probability") or 0),
        )


def texts_of(fields: Mapping[str, Any]) -> str:
    return digest({k: v for k, v in fields.items() if k.startswith(("prompt", "response_"))})


def chosen(
    by: Callable[[str | None], Sequence[sampling.Candidate]],
    sample: Sample,
    there: Mapping[str, There],
) -> tuple[dict[str, Sampled], tuple[Sample, ...]]:
    """By prompt_id, the rows to be shown: by this sample, and those of earlier ones. Also the
    samples, earlier ones first. A row's probability is that of coming in by any of them.

    by: the run's prompts with a judge's doubts (null: all judges'). there: records of this run.
    Where the run has changed since an earlier sample was drawn, its chances beside a new one's are
    not known: ConfigError, but where the new one is sure to hold all. The same sample again then
    keeps what is there as it was drawn.
    """
    from aifgen.review import sampling

    written = [word for one in there.values() for word in one.samples]
    samples = tuple(dict.fromkeys([*map(Sample.read, written), sample]))
    population = by(None)
    taken, parts = [False] * len(population), dict[str, Any]()
    for one in samples:
        some, design = by(one.by), sampling.design(one.design)
        parts[one.text] = sampling.probabilities(some, design)
        drawn = sampling.draw(some, design, one.seed, one.by)
        taken = [a or bool(b) for a, b in zip(taken, drawn, strict=True)]
    before = {
        texts: sampling.union(*(parts[text] for text in texts))
        for texts in {one.samples for one in there.values() if one.samples}
    }
    strange = [
        old.id
        for k, old in ((k, there.get(one.prompt_id)) for k, one in enumerate(population))
        if old is not None and old.samples
        if not taken[k] or abs(before[old.samples][k] - old.probability) > ROUNDED
    ]
    union = sampling.union(*parts.values())
    if strange and sample.text in written:
        return {
            one.prompt_id: _sampled(one, old.probability, old.samples)
            for one in population
            if (old := there.get(one.prompt_id)) is not None
        }, samples
    if strange and union.min() < 1:
        raise ConfigError(
            f"{len(strange):,} records that are there (the first is {strange[0]}) were drawn when "
            "the run had other prompts or other judgments, so that nobody knows their chances "
            "beside a new sample's: give a new sample another dataset (all adds the rest here)"
        )
    names = [one.text for one in samples]
    return {
        one.prompt_id: _sampled(one, float(union[k]), names)
        for k, one in enumerate(population)
        if taken[k] or one.prompt_id in there
    }, samples


def _sampled(one: sampling.Candidate, chance: float, samples: Sequence[str]) -> Sampled:
    return Sampled(
        round(chance, DIGITS),
        " + ".join(samples),
        None if math.isnan(one.margin) else round(one.margin, 6),
        round(one.spread, 6),
    )
