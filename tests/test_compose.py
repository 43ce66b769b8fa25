"""Every option of every group composes, and builds what needs no network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from aifgen import app, build
from aifgen.identity import config_digest
from aifgen.schema import Config

CONF = app.conf_dir()
GROUPS = ("source", "generators", "judge", "judge/prompt", "preference", "sink", "experiment")
OPTIONS = [(group, path.stem) for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]
GIVEN: dict[object, list[str]] = {  # what an option leaves to the user
    ("source", "jsonl"): ["source.path=prompts.jsonl"],
    ("source", "hub"): ["source.path=someone/prompts"],
    ("source", "argilla"): ["source.dataset=some"],
    **{
        name: [f"{{role}}.{name}.id=hosted_vllm/some"]
        for name in ("vllm", "sglang", "tgi", "llamacpp", "ollama")
    },
    "openai_compatible": [
        "{role}.openai_compatible.id=hosted_vllm/some",
        "{role}.openai_compatible.api_base=http://127.0.0.1:8000/v1",
    ],
}


@pytest.fixture(autouse=True)
def hydra() -> Iterator[None]:
    app.prepare()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield


def composed(*overrides: str) -> Config:
    return app.typed(compose("config", overrides=list(overrides)))


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_composes_and_builds(group: str, option: str, tmp_path: Path) -> None:
    role = {"generators": "generators", "judge": "judge.models"}.get(group, "")
    chosen = (
        f"{group}=[{option}]" if group in ("generators", "judge", "sink") else f"{group}={option}"
    )
    if group == "generators":
        chosen = f"generators=[{option},llama3_3_70b]"
        if option == "llama3_3_70b":
            chosen = "generators=[llama3_3_70b,8b]"
    given = GIVEN.get((group, option)) or GIVEN.get(option) or []
    words = [chosen, *(word.format(role=role) for word in given)]
    config = composed(*words)
    source, sinks, protocol = build.source(config), build.sinks(config), build.protocol(config)
    assert source is not None
    assert list(sinks) == list(config.sink)
    assert protocol.citation
    assert config_digest(_plain(config)) == config_digest(_plain(composed(*words)))
    if option != "local_gguf":  # it needs the user's own file
        assert len(build.generators(config)) >= 2
        assert len(build.judges(config)) == 1


def _plain(config: Config) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(config)


def test_the_documented_lines_compose() -> None:
    config = composed("judge=llama3_70b", "generators=[8b,70b]")
    assert list(config.generators) == ["llama3_8b", "llama3_70b"]
    assert list(config.judge.models) == ["llama3_70b"]
    assert config.generators["llama3_8b"].id == "huggingface/meta-llama/Meta-Llama-3-8B-Instruct"
    assert config.judge.temperature == 0.0
    assert list(composed("generators=[70b,8b]").generators) == ["llama3_70b", "llama3_8b"]
    assert list(composed("judge=[gpt4_turbo,llama3_70b]").judge.models) == [
        "gpt4_turbo",
        "llama3_70b",
    ]
    assert list(composed("sink=[parquet,jsonl,argilla]").sink) == ["parquet", "jsonl", "argilla"]
    hot = composed(
        "generators=8b", "+model@generators.hot=llama3_8b", "generators.hot.temperature=1.2"
    )
    assert hot.generators["hot"].temperature == 1.2
    assert hot.generators["hot"].id == hot.generators["llama3_8b"].id


def test_the_experiment_of_the_post() -> None:
    config = composed("experiment=prefs_with_llama3")
    assert list(config.generators) == ["llama3_8b", "llama3_70b"]
    assert list(config.judge.models) == ["llama3_70b"]
    assert config.source["limit"] == 500
    assert config.source["path"] == "DIBT/10k_prompts_ranked"
    assert config.judge.prompt["name"] == "ultrafeedback"
    assert list(config.sink) == ["parquet", "argilla"]
    # The command line still wins.
    assert composed("experiment=prefs_with_llama3", "source.limit=3").source["limit"] == 3


def test_a_judge_keeps_its_own_settings_apart_from_its_model() -> None:
    config = composed("judge=[llama3_70b,gpt4o]", "judge.models.gpt4o.max_tokens=7")
    judges = {judge.name: judge for judge in build.judges(config)}
    assert judges["gpt4o"].params["max_tokens"] == 7
    assert judges["llama3_70b"].params["max_tokens"] == 1024
    assert judges["llama3_70b"].params["temperature"] == 0.0


def test_what_decides_no_result_changes_no_digest() -> None:
    def digest(*overrides: str) -> str:
        return config_digest(_plain(composed("generators=[8b,70b]", *overrides)))

    same = digest()
    assert digest("limits.timeout_s=3", "limits.retry_minutes=1", "limits.window=7") == same
    assert digest("progress=none", "max_failure_rate=0.5") == same
    assert digest("generators.llama3_8b.max_concurrency=1", "generators.llama3_8b.rpm=9") == same
    assert digest("judge.models.local.api_key_env=OTHER") == same
    for other in ("seed=1", "judge.temperature=1", "source.limit=7", "generators.llama3_8b.seed=1"):
        assert digest(other) != same


def test_the_run_id_is_the_digest_of_the_typed_config() -> None:
    cfg = compose("config", overrides=["generators=[8b,70b]"], return_hydra_config=True)
    typed = composed("generators=[8b,70b]")
    assert app.run_id(cfg) == f"local-{config_digest(_plain(typed))[:10]}"


def test_the_yaml_has_a_comment_that_says_what_it_is() -> None:
    for path in CONF.rglob("*.yaml"):
        first = path.read_text("utf-8").splitlines()
        if path.parent.name in ("generators", "help") and len(first) <= 2:
            continue  # two-line role files
        assert any(line.startswith("#") for line in first[:3]) or path.parent.name == "help", path


def test_interpolations_resolve() -> None:
    cfg = compose("config", overrides=["seed=5", "source.shuffle=true"])
    assert OmegaConf.to_container(cfg.source, resolve=True)["seed"] == 5  # type: ignore[index, call-overload]
