"""What annotation parses, that batches change nothing, and what it leaves to errant and spaCy."""

from __future__ import annotations

from typing import Any

import pytest

from wa_metrics.errant import annotation as errant_annotate
from wa_metrics.errant import extraction as errant_extract
from wa_metrics.errant import model as spacy_model
from wa_metrics.errant.annotation import Annotator, annotate
from wa_metrics.errant.model import Parser, load_parser
from wa_metrics.m2 import write_m2

from .errant_pairs import CORRECTED, SOURCES, load_plain, needs_errant


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are parsed from here on."""
    texts: list[str] = []
    pipe = load_parser().nlp.pipe

    def spy(docs: Any, **options: Any) -> Any:
        docs = list(docs)
        texts.extend(" ".join(token.text for token in doc) for doc in docs)
        return pipe(docs, **options)

    monkeypatch.setattr(load_parser().nlp, "pipe", spy)
    return texts


@needs_errant
def test_batches_give_the_attributes_of_one_by_one() -> None:
    import spacy
    from spacy.tokens import Doc

    nlp = spacy.load(spacy_model.find_model(), disable=["ner"])
    attributes: list[int | str] = ["ORTH", "LOWER", "TAG", "POS", "LEMMA", "DEP", "HEAD"]
    texts = [*SOURCES, *CORRECTED, "  two  spaces \n in a row ", "\n\n", "x"]
    texts += ["I 'm gon na n't y' all let 's", "They said nothing new .", "They said nothin' new ."]
    parser = load_parser()
    for _ in range(2):  # the second time all words are known
        for tok in (False, True):
            sentences = [parser.read(text, tok=tok) for text in texts]
            parser.parse(sentences)
            for text, sentence in zip(texts, sentences, strict=True):
                doc = nlp(text) if tok else nlp(Doc(nlp.vocab, text.split()))
                expected = doc.to_array(attributes).tolist()
                assert sentence.doc.to_array(attributes).tolist() == expected, text


@needs_errant
def test_only_the_sides_that_edits_have_words_on_are_parsed(parsed: list[str]) -> None:
    pairs = {
        "I want go": ("I want to go", ["I want to go"]),  # missing: the correction
        "I like a cats": ("I like cats", ["I like a cats"]),  # too many: the source
        "all is well": ("All is well", []),  # case alone
        "nothing new": ("nothing new", []),
        "She go there": ("She goes there", ["She go there", "She goes there"]),
    }
    for source, (corrected, expected) in pairs.items():
        list(annotate(sources=[source], hypotheses=[[corrected]]))
        assert parsed == expected, source
        parsed.clear()


@needs_errant
def test_a_source_is_parsed_once_and_a_known_correction_not_again(parsed: list[str]) -> None:
    annotator = Annotator()
    systems = [["She goes hom", "a b"], ["She went hom", "a b"], ["She goes hom", "a b"]]
    found = [list(annotator.annotate(["She go home", "a b"], [texts])) for texts in systems]
    assert parsed == ["She go home", "She goes hom", "She went hom"]
    assert found[0] == found[2] != found[1]


@needs_errant
def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch, parsed: list[str]) -> None:
    monkeypatch.setattr(errant_annotate, "_SENTENCES_KEPT", 1)
    monkeypatch.setattr(errant_annotate, "_PAIRS_KEPT", 1)
    monkeypatch.setattr(errant_annotate, "_ROWS_AT_ONCE", 1)
    annotator = Annotator()
    sources, texts = ["I go", "we go", "they go"], ["I goes", "we goes", "they goes"]
    first = list(annotator.annotate(sources, [texts]))
    assert list(annotator.annotate(sources, [texts])) == first
    assert parsed.count("I go") == 2
    assert len(annotator._sentences) <= 2 and len(annotator._edits) <= 2


@needs_errant
def test_another_errant_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errant_extract, "_KNOWN", "another digest")
    errant_extract._load_errant.cache_clear()
    try:
        parts = errant_extract._load_errant()
        assert not parts[2]
        ours = annotate(sources=SOURCES, hypotheses=[CORRECTED])
        monkeypatch.setattr(errant_extract, "align", None)  # is not called
        assert "".join(write_m2(ours)) == "".join(
            load_plain().annotate_plainly(SOURCES, [CORRECTED])
        )
    finally:
        errant_extract._load_errant.cache_clear()


@needs_errant
@pytest.mark.parametrize(
    "pattern",
    [
        {"LOWER": "cats", "OP": "+"},
        {"LOWER": {"NOT_IN": ["sleep", "."]}},
        {"ORTH": "Cats"},
    ],
    ids=str,
)
def test_another_pipeline_is_run_as_it_is(pattern: dict[str, Any]) -> None:
    import spacy

    nlp = spacy.load(spacy_model.find_model(), disable=["ner"])
    nlp.get_pipe("attribute_ruler").add(  # type: ignore[attr-defined]
        [[pattern]], {"LEMMA": "many"}
    )
    parser = Parser(nlp)
    sentence = parser.read("Cats sleep .")
    parser.parse([sentence])
    assert [token.lemma_ for token in sentence.doc] == ["many", "sleep", "."]
    assert not parser._words
