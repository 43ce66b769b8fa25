"""From a row of a run, or a pair that people chose, to rows in TRL's formats. Knows no file.

https://huggingface.co/docs/trl/dataset_formats: conversational preference, unpaired preference and
prompt-completion rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aifgen.preferences import pair
from aifgen.records import PANEL, Message, Row, messages_type

if TYPE_CHECKING:
    import pyarrow as pa

Made = dict[str, Any]
COLUMNS = {
    "dpo": ("prompt", "chosen", "rejected"),
    "orpo": ("prompt", "chosen", "rejected"),
    "reward": ("prompt", "chosen", "rejected"),
    "kto": ("prompt", "completion", "label"),
    "sft": ("prompt", "completion"),
}


MARK = "labelled_by"
"""The column that tells people's rows from the judges', where people have reviewed the run."""
PEOPLE, JUDGES = "people", "judges"


def schema(name: str, *, marked: bool = False) -> pa.Schema:
    import pyarrow as pa

    columns = [(c, pa.bool_() if c == "label" else messages_type()) for c in COLUMNS[name]]
    return pa.schema([*columns, *([(MARK, pa.string())] if marked else [])])


def rows(name: str, row: Row, min_margin: float) -> Iterator[Made]:
    """Of one prompt: none where it has no pair."""
    prompt = list(row.prompt.messages)
    labels = _labels(row) if name == "kto" else {}
    if labels:
        for response in row.responses:
            if response.response_id in labels:
                good = labels[response.response_id]
                yield {"prompt": prompt, "completion": said(response.text), "label": good}
        return
    _, found = pair(row.prompt, row.responses, row.verdicts, min_margin)
    for one in found:
        yield from of_pair(name, row, list(one.chosen), list(one.rejected))


def of_pair(name: str, row: Row, chosen: list[Message], rejected: list[Message]) -> Iterator[Made]:
    prompt = list(row.prompt.messages)
    if name == "kto":
        yield {"prompt": prompt, "completion": chosen, "label": True}
        yield {"prompt": prompt, "completion": rejected, "label": False}
    elif name == "sft":
        yield {"prompt": prompt, "completion": chosen}
    else:
        yield {"prompt": prompt, "chosen": chosen, "rejected": rejected}


def _labels(row: Row) -> dict[str, bool]:
    """Whether a response is right, where the judges gave labels (correct, incorrect): by the panel
    where there is one. Undecided ones are left out."""
    if not any(judgment.label for judgment in row.judgments):
        return {}
    counted = [v for v in row.verdicts if v.judge == PANEL] or row.verdicts
    return {
        v.response_ids[0]: v.rating > 0.5
        for v in counted
        if v.rating is not None and v.rating != 0.5
    }


def said(text: str) -> list[Message]:
    return [Message(role="assistant", content=text)]
