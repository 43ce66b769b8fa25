"""Counting what came out of a run, row by row. Pure: knows no model, file or terminal."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from aifgen.agreement import Agreement
from aifgen.cascade import Cascade, answered
from aifgen.position import Position
from aifgen.records import GIVEN, PANEL, Row

OUTCOMES = (
    "paired", "tie", "identical", "small_margin", "flipped", "single", "no_verdict", "failed",
)  # fmt: skip


class _Mean:
    def __init__(self) -> None:
        self.total, self.n = 0.0, 0

    def add(self, value: float) -> None:
        self.total += value
        self.n += 1

    def value(self) -> float | None:
        return self.total / self.n if self.n else None


class Tally:
    """Figures over all rows added. Win rate: share of the comparisons with another generator's
    response to the same prompt in which the rating is higher; ties count half."""

    def __init__(
        self,
        generators: Sequence[tuple[str, str]],
        judges: Sequence[tuple[str, str]],
        *,
        cascade: Mapping[str, int] | None = None,
    ):
        """Names with model ids, in the config's order; responses of the source bring their own.
        cascade: samples of each judge, where the judges are one."""
        self._generators, self._judges = dict(generators), list(judges)
        self._cascade = Cascade(cascade) if cascade else None
        self._position = {name: Position() for name, _ in judges}
        self._gold = Agreement()
        self._cut_texts: Counter[str] = Counter()
        self.rows = self.failed = self.pairs = self.judged = 0
        self.outcomes: Counter[str] = Counter()
        self.examples: Counter[int] = Counter()
        """Judged prompts by how many examples from people were shown with them."""
        self.reasons: Counter[str] = Counter()
        self._statuses: dict[str, Counter[str]] = {name: Counter() for name, _ in judges}
        self._judged: dict[str, _Mean] = {name: _Mean() for name, _ in judges}
        self._answers: Counter[str] = Counter()
        self._cut: Counter[str] = Counter()
        self._words: dict[str, _Mean] = defaultdict(_Mean)
        self._ratings: dict[str, _Mean] = defaultdict(_Mean)
        self._wins: dict[str, _Mean] = defaultdict(_Mean)
        self._tokens = [0, 0]
        self._usd: float | None = 0.0

    def add(self, row: Row) -> None:
        self.rows += 1
        self.pairs += len(row.preferences)
        self.judged += bool(row.verdicts)
        self.outcomes[row.outcome] += 1
        self.examples[row.examples] += bool(row.judgments)
        self.failed += any(f.stage != "parse" for f in row.failures)
        for failure in row.failures:
            self.reasons[f"{failure.who}: {failure.reason}"] += 1
        for response in row.responses:
            self._answers[response.generator] += 1
            self._cut[response.generator] += response.finish_reason == "length"
            self._words[response.generator].add(len(response.text.split()))
            if response.key is None:
                self._generators.setdefault(response.generator, GIVEN)
            else:
                self._bill(response.input_tokens, response.output_tokens, response.usd)
        for judgment in answered(row.judgments):
            self._statuses[judgment.judge][judgment.status] += 1
        for judgment in row.judgments:
            self._position[judgment.judge].judged(judgment)
            self._cut_texts[judgment.judge] += judgment.cut
            for rating in judgment.ratings or ():
                if rating is not None:
                    self._judged[judgment.judge].add(rating)
            if judgment.key is not None:
                self._bill(judgment.input_tokens, judgment.output_tokens, judgment.usd)
        for verdict in row.verdicts:
            if verdict.judge != PANEL:
                self._position[verdict.judge].found(verdict)
        if row.prompt.gold is not None:
            names = [name for name, _ in self._judges]
            self._gold.add(row, [*names, PANEL] if len(names) > 1 else names)
        if self._cascade:
            self._cascade.add(row)
        self._compare(row)

    def _bill(self, read: int | None, written: int | None, usd: float | None) -> None:
        self._tokens[0] += read or 0
        self._tokens[1] += written or 0
        self._usd = None if self._usd is None or usd is None else self._usd + usd

    def _compare(self, row: Row) -> None:
        generator = {r.response_id: r.generator for r in row.responses}
        counted = [v for v in row.verdicts if v.judge == PANEL] or row.verdicts
        rated = [(generator[v.response_ids[0]], v.rating) for v in counted if v.rating is not None]
        for v in counted:
            if v.probability is not None:
                a, b = (generator[name] for name in v.response_ids)
                if a != b:
                    self._wins[a].add(v.probability)
                    self._wins[b].add(1 - v.probability)
        for name, rating in rated:
            self._ratings[name].add(rating)
        for (a, first), (b, second) in combinations(rated, 2):
            if a != b:
                won = 0.5 if first == second else float(first > second)
                self._wins[a].add(won)
                self._wins[b].add(1 - won)

    def report(self) -> dict[str, Any]:
        return {
            "outcomes": {name: self.outcomes[name] for name in OUTCOMES},
            "generators": {
                name: {
                    "model": model,
                    "responses": self._answers[name],
                    "cut": self._cut[name],
                    "mean_words": self._words[name].value(),
                    "mean_rating": self._ratings[name].value(),
                    "win_rate": self._wins[name].value(),
                }
                for name, model in self._generators.items()
            },
            "judges": {
                name: {
                    "model": model,
                    "judgments": self._statuses[name].total(),
                    "ok": self._statuses[name]["ok"],
                    "repaired": self._statuses[name]["repaired"],
                    "parse_failures": self._statuses[name]["parse_failure"],
                    "refused": self._statuses[name]["refused"],
                    "errors": self._statuses[name]["error"],
                    "mean_rating": self._judged[name].value(),
                    "cut_texts": self._cut_texts[name],
                    **self._position[name].report(),
                }
                for name, model in self._judges
            },
            "gold": self._gold.report(),
            "cascade": self._cascade.report() if self._cascade else None,
            "tokens_of_answers": {"input": self._tokens[0], "output": self._tokens[1]},
            "usd_of_answers": self._usd,
        }
