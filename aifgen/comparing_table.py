"""A comparison as people read it in a terminal. Knows the figures, not where they come from."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aifgen.figures import dollars

WIDE = 160
"""Columns where nobody's terminal says how many."""
FEW = 20
"""Prompts from which there are intervals (compare.figure)."""
MOST = 20
"""Judges in a table, and pairs of judges; the report has all."""
Columns = Mapping[str, Callable[[Mapping[str, Any]], str]]
JUDGE: Columns = {
    "kappa": lambda of: number(of["cohen_kappa"]),
    "failures": lambda of: f"{of['failures']:,}" if of["failures"] else "",
    "$/1000": lambda of: _price(of["usd_per_1000"]),
    "P(first)": lambda of: percent(of["p_first"], bare=True),
    "P(longer)": lambda of: percent(of["length_preference"], bare=True),
    "own": lambda of: percent(of["self_preference"], bare=True),
}
TWO: Columns = {
    "agree": lambda of: percent(of["agreement"]),
    "points": lambda of: percent(of["agreement_difference"], unit=""),
    "flipped": lambda of: percent(of["dataset_effect"]["flipped"], bare=True),
    "changed": lambda of: _some(of["dataset_effect"]["changed"]),
    "gained": lambda of: percent(of["dataset_effect"]["gained"], bare=True),
    "lost": lambda of: percent(of["dataset_effect"]["lost"], bare=True),
    "kappa": lambda of: number(of["cohen_kappa"]),
    "McNemar p": lambda of: number(of["mcnemar_exact_p"], "{:.2g}"),
}
"""Columns in the order in which a narrow terminal keeps them."""


def show(found: Mapping[str, Any], out: str) -> None:
    """Print a comparison (comparison.json) to standard output."""
    from rich.console import Console

    # A terminal wraps words; a file or a pipe gets whole lines.
    piped = not sys.stdout.isatty()
    console = Console(highlight=False, markup=False, soft_wrap=piped, width=WIDE if piped else None)
    console.print(_plain(found["headline"]))
    console.print()
    noun = "pairs" if found["kind"] == "pair" else "answers"
    whose = {"gold": "with gold", "people": "with people", None: "agreement"}[found["reference"]]
    ranked = sorted(found["judges"].items(), key=lambda one: -(one[1]["agreement"]["value"] or 0))
    first: Columns = {
        noun: lambda of: f"{of['n' if found['reference'] else 'asked']:,}",
        whose: lambda of: percent(of["agreement"]),
    }
    _table(console, "judge", {**first, **JUDGE}, ranked)
    _left_out(console, len(ranked), "judges")
    if len(ranked) > 1:
        console.print()
        pairs = _with_best(found["pairs"], ranked[0][0]) if len(ranked) > 3 else found["pairs"]
        named = [(name.replace("|", " | "), of) for name, of in pairs.items()]
        _table(console, "two judges", TWO, named)
        _left_out(console, len(found["pairs"]), "pairs of judges", min(len(pairs), MOST))
    if (people := found["humans"]).get("ceiling"):
        kappa = number(people["ceiling_kappa"])
        told = f"{people['n_raters']} people agree with each other on {percent(people['ceiling'])}"
        console.print()
        console.print(f"{told} (kappa {kappa})." if kappa else f"{told}.")
    if told := _whole(found.get("estimates"), ranked[0][0]):
        console.print()
        console.print(_plain(told))
    console.print()
    if found["n_clusters"] >= FEW:
        console.print(f"Brackets: 95 % intervals over {found['n_clusters']:,} prompts.")
    else:
        few = f"{found['n_clusters']:,} prompt{'s' * (found['n_clusters'] != 1)}"
        console.print(f"{few}: too few for intervals ({FEW} are needed).")
    console.print("What each figure means: the report and docs/comparing.md.")
    for note in found["notes"]:
        console.print(f"Note: {_plain(note)}")
    console.print()
    console.print(f"report:    {out}/report.html", soft_wrap=True)
    console.print(f"figures:   {out}/comparison.json", soft_wrap=True)
    console.print(f"verdicts:  {out}/judgments_wide.parquet", soft_wrap=True)


def _whole(estimates: Mapping[str, Any] | None, judge: str) -> str:
    """What people who saw a part of the run would say of the whole; empty where they saw all,
    or nothing that tells."""
    if not estimates or estimates["prompts"] >= estimates["of"]:
        return ""
    sample = f" ({' and '.join(estimates['samples'])})" if estimates["samples"] else ""
    three = estimates["judges"][judge]
    rate, plain = percent(three["prediction_powered"]), percent(three["naive"], bare=True)
    if not rate:
        return ""
    if three["prediction_powered"]["ci95"] is None:
        rate += " (too few for an interval)"
    return (
        f"People saw {estimates['prompts']:,} of {estimates['of']:,} prompts{sample}: of all, "
        f"{judge} agrees with them on {rate}, of those alone on {plain}."
    )


def percent(figure: Mapping[str, Any], *, bare: bool = False, unit: str = " %") -> str:
    """91.2 % [90.1, 92.3]; nothing where there is no value. bare: without the interval."""
    if (value := figure["value"]) is None:
        return ""
    ends = figure["ci95"]
    if bare or ends is None:
        return f"{100 * value:.1f}{unit}"
    return f"{100 * value:.1f}{unit} [{100 * ends[0]:.1f}, {100 * ends[1]:.1f}]"


def number(figure: Mapping[str, Any], form: str = "{:.3f}") -> str:
    return "" if figure["value"] is None else form.format(figure["value"])


def _table(
    console: Any, head: str, columns: Columns, rows: Sequence[tuple[str, Mapping[str, Any]]]
) -> None:
    """Columns that hold something, of these as many as the terminal has room for, and which not."""
    from rich import box
    from rich.table import Table

    cells = {name: {key: form(of) for key, form in columns.items()} for name, of in rows[:MOST]}
    shown = [key for key in columns if any(row[key] for row in cells.values())]
    dropped = list[str]()
    roomy = console.options.update(width=1000)
    while True:
        made = Table(box=box.SIMPLE, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
        made.add_column(head, overflow="fold")
        for key in shown:
            made.add_column(key, justify="right")
        for name, row in cells.items():
            made.add_row(_plain(name), *(row[key] for key in shown))
        wanted = console.measure(made, options=roomy).maximum
        if len(shown) <= 2 or wanted <= console.width:
            break
        dropped.insert(0, shown.pop())
    console.print(made)
    if dropped:
        console.print(f"No room for {', '.join(dropped)}: see the report, or a wider terminal.")


def _with_best(pairs: Mapping[str, Any], best: str) -> dict[str, Any]:
    return {name: of for name, of in pairs.items() if best in name.split("|")}


def _plain(text: str) -> str:
    """Nothing in a name moves a terminal's cursor or turns its text round."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _some(figure: Mapping[str, Any]) -> str:
    return percent(figure, bare=True) if figure["value"] else ""


def _price(figure: Mapping[str, Any]) -> str:
    return "" if figure["value"] is None else dollars(figure["value"])


def _left_out(console: Any, total: int, what: str, shown: int = MOST) -> None:
    if total > shown:
        console.print(f"... and {total - shown:,} more {what}: see the report.")
