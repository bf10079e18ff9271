"""New errors in correct sentences: the kinds and the rates of those that were learned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_train.errors import DataError
from wa_train.recipe import Curriculum
from wa_train.tagger.encoder import split_sample
from wa_train.tagger.noise import Errors, Kinds, Noise, make_errors, read_sentences
from wa_train.tokens import Sample

from .tiny_tagger import make_encoder, make_vocabulary

ALWAYS = Curriculum(first=1.0, then=1.0, share=1.0)


def pairs(wrong: str, right: str, count: int = 200) -> list[tuple[list[str], list[str]]]:
    return [(wrong.split(), right.split())] * count


def draws(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def test_a_word_gets_its_own_errors_as_often_as_it_had_them() -> None:
    learned = pairs("he go home", "he goes home") + pairs("he goes home", "he goes home", 600)
    noise = Noise.learn(learned)
    random = draws()
    made = [noise.corrupt(("he", "goes", "home"), random) for _ in range(4000)]
    share = sum(words == ("he", "go", "home") for words in made) / len(made)
    assert share == pytest.approx(0.25, abs=0.05)


def test_an_unknown_word_borrows_what_any_word_may_have() -> None:
    noise = Noise.learn(pairs("two cat", "two cats"))
    random = draws()
    made = {noise.corrupt(("dogs",), random) for _ in range(300)}
    assert ("dog",) in made


def test_left_out_words_and_other_words_are_not_borrowed() -> None:
    noise = Noise.learn(pairs("he went in park", "he went to the park"))
    assert not any(tag in ("$DELETE", "$REPLACE_in") for tag in noise.any.tags)


def test_what_was_misspelt_becomes_letters_out_of_place() -> None:
    noise = Noise.learn(pairs("I beleive it", "I believe it"))
    assert "typo" in noise.any.tags
    random = draws()
    made = {noise.corrupt(("sentence",), random)[0] for _ in range(300)}
    assert len(made) > 3
    assert all(abs(len(word) - len("sentence")) <= 1 for word in made)


@given(st.lists(st.sampled_from("he goes to the park . , Cats believe".split()), max_size=8))
@settings(max_examples=200, deadline=None)
def test_a_sentence_never_becomes_empty(words: list[str]) -> None:
    learned = pairs("", "the") + pairs("He go park", "he goes to the park .")
    noise = Noise.learn(learned)
    found = noise.corrupt(tuple(words), draws(len(words)))
    assert bool(found) == bool(words) or found


def test_without_errors_there_are_none() -> None:
    noise = Noise.learn(pairs("he goes", "he goes"))
    assert noise.corrupt(("he", "goes", "home"), draws()) == ("he", "goes", "home")


def test_counts_are_drawn_by_their_shares() -> None:
    from collections import Counter

    kinds = Kinds.of(Counter({"$DELETE": 3, "$APPEND_a": 1}))
    assert [kinds.draw(share) for share in (0.0, 0.5, 0.74, 0.76, 0.99)] == [
        "$DELETE", "$DELETE", "$DELETE", "$APPEND_a", "$APPEND_a",
    ]  # fmt: skip


def make(seed: int = 0) -> Errors:
    learned = [("he go home .".split(), "he goes home .".split())]
    encoder = make_encoder(make_vocabulary())
    return make_errors(ALWAYS, encoder, learned, cutoff=64, seed=seed)


def test_made_up_samples_follow_from_seed_and_position() -> None:
    assert [make().tokens(n) for n in range(20)] == [make().tokens(n) for n in range(20)]
    assert [make().tokens(n) for n in range(20)] != [make(1).tokens(n) for n in range(20)]
    assert make().replaces(0, 10, 3)


def test_a_made_up_sample_is_tagged_back_to_its_sentence() -> None:
    vocabulary = make_vocabulary()
    tags = set()
    for position in range(50):
        _, numbers = split_sample(Sample(*make().tokens(position)))
        tags |= {vocabulary.tags[number] for number in numbers if number >= 0}
    assert "$TRANSFORM_FORM_VBZ" in tags


def test_rows_without_a_correct_sentence_are_refused() -> None:
    with pytest.raises(DataError, match="no correct sentence"):
        make_errors(ALWAYS, make_encoder(make_vocabulary()), [(["a"], [])], cutoff=9, seed=0)


def test_errors_are_made_in_other_text_too(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the park sees the school .\n\na cat sees a cat .\n", encoding="utf-8")
    errors = make_errors(
        Curriculum(first=1.0, text=str(text)), make_encoder(make_vocabulary()),
        [(("he", "go", "."), ("he", "goes", "."))], cutoff=32, seed=3,
    )  # fmt: skip
    lengths = {len(errors.tokens(position)[0]) for position in range(40)}
    assert len(lengths) > 1
    assert read_sentences(text)[1] == ("a", "cat", "sees", "a", "cat", ".")


@pytest.mark.parametrize("content", [None, "\n \n"])
def test_text_that_is_none_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "text.txt").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"curriculum\.text: .*text\.txt: expected"):
        read_sentences(tmp_path / "text.txt")


def test_errors_come_in_clusters() -> None:
    """Drawn word by word, a sentence without an error would be rare: 0.75^10, 6 % of them."""
    noise = Noise.learn(pairs("he go", "he goes", 1000) + pairs("he goes", "he goes", 3000))
    random = draws()
    made = [noise.corrupt(("goes",) * 10, random) for _ in range(2000)]
    wrong = [words.count("go") for words in made]
    assert np.mean(wrong) == pytest.approx(2.5, abs=0.5)
    assert np.mean([not count for count in wrong]) > 0.2
