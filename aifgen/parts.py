"""A run's objects, all built and checked before anything is paid. Knows no order of things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from aifgen import build, reviewed, seats
from aifgen.errors import ConfigError
from aifgen.identity import config_digest
from aifgen.judging.example import Reviewed
from aifgen.judging.panel import Panel
from aifgen.llm.asking import Asking
from aifgen.records import Prompt
from aifgen.schema import Config
from aifgen.sinks.base import Sink
from aifgen.sources.base import Source, SourceFacts


@dataclass
class Parts:
    """responses: the most that a prompt has, its own and the generators'; null where unknown.
    reviewed: what judge.examples holds."""

    config: Config
    source: Source
    sinks: dict[str, Sink]
    panel: Panel
    generators: list[Asking]
    facts: SourceFacts
    digest: str
    responses: int
    reviewed: Reviewed | None = None

    @property
    def roles(self) -> list[Asking]:
        return [*self.generators, *self.panel.askings]


def parts(config: Config, source: Source | None = None, examples: Reviewed | None = None) -> Parts:
    """source, examples: instead of the config's. Raises AifgenError for whatever can be known
    now."""
    build.check_numbers(config)
    source = source or build.source(config)
    sinks = build.sinks(config)
    if examples is None and config.judge.examples is not None:
        examples = reviewed.read(config.judge.examples)
    panel = seats.panel(config, examples)
    generators = build.generators(config)
    facts = source.check()
    first = _first(source) if _looks_at_a_prompt(panel, facts) else None
    if panel.protocol.reference == "required" and first is not None and not first.references:
        raise ConfigError(
            f"judge/prompt={panel.protocol.name} compares with a reference answer, and the first "
            f"prompt ({first.prompt_id}) brings none: name its column with "
            "source.columns.reference=COLUMN, or choose another protocol"
        )
    given = facts.given or ((len(first.responses),) * 2 if first is not None else (0, 0))
    made = sum(generator.samples for generator in generators)
    _check_responses(panel, generators, (made + given[0], made + given[1]))
    digest = config_digest(asdict(config), examples.digest if examples else None)
    most = made + given[1]
    return Parts(config, source, sinks, panel, generators, facts, digest, most, examples)


def _looks_at_a_prompt(panel: Panel, facts: SourceFacts) -> bool:
    return panel.protocol.reference == "required" or facts.given is None


def _first(source: Source) -> Prompt | None:
    return next(iter(source), None)


def _check_responses(panel: Panel, generators: Sequence[Asking], count: tuple[int, int]) -> None:
    """count: the fewest and the most responses of a prompt."""
    fewest, most = count
    if most == 0:
        raise ConfigError(
            "no generator is chosen, and the source brings no responses: name two generators, "
            "for example generators=[8b,70b], or name the responses' columns (docs/sources.md)"
        )
    if fewest >= 2:
        return
    kind, name = panel.protocol.kind, panel.protocol.name
    if not generators:
        if kind == "pair" and most < 2:
            raise ConfigError(
                f"judge/prompt={name} compares two responses, and the source brings one a prompt: "
                "choose a protocol that rates (judge/prompt=mtbench_single), or add a generator"
            )
        return
    if most == 1:
        only = generators[0].name
        raise ConfigError(
            f"one generator ({only}) with one sample gives nothing to compare: choose two "
            "generators (generators=[A,B]), or ask this one for several samples "
            f"(generators.{only}.samples=2 generators.{only}.temperature=1)"
        )


def notes(found: Parts) -> list[str]:
    """What is to be said before anything is asked."""
    n = found.responses
    told = seats.notes(found.config, found.panel, found.reviewed)
    if found.panel.protocol.kind != "pair" or n <= 2:
        return told
    pairs = n * (n - 1) // 2
    calls = pairs * (1 + found.panel.both_orders)
    orders = " in both orders" if found.panel.both_orders else ""
    told.append(
        f"{n} responses a prompt: {found.panel.protocol.name} is asked about all {pairs} pairs of "
        f"them{orders}, {calls} calls a prompt and judge"
    )
    return told
