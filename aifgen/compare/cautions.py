"""What a reader of a comparison's figures must know before believing them. Computes no figure."""

from __future__ import annotations

from aifgen.compare.drawing import distinct
from aifgen.compare.sampled import ONLY_FLIPPED
from aifgen.compare.study import ABSENT, Study
from aifgen.records import PANEL

WHOLE = 0.99
"""Share of the rows from which a judge counts as having seen them all."""
MANY = 3
"""From so many judges on, the best of them is flattered by having been chosen."""

EVEN = ("random", "all")
"""Samples that are like the run."""


def cautions(study: Study) -> list[str]:
    """Sentences."""
    units, found = study.units, []
    noun = "pairs" if units.kind == "pair" else "answers"
    source, reference = study.reference()
    known = int((reference >= 0).sum())
    if source == "gold" and known < WHOLE * len(units):
        unused = (units.people[:, reference < 0] >= 0).any()
        more = ", and people's labels of the others are not used" if unused else ""
        found.append(f"Gold is known for {known:,} of {len(units):,} {noun}{more}.")
    if source == "people" and known < WHOLE * len(units):
        found.append(f"People labelled {known:,} of {len(units):,} {noun}.")
    if drawn := [sample for sample in study.samples if sample.partition(":")[0] not in EVEN]:
        whole = "these alone" if study.samples == (ONLY_FLIPPED,) else "the whole run"
        found.append(
            f"People saw prompts that were chosen ({' and '.join(drawn)}): agreement, kappa and "
            f"the ceiling are of these; the estimates speak of {whole}."
        )
    if units.kind == "pair" and (without := study.items - distinct(units.item)):
        found.append(f"Without two different texts, and so without a pair: {without:,} items.")
    seen = (units.said != ABSENT).sum(axis=1)
    if len(units) and len(set(seen.tolist())) > 1 and seen.min() < WHOLE * seen.max():
        least = study.names[int(seen.argmin())]
        found.append(
            f"Judges saw different rows ({least} {seen.min():,} of {len(units):,} {noun}): figures "
            "of one judge are over its own rows, differences of two over the rows that both judged."
        )
    alone = sum(judge.judge != PANEL for judge in study.judges)
    if source is not None and alone >= MANY:
        found.append(
            f"The best of {alone} judges is flattered by having been chosen; the headline tells it "
            "apart from another only where that holds for all pairs of judges at once (Bonferroni)."
        )
    return found
