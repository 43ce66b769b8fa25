"""Every option of the group `source` composes and builds, and says which command runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import get_class
from omegaconf import OmegaConf

import aifgen
from aifgen.sources.base import Source

CONF = Path(aifgen.__file__).parents[1] / "conf"
NEEDS_PATH = {"jsonl", "hub"}


def options(name: str, *overrides: str) -> dict[str, Any]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(overrides=[f"+source={name}", "+seed=5", *overrides])
    return dict(OmegaConf.to_container(config.source, resolve=True))  # type: ignore[arg-type]


@pytest.mark.parametrize("file", sorted((CONF / "source").glob("*.yaml")), ids=lambda f: f.stem)
def test_every_option_builds(file: Path) -> None:
    assert f"aifgen source={file.stem}" in file.read_text().splitlines()[0]
    path = ["source.path=some/where"] if file.stem in NEEDS_PATH else []
    path += ["source.dataset=some"] if file.stem == "argilla" else []
    found = options(file.stem, *path)
    assert {"limit"} <= found.keys()
    assert (found["shuffle"], found["seed"]) == (False, 5)
    source = get_class(found.pop("_target_"))(**found)
    assert isinstance(source, Source)


def test_columns_are_set_from_the_command_line() -> None:
    found = options("hub", "source.path=a/b", "source.columns.prompt=question",
                    "source.columns.id=null")  # fmt: skip
    assert found["columns"]["prompt"] == "question"
    assert found["columns"]["id"] is None


def test_dibt() -> None:
    found = options("dibt_10k")
    assert found["path"] == "DIBT/10k_prompts_ranked"
