"""Labels that stand for a rating: correct or incorrect. Knows no scale but 0 to 1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aifgen.judging.formats.base import ParseFailure, Reading, Scale
from aifgen.judging.formats.forms import TextOrObject, asked, worded
from aifgen.judging.formats.sentences import WORDY, sentences
from aifgen.judging.formats.text import check_refusal
from aifgen.judging.formats.voice import check_taken_back, own

SENTENCE = 1_000
"""As long as the last sentence may be."""
LINE = re.compile(
    r"^(?:[^\w\n]|_)*+(?P<label>(?:(?:so|my|the|final|overall)[^\S\n]+){0,3}(?:verdict|answer|judge?ment|conclusion"
    r"|result)\b[^\w\n]*+(?:is\b[^\w\n]*+)?)?(?:\n[^\w\n]*+)?"
    r"(?P<word>(?P<un>in)?correct)\b(?:[^\w\n:]|_)*+$",
    re.IGNORECASE | re.MULTILINE,
)
LABELLED = re.compile(
    r"^(?:[^\w\n]|_)*+(?:(?:my|the|final|overall)[^\S\n]+){0,3}verdict\b",
    re.IGNORECASE | re.MULTILINE,
)
SAID = re.compile(
    r"[\W_]*(?:[^.!?\n]{0,300},\s+(?:so|thus|hence|therefore)\s+)?(?:(?:therefore|thus|hence|so|overall|in\s+conclusion)\W+)?"
    r"(?:(?:the|this|its?)\s+)?(?:(?:model|assistant['’]s|given|final)\s+)?"
    r"(?:answer|response|output|it)\s+is\s+(?:therefore\s+|thus\s+)?"
    r"(?P<word>(?P<un>in|not\s+)?correct)[\W_]*",
    re.IGNORECASE,
)


class Labelled(TextOrObject):
    """One of a few labels, each with its rating."""

    kind = "rating"
    key = "verdict"
    labelled = True

    def __init__(self, labels: Mapping[str, float]) -> None:
        self.labels = labels
        self.scale: Scale = Scale(min(labels.values()), max(labels.values()))

    def _labelled(self, label: str, why: str | None = None, at: int | None = None) -> Reading:
        rationales = None if why is None else (why,)
        return Reading((self.labels[label],), rationales, label=label, at=at)

    def _object(self, text: str, value: Mapping[str, Any], scale: Scale | None) -> Reading:
        worded(tuple(self.labels)).check(value)
        label = value["verdict"]
        return self._labelled(label, value["rationale"], self._at(text, label))

    def schema(self, n: int, scale: Scale | None) -> Mapping[str, Any]:
        return worded(tuple(self.labels)).schema

    def tokens(self, scale: Scale | None) -> Mapping[str, float]:
        return self.labels


class CorrectIncorrect(Labelled):
    """A last line `Verdict: correct` or `Verdict: incorrect`, or a last sentence that says so."""

    name = "correct_incorrect"

    def __init__(self) -> None:
        super().__init__({"correct": 1.0, "incorrect": 0.0})

    def _text(self, text: str, scale: Scale | None) -> Reading:
        found = _line(text) or _sentence(text)
        if found is None:
            check_refusal(text)
            raise ParseFailure('there is no last line "Verdict: correct" or "Verdict: incorrect"')
        check_taken_back(text, found.end())
        return self._labelled("incorrect" if found["un"] else "correct", at=found.start("word"))

    def wording(self, n: int, scale: Scale | None, *, structured: bool) -> str:
        if structured:
            return asked(rationale="one or two sentences", verdict='"correct" or "incorrect"')
        return (
            "Give your reason in one or two sentences. Then write as the last line "
            '"Verdict: correct" or "Verdict: incorrect".'
        )


def _line(text: str) -> re.Match[str] | None:
    """The last line that is a verdict by its label; a bare word where it is the last line."""
    found = own(text, LINE.finditer(text), "word")
    named = [match for match in found if match["label"]]
    if named:
        last = own(text, LABELLED.finditer(text))
        if last and last[-1].start() > named[-1].end():
            raise ParseFailure("its verdict line says more than a verdict")
        return named[-1]
    return found[-1] if found and not WORDY.search(text, found[-1].end()) else None


def _sentence(text: str) -> re.Match[str] | None:
    """The last sentence, where it says no more than that the answer is correct or not."""
    last = sentences(text[-SENTENCE:])[-1:]
    begin = text.rfind(last[0]) if last else 0
    said = SAID.fullmatch(text, begin) if last else None
    return said if said and own(text, [said], "word") else None
