"""What the sources share: their options checked, names guessed at, facts found by reading."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable
from pathlib import Path

from aifgen.errors import ConfigError, DataError
from aifgen.records import digest
from aifgen.sources.base import Source, SourceFacts


def check_options(path: object, limit: object, shuffle: object, seed: object) -> None:
    """Raises ConfigError for a value that no source can take."""
    if not isinstance(path, str) or not path.strip():
        raise ConfigError(f"source.path is {path!r}: give the place as text, e.g. source.path=a/b")
    check_order(limit, shuffle, seed)


def check_order(limit: object, shuffle: object, seed: object) -> None:
    if limit is not None and not _whole(limit):
        raise ConfigError(
            f"source.limit is {limit!r}: give a whole number of prompts (0 or more), "
            "or null for all of them"
        )
    if not isinstance(shuffle, bool):
        raise ConfigError(f"source.shuffle is {shuffle!r}: give true or false")
    if not _whole(seed):
        raise ConfigError(f"source.seed is {seed!r}: give a whole number, 0 or more")


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def did_you_mean(wrong: str, right: Iterable[str]) -> str:
    """` (did you mean x?)` for what is spelled nearly alike, else nothing."""
    names = {name.lower(): name for name in right}
    close = difflib.get_close_matches(wrong.lower(), names, n=3, cutoff=0.7)
    return f" (did you mean {' or '.join(names[name] for name in close)}?)" if close else ""


def missing(path: Path) -> str:
    """Why nothing stands at the path, with the names there that are nearly alike."""
    for folder in (path, *path.parents):
        parent = folder.parent
        if parent.is_dir():
            close = did_you_mean(folder.name, (found.name for found in parent.iterdir()))
            return f"there is no {folder}{close}: set source.path"
    return f"there is no {path}: set source.path"


def survey(source: Source, name: str, option: str = "source.path") -> SourceFacts:
    """Read the source once: exact facts about the very prompts that a run would use.

    Raises DataError where a row cannot be used or where there is no prompt at all.
    """
    prints = hashlib.blake2b(digest_size=16)
    total = most = 0
    fewest: int | None = None
    for total, prompt in enumerate(source, start=1):  # noqa: B007
        prints.update(digest(prompt.prompt_id, prompt.messages, prompt.extra).encode())
        given = len(prompt.responses)
        fewest, most = min(given, given if fewest is None else fewest), max(given, most)
        if given or prompt.references:
            texts = [[one.generator, one.text] for one in prompt.responses]
            more = digest(texts, prompt.references, prompt.gold, prompt.human)
            prints.update(more.encode())
    if total == 0 and source.limit != 0:
        raise DataError(f"{name} holds no prompts: set {option} to one that does")
    return SourceFacts(total, prints.hexdigest(), (fewest or 0, most))
