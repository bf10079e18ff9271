"""SARI: an example worked by hand, a plain transcription of the definition, then properties."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_metrics import InputError, MissingExtraError
from wa_metrics.sari import SARI
from wa_metrics.sari import index as sari_index
from wa_metrics.sari.ngrams import Vocabulary, _distinct
from wa_metrics.sari.variants import ALIASES, VARIANTS
from wa_metrics.significance import approximate_randomisation, paired_bootstrap

PLAIN = Path(__file__).resolve().parents[2] / "packages/wa-metrics/benchmarks/plain_sari.py"
CORPUS_SUMS = ["easse", "easse-micro", "easse-legacy", "editeval"]
SENTENCE_MEANS = ["cocoxu", "hf-evaluate", "iterater"]


def load_plain() -> Any:
    spec = importlib.util.spec_from_file_location("plain_sari", PLAIN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["plain_sari"] = module
    spec.loader.exec_module(module)
    return module


plain = load_plain()

# Few words, so that n-grams meet; case, entities, symbols, white space of all sorts; empty texts.
words = st.sampled_from("a b c A B, x. 1.5 n't &amp; (a) b\u00a0c 1-2 é 日本".split(" "))
texts = st.lists(words, max_size=9).map(" ".join) | st.sampled_from(
    ["", " ", "a  b ", "a\tb\nc", "\u3000", "a-\nb <skipped>"]
)


@st.composite
def corpora(draw: st.DrawFn, texts: st.SearchStrategy[str] = texts) -> dict[str, Any]:
    k = draw(st.integers(1, 4))
    row = st.lists(texts, min_size=2 + k, max_size=2 + k)
    rows = draw(st.lists(row, min_size=1, max_size=5))
    return {
        "sources": [row[0] for row in rows],
        "predictions": [row[1] for row in rows],
        "references": [row[2:] for row in rows],
    }


def plain_scores(corpus: dict[str, Any], variant: Any) -> list[float]:
    return list(
        plain.plain_sari(corpus["sources"], corpus["predictions"], corpus["references"], variant)
    )


def scores(metric: SARI, corpus: dict[str, Any]) -> list[float]:
    score = metric.corpus_score(**corpus)
    return [score.score, score.parts["add"], score.parts["keep"], score.parts["delete"]]


def close(expected: list[float]) -> Any:
    return pytest.approx(expected, rel=0, abs=1e-9)


# --- an example by hand

HAND: dict[str, Any] = {
    "sources": ["the cat sat on the mat"],
    "predictions": ["the cat lay on mat"],
    "references": [["the cat lay on a mat", "a cat sat on the mat"]],
}


def test_an_example_worked_by_hand() -> None:
    # O (twice): the 4, cat 2, sat 2, on 2, mat 2; S (twice): the 2, cat 2, lay 2, on 2, mat 2;
    # R: the 2, cat 2, lay 1, on 2, a 2, mat 2, sat 1.
    # add: system {lay}, references {lay, a}. keep: system the 2, cat 2, on 2, mat 2 = 8,
    # references the same and sat 1 = 9. delete: system the 2, sat 2; references the 2, sat 1.
    counts = SARI().stats(**HAND)
    assert counts.dtype == np.int64
    assert counts.shape == (1, 36)
    assert counts[0, :9].tolist() == [1, 1, 2, 8, 8, 9, 3, 4, 3]
    # Bigrams, O: the+cat, cat+sat, sat+on, on+the, the+mat, each 2; S: the+cat, cat+lay, lay+on,
    # on+mat; R: the+cat, cat+lay, lay+on, on+a, a+mat; a+cat, cat+sat, sat+on, on+the, the+mat.
    assert counts[0, 9:18].tolist() == [2, 3, 5, 1, 2, 5, 4, 8, 5]

    score = SARI().corpus_score(**HAND)
    first = score.details["orders"][0]
    assert first["n"] == 1
    assert first["add"] == pytest.approx({"p": 100, "r": 50, "f": 200 / 3})
    assert first["keep"] == pytest.approx({"p": 100, "r": 800 / 9, "f": 1600 / 17})
    assert first["delete"] == pytest.approx({"p": 75, "r": 100, "f": 600 / 7})
    assert len(score.details["orders"]) == 4


def test_means_of_sentences_do_their_own_deletion() -> None:
    # delete, 1-grams: the is deleted 2 times and referred to 2 times, sat 2 and 1: only sat, 1 of
    # 2, is deleted more often than referred to, so the mean of ratios is 1/4 and not 3/4.
    orders = SARI("hf").corpus_score(**HAND).details["orders"]
    assert orders[0]["delete"]["p"] == pytest.approx(25)
    # keep recall, 1-grams: of sums 8/9; of ratios, of the four kept words of five.
    assert orders[0]["keep"]["r"] == pytest.approx(800 / 9)
    assert SARI("cocoxu").corpus_score(**HAND).details["orders"][0]["keep"]["r"] == pytest.approx(
        80
    )


# --- the definition, transcribed


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=60, deadline=None)
@given(corpus=corpora())
def test_every_variant_is_its_definition(variant: str, corpus: dict[str, Any]) -> None:
    expected = plain_scores(corpus, plain.VARIANTS[variant])
    metric = SARI(variant)
    assert scores(metric, corpus) == close(expected)
    # from a test set prepared before, and sentence by sentence
    prepared = metric.prepare(sources=corpus["sources"], references=corpus["references"])
    again = metric.corpus_score(predictions=corpus["predictions"], prepared=prepared)
    assert again == metric.corpus_score(**corpus)
    each = metric.sentence_scores(predictions=corpus["predictions"], prepared=prepared)
    rows = zip(corpus["sources"], corpus["predictions"], corpus["references"], strict=True)
    names = ("sources", "predictions", "references")
    alone = [dict(zip(names, ([text] for text in row), strict=True)) for row in rows]
    assert each.tolist() == close([plain_scores(row, plain.VARIANTS[variant])[0] for row in alone])


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=25, deadline=None)
@given(
    corpus=corpora(),
    tokenize=st.sampled_from(["13a", "none"]),
    lowercase=st.booleans(),
    delete=st.sampled_from(["f1", "precision"]),
)
def test_every_option_is_its_definition(
    variant: str, corpus: dict[str, Any], tokenize: str, lowercase: bool, delete: Any
) -> None:
    definition = plain.VARIANTS[variant]._replace(
        tokenise=tokenize, lowercase=lowercase, delete=delete
    )
    metric = SARI(variant, tokenize=tokenize, lowercase=lowercase, delete=delete)
    assert scores(metric, corpus) == close(plain_scores(corpus, definition))


@pytest.mark.parametrize("variant", ["easse", "hf-evaluate", "cocoxu"])
def test_a_line_of_ten_thousand_tokens_is_its_definition(variant: str) -> None:
    rng = np.random.default_rng(0)

    def line(vocabulary: int) -> str:
        return " ".join(f"w{token}" for token in rng.integers(0, vocabulary, 10_000))

    corpus = {
        "sources": [line(50), line(10**6), "a " * 10_000],
        "predictions": [line(50), line(10**6), "a b " * 5_000],
        "references": [[line(50), line(50)], [line(10**6), line(10)], ["a", "b " * 10_000]],
    }
    assert scores(SARI(variant), corpus) == close(plain_scores(corpus, plain.VARIANTS[variant]))


def test_case_is_lowered_after_detokenisation() -> None:
    # The detokeniser joins 'll and 'LL, not 'Ll.
    corpus: dict[str, Any] = {
        "sources": ["we 'Ll go now , he said"],
        "predictions": ["we'll go now , he said"],
        "references": [["we 'll go , he said"]],
    }
    expected = plain_scores(corpus, plain.VARIANTS["editeval"])
    assert scores(SARI("editeval"), corpus) == close(expected)
    lowered = corpus | {"sources": [text.lower() for text in corpus["sources"]]}
    assert scores(SARI("editeval"), lowered) != close(expected)


# --- the parts that counting stands on


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 1, 7, 2**31 - 1]), st.sampled_from([0, 3, 2**31 - 1])),
        max_size=30,
    )
)
def test_pairs_are_told_apart_whatever_their_size(pairs: list[tuple[int, int]]) -> None:
    numbers, tokens = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    distinct = _distinct(numbers, tokens)
    counts = sorted(Counter(pairs).items())
    assert distinct.keys.tolist() == [number << 32 | token for (number, token), _ in counts]
    assert distinct.counts.tolist() == [count for _, count in counts]
    ordered = [pairs[place] for place in distinct.order]
    assert ordered == sorted(pairs)
    assert [counts[rank][0] for rank in distinct.rank] == ordered
    assert [pairs[place] for place in distinct.first] == [pair for pair, _ in counts]


def test_a_vocabulary_numbers_tokens_not_words() -> None:
    vocabulary = Vocabulary(lambda word: word.split("-"))
    tokens, lengths = vocabulary.encode([["a-b", "c"], [], ["b", "a-a-b"]])
    assert tokens.tolist() == [0, 1, 2, 1, 0, 0, 1]
    assert lengths.tolist() == [3, 0, 4]
    copy = vocabulary.copy()
    assert copy.encode([["d-a"]])[0].tolist() == [3, 0]
    assert vocabulary.encode([["e", "d"]])[0].tolist() == [3, 4]


def test_for_one_system_alone_nothing_is_kept() -> None:
    metric = SARI()
    texts = {"sources": HAND["sources"], "references": HAND["references"]}
    assert metric.prepare(**texts).chunks
    assert not metric._prepared(texts["sources"], texts["references"], None).chunks


@pytest.mark.parametrize("variant", ["easse", "hf-evaluate"])
@settings(max_examples=25, deadline=None)
@given(corpus=corpora())
def test_chunks_and_what_is_kept_of_them_change_nothing(
    variant: str, corpus: dict[str, Any]
) -> None:
    metric = SARI(variant)
    whole = metric.stats(**corpus)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sari_index, "_CHUNK_CHARACTERS", 12)
        texts = corpus["sources"], corpus["references"]
        reading = metric.prepare(sources=texts[0], references=texts[1]).reading
        for keep_bytes in (0, 2000, 10**9):
            prepared = sari_index.prepare_sari(reading, *texts, keep_bytes=keep_bytes)
            kept = prepared.chunks[-1].stop if prepared.chunks else 0
            assert kept + len(prepared.sources) == prepared.n == len(whole)
            got = metric.stats(predictions=corpus["predictions"], prepared=prepared)
            # Counts are the same; a mean may have been summed in another order.
            assert got.dtype == whole.dtype
            assert np.allclose(got, whole, rtol=0, atol=0 if variant == "easse" else 1e-12)


def test_a_system_leaves_no_trace_in_what_was_prepared() -> None:
    metric = SARI()
    prepared = metric.prepare(sources=HAND["sources"], references=HAND["references"])
    before = metric.corpus_score(predictions=HAND["predictions"], prepared=prepared)
    metric.corpus_score(predictions=["new words , never seen here"], prepared=prepared)
    assert metric.corpus_score(predictions=HAND["predictions"], prepared=prepared) == before
    assert "never" not in prepared.chunks[0].vocabulary
    # one-time use and prepared use agree on all there is to a score
    assert metric.corpus_score(**HAND) == before


# --- properties


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=25, deadline=None)
@given(corpus=corpora(), data=st.data())
def test_the_order_of_sentences_and_references_is_nothing(
    variant: str, corpus: dict[str, Any], data: st.DataObject
) -> None:
    rows = data.draw(st.permutations(range(len(corpus["sources"]))))
    refs = data.draw(st.permutations(range(len(corpus["references"][0]))))
    turned = {
        "sources": [corpus["sources"][row] for row in rows],
        "predictions": [corpus["predictions"][row] for row in rows],
        "references": [[corpus["references"][row][ref] for ref in refs] for row in rows],
    }
    assert scores(SARI(variant), turned) == close(scores(SARI(variant), corpus))


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=25, deadline=None)
@given(corpus=corpora())
def test_all_references_twice_are_as_good_as_once(variant: str, corpus: dict[str, Any]) -> None:
    # Source and system count k-fold, so every ratio stays; one of several twice does weigh more.
    twice = corpus | {"references": [refs * 2 for refs in corpus["references"]]}
    assert scores(SARI(variant), twice) == close(scores(SARI(variant), corpus))


def test_one_of_two_references_twice_weighs_more() -> None:
    weighed = HAND | {"references": [[*HAND["references"][0], HAND["references"][0][0]]]}
    assert SARI().corpus_score(**weighed).score > SARI().corpus_score(**HAND).score


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=40, deadline=None)
@given(corpus=corpora())
def test_scores_lie_between_0_and_100(variant: str, corpus: dict[str, Any]) -> None:
    metric = SARI(variant)
    score = metric.corpus_score(**corpus)
    rates = [
        value
        for order in score.details["orders"]
        for operation in ("add", "keep", "delete")
        for value in order[operation].values()
    ]
    every = [score.score, *score.parts.values(), *rates, *metric.sentence_scores(**corpus)]
    assert all(-1e-9 <= value <= 100 + 1e-9 for value in every)
    assert score.score == pytest.approx(sum(score.parts.values()) / 3)


def share_to_do(source: str, target: str, variant: Any) -> float:
    """Return the share of the twelve operations and orders for which there is anything to do."""
    o = plain.tokens_of(source, variant, is_source=True)
    t = plain.tokens_of(target, variant)
    to_do = [
        any(reference.values())
        for n in plain.ORDERS
        for _, _, reference in plain.operations(o, t, [t], n, variant).values()
    ]
    return sum(to_do) / 12


@pytest.mark.parametrize("variant", ["easse", "easse-micro", "easse-legacy"])
@given(pair=st.tuples(texts, texts))
def test_to_write_the_only_reference_is_perfect_where_there_is_anything_to_do(
    variant: str, pair: tuple[str, str]
) -> None:
    # Nothing to do counts as 0 here, so a perfect system scores 100 only on long rewritings.
    source, target = pair
    score = SARI(variant).corpus_score(
        sources=[source], predictions=[target], references=[[target]]
    )
    assert score.score == pytest.approx(
        100 * share_to_do(source, target, plain.VARIANTS[variant]), abs=1e-9
    )


@pytest.mark.parametrize("variant", SENTENCE_MEANS)
@given(
    source=st.permutations("a b c d e f".split()).map(" ".join),
    target=st.lists(words, max_size=8).map(" ".join),
)
def test_it_is_so_in_means_of_sentences_if_the_source_repeats_nothing(
    variant: str, source: str, target: str
) -> None:
    score = SARI(variant).corpus_score(
        sources=[source], predictions=[target], references=[[target]]
    )
    share = share_to_do(source, target, plain.VARIANTS[variant])
    # Hugging Face's has 0 / 0 = 1: what is not to be done is done well.
    expected = 100 if variant == "hf-evaluate" else 100 * share
    assert score.score == pytest.approx(expected, abs=1e-9)


def test_a_repeated_word_of_the_source_keeps_means_of_sentences_from_100() -> None:
    texts: dict[str, Any] = {
        "sources": ["a a b c d"],
        "predictions": ["a e c d"],
        "references": [["a e c d"]],
    }
    assert SARI("hf").corpus_score(**texts).score < 100


@pytest.mark.parametrize("variant", CORPUS_SUMS)
def test_copying_the_source_neither_adds_nor_deletes(variant: str) -> None:
    score = SARI(variant).corpus_score(
        sources=HAND["sources"], predictions=HAND["sources"], references=HAND["references"]
    )
    assert score.parts["add"] == score.parts["delete"] == 0
    assert 0 < score.parts["keep"] < 100


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("texts", [("", "", ""), ("a b", "", "a"), ("", "a", "a"), ("a", "b", "")])
def test_empty_texts_are_texts(variant: str, texts: tuple[str, str, str]) -> None:
    source, prediction, reference = texts
    corpus = {"sources": [source], "predictions": [prediction], "references": [[reference]]}
    assert scores(SARI(variant), corpus) == close(plain_scores(corpus, plain.VARIANTS[variant]))


# --- sums, intervals and tests


@pytest.mark.parametrize("variant", ["easse", "easse-micro", "hf-evaluate", "cocoxu"])
@settings(max_examples=25, deadline=None)
@given(corpus=corpora(), data=st.data())
def test_a_weight_is_how_often_a_sentence_stands_there(
    variant: str, corpus: dict[str, Any], data: st.DataObject
) -> None:
    n = len(corpus["sources"])
    weights = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n).filter(any))
    metric = SARI(variant)
    stats = metric.stats(**corpus)
    totals = metric.totals(stats, np.array([weights, [1] * n], dtype=np.float64))
    repeated: dict[str, Any] = {
        name: [row for row, times in zip(rows, weights, strict=True) for _ in range(times)]
        for name, rows in corpus.items()
    }
    expected = [metric.corpus_score(**repeated).score, metric.corpus_score(**corpus).score]
    assert metric.finish(totals).tolist() == close(expected)


@pytest.mark.parametrize("variant", VARIANTS)
def test_intervals_and_tests_stand_on_the_statistics(variant: str) -> None:
    texts: dict[str, Any] = {
        "sources": ["the big cat sat on the mat", "a b c d e", "one two three four five"],
        "references": [["the cat sat"], ["a b x d"], ["one three five"]],
    }
    metric = SARI(variant)
    prepared = metric.prepare(**texts)
    better = [reference[0] for reference in texts["references"]]
    score = metric.corpus_score(predictions=better, prepared=prepared, ci=True, resamples=50)
    assert score.ci is not None
    assert score.ci.low <= score.score <= score.ci.high
    worse = metric.stats(predictions=texts["sources"], prepared=prepared)
    stats = metric.stats(predictions=better, prepared=prepared)
    for test in (paired_bootstrap, approximate_randomisation):
        comparison = test(metric, worse, stats, resamples=50)
        assert comparison.delta > 0
        assert comparison.system == pytest.approx(score.score)


# --- what a score says of itself, and errors


@pytest.mark.parametrize(
    ("metric", "name", "conditions"),
    [
        (SARI(), "sari-easse", "nrefs:2|variant:easse|case:lc|tok:13a"),
        (SARI("easse-micro"), "sari-easse-micro", "nrefs:2|variant:easse-micro|case:lc|tok:13a"),
        (SARI("cocoxu"), "sari-cocoxu", "nrefs:2|variant:cocoxu|case:lc|tok:none"),
        (SARI("hf"), "sari-hf", "nrefs:2|variant:hf-evaluate|case:lc|tok:13a"),
        (
            SARI("easse-legacy", delete="f1"),
            "sari-easse-legacy",
            "nrefs:2|variant:easse-legacy|case:mixed|tok:13a",
        ),
        (
            SARI(tokenize="none", lowercase=False, delete="precision"),
            "sari-easse",
            "nrefs:2|variant:easse|case:mixed|tok:none|delete:precision",
        ),
    ],
)
def test_the_signature_names_all_conditions(metric: SARI, name: str, conditions: str) -> None:
    score = metric.corpus_score(**HAND)
    assert score.metric == name
    assert score.signature.rpartition("|version:")[0] == f"SARI|{conditions}"


def test_the_signature_names_versions_of_what_others_tokenise() -> None:
    import nltk
    import sacrebleu

    detokenised = SARI("editeval").corpus_score(**HAND).signature
    assert f"|tok:13a|detok:nltk-{nltk.__version__}|version:" in detokenised
    international = SARI(tokenize="intl").corpus_score(**HAND).signature
    assert f"|tok:intl|sacrebleu:{sacrebleu.__version__}|version:" in international


def test_options_that_are_not_offered_are_named() -> None:
    known = ", ".join([*VARIANTS, *ALIASES])
    with pytest.raises(InputError, match=f"variant: expected one of {known}, got 'gem'"):
        SARI("gem")
    with pytest.raises(InputError, match="delete: expected f1 or precision, got 'recall'"):
        SARI(delete="recall")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"tokenize: expected one of .*, got 'moses'"):
        SARI(tokenize="moses")


def test_references_the_wrong_way_round_or_ragged_are_refused() -> None:
    sources = ["a", "b", "c"]
    with pytest.raises(InputError, match=r"references\[ref\]\[sentence\]; turn them round"):
        SARI().prepare(sources=sources, references=[["a", "b", "c"], ["d", "e", "f"]])
    with pytest.raises(InputError, match=r"references\[1\]: expected 2 references"):
        SARI().prepare(sources=sources, references=[["a", "d"], ["b"], ["c", "f"]])
    with pytest.raises(InputError, match="predictions: expected 3 texts"):
        SARI().corpus_score(sources=sources, predictions=["a"], references=[["a"], ["b"], ["c"]])
    with pytest.raises(InputError, match="sources: expected a list of texts"):
        SARI().corpus_score(predictions=["a"], references=[["a"]])
    with pytest.raises(InputError, match="expected references="):
        SARI().corpus_score(predictions=["a"], sources=["a"])


def test_a_prepared_test_set_serves_those_that_read_alike() -> None:
    prepared = SARI().prepare(sources=HAND["sources"], references=HAND["references"])
    micro = SARI("easse-micro", delete="precision")
    shared = micro.corpus_score(predictions=HAND["predictions"], prepared=prepared)
    assert shared == micro.corpus_score(**HAND)
    with pytest.raises(InputError, match="prepared: expected a test set of sari-cocoxu"):
        SARI("cocoxu").corpus_score(predictions=HAND["predictions"], prepared=prepared)
    with pytest.raises(InputError, match="expected prepared= alone"):
        SARI().corpus_score(predictions=["a"], sources=["a"], prepared=prepared)


def test_editeval_without_nltk_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from wa_metrics import tokenize

    tokenize._load_treebank.cache_clear()
    monkeypatch.setitem(sys.modules, "nltk.tokenize.treebank", None)
    try:
        with pytest.raises(MissingExtraError, match=r"pip install 'wa-metrics\[nltk\]'"):
            SARI("editeval").corpus_score(**HAND)
    finally:
        tokenize._load_treebank.cache_clear()


@pytest.mark.parametrize(
    ("statement", "loaded"),
    [
        ("import wa_metrics.sari, wa_metrics.compat", "set()"),
        ("import wa_metrics.sari, sacrebleu", "{'sacrebleu'}"),  # the check itself works
    ],
)
def test_sari_needs_no_heavy_package(statement: str, loaded: str) -> None:
    code = f"{statement}; import sys; print({{'nltk', 'sacrebleu', 'spacy'}} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == loaded
