"""A protocol from YAML: what can be written there, and the sentence for what cannot be meant."""

from __future__ import annotations

from typing import Any

import pytest

from aifgen.errors import ConfigError
from aifgen.judging.formats.base import ParseFailure, Scale
from aifgen.judging.formats.registry import FORMATS
from aifgen.judging.formats.ultrafeedback import Blocks
from aifgen.judging.protocol import Means, Protocol
from aifgen.judging.templated import Templated
from tests.judging.shipped import FENCE, built, shown

PLAIN = {"ratings": "{{ responses }}", "rating": "{{ response }}", "pair": "{{ responses }}"}


def made(kind: str = "ratings", answer: Any = "ultrafeedback_overall", **changes: Any) -> Templated:
    fields = {"name": "mine", "aspect": "overall", "citation": "me", "kind": kind, "answer": answer}
    if "template" not in changes:
        fields["template"] = PLAIN[kind] + " {{ answer }}"
    return Templated(**fields, **changes)


def asked(protocol: Protocol, *texts: str, means: Means | None = None, **more: Any) -> str:
    return protocol.render(shown(*texts, **more), means or Means())[-1]["content"]


def refused(**changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        made(**changes)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_template_is_checked_when_it_is_built() -> None:
    assert refused(template="{{ respones }}") == (
        "judge.prompt.template of mine names respones, which does not exist; there are "
        "conversation, examples, n, low, high, structured, fence, answer, responses"
    )
    assert refused(template="ok\n{% if %}").startswith("judge.prompt.template of mine, line 2: ")
    assert refused(template="{{ responses }}{{ n + 'x' }}").startswith(
        "judge.prompt.template of mine cannot be filled in: "
    )
    assert "has no attribute 'x'" in refused(template="{{ responses }}{{ answer.x }}")
    late = made(template="{{ responses }}{{ 1 // (n - 4) }}")  # the trial shows three
    with pytest.raises(ConfigError, match=r"cannot be filled in: .*zero"):
        asked(late, "a", "b", "c", "d")
    assert "low, which does not exist" in refused(
        kind="pair", answer="pair_json", template="{{ responses }} {{ low }}"
    )


def test_all_responses_must_be_shown_in_every_form() -> None:
    assert refused(template="Rate {{ n }} texts.") == (
        "judge.prompt.template of mine shows no responses: write {{ responses }} where the judge "
        "is to see them"
    )
    assert "write {{ response }} where" in refused(
        kind="rating", answer="mtbench_single", template="{{ answer }}"
    )
    pair = {"kind": "pair", "answer": "pair_json"}
    for template in ("{{ response_a }}", "{% if structured %}{{ responses }}{% endif %}"):
        assert "{{ response_a }} and {{ response_b }}" in refused(**pair, template=template)
    assert made(**pair, template="{{ response_b }} {{ response_a }}")


def test_a_reference_is_shown_where_it_is_said_and_nowhere_else() -> None:
    both = "{{ responses }} {{ references }}"
    assert refused(template=both) == (
        "judge.prompt.template of mine shows a reference, but judge.prompt.reference is none: set "
        "it to required, or to optional where not every row has one"
    )
    assert "shows no reference, but judge.prompt.reference is required" in refused(
        reference="required"
    )
    assert "it must be none, optional, required" in refused(reference="yes")
    protocol = made(template=both, reference="optional")
    assert f"<reference {FENCE}>\nYes.\n</reference {FENCE}>" in asked(
        protocol, "a", references=("Yes.",)
    )
    two = asked(protocol, "a", references=("Yes.", "Aye."))
    assert f"</reference_1 {FENCE}>\n\n<reference_2 {FENCE}>\nAye." in two
    assert "reference" not in asked(protocol, "a")


def test_kind_and_answer_must_go_together() -> None:
    assert refused(answer="mtbench_pair", scale=None) == (
        "judge.prompt.kind of mine is ratings, but its answer, mtbench_pair, is of kind pair: set "
        "kind: pair, or choose another answer"
    )
    assert "there is no answer format mtbench_par: did you mean mtbench_pair?" in refused(
        kind="pair", answer="mtbench_par"
    )
    assert "kind of mine is pairs; it must be ratings, rating, pair" in refused(
        kind="pairs", answer="pair_json", template="x"
    )
    assert "reads no text: put it into judge.prompt.with_logprobs" in refused(
        kind="pair", answer="logprob_token"
    )


@pytest.mark.parametrize(
    "scale",
    [{}, {"min": 1}, {"min": 5, "max": 1}, {"min": 1, "max": 1}, {"min": 1, "max": "5"},
     {"min": 1.5, "max": 5}, {"min": None, "max": 5}, {"min": True, "max": 5}, 5,
     {"min": 1, "max": float("inf")}, {"min": 1, "max": 5, "step": 1},
     {"min": 1, "max": 5, "whole": "no"}],
)  # fmt: skip
def test_a_scale_that_is_none_is_refused(scale: Any) -> None:
    said = refused(scale=scale)
    assert "judge.prompt.scale of mine is" in said
    assert "scale: {min: 1, max: 5}" in said


def test_a_pair_has_no_scale() -> None:
    assert "a pair has no ratings: set scale: null" in refused(
        kind="pair", answer="pair_json", scale={"min": 1, "max": 5}
    )


def test_a_format_brings_its_scale_and_a_protocol_may_set_another() -> None:
    assert made().scale == FORMATS["ultrafeedback_overall"].scale
    ten = built("ultrafeedback", scale={"min": 0, "max": 10})
    assert ten.scale is not None
    assert (ten.scale.low, ten.scale.high, ten.scale.whole) == (0, 10, True)
    assert "Rating: [a whole number from 0 to 10]" in asked(ten, "a", "b")
    block = "#### Output for Text {}\nRating: {}\nRationale: x\n"
    read = block.format(1, "9/10") + block.format(2, 0)
    assert ten.parse(read, 2, Means()).ratings == (9, 0)
    with pytest.raises(ParseFailure):
        ten.parse(block.format(1, 11) + block.format(2, 0), 2, Means())
    half = made(scale={"min": 0.5, "max": 2, "whole": False}, template="{{ responses }}{{ low }}")
    assert asked(half, "a").endswith("0.5")


def test_a_system_prompt_of_the_protocol_comes_first() -> None:
    turns = made(system="Be fair.").render(shown("a", "b"), Means())
    assert [turn["role"] for turn in turns] == ["system", "user"]
    assert turns[0]["content"] == "Be fair."


def test_variables_are_the_users_and_never_ours() -> None:
    protocol = made(template="{{ responses }} {{ tone.name }}", variables={"tone": {"name": "dry"}})
    assert asked(protocol, "a").endswith(" dry")
    assert "sets fence, which aifgen sets itself" in refused(variables={"fence": "x"})


def test_with_logprobs_is_asked_where_the_endpoint_serves_them() -> None:
    odds = {"answer": "logprob_token", "template": "m or M? {{ responses }}", "max_tokens": 1}
    protocol = made("pair", "pair_json", with_logprobs=odds)
    assert asked(protocol, "a", "b", means=Means(logprobs=True)).startswith("m or M?")
    assert not asked(protocol, "a", "b", means=Means(structured=True)).startswith("m or M?")
    assert protocol.schema(2, Means(True, True)) is None
    assert protocol.schema(2, Means(True)) is not None
    wrongs = ({"answer": "logprob_token"}, {**odds, "tokens": 1}, {**odds, "max_tokens": "one"})
    for wrong in wrongs:
        said = refused(kind="pair", answer="pair_json", with_logprobs=wrong)
        assert "it must have answer and template, and may have max_tokens" in said
    fault = {**odds, "template": "{{ respones }}"}
    assert "respones" in refused(kind="pair", answer="pair_json", with_logprobs=fault)


def test_a_schema_is_the_same_object_for_as_many_responses() -> None:
    class Fresh(Blocks):
        def schema(self, n: int, scale: Scale | None) -> dict[str, str]:
            return {"type": "object"}

    protocol = made(answer=Fresh("fresh"))
    assert protocol.schema(2, Means(True)) is protocol.schema(2, Means(True))
    assert protocol.schema(2, Means(True)) is not protocol.schema(3, Means(True))


def test_a_format_that_is_text_and_nothing_else_is_never_asked_for_as_json() -> None:
    protocol = made("pair", "python_list_ranking", template="{{ responses }} {{ structured }}")
    assert asked(protocol, "a", "b", means=Means(structured=True)).endswith("False")


def test_the_default_asks_as_it_always_did() -> None:
    text = asked(built("ultrafeedback"), "One.", "Two.")
    assert text.startswith("# How good is each text overall?\n\nBelow are a conversation and 2 ")
    assert text.endswith(
        "Answer with one block for each of the 2 texts, in exactly this form and with nothing "
        "else:\n\n#### Output for Text 1\nRating: [a whole number from 1 to 5]\n"
        "Rationale: [one or two sentences]\n\n#### Output for Text 2\n"
        "Rating: [a whole number from 1 to 5]\nRationale: [one or two sentences]"
    )
    structured = asked(built("ultrafeedback"), "One.", "Two.", means=Means(structured=True))
    assert structured.endswith(
        'Answer with one JSON object and nothing else:\n{"ratings": [one whole number from 1 to 5 '
        'for each of the 2 texts, in the order shown], "rationales": [one or two sentences for '
        "each text, in the same order]}"
    )
