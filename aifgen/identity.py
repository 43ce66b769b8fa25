"""Which run a config is: a digest of what decides its result. Knows no folder and no Hydra."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from aifgen.records import digest

INDIFFERENT = {"limits", "budget", "progress", "max_failure_rate", "experiment", "hydra"}
"""What no answer, table or dataset depends on."""
INDIFFERENT_OF_MODEL = {"max_concurrency", "rpm", "tpm", "transport", "api_key_env"}


def config_digest(config: Mapping[str, Any], examples: str | None = None) -> str:
    """32 hex digits. The same for a config as Hydra composes it and for the typed one as a dict.

    Nulls do not count, so that a new field with a null default changes no run. examples: the digest
    of what judge.examples holds, which counts in place of the file's name.
    """
    decisive = {key: value for key, value in config.items() if key not in INDIFFERENT}
    if isinstance(decisive.get("judge"), Mapping):
        decisive["judge"] = {**decisive["judge"], "examples": examples}
        if config["judge"].get("examples") is None:
            decisive["judge"].pop("examples_n", None)
    for group in (decisive.get("generators"), (decisive.get("judge") or {}).get("models")):
        if isinstance(group, Mapping) and group:
            plain = {
                name: {k: v for k, v in model.items() if k not in INDIFFERENT_OF_MODEL}
                for name, model in group.items()
            }
            if group is decisive.get("generators"):
                decisive["generators"] = plain
            else:
                decisive["judge"] = {**decisive["judge"], "models": plain}
    return digest("run", _plain(decisive), _orders(config.get("judge") or {}))


def _orders(judge: Mapping[str, Any]) -> list[list[str]]:
    """Mappings whose order decides something: a cascade's judges, a rubric's criteria."""
    prompt = judge.get("prompt")
    criteria = prompt.get("criteria") if isinstance(prompt, Mapping) else None
    return [list(map(str, one or ())) for one in (judge.get("models"), criteria)]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.name if isinstance(value, Enum) else value
