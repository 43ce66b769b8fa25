"""The sentence that answers a comparison's question first. Knows figures, not where they are from.

It claims a difference only where the interval of the difference leaves zero out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

from aifgen.compare.cautions import EVEN
from aifgen.compare.sampled import ONLY_FLIPPED
from aifgen.figures import dollars
from aifgen.records import PANEL

ALIKE = 0.05
"""An interval of a difference within this share on both sides of zero is called no difference."""
SILENT = 0.02
"""Share of failures above which the headline speaks of them."""
WHOSE = {"gold": "gold", "people": "people"}


def headline(found: Mapping[str, Any]) -> str:
    """One or two sentences about the judges of a comparison; a panel of them is not another."""
    return _about(found) + _chosen(found)


def _chosen(found: Mapping[str, Any]) -> str:
    """That people saw what was chosen for its disagreement, and not the run as it is."""
    estimates = found.get("estimates") or {}
    samples = estimates.get("samples") or []
    alike = all(sample.partition(":")[0] in EVEN for sample in samples)
    if found["reference"] != "people" or alike:
        return ""
    whole = "these alone" if samples == [ONLY_FLIPPED] else "all"
    return (
        f" People saw prompts drawn as {' and '.join(samples)}, which are not like the rest: the "
        f"estimates speak of {whole}."
    )


def _about(found: Mapping[str, Any]) -> str:
    alone = {name: of for name, of in found["judges"].items() if of["judge"] != PANEL}
    judges = alone or found["judges"]
    found = {**found, "judges": judges}
    if len(judges) == 1:
        return _one(found)
    if len(judges) == 2:
        return _two(found)
    return _many(found)


def _one(found: Mapping[str, Any]) -> str:
    ((name, of),) = found["judges"].items()
    if (rate := of["agreement"]["value"]) is None:
        if found["reference"] is not None:
            return (
                f"{name} has no verdict that {_whose(found)} could be held against, on "
                f"{_things(found, found['n_units'])}{_silent(found, (name,))}."
            )
        return (
            f"{name} judged {_things(found, found['n_units'])}; there is no gold, no person and no "
            "second judge to hold it against."
        )
    what = _things(found, of["agreement"]["n"])
    rate_told = _interval(of["agreement"], rate)
    return f"{name} agrees with {_whose(found)} on {rate_told} of {what}{_silent(found, (name,))}."


def _two(found: Mapping[str, Any]) -> str:
    (a, one), (b, two) = found["judges"].items()
    between = found["pairs"][f"{a}|{b}"]
    swap = _swap(between, found, a, b)
    price = _price(one, two, a, b)
    rates = _right(between)
    if rates is None:
        both = between["agreement"]
        if both["value"] is None:
            return f"{a} and {b} have no verdict on the same {_noun(found, 2)}."
        what = _things(found, both["n"])
        return f"{a} and {b} agree on {_interval(both, both['value'])} of {what}{swap}{price}."
    difference = between["agreement_difference"]
    what = _things(found, difference["n"])
    how = _how(difference)
    swap = _silent(found, (a, b)) + swap
    both = f"({_percent(rates[0])} and {_percent(rates[1])}{_points(difference)})"
    if how is None:
        return (
            f"{a} and {b} cannot be told apart by how often they agree with {_whose(found)} on "
            f"{what} {both}{swap}{price}."
        )
    return f"{a} agrees with {_whose(found)} {how} {b} does on {what} {both}{swap}{price}."


def _many(found: Mapping[str, Any]) -> str:
    judges = found["judges"]
    known = {
        name: of["agreement"]["value"]
        for name, of in judges.items()
        if of["agreement"]["value"] is not None
    }
    if not known:
        return _alike(found)
    best = max(known, key=lambda name: (_beaten(found, name, known), _accuracy(judges[name])))
    level = [name for name in known if name != best and not _apart(found, best, name)]
    text = (
        f"Of {len(judges)} judges {best} agrees with {_whose(found)} most often "
        f"({_interval(judges[best]['agreement'], known[best])} of "
        f"{_things(found, judges[best]['agreement']['n'])}){_silent(found, (best,))}"
    )
    if level:
        level.sort(key=lambda name: -known[name])
        named = ", ".join(f"{name} ({_percent(known[name])})" for name in level[:3])
        more = f" and {len(level) - 3} more" if len(level) > 3 else ""
        return f"{text}; {named}{more} cannot be told apart from it."
    others = [name for name in known if name != best]
    second = max(others, key=lambda name: known[name], default="")
    after = f"; next is {second} with {_percent(known[second])}" if second else ""
    return f"{text}{after}."


def _beaten(found: Mapping[str, Any], name: str, known: Mapping[str, float]) -> int:
    """How many others it is ahead of on the rows that both judged."""
    return sum(_ahead(found, name, other) > 0 for other in known if other != name)


def _ahead(found: Mapping[str, Any], one: str, other: str) -> float:
    pair, sign = found["pairs"].get(f"{one}|{other}"), 1
    if pair is None:
        pair, sign = found["pairs"].get(f"{other}|{one}") or {}, -1
    return sign * ((pair.get("agreement_difference") or {}).get("value") or 0.0)


def _apart(found: Mapping[str, Any], best: str, name: str) -> bool:
    """Whether their difference is not chance, at 95 % for all pairs of judges at once."""
    pairs = found["pairs"]
    difference = (pairs.get(f"{best}|{name}") or pairs.get(f"{name}|{best}"))[
        "agreement_difference"
    ]
    if (ends := difference["ci95"]) is None:
        return False
    normal = NormalDist()
    judges = len(found["judges"])
    wider = normal.inv_cdf(1 - 0.025 / (judges * (judges - 1) / 2)) / normal.inv_cdf(0.975)
    value = difference["value"]
    low, high = (value + wider * (end - value) for end in ends)
    return bool((low > 0 or high < 0) and _ahead(found, best, name) > 0)


def _accuracy(of: Mapping[str, Any]) -> float:
    return of["accuracy"]["failures_wrong"]["value"] or 0.0


def _silent(found: Mapping[str, Any], names: Sequence[str]) -> str:
    """Which of them failed so often that a rate over the rest says little."""
    told = ""
    for name in names:
        of = found["judges"][name]
        asked = of["n"] + of["failures"]
        if asked and of["failures"] / asked > SILENT:
            told += f"; {name} gave no verdict on {of['failures']:,} of {asked:,}"
    return told


def _alike(found: Mapping[str, Any]) -> str:
    """Several judges and nothing to hold them against."""
    rates = {
        name: of["agreement"]["value"]
        for name, of in found["pairs"].items()
        if of["agreement"]["value"] is not None
        and all(judge in found["judges"] for judge in name.split("|"))
    }
    if not rates:
        return f"No two of these {len(found['judges'])} judges have verdicts on the same items."
    if len(rates) > 1 and len(set(rates.values())) == 1:
        each = _percent(next(iter(rates.values())))
        return f"Any two of these {len(found['judges'])} judges agree on {each}."
    most, least = max(rates, key=lambda n: rates[n]), min(rates, key=lambda n: rates[n])
    first, second = (" and ".join(name.split("|")) for name in (most, least))
    return (
        f"Of {len(found['judges'])} judges {first} agree most ({_percent(rates[most])}), "
        f"{second} least ({_percent(rates[least])}); there is no gold and no person to say who is "
        "right."
    )


def _right(between: Mapping[str, Any]) -> tuple[float, float] | None:
    """How often each is right, over the units where both have a verdict."""
    (both, first), (second, neither) = between["contingency"] or ((0, 0), (0, 0))
    n = both + first + second + neither
    return ((both + first) / n, (both + second) / n) if n else None


def _how(difference: Mapping[str, Any]) -> str | None:
    """Null where the interval leaves open who is better and how much."""
    ends = difference["ci95"]
    if ends is None:
        return None
    if ends[0] > 0:
        return "more often than"
    if ends[1] < 0:
        return "less often than"
    return "as often as" if max(-ends[0], ends[1]) <= ALIKE else None


def _points(difference: Mapping[str, Any]) -> str:
    ends = difference["ci95"]
    if ends is None:
        return "; too few prompts for an interval"
    value, low, high = (100 * x for x in (difference["value"], *ends))
    return f"; {value:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}"


def _swap(between: Mapping[str, Any], found: Mapping[str, Any], a: str, b: str) -> str:
    """What taking b instead of a does."""
    effect = between.get("dataset_effect") or {}
    flipped = (effect.get("flipped") or {}).get("value")
    if found["kind"] == "pair" and flipped is not None:
        other = (effect.get("changed") or {}).get("value")
        more = f" and changes {_percent(other)} in another way" if other else ""
        rows = effect["flipped"]["n"]
        pairs = "preference pair that both give" if rows == 1 else "preference pairs that both give"
        return f"; swapping {a} for {b} flips {_percent(flipped)} of the {rows:,} {pairs}{more}"
    same = between["agreement"]["value"]
    if same is None:
        return ""
    return f"; swapping one for the other changes {_percent(1 - same)} of the verdicts"


def _price(one: Mapping[str, Any], two: Mapping[str, Any], a: str, b: str) -> str:
    """What 1,000 judgments cost."""
    first, second = one["usd_per_1000"]["value"], two["usd_per_1000"]["value"]
    if first is None or second is None or first == second == 0:
        return ""
    return f"; 1,000 judgments cost {dollars(first)} with {a} and {dollars(second)} with {b}"


def _whose(found: Mapping[str, Any]) -> str:
    return WHOSE[found["reference"]]


def _things(found: Mapping[str, Any], n: int) -> str:
    return f"{n:,} {_noun(found, n)}"


def _noun(found: Mapping[str, Any], n: int) -> str:
    word = "pair" if found["kind"] == "pair" else "answer"
    return word if n == 1 else f"{word}s"


def _interval(figure: Mapping[str, Any], value: float) -> str:
    ends = figure["ci95"]
    if ends is None:
        return _percent(value)
    return f"{_percent(value)} [{100 * ends[0]:.1f}, {100 * ends[1]:.1f}]"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"
