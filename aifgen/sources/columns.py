"""How one row becomes a Prompt. Knows names and types of columns, not where the row stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aifgen.errors import ConfigError
from aifgen.records import Message, Prompt, digest
from aifgen.sources.reading import did_you_mean

ASKED = ("prompt", "messages", "instruction")
"""Where a prompt may stand. A row has one of them."""

NAMES: Mapping[str, str | None] = {
    name: name for name in (*ASKED, "input", "system", "id")
}  # fmt: skip
"""Our name -> the column's name, null for a column that is not looked for."""

ROLES = ("system", "user", "assistant")


class BadRow(Exception):
    """A row that cannot be used: why and how to fix it. The source adds the place."""


def column_names(given: Mapping[str, str | None] | None) -> Mapping[str, str | None]:
    """The full mapping for `source.columns`. Whoever renames one of ASKED does not mean the others.

    Raises ConfigError for names that are not ours and columns that are given twice.
    """
    given = {} if given is None else given
    if not isinstance(given, Mapping):
        raise ConfigError(f"source.columns is {given!r}: write {{prompt: their_column}}")
    for ours, theirs in given.items():
        if ours not in NAMES:
            raise ConfigError(
                f"source.columns.{ours}{did_you_mean(str(ours), NAMES)} is not known: "
                f"the names are {', '.join(NAMES)}"
            )
        if theirs is not None and not isinstance(theirs, str):
            raise ConfigError(
                f"source.columns.{ours} is {theirs!r}: give a column's name, or null for none"
            )
    renamed = {ours: theirs for ours, theirs in given.items() if theirs not in (None, ours)}
    if len(set(renamed.values())) < len(renamed):
        raise ConfigError(f"source.columns names one column twice: {renamed}")
    names = {
        ours: None if theirs in renamed.values() and ours not in renamed else theirs
        for ours, theirs in {**NAMES, **given}.items()
    }
    if any(ours in renamed for ours in ASKED):
        names |= {ours: None for ours in ASKED if ours not in renamed}
    if all(names[ours] is None for ours in ASKED):
        raise ConfigError("source.columns.prompt is null: name the column that holds the prompt")
    return names


def to_prompt(row: object, names: Mapping[str, str | None] = NAMES) -> Prompt:
    """A row's prompt; the columns that make no part of it become `extra`. Raises BadRow."""
    if not isinstance(row, dict):
        raise BadRow(f'a row must be an object like {{"prompt": "..."}}, found {_kind(row)}')
    for ours, column in names.items():
        if column is not None and column != ours and column not in row:
            raise BadRow(
                f"no column {column}{did_you_mean(column, row)}, there are {', '.join(row)}: "
                f"set source.columns.{ours}"
            )
    extra = dict(row)
    taken = {ours: extra.pop(column, None) for ours, column in names.items() if column is not None}
    found = [ours for ours in ASKED if taken.get(ours) is not None]
    if len(found) != 1:
        raise BadRow(_no_prompt(row, names) if not found else _two_prompts(found, names))
    if found != ["instruction"] and names["input"] in row:
        extra[str(names["input"])] = taken["input"]

    name = str(names[found[0]])
    value = taken[found[0]]
    if found == ["messages"] or isinstance(value, list):
        messages = _turns(value, name)
    else:
        text = _text(value, name)
        if found == ["instruction"] and taken.get("input") not in (None, ""):
            text = f"{text}\n\n{_text(taken['input'], str(names['input']))}"
        messages = (Message(role="user", content=text),)
    system = taken.get("system")
    if system is not None and system != "":
        if messages[0]["role"] == "system":
            raise BadRow(f"{names['system']} and a system turn in {name}: remove one of them")
        system = _text(system, str(names["system"]))
        messages = (Message(role="system", content=system), *messages)
    return Prompt(_identity(taken.get("id"), names["id"], messages), messages, extra)


def _identity(value: object, column: str | None, messages: tuple[Message, ...]) -> str:
    if value is None:
        return "p" + digest(messages)[:16]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise BadRow(f"{column} must be text or a whole number, found {_kind(value)}")
    if not value.strip():
        raise BadRow(f"{column} is empty: fill it, or leave it out and an id is made")
    return value


def _turns(value: object, name: str) -> tuple[Message, ...]:
    if not isinstance(value, list):
        raise BadRow(f"{name} must be a list of turns (role, content), found {_kind(value)}")
    messages: list[Message] = []
    for number, turn in enumerate(value, start=1):
        here = f"{name}, turn {number}"
        if not isinstance(turn, dict):
            raise BadRow(f"{here} must be an object with role and content, found {_kind(turn)}")
        if turn.get("role") is None or "content" not in turn:
            raise BadRow(
                f"{here} must have role and content, it has {', '.join(turn) or 'nothing'}: "
                "rename its fields"
            )
        role, content = turn["role"], turn["content"]
        if role not in ROLES:
            raise BadRow(f"{here} has the role {role!r}: make it one of {', '.join(ROLES)}")
        if role == "system" and content in (None, ""):
            continue
        messages.append(Message(role=role, content=_text(content, f"the content of {here}")))
    if not messages:
        raise BadRow(f"{name} has no turns: it needs at least the user's")
    if (last := messages[-1]["role"]) != "user":
        raise BadRow(
            f"{name}, turn {len(value)} is the {last}'s: "
            "a prompt ends with the user's turn, so leave out what follows it"
        )
    return tuple(messages)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise BadRow(f"{name} must be text, found {_kind(value)}")
    if not value.strip():
        raise BadRow(f"{name} is empty: fill it or remove the row")
    return value


def _no_prompt(row: Mapping[str, Any], names: Mapping[str, str | None]) -> str:
    wanted = [column for ours in ASKED if (column := names[ours]) is not None]
    if empty := [column for column in wanted if column in row]:
        return f"{empty[0]} is null: fill it or remove the row"
    close = next((hint for column in wanted if (hint := did_you_mean(column, row))), "")
    return (
        f"no prompt{close}, the columns are {', '.join(row) or 'none'}: "
        f"the prompt stands in {' or '.join(wanted)}"
    )


def _two_prompts(found: list[str], names: Mapping[str, str | None]) -> str:
    both = " and ".join(str(names[ours]) for ours in found)
    return (
        f"{both} could both be the prompt: remove one, or with source=hub "
        f"leave it aside by source.columns.{found[-1]}=null"
    )


def _kind(value: object) -> str:
    """What JSON calls it, with a value short enough to be looked for."""
    match value:
        case None:
            return "null"
        case bool():
            return f"the truth value {str(value).lower()}"
        case int() | float():
            return f"the number {str(value)[:20]}"
        case str():
            return f"the text {value[:40]!r}"
        case list():
            return "a list"
        case dict():
            return "an object"
    return type(value).__name__
