"""The words of the command line before Hydra reads them: flags first, overrides after."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from aifgen.errors import ConfigError

SWITCHES = {
    "--help", "-h", "--hydra-help", "--resolve", "--run", "-r", "--multirun", "-m",
    "--shell-completion", "-sc",
}  # fmt: skip
VALUED = {
    "--cfg", "-c", "--package", "-p", "--config-path", "-cp", "--config-name", "-cn",
    "--config-dir", "-cd", "--info", "-i", "--experimental-rerun",
}  # fmt: skip
OPTIONAL = {
    name: {"all", "config", "defaults", "defaults-tree", "plugins", "searchpath"}
    for name in ("--info", "-i")
}


def ordered(words: Sequence[str]) -> list[str]:
    """Flags with their values, then overrides: argparse takes them in no other order.

    Raises ConfigError for a flag that does not exist.
    """
    flags: list[str] = []
    overrides: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, _ = word.partition("=")
        if not word.startswith("-"):
            overrides.append(word)
        elif name in SWITCHES:
            flags.append(word)
        elif name in VALUED:
            flags.append(word)
            if name in OPTIONAL:
                if not equals:  # or argparse takes an override for its value
                    flags.append(rest.pop(0) if rest and rest[0] in OPTIONAL[name] else "all")
            elif not equals:
                if not rest or rest[0].startswith("-"):
                    raise ConfigError(f"{name} needs a value: {name} VALUE")
                flags.append(rest.pop(0))
        else:
            known = [*SWITCHES, *VALUED, "--version"]
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else "aifgen --help shows what there is"
            raise ConfigError(f"there is no flag {name}: {hint}")
    return [*flags, *overrides]
