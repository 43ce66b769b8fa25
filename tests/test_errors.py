"""What a user gets wrong: one short, true sentence, status 1, and nothing asked of any model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from aifgen import app
from tests.conftest import Bench
from tests.fakes.model_server import Fault, ModelServer


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """What was said: at most three lines, no traceback."""
    err = capsys.readouterr().err
    lines = [line for line in err.splitlines() if line.startswith("aifgen: ")]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    assert len(lines[0]) < 420
    return lines[0]


CASES = {
    "a misspelt key": (["judge.temprature=1"], "judge.temprature", "did you mean temperature?"),
    "a misspelt key after +": (["+judge.temprature=1"], "judge.temprature", "temperature?"),
    "a misspelt key of a generator": (
        ["generators.gx.temprature=1"], "generators.gx.temprature", "temperature?",
    ),
    "a misspelt key of a source": (["source.limti=1"], "source.limti", "did you mean limit?"),
    "a misspelt key of a source after +": (["+source.limti=1"], "source.limti", "limit?"),
    "a misspelt key of a sink": (["+sink.parquet.pth=x"], "sink.parquet.pth", "path?"),
    "a misspelt key of a protocol": (["+judge.prompt.scal=1"], "judge.prompt.scal", "scale?"),
    "a misspelt group": (["sorce=jsonl"], "sorce", "did you mean source?"),
    "an unknown option": (["judge=judge-c"], "judge has no option judge-c", "judge-"),
    "an unknown option in a list": (["generators=[9b,70b]"], "no option 9b", "mean 8b?"),
    "an option twice": (["generators=[gx,gx]"], "generators.gx", "once"),
    "no judge": (["judge=null"], "judge=local", "null"),
    "a word that is no setting": (["compare"], "'compare'", "KEY=VALUE"),
    "a letter that wants quotes": (["source.path=mein ä/x"], "source.path=mein ä/x ('ä'", "quote"),
    "a flag that is none": (["--mulitrun"], "--mulitrun", "--multirun?"),
    "a value of another type": (["seed=abc"], "seed", "'abc'"),
    "a value out of range": (["max_failure_rate=2"], "max_failure_rate", "0 to 1"),
    "a limit below zero": (["source.limit=-1"], "source.limit", "-1"),
    "an unset path": (["source.path=null"], "source.path", ""),
    "a missing file": (["source.path=nofile.jsonl"], "nofile.jsonl", ""),
    "a template that is left open": (["generators=[vllm,gx]"], "generators.vllm.id", "="),
    "a foreign class": (["source._target_=os.system"], "os.system", "AIFGEN_TRUST"),
    "one of our functions": (
        ["source._target_=aifgen.records.digest"], "aifgen.records.digest", "no Source",
    ),
    "an unknown variable": (
        ["judge.prompt.template='{{ promt }}'"], "promt", "judge.prompt.template",
    ),
    "a scale of one value": (["judge.prompt.scale.max=1"], "scale", "min"),
    "one generator": (["generators=gx"], "one generator", "samples=2"),
    "samples that are all alike": (
        ["generators=gx", "generators.gx.samples=2", "generators.gx.temperature=0"],
        "temperature 0", "temperature=1",
    ),
    "an id without provider": (["generators.gx.id=gpt-4o"], "'gpt-4o'", "openai/gpt-4o"),
    "an address that is none": (["generators.gx.api_base=localhost"], "localhost", "http://"),
    "no sample": (["generators.gx.samples=0"], "samples", "1 or more"),
    "no patience": (["limits.window=0"], "limits.window", "1 or more"),
    "no requests": (["generators.gx.rpm=0"], "rpm", "1 or more"),
    "a margin below zero": (["preference.min_margin=-1"], "min_margin", "0 or more"),
    "a template without responses": (["judge.prompt.template=hi"], "template", "responses"),
    "a password in the address": (
        ["generators.gx.api_base=http://u:secret@127.0.0.1/v1"], "api_base", "api_key_env",
    ),
    "a model in extra_body": (["+generators.gx.extra_body.model=gy"], "extra_body", "model"),
    "a field without a plus": (["generators.gx.extra_body.x=1"], "extra_body", "+generators"),
    "a comma without -m": (["judge=judge-a,judge-b"], "add -m", "judge=[judge-a,judge-b]"),
    "a generator that is not chosen": (["generators.gq.seed=1"], "generators.gq", "nobody"),
    "a sink that is not chosen": (["sink.jsonl.path=x"], "sink.jsonl", "sink=[parquet,jsonl]"),
    "a flag without its value": (["--config-dir"], "--config-dir", "value"),
    "weights over nothing": (["generators.gx.weights.path=/no.gguf"], "config", ""),
    "no model": (["generators.gx.id=hosted_vllm/"], "names no model", "generator gx"),
    "no key": (["generators=[8b,70b]"], "HF_TOKEN", "llama3_8b"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_sentence_before_any_call(
    bench: Bench,
    server: ModelServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    case: str,
) -> None:
    for name in ("HF_TOKEN", "HUGGINGFACE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    bench.prompts(3)
    overrides, where, how = CASES[case]
    assert bench(*overrides) == 1
    sentence = told(capsys)
    assert where in sentence
    assert how in sentence
    assert server.count() == 0
    assert not (bench.path / "out").exists()


BAD_LINES = {
    "no JSON": ('{"prompt": "a"}\n{"prompt": \n', "line 2"),
    "no prompt": ('{"promt": "a"}\n', "line 1"),
    "an empty prompt": ('{"prompt": "a"}\n{"prompt": "  "}\n', "line 2"),
    "a prompt that is no string": ('{"prompt": 7}\n', "line 1"),
    "an id twice": ('{"id": 1, "prompt": "a"}\n{"id": 1, "prompt": "b"}\n', "'1'"),
    "nothing": ("", "prompts.jsonl"),
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_a_bad_line_names_its_place(
    bench: Bench, server: ModelServer, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    text, where = BAD_LINES[case]
    (bench.path / "prompts.jsonl").write_text(text)
    assert bench() == 1
    sentence = told(capsys)
    assert where in sentence
    assert "prompts.jsonl" in sentence
    assert server.count() == 0


def test_equal_prompts_are_asked_once(bench: Bench, server: ModelServer) -> None:
    rows = [{"prompt": "a"}, {"prompt": "b"}, {"prompt": "a"}]
    (bench.path / "prompts.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert bench() == 0
    assert server.count() == 6
    assert bench.report()["duplicates"] == 1
    assert bench.report()["rows"]["total"] == 2


def test_a_misspelt_key_in_a_file(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.prompts(3)
    bench.model("gx", text="api_bas: http://127.0.0.1\n")
    assert bench() == 1
    sentence = told(capsys)
    assert "model/gx.yaml" in sentence
    assert "did you mean api_base?" in sentence


def test_a_file_that_is_no_yaml(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    (bench.conf / "model" / "gx.yaml").write_text("id: [openai\n")
    assert bench() == 1
    assert "gx.yaml, line 2" in told(capsys)


def test_an_option_with_the_name_of_ours(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    (bench.conf / "model" / "gpt4o.yaml").write_text("id: openai/other\n")
    assert bench() == 1
    assert "gpt4o.yaml has the name of an option that ships" in told(capsys)


def test_options_in_conf_need_no_flag(bench: Bench, server: ModelServer) -> None:
    bench.prompts(3)
    bench.conf.rename(bench.path / "conf")
    words = [word for word in bench.words() if "myconf" not in word and word != "--config-dir"]
    assert app.main(words) == 0
    assert server.count() == 9


def test_a_folder_that_holds_another_run(
    bench: Bench, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.prompts(3)
    assert bench() == 0
    before = (bench.path / "out" / ".hydra" / "config.yaml").read_text()
    assert bench("seed=1") == 1
    assert "holds another run" in told(capsys)
    assert server.count() == 9
    assert (bench.path / "out" / ".hydra" / "config.yaml").read_text() == before
    # What decides no result is no other run.
    assert bench("limits.timeout_s=7", "generators.gx.max_concurrency=3") == 0
    assert server.count() == 9


def test_a_newer_folder_is_left_alone(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.prompts(3)
    assert bench() == 0
    report = bench.report() | {"schema_version": 99}
    (bench.path / "out" / "run.json").write_text(json.dumps(report))
    assert bench() == 1
    assert "newer aifgen" in told(capsys)


def test_nobody_at_the_address(
    bench: Bench, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.prompts(20)
    bench.model("gy", api_base="http://127.0.0.1:9/v1")
    assert bench() == 1
    sentence = told(capsys)
    assert "generator gy" in sentence
    assert "http://127.0.0.1:9/v1" in sentence


def test_a_model_that_the_server_does_not_know(
    bench: Bench, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.prompts(3)
    server.script(lambda call: Fault(404) if call.model == "gy" else None)
    assert bench() == 1
    sentence = told(capsys)
    assert "does not serve gy" in sentence
    # What came before is in the store, and the right name goes on from there.
    server.script(lambda call: None)
    asked = server.count("gx")
    assert bench() == 0
    assert server.count("gx") == max(3, asked)


@pytest.mark.parametrize("status", [401, 402])
def test_a_key_that_is_refused(
    bench: Bench,
    server: ModelServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    bench.prompts(3)
    monkeypatch.setenv("MY_KEY", "sk-very-secret-0123456789")
    for name in ("gx", "gy", "judge-a"):
        bench.model(name, text="api_key_env: MY_KEY\n")
    server.script(lambda call: Fault(status, echo_authorization=True))
    assert bench() == 1
    err = capsys.readouterr()
    assert "MY_KEY" in err.err or status == 402
    everything = (
        err.err
        + err.out
        + "".join(
            path.read_bytes().decode("latin-1") for path in bench.path.rglob("*") if path.is_file()
        )
    )
    assert "sk-very-secret" not in everything


def test_a_key_named_in_the_file_must_be_set(
    bench: Bench, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.prompts(3)
    bench.model("gy", text="api_key_env: A_KEY_NOBODY_SET\n")
    assert bench() == 1
    assert "A_KEY_NOBODY_SET" in told(capsys)
    assert server.count() == 0


def test_a_sweep_goes_on_after_a_bad_job(
    bench: Bench, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.prompts(3)
    bench.model("judge-b", text="api_key_env: A_KEY_NOBODY_SET\n")
    assert bench("-m", judge="judge-b,judge-a", out=None) == 1
    assert "A_KEY_NOBODY_SET" in told(capsys)
    assert len(list(Path("outputs").glob("judge-a-*/run.json"))) == 1
    assert not list(Path("outputs").glob("judge-b-*"))


def test_a_key_in_place_of_its_name_is_not_shown(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.prompts(3)
    assert bench("generators.gx.api_key_env=sk-SECRETVALUE12345") == 1
    sentence = told(capsys)
    assert "api_key_env" in sentence
    assert "SECRET" not in sentence


def test_an_empty_role_file_chooses_nobody(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.prompts(3)
    (bench.conf / "generators" / "ghost.yaml").write_text("")
    assert bench(generators="gx,gy,ghost") == 1
    assert "ghost.yaml is empty" in told(capsys)


def test_a_role_file_of_another_form(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.prompts(3)
    (bench.conf / "generators" / "gx.yaml").write_text("defaults: {/model@gx: gx}\n")
    assert bench() == 1
    assert "defaults" in told(capsys)


def test_a_checkout_is_no_shadow_of_the_installed_package(
    bench: Bench, server: ModelServer
) -> None:
    """README's first command, typed in a clone: ./conf is a copy of the installed options."""
    bench.prompts(3)
    shutil.copytree(app.conf_dir(), bench.path / "conf")
    assert bench() == 0
    assert server.count() == 9
