"""Where things are kept that were fetched once for a user. Knows no such thing."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def user_cache(variable: str, name: str) -> Path:
    """The folder that the environment variable names, else aifgen/NAME in the user's own cache."""
    if chosen := os.environ.get(variable):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "aifgen" / name
