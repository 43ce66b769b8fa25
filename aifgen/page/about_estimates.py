"""The section that speaks of the whole run where people saw a part of it. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aifgen.page import charts
from aifgen.page.figures_table import Row, figures_table
from aifgen.page.section import Section, Table
from aifgen.page.view import View, dot
from aifgen.page.wording import count, number, percent, visible

WAYS = {
    "prediction_powered": "prediction-powered",
    "human_only": "human-only",
    "naive": "naive",
}
READ = (
    "Read prediction-powered: what people would say of all prompts, from their labels and what "
    "judges say of the rest; human-only does without the judges, naive forgets how the labelled "
    "prompts were chosen."
)
SHOWN = 12
"""Rows in the plot; the tables have all."""


def estimates(view: View) -> Section | None:
    """Naive, human-only and prediction-powered side by side; null where people saw all or none."""
    found = view.part("estimates")
    if not found or found["prompts"] >= found["of"]:
        return None
    who = "One person" if found["people"] == 1 else f"{count(found['people'])} people"
    drawn = f", drawn as {visible(' and '.join(found['samples']))}" if found["samples"] else ""
    lead = [
        f"{who} labelled {count(found['prompts'])} of {count(found['of'])} prompts{drawn}.",
        READ,
    ]
    judges = _rows({name: found["judges"].get(name) for name in view.names})
    generators = _rows(found["generators"])
    matches = _rows({name.replace("|", " against "): of for name, of in found["matchups"].items()})
    if len(matches) < 2:  # two generators: their win rates say the same
        matches = []
    rate = f"{view.rate[0].upper()}{view.rate[1:]}"
    tables = [
        _table("judge", judges, "Agreement with people, of the whole run"),
        _table(
            "generator",
            generators,
            f"{rate} by people, of the whole run",
        ),
        _table("generators", matches, "How often the first wins, of the whole run"),
    ]
    blocks: list[str | Table] = []
    dots = [
        dot(f"{name}: {what}", of[way], k)
        for what, rows in (("agreement", judges), (view.rate, generators))
        for (name,), of in rows[:SHOWN]
        for k, way in enumerate(WAYS)
    ]
    if any(one.value is not None for one in dots):
        blocks.append(
            charts.dots_with_intervals(
                "estimates", "Estimates three ways", dots, series=list(WAYS.values()),
                label="by people, of the whole run",
            )
        )  # fmt: skip
    blocks += [table for table in tables if table]
    return Section(
        "estimates", "What people would say of the whole run", blocks, lead, [_assumes(found)]
    )


def _rows(found: Mapping[str, Any]) -> list[Row]:
    return [((visible(name),), of) for name, of in found.items() if of]


def _table(word: str, rows: list[Row], caption: str) -> Table | None:
    columns = [(title, way, percent) for way, title in WAYS.items()]
    power = ("lambda", "power", lambda value: number(value, 2))
    return figures_table((word,), rows, [*columns, power], caption=caption)


def _assumes(found: Mapping[str, Any]) -> str:
    text = visible(str(found["assumes"]))
    return f"Assumed: {text}."
