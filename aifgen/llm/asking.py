"""A role of the config made ready to ask: who, with which settings. Knows no prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aifgen.errors import ConfigError
from aifgen.llm.endpoint import Endpoint
from aifgen.records import Message
from aifgen.schema import Judge, Role

SAMPLING = ("temperature", "top_p", "max_tokens", "seed", "stop")


@dataclass(frozen=True, slots=True)
class Asking:
    """A generator or a judge: its endpoint, its sampling settings, how many answers it gives."""

    name: str
    endpoint: Endpoint
    params: Mapping[str, Any]
    system: str | None
    samples: int

    def instruct(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """The messages with the role's own system prompt in front (before the prompt's own)."""
        if not self.system:
            return messages
        if messages and messages[0]["role"] == "system":
            both = f"{self.system}\n\n{messages[0]['content']}"
            return (Message(role="system", content=both), *messages[1:])
        return (Message(role="system", content=self.system), *messages)


def asking(name: str, role: Role, endpoint: Endpoint, defaults: Judge | None = None) -> Asking:
    """Settings of the role; where it has none, those of the judge node above it."""

    def setting(field: str) -> Any:
        value = getattr(role, field)
        return getattr(defaults, field) if value is None and defaults is not None else value

    samples = setting("samples")
    samples = 1 if samples is None else samples
    if samples < 1:
        raise ConfigError(f"{name}: samples is {samples}; it must be 1 or more")
    for field, low, high in (("temperature", 0.0, 5.0), ("top_p", 0.0, 1.0)):
        value = setting(field)
        if value is not None and not low <= value <= high:
            raise ConfigError(f"{name}: {field} is {value}; it must be {low:g} to {high:g}")
    if setting("max_tokens") is not None and setting("max_tokens") < 1:
        raise ConfigError(f"{name}: max_tokens is {setting('max_tokens')}; it must be 1 or more")
    params = {field: setting(field) for field in SAMPLING}
    return Asking(name, endpoint, params, setting("system"), samples)
