"""The files of conf/sink: every key is a setting with the default that the file shows."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from aifgen.errors import ConfigError
from aifgen.sinks.base import Sink

OPTIONS = ("argilla", "jsonl", "parquet")
CONF = Path(__file__).parents[2] / "conf/sink"


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_builds_its_sink_and_shows_every_setting_with_its_default(name: str) -> None:
    text = (CONF / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith("# aifgen sink=[")
    node: dict[str, Any] = yaml.safe_load(text)
    assert list(node) == [name]
    module, _, class_name = node[name].pop("_target_").rpartition(".")
    found = getattr(importlib.import_module(module), class_name)
    assert isinstance(found(**node[name]), Sink)
    parameters = inspect.signature(found).parameters
    assert list(node[name]) == list(parameters)
    for key, parameter in parameters.items():
        if parameter.default is not inspect.Parameter.empty:
            default = parameter.default
            assert node[name][key] == (list(default) if isinstance(default, tuple) else default)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_sink_that_could_not_be_opened_can_be_aborted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ARGILLA_API_KEY", raising=False)
    node: dict[str, Any] = yaml.safe_load((CONF / f"{name}.yaml").read_text(encoding="utf-8"))[name]
    module, _, class_name = node.pop("_target_").rpartition(".")
    sink = getattr(importlib.import_module(module), class_name)(**node)
    sink.abort()
    (tmp_path / "preferences").mkdir()
    (tmp_path / "preferences/mine.txt").write_text("")
    (tmp_path / "preferences.jsonl").mkdir()
    with pytest.raises(ConfigError):
        sink.open(tmp_path)
    sink.abort()
    assert [path.name for path in tmp_path.rglob("*.txt")] == ["mine.txt"]


@pytest.mark.parametrize("name", OPTIONS)
def test_every_setting_is_on_the_page(name: str) -> None:
    page = (CONF.parents[1] / "docs/sinks.md").read_text(encoding="utf-8")
    node = yaml.safe_load((CONF / f"{name}.yaml").read_text(encoding="utf-8"))
    for key, value in node[name].items():
        if key != "_target_":
            shown = value if isinstance(value, str) else json.dumps(value).replace('"', "")
            assert f"| `sink.{name}.{key}` | `{shown}` |" in page


def test_importing_the_sinks_loads_nothing_heavy() -> None:
    code = f"""
import sys
for name in {OPTIONS!r}: __import__(f"aifgen.sinks.{{name}}")
import aifgen.tables
heavy = ["pyarrow", "datasets", "argilla", "httpx", "yaml", "numpy"]
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=CONF.parents[1],
    )
    assert done.stdout.strip() == "[]"
