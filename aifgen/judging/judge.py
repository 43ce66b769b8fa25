"""One question to one judge: blind, fenced, read, repaired once. Knows no other question."""

from __future__ import annotations

from dataclasses import replace

from aifgen.errors import CallError, Filtered, ModelError
from aifgen.judging.examiner import Examiner
from aifgen.judging.example import Shot
from aifgen.judging.expected import NoOdds, expected, first_token
from aifgen.judging.formats.base import ParseFailure, Reading, Refusal
from aifgen.judging.judgments import judgments
from aifgen.judging.protocol import Shown, fence
from aifgen.judging.question import Question
from aifgen.judging.shorten import shortened
from aifgen.llm.client import Answer, Client
from aifgen.llm.request import request
from aifgen.records import Failure, Judgment, Message, Prompt, transcript

SHOWN_BACK = 4000
"""Characters of an unreadable answer that the judge is shown again."""
AGAIN = "run the same command again"
UNREAD = "read the raw answer in judgments.parquet; try another judge or judge.max_tokens"


async def judge(
    client: Client,
    examiner: Examiner,
    prompt: Prompt,
    question: Question,
    sample: int,
    *,
    seed: int,
    repair: bool,
    most_tokens: int | None = None,
    examples: tuple[Shot, ...] = (),
) -> tuple[list[Judgment], Failure | None]:
    """One judgment an aspect. Never raises for an answer: see `status` and the failure.

    most_tokens: what is longer is cut before it is shown. examples: from people, of other rows.
    """
    asking, protocol, means = examiner.asking, examiner.protocol, examiner.means
    whole = tuple(response.text for response in question.shown)
    cuts = [shortened(text, most_tokens) for text in whole]
    others = (transcript(prompt.messages), *prompt.references)
    (conversation, *references), cut_others = zip(
        *(shortened(text, most_tokens) for text in others), strict=True
    )
    n = len(whole)
    answers: list[Answer] = []
    key: str | None = None
    """Of the last request."""

    async def ask(turns: tuple[Message, ...]) -> Reading:
        nonlocal key
        asked = request(
            asking.endpoint,
            turns,
            examiner.params,
            answer_schema=protocol.schema(n, means) if means.structured else None,
            sample=sample,
        )
        key = asked.key
        answers.append(await client.ask(asked, urgent=True))
        return _read(examiner, answers[-1], n)

    reading, status, problem, attempts = Reading(), "ok", None, 1
    failed_key: str | None = None
    try:
        if protocol.reference == "required" and not prompt.references:
            raise _Unasked(
                f"the prompt brings no reference answer, which {protocol.name} needs: name its "
                "column with source.columns.reference=COLUMN"
            )
        token = fence(seed, prompt.prompt_id, whole, conversation, tuple(references), examples)
        texts, notes = tuple(text for text, _ in cuts), tuple(note for _, note in cuts)
        shown = Shown(conversation, texts, token, tuple(references), notes, examples)
        messages = asking.instruct(protocol.render(shown, means))
        try:
            reading = await ask(messages)
        except ParseFailure as failure:
            hopeless = isinstance(failure, Refusal | NoOdds) or protocol.tokens_only(means)
            if hopeless or not repair:
                raise
            turns = (
                *messages,
                Message(role="assistant", content=answers[0].completion.text[:SHOWN_BACK]),
                Message(role="user", content=_complaint(failure, answers[0])),
            )
            try:
                reading, status = await ask(turns), "repaired"
            except CallError as error:
                # The first answer stays what it was: unreadable.
                failed_key, attempts = key, error.attempts
                raise failure from None
    except _Unasked as why:
        status, problem, attempts = "error", why.reason, 0
    except ParseFailure as failure:
        status = "refused" if isinstance(failure, Refusal) else "parse_failure"
        problem = _told(failure, answers[-1], brief=protocol.brief(means))
    except CallError as error:
        status = "refused" if isinstance(error, Filtered) else "error"
        problem, failed_key, attempts = error.reason, key, error.attempts
    told = None
    if problem is not None:
        told = Failure(
            prompt_id=prompt.prompt_id,
            stage="judge" if status == "error" else "parse",
            who=asking.name,
            reason=f"{status}: {problem}",
            attempts=attempts,
            advice=AGAIN if status == "error" else UNREAD,
            key=failed_key,
        )
    made = judgments(examiner, prompt, question, sample, reading, answers)
    cut = any(note for _, note in cuts) or any(cut_others)
    if status == "ok" and not cut:
        return made, None
    return [replace(j, status=status, problem=problem, cut=cut) for j in made], told


def _read(examiner: Examiner, answer: Answer, n: int) -> Reading:
    protocol, means, completion = examiner.protocol, examiner.means, answer.completion
    if not completion.logprobs and (examiner.by_odds or protocol.tokens_only(means)):
        name = examiner.asking.name
        raise ModelError(
            f"{name} ({examiner.asking.endpoint.id}): its model file says logprobs: true, but no "
            f"log probabilities came: set judge.models.{name}.logprobs=false, and leave out "
            "judge.scoring=logprobs"
        )
    if protocol.tokens_only(means):
        return protocol.parse(first_token(completion.logprobs), n, means)
    reading = protocol.parse(completion.text, n, means)
    if completion.finish_reason == "length" and not protocol.brief(means):
        # What was not said any more may have been the verdict, and what was read a quotation.
        raise ParseFailure("it ends in the middle")
    if examiner.by_odds:
        return expected(reading, completion.text, completion.logprobs, protocol.tokens(means))
    return reading


class _Unasked(Exception):
    """The question cannot be asked about this row."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _told(why: ParseFailure, answer: Answer, *, brief: bool = False) -> str:
    if answer.completion.finish_reason == "length" and not brief:
        return f"{why.reason} (the answer was cut at max_tokens)"
    return why.reason


def _complaint(why: ParseFailure, answer: Answer) -> str:
    brief = " Be brief: every rationale in one short sentence." * (
        answer.completion.finish_reason == "length"
    )
    return (
        f"Your answer could not be read: {_told(why, answer)}. Give it once more, in exactly the "
        f"form that was asked for, and write nothing else.{brief}"
    )
