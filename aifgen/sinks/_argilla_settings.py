"""What an Argilla dataset of ours asks of people, and whether one that is there asks the same.

Knows no network: it only makes and compares the client's settings objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

GUIDELINES = (
    "Read the prompt and all responses. Rate each response, then say which one is best. What a "
    "language model thought is filled in as a suggestion: change it wherever you disagree."
)


def settings(responses: int, values: Sequence[int], as_chat: bool) -> Any:
    """Fields, questions and metadata for records with `responses` slots.

    A response may be missing in a record (its generator failed there), so neither it nor its rating
    is required: what is best is the one question that always has an answer.
    """
    import argilla as rg

    numbers = range(1, responses + 1)
    prompt = rg.ChatField if as_chat else rg.TextField
    several = responses > 1
    texts = [
        rg.TextField(f"response_{n}", title=f"Response {n}", use_markdown=True, required=False)
        for n in numbers
    ]
    questions = [
        rg.RatingQuestion(
            f"rating_{n}", list(values), title=f"How good is response {n}?", required=not several
        )
        for n in numbers
    ]
    if several:
        labels = {f"response_{n}": f"Response {n}" for n in numbers} | {"tie": "Tie"}
        questions.append(rg.LabelQuestion("best", labels, title="Which is best?"))
    questions.append(rg.TextQuestion("comment", title="Anything to add?", required=False))
    return rg.Settings(
        fields=[prompt("prompt", title="Prompt", use_markdown=True), *texts],
        questions=questions,
        metadata=[
            rg.TermsMetadataProperty("judge", title="Judge"),
            rg.FloatMetadataProperty("margin", title="Best rating less worst"),
            *(
                rg.FloatMetadataProperty(f"judge_rating_{n}", title=f"Judge on {n}")
                for n in numbers
            ),
        ],
        guidelines=GUIDELINES,
    )


def difference(there: Any, wanted: Any, *, ratings: bool) -> str | None:
    """What keeps records made for the settings `wanted` out of the dataset `there`, in words.

    `ratings: false` leaves the rating questions' values out, where they are not known yet.
    """
    if there._model.status != "ready":
        return "it is not published"
    for what in ("fields", "questions"):
        ours = {p.name: _kind(p, ratings) for p in getattr(wanted, what)}
        theirs = {p.name: _kind(p, ratings) for p in getattr(there.settings, what)}
        for name in sorted({*ours, *theirs}):
            if ours.get(name) != theirs.get(name):
                return f"its {what} have {_words(name, theirs)}, the run needs {_words(name, ours)}"
    return None


def _kind(part: Any, ratings: bool) -> str:
    settings = part._model.settings
    options = [option["value"] for option in getattr(settings, "options", None) or ()]
    if settings.type == "rating" and not ratings:
        options = []
    return f"{settings.type} {options}" if options else str(settings.type)


def _words(name: str, kinds: dict[str, str]) -> str:
    return f"{name} ({kinds[name]})" if name in kinds else f"no {name}"
