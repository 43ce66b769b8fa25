"""What words find, as simple_query_string has it; without a server."""

from __future__ import annotations

import pytest
from argilla_local.text_search import compile_query

TEXT = "The quick brown fox, state-of-the-art; don't stop. C++ & 100% e.g. example.com"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("quick fox", True), ("quick cat", False), ("QUICK", True), ("uick", False),
        ("quick | cat", True), ("cat | dog", False),
        ('"quick brown"', True), ('"brown quick"', False), ('"fox state"', True),
        ('"quick', True), ('"unclosed quick', False), ('"quick brown"~3', True),
        ("-cat", True), ("-fox", False), ("fox -quick", False), ("--fox", True), ("- fox", True),
        ("fo*", True), ("fo", False), ("fo\\*", False), ('"fo*"', False),
        ("state-of-the-art", True), ("state-of-an-art", False), ("don't", True), ("C++", True),
        ("100%", True), ("example.com", True), ("quick+fox", True), ("quick~2", True),
        ("(cat | fox) quick", True), ("(cat | dog) quick", False), ("cat (fox | quick", False),
        ("-(cat dog)", True), ("-(fox quick)", False), ("(", False), (")fox", True), ("()", False),
        # from left to right: (cat or fox) and quick; (brown and quick) or cat; (cat or dog) and fox
        ("cat | fox quick", True), ("brown quick | cat", True), ("cat | dog fox", False),
        ("???", False), ("", False), (" ", False), ("\\-fox", True), ("a\\", False), ("\\", False),
        ("|", False), ("| fox", True), ("fox |", True), ("+", False), ("*", False),
    ],
)  # fmt: skip
def test_a_query(query: str, found: bool) -> None:
    assert compile_query(query)([TEXT]) is found


def test_words_may_stand_in_different_fields() -> None:
    assert compile_query("one two")(["one", "two"])
    assert not compile_query('"one two"')(["one", "two"])
    assert not compile_query("-one")(["one", "two"])
    assert not compile_query("one")([])
    assert compile_query("-one")([])


def test_a_long_text_that_was_pasted() -> None:
    words = "fox " * 5000
    assert compile_query(words)([TEXT])
    assert not compile_query(f"{words} cat")([TEXT])
    assert compile_query("(" * 5000 + "fox" + ")" * 5000)(["fox"])
    assert not compile_query("(" * 5000 + "fox" + ")" * 5000)(["cat"])


def test_scripts_without_spaces() -> None:
    assert compile_query("東京")(["私は東京に行く"])
    assert not compile_query("東京")(["私は京都に行く"])
    assert compile_query("GPT")(["私はGPTに聞く"])
    assert compile_query("straße")(["Große STRASSE und Straße"])
    assert compile_query("привет")(["Привет, мир"])
