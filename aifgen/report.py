"""What run.json holds: figures put together from what was counted. Knows no model and no order."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from aifgen import __version__
from aifgen.judging.examples import Examples
from aifgen.judging.protocol import Protocol
from aifgen.llm.meter import Meters
from aifgen.records import SCHEMA_VERSION
from aifgen.tally import Tally

VERSIONS = ("litellm", "hydra-core", "omegaconf", "datasets", "pyarrow", "xllamacpp")
EMBEDDED = (
    "the judge is a very small embedded model, good for trying the machinery. Its ratings are "
    "close to chance: do not train on these preferences. With a key, choose a real judge, for "
    "example judge=llama3_70b"
)
UNREAD = 0.1
"""Share of unusable answers from which a judge deserves a warning."""


def report(
    tally: Tally,
    meters: Meters,
    *,
    status: str,
    total: int | None,
    duplicates: int,
    seconds: float,
    spent: Mapping[str, Any],
    protocol: Protocol,
    citations: Sequence[str],
    embedded: Sequence[str],
) -> dict[str, Any]:
    """The figures of one start of a run; under `spent`, those of all its starts.

    total: prompts to come, null where unknown.
    """
    bill, figures = meters.total(), tally.report()
    return {
        "schema_version": SCHEMA_VERSION,
        "status": status,
        "rows": {"total": total, "done": tally.rows, "failed": tally.failed},
        "judged": tally.judged,
        "pairs": tally.pairs,
        **figures,
        "duplicates": duplicates,
        "reasons": [{"reason": r, "times": n} for r, n in tally.reasons.most_common(3)],
        "calls": {"sent": bill.sent, "stored": bill.stored},
        "tokens": {"input": bill.input_tokens, "output": bill.output_tokens},
        "usd": bill.usd,
        "seconds": round(seconds, 3),
        "models": {name: meter.report() for name, meter in meters.by_name.items()},
        "spent": dict(spent),
        "protocol": {
            "name": protocol.name,
            "citation": "\n".join(citations),
            "kind": protocol.kind,
            "scale_min": protocol.scale.low if protocol.scale else None,
            "scale_max": protocol.scale.high if protocol.scale else None,
        },
        "embedded": list(embedded),
        "warnings": [EMBEDDED] * bool(embedded) + _unread(figures["judges"]),
        "versions": _versions(),
    }


def shown_examples(examples: Examples, prompts: Mapping[int, int]) -> dict[str, Any]:
    """What people's judgments the judges were shown. prompts: by how many were shown with them."""
    fewer = sum(count for shown, count in prompts.items() if 0 < shown < examples.shown)
    return {
        "from": examples.name,
        "usable": len(examples),
        "shown": examples.shown,
        "prompts_with_fewer": fewer,
        "prompts_without": prompts.get(0, 0),
    }


def _unread(judges: Mapping[str, Mapping[str, Any]]) -> list[str]:
    found = []
    for name, judged in judges.items():
        unread = judged["parse_failures"] + judged["refused"]
        if judged["judgments"] and unread / judged["judgments"] > UNREAD:
            found.append(
                f"{unread} of {judged['judgments']} answers of the judge {name} could not be "
                "used; judgments.parquet holds them as they came"
            )
    return found


def _versions() -> dict[str, str]:
    found = {"aifgen": __version__}
    for name in VERSIONS:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
