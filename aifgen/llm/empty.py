"""An answer without a word in it: why, and how often it is asked for again. Asks nobody."""

from __future__ import annotations

from aifgen.errors import Filtered, Rejected, ServerFault
from aifgen.llm.request import Completion

EMPTY_TRIES = 3


class EmptyAnswer(ServerFault):
    """200 and no text. Tried a few times: some servers recover, some models have nothing to say."""


def refuse_empty(completion: Completion) -> None:
    """Raise for what must never be stored: an answer without a word in it."""
    if completion.finish_reason == "length":
        raise Rejected(
            "the answer is empty because max_tokens was used up before it began "
            "(a reasoning model?): raise max_tokens"
        )
    if completion.finish_reason == "content_filter":
        raise Filtered("the provider's content filter left the answer empty")
    raise EmptyAnswer("the model answered with nothing")
