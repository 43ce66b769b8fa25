"""What all sections of a comparison's report look at: its judges in one order. Shows nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from aifgen.page import charts
from aifgen.page.figures_table import Row, at
from aifgen.page.section import Table
from aifgen.page.wording import interval_of, value_of, visible

CHARTED = 12
"""Judges in a plot; the tables have all."""
WHOSE = {"gold": "gold", "people": "what most people say"}


@dataclass(frozen=True, slots=True)
class View:
    """names: of the judges, the one that agrees most with the reference first."""

    comparison: Mapping[str, Any]
    names: tuple[str, ...]

    @property
    def charted(self) -> tuple[str, ...]:
        return self.names[:CHARTED]

    @property
    def reference(self) -> str | None:
        """In words; null where there is none."""
        return WHOSE.get(self.comparison.get("reference") or "")

    @property
    def rate(self) -> str:
        """What a generator's rate is the share of."""
        if self.comparison.get("kind", "pair") == "pair":
            return "win rate"
        return f"share of {visible(self.comparison['classes'][-1])!r}"

    def judge(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.part("judges").get(name) or {}
        return found

    def part(self, key: str) -> Mapping[str, Any]:
        return self.comparison.get(key) or {}

    def judges(self) -> list[Row]:
        return [((visible(name),), self.judge(name)) for name in self.names]

    def pairs(self, of: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
        """(A, B, what stands under "A|B") in the order of the comparison."""
        order = list(self.part("judges"))
        return [(a, b, of[f"{a}|{b}"]) for a, b in combinations(order, 2) if of.get(f"{a}|{b}")]

    def too_many(self) -> list[str]:
        """A sentence where the plots do not show all judges."""
        if len(self.names) <= CHARTED:
            return []
        by = "agree most with " + self.reference if self.reference else "come first"
        return [f"Plots show the {CHARTED} of {len(self.names)} judges that {by}; tables have all."]


def view(comparison: Mapping[str, Any]) -> View:
    judges = comparison.get("judges") or {}

    def rank(name: str) -> float:
        value = value_of(at(judges[name], "agreement"))
        return 1.0 if value is None else -value

    return View(comparison, tuple(sorted(judges, key=rank)))


def paired(rows: Sequence[tuple[str, str, Mapping[str, Any]]]) -> list[Row]:
    return [((visible(a), visible(b)), row) for a, b, row in rows]


def dot(label: str, figure: Any, series: int = 0) -> charts.Dot:
    """A figure as a dot of a plot."""
    low, high = ends(figure)
    return charts.Dot(label, value_of(figure), low, high, series)


def ends(figure: Any) -> tuple[float | None, float | None]:
    return interval_of(figure) or (None, None)


def there(tables: Sequence[Table | None]) -> list[Table]:
    return [table for table in tables if table is not None]
