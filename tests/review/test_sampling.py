"""Samples have the size and the chances that they say, whatever the order of the prompts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aifgen.errors import ConfigError
from aifgen.review.sampling import (
    FLOOR,
    Candidate,
    Design,
    design,
    draw,
    probabilities,
    union,
)

TEXTS = (
    "disagreement:30", "margin:20", "flipped", "flipped:40", "random:50", "stratified:36",
    "mixed:30", "all",
)  # fmt: skip
DRAWS = 2000


def population(n: int, seed: int = 0) -> list[Candidate]:
    rng = np.random.default_rng(seed)
    return [
        Candidate(
            prompt_id=f"p{k}",
            spread=float(rng.choice([0, 0, 0.5, 1])),
            margin=float(rng.choice([0, 1, 2, 4, np.nan])),
            flipped=k % 9 == 0,
            stratum=f"s{int(rng.integers(10) ** 0.5)}",
        )
        for k in range(n)
    ]


candidates_ = st.lists(
    st.tuples(
        st.floats(0, 1), st.one_of(st.floats(0, 9), st.just(float("nan"))), st.sampled_from("abcd")
    ),
    min_size=1,
    max_size=60,
).map(
    lambda rows: [
        Candidate(f"p{k}", spread, margin, k == 0 or spread > 0.9, stratum)
        for k, (spread, margin, stratum) in enumerate(rows)
    ]
)
designs = st.one_of(
    st.builds(
        Design,
        st.sampled_from(["disagreement", "margin", "flipped", "random", "stratified", "mixed"]),
        st.integers(1, 80),
    ),
    st.builds(Design, st.sampled_from(["flipped", "all"]), st.none()),
)


@pytest.mark.parametrize("text", TEXTS)
def test_prompts_are_drawn_as_often_as_stated(text: str) -> None:
    among, how = population(90), design(text)
    stated = probabilities(among, how)

    seen = np.mean([draw(among, how, seed) for seed in range(DRAWS)], axis=0)

    # The mean square of 90 standard deviations, and the largest: 5 of them would be one in 20,000.
    certain = (stated == 0) | (stated == 1)
    np.testing.assert_array_equal(seen[certain], stated[certain])
    if not certain.all():
        error = (seen - stated)[~certain]
        error /= np.sqrt(stated * (1 - stated) / DRAWS)[~certain]
        assert np.mean(error**2) < 1.6
        assert np.abs(error).max() < 5


@given(candidates_, designs, st.integers(0, 5))
@settings(max_examples=150, deadline=None)
def test_a_sample_has_its_size_and_every_prompt_a_chance(
    among: list[Candidate], how: Design, seed: int
) -> None:
    chance, taken = probabilities(among, how), draw(among, how, seed)
    bare = how.kind == "flipped" and how.number is None
    flipped = [one.flipped for one in among]
    size = sum(flipped) if bare else min(how.number or len(among), len(among))

    assert taken.sum() == size
    assert chance.sum() == pytest.approx(size)
    assert chance.max() <= 1
    if bare:
        assert taken.tolist() == flipped
    elif how.kind != "stratified":
        assert chance.min() > FLOOR / 4 * size / len(among) - 1e-9
    assert chance.min() > 0 or bare


@given(candidates_, designs, st.integers(0, 5), st.randoms())
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_prompts_does_not_matter(
    among: list[Candidate], how: Design, seed: int, random: Any
) -> None:
    mixed = list(among)
    random.shuffle(mixed)

    def names(population: list[Candidate]) -> set[str]:
        taken = draw(population, how, seed)
        return {one.prompt_id for one, t in zip(population, taken, strict=True) if t}

    assert names(among) == names(mixed)
    by_name = dict(zip((one.prompt_id for one in mixed), probabilities(mixed, how), strict=True))
    assert [by_name[one.prompt_id] for one in among] == pytest.approx(
        probabilities(among, how).tolist()
    )


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    among, how = population(200), design("random:20")

    assert (draw(among, how, 3) == draw(among, how, 3)).all()
    assert (draw(among, how, 3) != draw(among, how, 4)).any()
    # The design is salt: two samples of one seed are drawn apart.
    assert draw(among, how, 3)[draw(among, design("random:40"), 3)].sum() < 15


def test_what_a_design_is_about_is_drawn_more_often() -> None:
    among = population(400)

    def chance(text: str) -> Any:
        return probabilities(among, design(text))

    spread = np.array([one.spread for one in among])
    margin = np.array([one.margin for one in among])
    flipped = np.array([one.flipped for one in among])
    disagreement, narrow, turned = (
        chance("disagreement:80"),
        chance("margin:80"),
        chance("mixed:80"),
    )
    assert disagreement[spread == 1].min() > 1.5 * disagreement[spread == 0.5].max()
    assert disagreement[spread == 0.5].min() > 2 * disagreement[spread == 0].max()
    assert disagreement[spread == 0].min() == pytest.approx(FLOOR * 80 / 400)
    assert narrow[margin == 0].min() > 3 * narrow[margin == 4].max()
    assert narrow[np.isnan(margin)].min() == pytest.approx(FLOOR * 80 / 400)
    assert turned[flipped].mean() > 1.5 * turned[~flipped].mean()
    # 45 are flipped: all of them come, and the rest of the 80 from the others.
    assert (chance("flipped:80")[flipped] == 1).all()
    np.testing.assert_allclose(chance("flipped:80")[~flipped], 35 / 355)


def test_strata_get_their_part_each_time() -> None:
    sizes = {"a": 100, "b": 25, "c": 4}
    among = [
        Candidate(f"{name}{k}", 0.0, 0.0, False, name)
        for name, n in sizes.items()
        for k in range(n)
    ]
    # By the root of the size: 10, 5 and 2 parts of 34.
    for seed in range(20):
        taken = draw(among, design("stratified:34"), seed)
        count = dict.fromkeys(sizes, 0)
        for one, there in zip(among, taken, strict=True):
            count[one.stratum] += int(there)
        assert count == {"a": 20, "b": 10, "c": 4}


def test_several_samples_together() -> None:
    among = population(60)
    one, two = (probabilities(among, design(text)) for text in ("disagreement:10", "random:15"))

    both = union(one, two)

    np.testing.assert_allclose(both, 1 - (1 - one) * (1 - two))
    np.testing.assert_allclose(union(one), one)
    seen = np.mean(
        [
            draw(among, design("disagreement:10"), seed) | draw(among, design("random:15"), seed)
            for seed in range(DRAWS)
        ],
        axis=0,
    )
    assert np.abs(seen - both).max() < 5 * 0.5 / np.sqrt(DRAWS)


def test_a_sample_of_prompts_that_nobody_doubts_is_a_random_one() -> None:
    among = [Candidate(f"p{k}", 0.0, float("nan"), False, "s") for k in range(10)]

    for text in ("disagreement:4", "margin:4", "mixed:4", "stratified:4"):
        np.testing.assert_allclose(probabilities(among, design(text)), 0.4)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("most:3", "sample most:3: give disagreement:100, margin:50, flipped, flipped:80, random"),
        ("", "sample : give disagreement:100"),
        ("random", "give disagreement:100"),
        ("all:3", "give disagreement:100"),
        ("margin:", "nothing is no number of prompts above 0"),
        ("margin:0", "0 is no number of prompts above 0"),
        ("margin:-5", "-5 is no number"),
        ("margin:1.5", "1.5 is no number"),
        ("margin:²", "² is no number"),
    ],
)
def test_wrong_words_are_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        design(text)

    assert sentence in str(error.value)


def test_nothing_to_draw_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match="there is no prompt with a response"):
        probabilities([], design("all"))
    nobody = [Candidate("p", 0.0, 0.0, False, "s")]
    for text in ("flipped", "flipped:3"):
        with pytest.raises(ConfigError, match="no judge changed its mind"):
            draw(nobody, design(text), 0)


@pytest.mark.parametrize("text", TEXTS)
def test_a_design_is_kept_as_it_is_typed(text: str) -> None:
    assert design(f" {text} ").text == text


@pytest.mark.parametrize("text", ["disagreement:15", "margin:15", "mixed:15"])
def test_two_samples_of_one_design_by_two_judges_are_drawn_apart(text: str) -> None:
    """As `union` has it: weights of 1 / its chances add up to the size of the run."""
    people, how = population(60), design(text)
    both = union(probabilities(people, how), probabilities(people, how))
    sizes = [
        float((1 / both)[draw(people, how, seed) | draw(people, how, seed, "gpt4")].sum())
        for seed in range(400)
    ]
    off = abs(np.mean(sizes) - len(people))
    assert off < 4 * np.std(sizes) / len(sizes) ** 0.5
    assert (draw(people, how, 0) == draw(people, how, 0, None)).all()
