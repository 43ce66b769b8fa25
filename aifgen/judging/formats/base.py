"""What an answer format is: a text read, and the words and the schema that ask for such a text.

Knows no protocol, no model and no order: A is whatever was shown first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["ratings", "rating", "pair"]
"""ratings: all responses rated in one answer. rating: one of them. pair: which of two is better."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What a rating may be. whole: whole numbers only."""

    low: float
    high: float
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says, in the order shown; A is the first shown.

    ratings: one a response, null where the judge said that the question does not apply. verdict:
    A, B or tie. probability: that A is better, 0 to 1. label: the word that stands for the rating
    (correct, incorrect). parts: the ratings of each criterion, where one answer has several.
    at: where in `normal(text)` the number or letter that decides begins, for log probabilities.
    """

    ratings: tuple[float | None, ...] | None = None
    rationales: tuple[str, ...] | None = None
    verdict: str | None = None
    probability: float | None = None
    label: str | None = None
    parts: Mapping[str, tuple[float | None, ...]] | None = None
    at: int | None = None


class ParseFailure(Exception):
    """The answer cannot be read. `reason` tells the judge (and the user) what is wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refusal(ParseFailure):
    """The judge declined to judge."""


class Format(ABC):
    """One way of writing a judgment down."""

    name: str
    kind: Kind
    scale: Scale | None = None
    """The source's own, where a protocol sets none; null for pairs."""
    brief: bool = False
    """One token or so: an answer cut at max_tokens is whole."""
    ties: bool = True
    """Whether a judge is told of a tie, where two are compared."""
    labelled: bool = False
    """Whether a judge writes a word that stands for the rating."""

    @abstractmethod
    def read(self, text: str, n: int | None, scale: Scale | None = None) -> Reading:
        """What the answer says about n responses; n null: as many as it names (stored answers).

        Raises ParseFailure or Refusal, never guesses.
        """

    @abstractmethod
    def wording(self, n: int, scale: Scale | None, *, structured: bool) -> str:
        """The paragraph that tells a judge how to answer (a template's {{ answer }})."""

    def misfit(self, scale: Scale | None) -> str | None:
        """What of the format does not go with a protocol's scale, in a few words."""
        return None

    def schema(self, n: int, scale: Scale | None) -> Mapping[str, Any] | None:
        """JSON Schema of a structured answer; null where the format is text and nothing else."""
        return None

    def tokens(self, scale: Scale | None) -> Mapping[str, float]:
        """What each token that may stand at `Reading.at` means: a rating, or for a pair the
        probability that A is better. Empty where one token does not decide."""
        return {}
