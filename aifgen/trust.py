"""How far judges can be trusted, from a run's report, in lines. Knows no terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aifgen.figures import dollars


def trust(report: Mapping[str, Any]) -> list[str]:
    """How far the judges' word can be trusted, in lines: examples, order, gold, cascade."""
    lines = []
    if shown := report.get("examples"):
        lines.append(_examples(shown))
    for name, figures in (report.get("judges") or {}).items():
        told = []
        if figures.get("decided"):
            told.append(
                f"the first shown won {figures['first_wins']:.0%} of {figures['decided']:,} decided"
            )
        if both := figures.get("consistency"):
            total = sum(both.values())
            told.append(
                f"in both orders {both['consistent'] / total:.0%} consistent, "
                f"{both['flipped'] / total:.0%} flipped, {both['tie'] / total:.0%} with a tie"
            )
        if figures.get("cut_texts"):
            told.append(f"{figures['cut_texts']:,} judgments of texts that were cut")
        if told:
            lines.append(f"{name}: {'; '.join(told)}.")
    for name, counts in (report.get("gold") or {}).items():
        lines.append(
            f"Gold: {name} agrees on {counts['right']:,} of {counts['total']:,} {counts['of']} "
            f"({counts['accuracy']:.1%}; {counts['wrong']:,} wrong, {counts['tie']:,} tied, "
            f"{counts['unread']:,} without a verdict)."
        )
    if cascade := report.get("cascade"):
        spared = ", ".join(
            f"{judge} was spared {one['judgments']:,} judgments"
            + (f" (about {dollars(one['usd'])})" if one["usd"] else "")
            for judge, one in cascade["spared"].items()
        )
        lines.append(
            f"Cascade: {cascade['escalated']:,} of {cascade['rows']:,} prompts went on; {spared}."
        )
    return lines


def _examples(shown: Mapping[str, Any]) -> str:
    told = [
        f"judges were shown {shown['shown']:,} of {shown['usable']:,} rows that people reviewed "
        f"({shown['from']})"
    ]
    if fewer := shown["prompts_with_fewer"]:
        told.append(f"fewer with {fewer:,} prompts")
    if without := shown["prompts_without"]:
        told.append(f"none with {without:,} prompts, as no row is shown beside itself")
    return f"Examples: {'; '.join(told)}."
