"""From judge.examples to what the judges of a run are shown. Reads no file and knows no row."""

from __future__ import annotations

from aifgen.errors import ConfigError
from aifgen.judging.example import Reviewed
from aifgen.judging.examples import Examples
from aifgen.judging.protocol import Protocol
from aifgen.schema import Config, Judge


def seated(config: Config, protocol: Protocol, reviewed: Reviewed | None) -> Examples | None:
    """reviewed: what judge.examples holds. Raises ConfigError where it does not go with the
    protocol, or has nothing that could be shown."""
    node, name = config.judge, f"judge/prompt={protocol.name}"
    if node.examples_n < 1:
        raise ConfigError(
            f"judge.examples_n is {node.examples_n}: give 1 or more; without judge.examples none "
            "is shown"
        )
    if reviewed is None:
        return None
    where = f"judge.examples={node.examples}"
    if not protocol.takes_examples:
        raise ConfigError(
            f"{where} does not go with {name}, whose verdict is a word of its own and neither a "
            "rating nor a choice of two: choose another protocol, or leave out judge.examples"
        )
    if protocol.scale is not None:
        _check_scale(where, name, (protocol.scale.low, protocol.scale.high), reviewed)
    found = Examples(
        reviewed,
        protocol.kind,
        protocol.scale,
        ties=protocol.ties,
        n=node.examples_n,
        seed=config.seed,
        most_tokens=node.max_text_tokens,
    )
    if not len(found):
        rows = len(reviewed.examples) + reviewed.gone
        gone = f" ({reviewed.gone:,} have texts that are not in the run any more)"
        needs = {
            "pair": "of which most people find the same response best",
            "ratings": "whose responses people have all rated",
            "rating": "with a response that people have rated",
        }[protocol.kind]
        raise ConfigError(
            f"{where}: none of the {rows:,} reviewed rows{gone * bool(reviewed.gone)} can be "
            f"shown, for {name} needs rows {needs}: have more rows reviewed, then aifgen review "
            "pull RUN"
        )
    return found


def _check_scale(where: str, name: str, scale: tuple[float, float], reviewed: Reviewed) -> None:
    if reviewed.scale is None and reviewed.examples:
        raise ConfigError(
            f"{where}: people gave no ratings there, which {name} needs: choose a protocol that "
            "compares pairs, for example judge/prompt=pair"
        )
    if reviewed.scale is not None and reviewed.scale != scale:
        people, ours = (f"{low:g} to {high:g}" for low, high in (reviewed.scale, scale))
        raise ConfigError(
            f"{where}: people rated from {people} and {name} rates from {ours}: choose a protocol "
            "of their scale or one that compares pairs (judge/prompt=pair), or give this one their "
            "scale with judge.prompt.scale"
        )


def notes(node: Judge, found: Examples | None, reviewed: Reviewed | None) -> list[str]:
    """What is to be said before anything is asked."""
    if found is None or reviewed is None:
        unused = f"judge.examples_n={node.examples_n} has no effect without judge.examples"
        return [unused] * (node.examples_n != Judge.examples_n)
    told = []
    if found.shown < node.examples_n:
        told.append(
            f"judge.examples_n={node.examples_n}: of {found.name} {found.shown} can be shown, and "
            "are"
        )
    if reviewed.gone:
        rows = len(reviewed.examples) + reviewed.gone
        told.append(
            f"judge.examples: {reviewed.gone:,} of {rows:,} reviewed rows are left out, for their "
            "texts are not in the run any more"
        )
    return told
