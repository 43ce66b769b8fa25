"""The report of a comparison: the answer first, then figures, then the rows where judges differ.

Computes no statistic: the figures are those of comparison.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aifgen.page import (
    about_bias,
    about_costs,
    about_estimates,
    about_judges,
    about_people,
    about_subsets,
)
from aifgen.page.embedded import Embedded, embedded
from aifgen.page.frame import page
from aifgen.page.rows import differing
from aifgen.page.section import Section
from aifgen.page.view import View, view
from aifgen.page.wording import count, visible

if TYPE_CHECKING:
    from aifgen.compare.study import Study

LIMIT = 4_900_000
"""Bytes of the whole page."""
ROOM = 900_000
"""Bytes of rows that there are at least, however long the tables."""


def comparison_page(comparison: Mapping[str, Any], study: Study, *, rows: int = 10_000) -> str:
    """The page. comparison: what comparison.json holds. study: gives the rows and their texts.

    rows: how many at most; their texts are shortened so that the page stays below 5 MB.
    """
    seen = view(comparison)
    made = [
        about_judges.between(seen),
        about_judges.against(seen),
        about_estimates.estimates(seen),
        about_bias.ratings(seen),
        about_costs.cost(seen),
        about_people.generators(seen),
        about_bias.bias(seen),
        about_costs.failures(seen),
        about_costs.swaps(seen),
        about_people.people(seen),
        about_subsets.calibration(seen),
        about_subsets.cells(seen),
    ]
    sections = [one for one in made if one is not None]
    headline = visible(str(comparison.get("headline") or "Comparison of judges"))
    values: dict[str, Any] = {
        "title": "Comparison of judges",
        "headline": headline,
        "facts": _facts(seen, study),
        "notes": [visible(str(note)) for note in comparison.get("notes") or ()],
        "sections": sections,
        "foot": _foot(comparison),
    }
    chosen, total = differing(study, rows)
    nothing = Embedded("", False, len(chosen), 0)
    bare = page(
        "comparison.html.j2",
        script="browser.js",
        browser=_browser(study, nothing, total),
        rows=nothing,
        **values,
    )
    data = embedded(study, chosen, max(ROOM, LIMIT - len(bare.encode())))
    return page(
        "comparison.html.j2",
        script="browser.js" if data.shown else None,
        browser=_browser(study, data, total),
        rows=data,
        **values,
    )


def _facts(seen: View, study: Study) -> list[tuple[str, str]]:
    comparison = seen.comparison
    what = "pairs" if study.units.kind == "pair" else "responses"
    items = f"{count(len(study.units))} {what}"
    if len(study.units) != study.items:
        items += f" of {count(study.items)} items"
    found = [
        ("Compared", items),
        ("Prompts", f"{count(study.clusters)}; intervals resample them (95 %)"),
        ("Judges", f"{count(len(study.judges))}"),
        ("Reference", seen.reference or "none: judges are held against each other only"),
    ]
    if study.raters:
        found.insert(3, ("People", count(len(study.raters))))
    if study.generators:
        names = ", ".join(visible(name) for name in study.generators[:12])
        more = f" and {len(study.generators) - 12} more" if len(study.generators) > 12 else ""
        found.append(("Generators", names + more))
    if study.subsets:
        names = ", ".join(visible(name) for name in study.subsets[:12])
        more = f" and {len(study.subsets) - 12} more" if len(study.subsets) > 12 else ""
        found.append(("Subsets", names + more))
    found.append(("Read from", ", ".join(visible(source) for source in study.sources)))
    if comparison.get("resamples"):
        found.append(
            (
                "Bootstrap",
                f"{count(comparison['resamples'])} resamples, seed {comparison.get('seed')}",
            )
        )
    return found


def _browser(study: Study, data: Embedded, total: int) -> Section:
    title = "Rows where judges differ, or differ from the reference"
    if not total:
        return Section("browser", title, lead=["There are none."])
    kept = f"{count(data.shown)} of {count(total)}" if data.shown < total else count(total)
    lead = [
        f"{kept} items, the largest difference first: the share of pairs of judges that disagree "
        "about the item, then the spread of their ratings, then opposite verdicts before ties, then"
        " the share of judges that differ from the reference.",
    ]
    if data.shortened:
        lead.append(
            f"In {count(data.shortened)} of them the texts are shortened so that this file stays "
            "small; the first rows keep most. The search looks at what is here."
        )
    return Section("browser", title, lead=lead)


def _foot(comparison: Mapping[str, Any]) -> str:
    versions = comparison.get("versions") or {}
    words = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"Made by {words}." if words else "Made by aifgen."
