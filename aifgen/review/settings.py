"""What an Argilla dataset of ours asks of people, and whether one that is there asks the same.

Knows no network: it only makes and compares the client's settings objects.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aifgen.errors import ConfigError
from aifgen.review.record import OPINIONS, Shape

QUESTIONS = ("rating", "best", "ranking", "comment")
USUAL = ("rating", "best", "comment")
MOST = 8
"""Responses a prompt that a person can hold against each other on one page."""
LONGEST = 10_000
"""Characters of guidelines that Argilla takes."""


def guidelines(path: Path | None, shape: Shape) -> str:
    """Ours, or those in a file (Markdown). ConfigError where Argilla would not take them."""
    if path is None:
        ours = Path(__file__).with_name("guidelines.md").read_text("utf-8")
        return ours.replace("{low}", str(shape.values[0])).replace("{high}", str(shape.values[-1]))
    try:
        text = path.read_text("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ConfigError(
            f"the guidelines {path} cannot be read ({why}): name a text file"
        ) from None
    if not 1 <= len(text) <= LONGEST:
        raise ConfigError(
            f"the guidelines {path} have {len(text):,} characters: Argilla takes 1 to {LONGEST:,}"
        )
    return text


def settings(shape: Shape, text: str, min_submitted: int) -> Any:
    """Fields, questions and metadata.

    A response may be missing in a record (its generator failed there), so neither it nor its rating
    is required: what is best is the one question that always has an answer. min_submitted: people
    who answer a record until it counts as done.
    """
    import argilla as rg

    numbers = range(1, shape.slots + 1)
    prompt = rg.ChatField if shape.as_chat else rg.TextField
    fields = [prompt("prompt", title="Prompt", use_markdown=True)]
    fields += [
        rg.TextField(f"response_{n}", title=f"Response {n}", use_markdown=True, required=n == 1)
        for n in numbers
    ]
    if shape.several and not shape.blind:
        fields.append(
            rg.TextField(OPINIONS, title="What the judges said", use_markdown=True, required=False)
        )
    # An annotator may filter by any property, also by one whose values are hidden: where nothing of
    # the judges may be known, there is none, and nobody's models are one in any case.
    told = [
        rg.FloatMetadataProperty("margin", title="Best less worst"),
        rg.FloatMetadataProperty("spread", title="Judges apart"),
        rg.TermsMetadataProperty("consistency", title="In both orders"),
        rg.TermsMetadataProperty("judges", title="Judges"),
    ]
    return rg.Settings(
        fields=fields,
        questions=_questions(shape),
        metadata=[
            rg.TermsMetadataProperty("source", title="Source"),
            *(told if not shape.blind else ()),
        ],
        guidelines=text,
        allow_extra_metadata=True,
        distribution=rg.TaskDistribution(min_submitted=min_submitted),
    )


def _questions(shape: Shape) -> list[Any]:
    import argilla as rg

    numbers = range(1, shape.slots + 1)
    asked = shape.questions
    decided = "best" in asked or "ranking" in asked
    found: list[Any] = []
    if "rating" in asked:
        found += [
            rg.RatingQuestion(
                f"rating_{n}",
                list(shape.values),
                title=f"How good is response {n}?",
                required=n == 1 and not decided,
            )
            for n in numbers
        ]
    names = {f"response_{n}": f"Response {n}" for n in numbers}
    if "best" in asked:
        found.append(rg.LabelQuestion("best", {**names, "tie": "Tie"}, title="Which is best?"))
    if "ranking" in asked:
        # Where a response is missing, nobody can rank them all.
        alone = "best" not in asked
        title = "Rank them, equals side by side"
        found.append(rg.RankingQuestion("ranking", names, title=title, required=alone))
    if "comment" in asked:
        found.append(rg.TextQuestion("comment", title="Anything to add?", required=False))
    return found


def difference(there: Any, wanted: Any, *, ratings: bool) -> str | None:
    """What keeps records made for the settings `wanted` out of the dataset `there`, in words.

    `ratings: false` leaves the rating questions' values out, where they are not known yet.
    """
    if there._model.status != "ready":
        return "it is not published"
    for what in ("fields", "questions", "metadata"):
        ours = {p.name: _kind(p, ratings) for p in getattr(wanted, what)}
        theirs = {p.name: _kind(p, ratings) for p in getattr(there.settings, what)}
        for name in sorted({*ours, *theirs}):
            if ours.get(name) != theirs.get(name):
                return f"its {what} have {_words(name, theirs)}, the run needs {_words(name, ours)}"
    return None


def unfinished(there: Any, wanted: Any) -> bool:
    """Whether it is a dataset of ours that was never published: what it has is what we would make,
    and nobody can have put a record into it."""
    if there._model.status == "ready":
        return False
    return all(
        {(p.name, _kind(p, True)) for p in getattr(there.settings, what)}
        <= {(p.name, _kind(p, True)) for p in getattr(wanted, what)}
        for what in ("fields", "questions", "metadata")
    )


def _kind(part: Any, ratings: bool) -> str:
    settings = part._model.settings
    options = [option["value"] for option in getattr(settings, "options", None) or ()]
    if settings.type == "rating" and not ratings:
        options = []
    return f"{settings.type} {options}" if options else str(settings.type)


def _words(name: str, kinds: dict[str, str]) -> str:
    return f"{name} ({kinds[name]})" if name in kinds else f"no {name}"
