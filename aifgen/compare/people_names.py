"""What people are called where they are shown. Knows who they are, not what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence


def called(raters: Collection[str], names: Mapping[str, str]) -> dict[str, str]:
    """What each is shown as: the name, where there is one; with who it is, where another is shown
    or known so; who it is, where even then two would look alike."""
    wanted = {rater: names.get(rater, rater) for rater in raters}
    often = Counter(wanted.values())
    found = {
        rater: name
        if name == rater or (often[name] == 1 and name not in wanted)
        else f"{name} ({rater})"
        for rater, name in wanted.items()
    }
    return found if len(set(found.values())) == len(found) else {rater: rater for rater in raters}


def order(raters: Sequence[str]) -> list[str]:
    """Each once: numbers by size, then names."""
    return sorted(set(raters), key=lambda r: (not r.isdigit(), int(r) if r.isdigit() else 0, r))
