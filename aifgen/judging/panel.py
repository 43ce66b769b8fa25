"""All judges about one row: beside each other, or the next only where the last was unsure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aifgen.judging.aggregate import panel as put_together
from aifgen.judging.citing import citations
from aifgen.judging.examiner import Examiner
from aifgen.judging.example import Shot
from aifgen.judging.examples import Examples
from aifgen.judging.judge import judge
from aifgen.judging.protocol import Protocol
from aifgen.judging.question import questions
from aifgen.judging.verdicts import pairs, ratings, twins
from aifgen.llm.asking import Asking
from aifgen.llm.client import Client
from aifgen.llm.together import together
from aifgen.records import PANEL, Failure, Judgment, Prompt, Response, Verdict


@dataclass(frozen=True, slots=True)
class Panel:
    """The judges of a run and all that is said of them.

    judges: with one examiner for each part of the protocol. cascade: the margin up to which the
    next judge is asked; null: all are. most_tokens: see judge. examples: from people, the same for
    all judges.
    """

    protocol: Protocol
    judges: tuple[tuple[Examiner, ...], ...]
    seed: int = 0
    repair: bool = True
    both_orders: bool = True
    drop_flips: bool = False
    aggregate: str = "mean"
    cascade: float | None = None
    most_tokens: int | None = None
    examples: Examples | None = None

    @property
    def citations(self) -> list[str]:
        by_odds = any(examiner.by_odds for examiners in self.judges for examiner in examiners)
        return citations(self.protocol, by_odds=by_odds)

    @property
    def askings(self) -> list[Asking]:
        return [examiners[0].asking for examiners in self.judges]


@dataclass(frozen=True, slots=True)
class Judged:
    """What all judges said of a row. examples: how many from people they were shown."""

    judgments: tuple[Judgment, ...]
    verdicts: tuple[Verdict, ...]
    failures: tuple[Failure, ...]
    examples: int = 0


async def judge_row(
    client: Client, panel: Panel, prompt: Prompt, responses: Sequence[Response]
) -> Judged:
    """Ask the judges about a row. Verdicts: each judge's, then the panel's where it has several."""
    shots = panel.examples.of(prompt, responses) if panel.examples else ()
    if len(panel.judges) == 1:
        return await _judge(client, panel, panel.judges[0], prompt, responses, shots)
    if panel.cascade is None:
        said = await together(
            [_judge(client, panel, one, prompt, responses, shots) for one in panel.judges]
        )
        order = [response.response_id for response in responses]
        word = put_together([s.verdicts for s in said], panel.aggregate, order)
    else:
        said = []
        for examiners in panel.judges:
            said.append(await _judge(client, panel, examiners, prompt, responses, shots))
            if not said[-1].judgments or _sure(said[-1].verdicts, len(responses), panel):
                break
        word = _last_word(said)
    return Judged(
        tuple(j for s in said for j in s.judgments),
        (*(v for s in said for v in s.verdicts), *word),
        tuple(f for s in said for f in s.failures),
        len(shots),
    )


async def _judge(
    client: Client,
    panel: Panel,
    examiners: Sequence[Examiner],
    prompt: Prompt,
    responses: Sequence[Response],
    shots: tuple[Shot, ...],
) -> Judged:
    """One judge about a row: every part of the protocol, every sample, every question."""
    asked = [
        judge(
            client, examiner, prompt, question, sample,
            seed=panel.seed, repair=panel.repair, most_tokens=panel.most_tokens, examples=shots,
        )
        for examiner in examiners
        for sample in range(examiner.asking.samples)
        for question in questions(
            panel.protocol.kind, responses,
            seed=panel.seed, prompt_id=prompt.prompt_id, both_orders=panel.both_orders,
        )
    ]  # fmt: skip
    answers = await together(asked) if asked else []
    judgments = [judgment for made, _ in answers for judgment in made]
    if panel.protocol.kind == "pair":
        found = pairs(judgments, both_orders=panel.both_orders, drop_flips=panel.drop_flips)
        found += twins(responses, examiners[0].asking.name, panel.protocol.name)
    else:
        found = ratings(judgments, panel.protocol.weights)
    if len(panel.protocol.parts) > 1:  # its judgments bear the parts' names
        found = [replace(verdict, protocol=panel.protocol.name) for verdict in found]
    failures = tuple(failure for _, failure in answers if failure)
    return Judged(tuple(judgments), tuple(found), failures, len(shots))


def _sure(verdicts: Sequence[Verdict], responses: int, panel: Panel) -> bool:
    """Whether a judge's word may stand: nothing flipped, all judged, and a margin that is wide."""
    assert panel.cascade is not None
    if any(v.consistency == "flipped" for v in verdicts):
        return False
    if panel.protocol.kind == "pair":
        scores = [v.probability for v in verdicts if v.probability is not None]
        whole = len(scores) == responses * (responses - 1) // 2
        return whole and all(round(abs(2 * p - 1), 9) > panel.cascade for p in scores)
    rated = [v.rating for v in verdicts if v.rating is not None]
    if responses == 1:  # which has no margin
        return len(rated) == 1
    return len(rated) == responses and round(max(rated) - min(rated), 9) > panel.cascade


def _last_word(said: Sequence[Judged]) -> list[Verdict]:
    """The verdicts of the last judge asked that has as many as any."""
    most = max(len(s.verdicts) for s in said)
    words = next(s.verdicts for s in reversed(said) if len(s.verdicts) == most)
    return [replace(v, judge=PANEL, escalated=len(said) > 1) for v in words]
