"""Every error a user can mend as a sentence or two: ours, Hydra's, OmegaConf's, YAML's."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from aifgen.errors import AifgenError

OPEN = ("criteria", "variables", "weights", "labels", "verdicts")
"""Mappings of a protocol that hold names of the user's own."""


def sentence(error: BaseException, confs: Sequence[Path], *, composing: bool = False) -> str | None:
    """What to print, or null for a defect of ours, which deserves its traceback.

    confs: the folders of options, to name those there are. composing: nothing of ours ran yet.
    """
    import yaml
    from hydra.errors import HydraException, OverrideParseException
    from omegaconf.errors import OmegaConfBaseException

    if isinstance(error, AifgenError):
        return str(error)
    if isinstance(error, OverrideParseException):
        return _override(error.override, str(error))
    chain = _chain(error)
    for cause in chain:
        if isinstance(cause, yaml.MarkedYAMLError) and cause.problem_mark is not None:
            mark = cause.problem_mark
            return f"{mark.name}, line {mark.line + 1}, column {mark.column + 1}: {cause.problem}"
    if isinstance(error, HydraException | OmegaConfBaseException):
        return _hydra(chain, confs)
    if isinstance(error, ValueError) and "Config group override must be" in str(error):
        return "a group cannot be null: choose an option, for example judge=local (aifgen --help)"
    if composing and isinstance(error, ValueError | AssertionError | TypeError):
        # Hydra and OmegaConf raise these for settings and files that have the wrong form.
        return f"the config cannot be composed: {' '.join(str(error).split())[:300]}"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return None


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and len(found) < 10:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _override(override: str, text: str) -> str:
    """A word of the command line that is no KEY=VALUE."""
    if "=" not in override:
        return (
            f"{override!r} is no setting: write KEY=VALUE, for example judge=llama3_70b "
            "(aifgen --help shows more)"
        )
    detail = text.strip().splitlines()[0].removeprefix("Error parsing override ")
    if odd := re.search(r"^LexerNoViableAltException: (.*)\n( *)\^", text, re.M):
        at = len(odd[2]) - len("LexerNoViableAltException: ")
        detail = f"{odd[1]} ({odd[1][at : at + 1]!r} needs quotes)"
    return (
        f"cannot read the setting {detail}; quote it for the shell and for values with special "
        "characters: 'KEY=\"a, b\"'"
    )


def _hydra(chain: list[BaseException], confs: Sequence[Path]) -> str:
    text = "\n".join(str(error) for error in chain)
    if missing := re.search(r"Could not (?:load|find) '([\w./+-]+)'", text):
        return _no_option(missing.group(1), confs)
    if missing := re.search(
        r"[Mm]issing mandatory value: ([\w.]+)(?:.*full_key: ([\w.\[\]]+))?", text, re.S
    ):
        key = missing.group(2) or missing.group(1)
        return f"{key} is not set: add {key}=VALUE"
    if twice := re.search(r"(\S+) appears more than once", text):
        return (
            f"{twice.group(1).partition('@')[2] or twice.group(1)} is chosen twice: choose it once"
        )
    if several := re.search(r"Ambiguous value for argument '(.*?)'\n", text):
        key, _, value = several.group(1).partition("=")
        return (
            f"{key}={value}: for one run after another add -m; for several at once write "
            f"{key}=[{value}]; for a text with a comma quote it twice: '{key}=\"{value}\"'"
        )
    if bare := re.search(r"In '(experiment/[^']+)': Could not override '\S+@experiment", text):
        return f"{bare.group(1)}.yaml needs '# @package _global_' as its first line"
    if unknown := re.search(r"Key '([^']+)' (?:is )?not in (?:'(\w+)'|struct)", text):
        return _no_key(unknown.group(1), unknown.group(2), text, confs)
    if wrong := re.search(r"(Value .*|Invalid value .*)\n\s*full_key: ([\w.\[\]-]+)", text):
        return f"{wrong.group(2)}{_place(text)}: {wrong.group(1)}"
    lines = [line.strip() for error in chain for line in str(error).splitlines() if line.strip()]
    noise = ("reference_type", "object_type")
    return " ".join([line for line in dict.fromkeys(lines) if not line.startswith(noise)][:3])


def _place(text: str) -> str:
    """The file that Hydra says it was reading."""
    where = re.search(r"In '([^']+)'", text)
    return f" (in {where.group(1)}.yaml)" if where and where.group(1) != "config" else ""


def _no_option(name: str, confs: Sequence[Path]) -> str:
    """An option that no group has: the ones that were likely meant, or all there are."""
    group, _, option = name.rpartition("/")
    there = sorted({path.stem for conf in confs for path in (conf / group).glob("*.yaml")})
    if not group or not there:
        return f"there is no option {name} (looked in {', '.join(map(str, confs))})"
    close = difflib.get_close_matches(option, there, 6, 0.5)
    if close:
        more = f"; near it: {', '.join(close[1:])}" if close[1:] else ""
        return (
            f"{group} has no option {option}: did you mean {close[0]}?{more} "
            "(aifgen --help lists all)"
        )
    return f"{group} has no option {option}: there are {', '.join(there)}"


def _no_key(key: str, owner: str | None, text: str, confs: Sequence[Path]) -> str:
    """A key that the schema (or the chosen option) does not have."""
    full = re.search(r"full_key: ([\w.\[\]-]+)", text)
    path = full.group(1) if full else key
    known = list(_fields(owner)) or _written(path, confs)
    close = difflib.get_close_matches(key, known, 1, 0.6)
    parts = path.split(".")
    if (
        parts[0] == "sink"
        and len(parts) > 1
        and any((c / f"sink/{key}.yaml").exists() for c in confs)
    ):
        hint = f"choose it first: sink=[parquet,{key}]"
    elif parts[:-1] in (["generators"], ["judge", "models"]):
        hint = "nobody of that name is chosen; aifgen --cfg job shows who is"
    elif "extra_body" in parts or (parts[:2] == ["judge", "prompt"] and parts[-2] in OPEN):
        hint = f"a field of your own is added with a plus: +{path}=VALUE"
    elif close:
        hint = f"did you mean {close[0]}?"
    elif known:
        hint = f"there are {', '.join(known)}"
    else:
        hint = "aifgen --cfg job shows what there is"
    return f"{path} is no setting{_place(text)}: {hint}"


def _fields(owner: str | None) -> Iterable[str]:
    """The fields of a dataclass of the schema, by its name."""
    from dataclasses import fields, is_dataclass

    from aifgen import schema

    found = getattr(schema, owner, None) if owner else None
    return [field.name for field in fields(found)] if is_dataclass(found) else []


def _written(path: str, confs: Sequence[Path]) -> list[str]:
    """Keys that the options of an untyped group (source, sink, judge.prompt) write."""
    import yaml

    group, *rest = path.replace("judge.prompt", "judge/prompt").split(".")
    keys: set[str] = set()
    for conf in confs:
        for file in (conf / group).glob("*.yaml"):
            node = yaml.safe_load(file.read_text("utf-8"))
            for step in rest[:-1]:
                node = node.get(step) if isinstance(node, dict) else None
            keys |= set(node) if isinstance(node, dict) else set()
    return sorted(keys - {"_target_", "defaults"})
