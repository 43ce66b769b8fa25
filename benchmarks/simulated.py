"""People and judges of known accuracy over prompts of a known kind, so that what people would say
of all prompts is known exactly. Computes no estimate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from aifgen.compare.study import ABSENT, A, B, Study
from aifgen.review.sampling import Candidate, design, draw, probabilities
from tests.compare.studies import pairs

HARD = 0.35
"""Share of hard prompts."""
BETTER = (0.8, 0.4)
"""How often generator x is the better one, on easy prompts and on hard ones."""
JUDGES = {"a": (0.95, 0.65), "b": (0.93, 0.6), "c": (0.9, 0.6), "d": (0.9, 0.55)}
"""How often each is right on easy prompts and on hard ones."""
PEOPLE = (0.92, 0.85)
"""The same of one person."""
FLIPS = (0.05, 0.3)
"""How often a judge changes its mind with the order, on easy prompts and on hard ones."""


@dataclass(frozen=True)
class World:
    """N prompts with m pairs of responses of x and y; the pairs of a prompt are as hard as each
    other. people: how many label each drawn prompt: their majority counts."""

    prompts: int = 800
    per_prompt: int = 2
    people: int = 1
    seed: int = 0

    @cached_property
    def _drawn(self) -> tuple[Any, Any, Any, Any]:
        """(n,) hard and better (True: x), (J, n) judges and (R, n) people that say so."""
        rng = np.random.default_rng([self.seed, self.prompts, self.per_prompt])
        hard = np.repeat(rng.random(self.prompts) < HARD, self.per_prompt)

        def chance(of: tuple[float, float]) -> Any:
            return rng.random(len(hard)) < np.where(hard, of[1], of[0])

        better = chance(BETTER)
        judges = np.stack([chance(of) == better for of in JUDGES.values()])
        people = np.stack([chance(PEOPLE) == better for _ in range(self.people)])
        return hard, better, judges, people

    @cached_property
    def among(self) -> list[Candidate]:
        """What a sample is drawn from. Strata are hard and easy: few and many."""
        hard, _, judges, _ = self._drawn
        hard = hard[:: self.per_prompt]
        rate = judges.mean(axis=0)
        spread = (2 * rate * (1 - rate)).reshape(self.prompts, -1).mean(axis=1)
        rng = np.random.default_rng([self.seed, self.prompts, self.per_prompt, 1])
        flipped = rng.random(self.prompts) < np.where(hard, FLIPS[1], FLIPS[0])
        return [
            Candidate(f"p{k}", float(s), float(1 - s), bool(f), "hard" if h else "easy")
            for k, (s, f, h) in enumerate(zip(spread, flipped, hard, strict=True))
        ]

    def study(self, text: str) -> Study:
        """What a comparison sees where people labelled a sample drawn as the text says."""
        _, _, judges, people = self._drawn
        said = {name: np.where(one, A, B) for name, one in zip(JUDGES, judges, strict=True)}
        among, how = self.among, design(text)
        taken = np.repeat(draw(among, how, self.seed), self.per_prompt)
        return pairs(
            said,
            people=np.where(taken, np.where(people, A, B), ABSENT),
            cluster=np.repeat(np.arange(self.prompts), self.per_prompt),
            inclusion=np.repeat(probabilities(among, how), self.per_prompt),
            samples=(how.text,),
        )


def win_rate(people: int) -> float:
    """Of x, as the majority of so many people has it."""
    return sum(
        part * (b * m + (1 - b) * (1 - m))
        for part, b, m in zip(_parts(), BETTER, _majority(people), strict=True)
    )


def agreement(judge: str, people: int) -> float:
    return sum(
        part * (j * m + (1 - j) * (1 - m))
        for part, j, m in zip(_parts(), JUDGES[judge], _majority(people), strict=True)
    )


def _parts() -> tuple[float, float]:
    return 1 - HARD, HARD


def _majority(people: int) -> tuple[float, float]:
    """How often the majority of one or of three people is right."""
    if people == 1:
        return PEOPLE
    assert people == 3
    easy, hard = (p**3 + 3 * p**2 * (1 - p) for p in PEOPLE)
    return easy, hard
