"""From the config's judges to the panel that a run asks. Knows no row and no source."""

from __future__ import annotations

from aifgen import build, examples
from aifgen.errors import ConfigError
from aifgen.judging.examiner import examiner
from aifgen.judging.example import Reviewed
from aifgen.judging.panel import Panel
from aifgen.judging.protocol import Protocol
from aifgen.llm.asking import Asking
from aifgen.schema import Aggregate, Config, Flips, Judge, Orders, Scoring

FLIPS_ALONE = -1.0
"""No margin is as small: a cascade that goes on only where the order flipped."""


def panel(config: Config, reviewed: Reviewed | None = None) -> Panel:
    """reviewed: what judge.examples holds. Raises ConfigError for settings that cannot be meant
    together."""
    node, protocol = config.judge, build.protocol(config)
    judges = build.judges(config)
    _check(node, protocol, judges)
    by_odds = node.scoring is Scoring.logprobs
    cascade = node.cascade
    if cascade is None and node.flips is Flips.escalate:
        cascade = FLIPS_ALONE
    return Panel(
        protocol,
        tuple(
            tuple(examiner(judge, part, by_odds=by_odds) for part in protocol.parts)
            for judge in judges
        ),
        seed=config.seed,
        repair=node.repair,
        both_orders=node.orders is Orders.both,
        drop_flips=node.flips is Flips.drop,
        aggregate=node.aggregate.value,
        cascade=cascade,
        most_tokens=node.max_text_tokens,
        examples=examples.seated(config, protocol, reviewed),
    )


def _check(node: Judge, protocol: Protocol, judges: list[Asking]) -> None:
    if node.max_text_tokens is not None and node.max_text_tokens < 16:
        raise ConfigError(
            f"judge.max_text_tokens is {node.max_text_tokens}: give 16 or more, or null for no cut"
        )
    if node.cascade is not None and node.cascade < 0:
        raise ConfigError(
            f"judge.cascade is {node.cascade:g}: give the margin up to which the next judge is "
            "asked, 0 or more"
        )
    widest = protocol.scale.high - protocol.scale.low if protocol.scale else 1.0
    if node.cascade is not None and node.cascade >= widest:
        pairs = " for ties and flips" * (protocol.kind == "pair")
        raise ConfigError(
            f"judge.cascade={node.cascade:g} would ask every judge about every prompt, for "
            f"{protocol.name} has margins up to {widest:g}: set less, or 0 to go on{pairs} only"
        )
    if node.cascade is not None and node.aggregate is not Aggregate.mean:
        raise ConfigError(
            f"judge.aggregate={node.aggregate.value} puts judges together, and in a cascade the "
            "last one asked decides: leave out judge.aggregate or judge.cascade"
        )
    for judge in judges:
        if judge.samples > 1 and judge.params["temperature"] == 0:
            raise ConfigError(
                f"{judge.name} is asked for {judge.samples} samples at temperature 0, which would "
                f"be equal: set judge.temperature=1 (or judge.models.{judge.name}.temperature=1)"
            )
    if len(judges) == 1 and (node.cascade is not None or node.flips is Flips.escalate):
        what = "judge.flips=escalate" if node.cascade is None else f"judge.cascade={node.cascade:g}"
        raise ConfigError(
            f"{what} needs a judge to go on to: name the cheap one first, judge=[cheap,strong]"
        )
    if node.flips is Flips.escalate and node.cascade is None:
        if protocol.kind != "pair":
            raise ConfigError(
                f"judge.flips=escalate goes with pairs, and {protocol.name} rates: set "
                "judge.cascade to a margin, or choose a pair protocol"
            )
        if node.orders is Orders.one:
            raise ConfigError(
                "judge.flips=escalate needs both orders, for nothing flips in one: leave out "
                "judge.orders=one"
            )
    seen: dict[object, str] = {}
    for judge in judges:
        end = judge.endpoint
        asked = {k: v for k, v in judge.params.items() if v is not None}
        who = repr(
            (end.identity, end.model, end.structured, end.logprobs,
             sorted(end.extra_body.items(), key=repr), sorted(asked.items()), judge.system)
        )  # fmt: skip
        if who in seen:
            raise ConfigError(
                f"the judges {seen[who]} and {judge.name} are one model asked in one way, so the "
                "second adds nothing: leave it out, or ask one judge several times with "
                "judge.samples=3 judge.temperature=1"
            )
        seen[who] = judge.name


def notes(config: Config, found: Panel, reviewed: Reviewed | None = None) -> list[str]:
    """What a setting does, or does not do, that one might not expect."""
    node, kind, names = config.judge, found.protocol.kind, [a.name for a in found.askings]
    told = []
    if node.flips is Flips.drop and (kind != "pair" or node.orders is Orders.one):
        why = "in one order nothing flips" if kind == "pair" else f"{found.protocol.name} rates"
        told.append(f"judge.flips=drop has no effect: {why}")
    if node.orders is Orders.one and kind != "pair":
        told.append(f"judge.orders=one has no effect: {found.protocol.name} rates")
    if found.cascade == FLIPS_ALONE:
        others = " and ".join(names[1:])
        told.append(f"judge.flips=escalate: {others} only where the order flipped before")
    if node.aggregate is not Aggregate.mean and len(names) == 1:
        told.append(f"judge.aggregate={node.aggregate.value} has no effect: there is one judge")
    return told + examples.notes(node, found.examples, reviewed)
