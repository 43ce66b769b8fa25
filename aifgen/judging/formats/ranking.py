"""AlpacaEval's ranked lists: which model has rank 1. Knows how JSON and Python write a list."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from aifgen.judging.formats.base import Format, ParseFailure, Reading, Scale
from aifgen.judging.formats.forms import asked
from aifgen.judging.formats.objects import TEXT, Shape, closed, json_object, several
from aifgen.judging.formats.text import check_refusal, said
from aifgen.judging.formats.voice import own

LIST = re.compile(r"\[\s*\{[^\[\]]*\}\s*+,?\s*+\]")
RANKS = ([1, 2], [2, 1], [1, 1])


class Ranking(Format):
    """Two models by rank (Dubois et al., AlpacaEval). names: of the first and second shown.

    ordered: the list is `{"concise_explanation": ..., "ordered_models": [...]}`, else it stands
    alone, in JSON or as Python writes it. Equal ranks are a tie.
    """

    kind = "pair"
    ties = False

    def __init__(self, name: str, names: tuple[str, str], *, ordered: bool) -> None:
        self.name, self.names, self.ordered = name, names, ordered
        entry = closed({"model": {"enum": list(names)}, "rank": {"enum": [1, 2]}})
        self._list = Shape({"type": "array", "items": entry, "minItems": 2, "maxItems": 2})
        self._object = Shape(
            closed({"concise_explanation": TEXT, "ordered_models": several(entry, 2)})
        )

    def read(self, text: str, n: int | None, scale: Scale | None = None) -> Reading:
        text = said(text)
        value = json_object(text, "ordered_models") if self.ordered else None
        if value is None:
            value = {"ordered_models": self._literal(text)}
        entries = value["ordered_models"]
        self._list.check(entries)
        ranks = {entry["model"]: entry["rank"] for entry in entries}
        if len(ranks) != 2 or [entry["rank"] for entry in entries] not in RANKS:
            raise ParseFailure("it does not rank each of the two models once")
        first, second = (ranks[name] for name in self.names)
        why = value.get("concise_explanation")
        return Reading(
            verdict="tie" if first == second else "A" if first < second else "B",
            rationales=(why,) if isinstance(why, str) else None,
        )

    def _literal(self, text: str) -> object:
        found = [match[0] for match in own(text, LIST.finditer(text))]
        if not found:
            check_refusal(text)
            raise ParseFailure(f"there is no list that ranks {' and '.join(self.names)}")
        try:
            values = [ast.literal_eval(one) for one in found]
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            raise ParseFailure("its list cannot be read") from None
        if any(value != values[-1] for value in values):
            raise ParseFailure("it holds two different lists")
        return values[-1]

    def wording(self, n: int, scale: Scale | None, *, structured: bool) -> str:
        entries = ", ".join(f'{{"model": "{name}", "rank": 1 or 2}}' for name in self.names)
        if self.ordered:
            return asked(concise_explanation="one sentence", ordered_models=f"[{entries}]")
        return f"Answer with this list and nothing else, the better one first:\n[{entries}]"

    def schema(self, n: int, scale: Scale | None) -> Mapping[str, Any] | None:
        return self._object.schema if self.ordered else None
