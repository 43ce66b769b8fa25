"""What was asked of each model so far: calls, tokens, dollars. Knows no text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aifgen.llm.request import Completion


@dataclass
class Meter:
    """One model's bill. `sent` counts HTTP requests, retries and repairs included."""

    sent: int = 0
    answered: int = 0
    stored: int = 0
    limited: int = 0
    """429s."""
    faults: int = 0
    in_flight: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = 0.0
    """Null once a single answer's price is unknown: never a guess."""

    def add(self, answer: Completion) -> None:
        self.answered += 1
        self.input_tokens += answer.input_tokens or 0
        self.output_tokens += answer.output_tokens or 0
        self.usd = None if self.usd is None or answer.usd is None else self.usd + answer.usd

    def report(self) -> dict[str, Any]:
        return {
            "sent": self.sent,
            "stored": self.stored,
            "limited": self.limited,
            "faults": self.faults,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "usd": self.usd,
        }


@dataclass
class Meters:
    """One meter a model, by the name that the config gives it."""

    by_name: dict[str, Meter] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Meter:
        return self.by_name.setdefault(name, Meter())

    def total(self) -> Meter:
        total = Meter()
        for meter in self.by_name.values():
            for name in ("sent", "answered", "stored", "limited", "faults", "in_flight"):
                setattr(total, name, getattr(total, name) + getattr(meter, name))
            total.input_tokens += meter.input_tokens
            total.output_tokens += meter.output_tokens
            if total.usd is not None:
                total.usd = None if meter.usd is None else total.usd + meter.usd
        return total
