"""Sections about people and generators: the ceiling, who is ranked where. Computes nothing."""

from __future__ import annotations

from typing import Any

from aifgen.page import charts
from aifgen.page.figures_table import at, figures_table
from aifgen.page.section import Section, Table
from aifgen.page.view import View, dot, paired
from aifgen.page.wording import count, number, percent, points, value_of, visible

SERIES = 6
"""Judges in the plot of the generators."""


def people(view: View) -> Section | None:
    """What people agree on among themselves, and whether a judge may stand in for them."""
    humans = view.part("humans")
    if not humans.get("n_raters"):
        return None
    who = "One person" if humans["n_raters"] == 1 else f"{count(humans['n_raters'])} people"
    lead = [f"{who} labelled {count(humans.get('n_items'))} items."]
    together = figures_table(
        ("people",),
        [
            (
                ("all, two at a time",),
                {
                    **humans,
                    "agreement": humans.get("ceiling"),
                    "cohen_kappa": humans.get("ceiling_kappa"),
                },
            ),
            *(((visible(name),), row) for name, row in (humans.get("pairs") or {}).items()),
        ],
        [
            ("agreement", "agreement", percent),
            ("Cohen's kappa", "cohen_kappa", number),
            ("Fleiss' kappa", "fleiss_kappa", number),
            ("Krippendorff's alpha", "krippendorff_alpha", number),
        ],
        caption="The human ceiling",
    )
    found = humans.get("judges") or {}
    judges = figures_table(
        ("judge",),
        [
            (
                (visible(name),),
                {**found[name], "may": _may(found[name].get("passes"))},
            )
            for name in view.names
            if name in found
        ],
        [
            ("agreement with people", "agreement", percent),
            ("people among themselves", "ceiling", percent),
            ("below the ceiling", "below_ceiling", points),
            ("people it beats", "winning_rate", percent),
            ("advantage", "advantage", percent),
            ("may stand in", "may", lambda x: x or "–"),
        ],
        caption="May this judge replace a person?",
    )
    blocks = [table for table in (together, judges) if table]
    named = humans.get("majority")
    if named:
        total = sum(named.values()) or 1
        words = ", ".join(f"{name} {count(n)} ({percent(n / total)})" for name, n in named.items())
        lead.append(f"Most of them say: {words}.")
    return Section("people", "People", blocks, lead)


def generators(view: View) -> Section | None:
    """Win rates and strengths of the generators by each judge."""
    found = view.part("generators")
    judges = [name for name in (*_known(found), *view.names) if found.get(name)]
    if not judges:
        return None
    best = found[judges[0]]
    order = sorted(best, key=lambda g: -(value_of(at(best[g], "win_rate")) or 0.0))
    order += [g for name in judges for g in found[name] if g not in best]
    order = list(dict.fromkeys(order))
    table = figures_table(
        ("judge", "generator"),
        [
            ((visible(name), visible(g)), found[name][g])
            for name in judges
            for g in order
            if g in found[name]
        ],
        [
            ("n", "n", count),
            (view.rate, "win_rate", percent),
            ("Bradley-Terry strength", "bradley_terry", lambda x: number(x, 2, signed=True)),
            ("length-controlled", "length_controlled_win_rate", percent),
        ],
        caption="Generators by each judge",
    )
    shown = judges[:SERIES]
    dots = [
        dot(g, figure, k)
        for g in order[:20]
        for k, name in enumerate(shown)
        if (figure := at(found[name].get(g) or {}, "win_rate")) is not None
    ]
    blocks: list[str | Table] = []
    if any(one.value is not None for one in dots):
        blocks.append(
            charts.dots_with_intervals(
                "generators", f"{view.rate} by judge", dots, series=shown, label=view.rate
            )
        )
    blocks += [t for t in (table, _ranks(view), _deltas(view), _matches(view)) if t]
    notes = []
    if len(judges) > SERIES:
        notes = [f"The plot shows {SERIES} of {len(judges)} judges; the tables have all."]
    return Section("generators", "Generators by judge", blocks, (), notes)


def _known(found: Any) -> list[str]:
    return [name for name in ("gold", "people") if name in found]


def _ranks(view: View) -> Table | None:
    found = view.part("rank_correlation")
    names = [*view.part("judges"), "gold", "people"]
    rows = [
        (a, b, found[f"{a}|{b}"])
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        if found.get(f"{a}|{b}")
    ]
    rows.sort(key=lambda row: row[1] not in ("gold", "people"))
    columns = [("Spearman", "spearman", number), ("Kendall", "kendall", number)]
    caption = "Do two rank the generators alike?"
    return figures_table(("A", "B"), paired(rows), columns, caption=caption)


def _deltas(view: View) -> Table | None:
    found = view.part("generator_delta")
    return figures_table(
        ("judge",),
        [((visible(name),), {"delta": found[name]}) for name in view.names if name in found],
        [("mean distance to the reference", "delta", percent)],
        caption="How far a judge's rates of the generators are from the reference's",
    )


def _matches(view: View) -> Table | None:
    found = view.part("matchups")
    rows = [
        ((visible(judge), visible(match.replace("|", " against "))), row)
        for judge, matches in found.items()
        for match, row in matches.items()
    ]
    columns = [(word, word, count) for word in ("wins", "losses", "ties")]
    return figures_table(
        ("judge", "generators"), rows, columns, caption="Wins, losses and ties", folded=True
    )


def _may(passes: bool | None) -> str | None:
    return None if passes is None else "yes" if passes else "no"
