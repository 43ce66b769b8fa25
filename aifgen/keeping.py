"""The examples that a run may show, in its own folder: a replay needs no other run's."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aifgen.errors import DataError
from aifgen.judging.example import Comment, Example, Reviewed
from aifgen.records import Message

KEPT = "examples.jsonl"


def text(reviewed: Reviewed) -> str:
    """A line about all, then one an example."""
    head = {"from": reviewed.name, "scale": reviewed.scale, "gone": reviewed.gone}
    rows = (head, *(asdict(one) for one in reviewed.examples))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read(run: Path) -> Reviewed:
    """Raises DataError where they are not there, or damaged."""
    path = run / KEPT
    try:
        lines = path.read_text("utf-8").split("\n")  # texts may hold other ends of lines
        head, *rows = [json.loads(line) for line in lines if line]
        scale = head["scale"] and (float(head["scale"][0]), float(head["scale"][1]))
        return Reviewed(head["from"], tuple(map(_example, rows)), scale, head["gone"])
    except (OSError, ValueError, TypeError, KeyError, IndexError) as error:
        raise DataError(f"{path} is missing or damaged ({error})") from None


def _example(row: dict[str, Any]) -> Example:
    made = {
        "messages": tuple(Message(role=m["role"], content=m["content"]) for m in row["messages"]),
        "texts": tuple(row["texts"]),
        "ratings": tuple(row["ratings"]),
        "comments": tuple(Comment(tuple(c["order"]), c["text"]) for c in row["comments"]),
    }
    return Example(**{**row, **made})
