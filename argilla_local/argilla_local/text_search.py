"""What a search text finds: Elasticsearch's simple_query_string with AND. Knows no database.

https://www.elastic.co/guide/en/elasticsearch/reference/8.17/query-dsl-simple-query-string-query.html
Words are found whole and in any case; `"a phrase"` in its order; `pre*` as a beginning; `-word`
excludes; `a | b` is either; `( )` group; a backslash takes the meaning from the next character.
Operators bind from left to right, as in Lucene: `a b | c` is (a and b) or c. Fuzziness (`word~2`)
is left out: the word itself is searched. A text without any word finds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Predicate = Callable[[Sequence[str]], bool]
"""Whether the texts of a record match. A word may stand in any of them."""

DEEPEST = 100
"""Brackets in brackets; those within say nothing."""
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Kana and Han are written without spaces: any of them begins and ends a word."""
_LETTER = rf"[^\W{_CJK}]"
_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<sign>[()|+])
      | (?P<minus>-)
      | "(?P<phrase>(?:\\.|[^"\\])*)(?:"(?:~\d*)?|$)
      | (?P<word>(?:\\.|[^\s()|+"\\])+|\\)""",
    re.VERBOSE | re.DOTALL,
)


def compile_query(text: str) -> Predicate:
    tokens = [
        (str(found.lastgroup), found[str(found.lastgroup)]) for found in _TOKEN.finditer(text)
    ]
    predicate, _ = _group(tokens, 0)
    return predicate or (lambda _: False)


def _group(
    tokens: Sequence[tuple[str, str]], at: int, depth: int = 0
) -> tuple[Predicate | None, int]:
    """The predicate up to the closing bracket (one too many says nothing) or the end, and where to
    go on."""
    found: list[tuple[bool, Predicate]] = []
    either, exclude = False, False
    while at < len(tokens):
        kind, text = tokens[at]
        at += 1
        if kind == "space":
            exclude = False
            continue
        if kind == "minus" and _begins_word(tokens, at - 1):
            exclude = not exclude
            continue
        if kind == "sign" and text in "|+":
            either = text == "|"
            continue
        if kind == "sign" and text == ")":
            if depth:
                break
            continue
        if kind == "sign":
            if depth == DEEPEST:
                continue
            part, at = _group(tokens, at, depth + 1)
        else:
            part = _words(text, prefix=kind == "word" and bool(re.search(r"(?<!\\)\*$", text)))
        if part is not None:
            part = _not(part) if exclude else part
            found.append((either, part))
        either = exclude = False
    return _folded(found) if found else None, at


def _begins_word(tokens: Sequence[tuple[str, str]], at: int) -> bool:
    """A minus within a word (state-of-the-art) is no operator."""
    return at == 0 or tokens[at - 1][0] in ("space", "sign", "minus")


def _words(text: str, *, prefix: bool) -> Predicate | None:
    """Words that follow each other, with whatever is no word between them; null: there is none."""
    if not prefix:
        text = re.sub(r"(?<=\w)~\d*$", "", text)
    words = re.findall(r"\w+", re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL))
    if not words:
        return None
    begin = "" if re.match(f"[{_CJK}]", words[0]) else f"(?<!{_LETTER})"
    end = "" if prefix or re.match(f"[{_CJK}]", words[-1][-1]) else f"(?!{_LETTER})"
    search = re.compile(begin + r"\W+".join(map(re.escape, words)) + end, re.IGNORECASE).search
    return lambda texts: any(search(text) for text in texts)


def _folded(parts: Sequence[tuple[bool, Predicate]]) -> Predicate:
    """From left to right; with each part, whether it is either this or what was before."""

    def found(texts: Sequence[str]) -> bool:
        value = parts[0][1](texts)
        for either, part in parts[1:]:
            if value != either:
                value = part(texts)
        return value

    return found


def _not(part: Predicate) -> Predicate:
    return lambda texts: not part(texts)
