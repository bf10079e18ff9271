"""Annotation: the edits of wa-metrics and the entities of spaCy, in one pass that is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wa_analysis import annotate_outputs
from wa_analysis.pipeline import Pipeline
from wa_analysis.store import Store
from wa_metrics import Edit
from wa_metrics import annotate as annotate_by_metrics
from wa_metrics.errant.model import find_model, load_parser

from .made_up import annotate, make_output, make_set, needs_spacy

# A source and what a system made of it; names, numbers, and the odd text.
PAIRS = [
    ("Last year we visit Lisbon with Mr Harlow .", "Last year we visited Lisbon with Mr Harlow ."),
    ("In 1987 she move to new york .", "In 1988 she moved to New York ."),
    ("All is well in Oslo .", "All is well in Oslo ."),
    ("i like cats", "I like cats"),
    # ERRANT itself has no need of the source, or of either text: only a word is missing, or case.
    ("Anna Petrova lives Oslo", "Anna Petrova lives in Oslo"),
    ("we saw anna petrova", "we saw Anna petrova"),
    ("He come from germany and live here since two year", "He comes from Germany ."),
    ("We met on monday", "We met Anna Petrova on Monday"),
    ("Nothing  to   see", "Nothing to see"),
    ("Gone with the wind", ""),
    ("She go", "She goes  home , to Berlin ."),
    ("ünser Café\u00a0is nice", "Our Café is nice"),
]
SOURCES, TEXTS = [source for source, _ in PAIRS], [text for _, text in PAIRS]


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


@needs_spacy
def test_the_edits_are_those_of_wa_metrics() -> None:
    expected = annotate_by_metrics(sources=SOURCES, hypotheses=[TEXTS], keep_empty=True)
    annotated = annotate(*PAIRS)
    for correction, sentence in zip(annotated.corrections, expected, strict=True):
        assert correction is not None
        assert list(correction.edits) == [edit for edit in sentence.edits if edit.type != "noop"]
        assert " ".join(correction.source) == sentence.source


@needs_spacy
def test_the_facts_are_those_of_the_full_pipeline() -> None:
    import spacy
    from spacy.tokens import Doc

    nlp = spacy.load(find_model())
    found = 0
    for correction in annotate(*PAIRS).corrections:
        assert correction is not None
        if correction.source == correction.output:
            assert correction.source_facts is correction.output_facts is None
            continue
        for tokens, facts in (
            (correction.source, correction.source_facts),
            (correction.output, correction.output_facts),
        ):
            doc = nlp(Doc(nlp.vocab, list(tokens)))
            assert facts is not None
            assert [tuple(entity) for entity in facts.entities] == [
                (span.start, span.end, span.label_) for span in doc.ents
            ]
            assert list(facts.proper) == [token.i for token in doc if token.pos_ == "PROPN"]
            found += len(facts.entities)
    assert found > 8


@needs_spacy
def test_entities_change_nothing_of_the_parse_before_them() -> None:
    """Edits of a pipeline that has found entities equal those of one that has not."""
    parser = load_parser()
    sentences = [parser.read(text) for text in SOURCES + TEXTS if text]
    parser.parse(sentences)
    attributes: list[int | str] = ["TAG", "POS", "LEMMA", "DEP", "HEAD"]
    before = [each.doc.to_array(attributes).tolist() for each in sentences]
    ner: Any = parser.nlp.get_pipe("ner")
    list(ner.pipe([each.doc for each in sentences]))
    assert [each.doc.to_array(attributes).tolist() for each in sentences] == before
    assert any(each.doc.ents for each in sentences)


@needs_spacy
def test_only_what_differs_is_parsed_and_each_text_once(parsed: list[str]) -> None:
    test_set = make_set(["She go home", "All well", "She go home"])
    systems: list[list[str | None]] = [
        ["She goes home", "All well", "She went home"],
        ["She goes home", "All  well", None],
    ]
    outputs = [
        make_output(test_set, texts, name) for name, texts in zip("ab", systems, strict=True)
    ]
    first, second = annotate_outputs(outputs)
    assert sorted(parsed) == ["She go home", "She goes home", "She went home"]
    assert first.corrections[0] == second.corrections[0]
    assert second.corrections[2] is None
    assert [each is not None and each.edits for each in first.corrections][1] == ()


@needs_spacy
def test_what_is_kept_is_not_parsed_again(parsed: list[str], tmp_path: Path) -> None:
    test_set = make_set(SOURCES)
    with Store(tmp_path) as store:
        (first,) = annotate_outputs([make_output(test_set, TEXTS)], store=store)
        count = len(parsed)
        assert count > 10
        (second,) = annotate_outputs([make_output(test_set, TEXTS)], store=store)
        assert len(parsed) == count
        assert second.corrections == first.corrections
        changed = ["Last year we visited Porto .", *TEXTS[1:]]
        (third,) = annotate_outputs([make_output(test_set, changed)], store=store)
        assert sorted(parsed[count:]) == sorted([SOURCES[0], changed[0]])
        assert third.corrections[1:] == first.corrections[1:]


@needs_spacy
def test_a_text_that_corrects_two_sources_has_the_edits_of_each(tmp_path: Path) -> None:
    output = make_output(make_set(["She go home", "She goes home ."]), ["She goes home"] * 2)
    with Store(tmp_path) as store:
        for _ in range(2):
            (annotated,) = annotate_outputs([output], store=store)
            one, two = (each and each.edits for each in annotated.corrections)
            assert one == (Edit(0, 1, 2, "R:VERB:SVA", "goes"),)
            assert two == (Edit(0, 3, 4, "U:PUNCT", ""),)


@needs_spacy
def test_warm_or_cold_alone_or_with_others_the_result_is_the_same(tmp_path: Path) -> None:
    alone = annotate(*PAIRS).corrections
    for at in range(0, len(PAIRS), 3):
        assert annotate(*PAIRS[at : at + 3]).corrections == alone[at : at + 3]


@needs_spacy
def test_gold_of_references_is_what_errant_finds_in_each() -> None:
    references = [["She goes home", "She go home"], ["All is well", "Everything is well"]]
    annotated = annotate(
        ("She go home", "She went home"), ("All well", "All well"), references=references
    )
    assert annotated.gold_kind == "references"
    assert annotated.gold[0] == ((Edit(0, 1, 2, "R:VERB:SVA", "goes"),), ())
    assert [len(edits) for edits in annotated.gold[1]] == [1, 1]


@needs_spacy
def test_gold_edits_are_grouped_by_annotator_without_noop() -> None:
    edits = [
        Edit(0, -1, -1, "noop", "-NONE-"),
        Edit(1, 0, 1, "UNK", "a"),
        Edit(1, 1, 2, "R:NOUN", "c"),
    ]
    test_set = make_set(["a b", "d e"], edits=[edits, []])
    (annotated,) = annotate_outputs([make_output(test_set, ["a b", "d e"])])
    assert annotated.gold_kind == "edits"
    assert annotated.gold == (((), tuple(edits[1:])), ((),))


@needs_spacy
def test_the_pipeline_of_another_model_leaves_the_edits_alone(tmp_path: Path) -> None:
    import spacy

    nlp = spacy.blank("en")
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": "cats"}])
    nlp.to_disk(tmp_path / "ruler")
    test_set = make_set(SOURCES)
    output = make_output(test_set, TEXTS)
    with Store(tmp_path / "store") as store:
        (usual,) = annotate_outputs([output], store=store)
        (other,) = annotate_outputs([output], store=store, spacy_model=str(tmp_path / "ruler"))
    assert (usual.model, other.model) == ("en_core_web_sm-3.8.0", "en_pipeline-0.0.0")
    pairs = zip(usual.corrections, other.corrections, strict=True)
    assert all(one and two and one.edits == two.edits for one, two in pairs)
    found = [
        (entity.label, place)
        for place, each in enumerate(other.corrections)
        if each is not None and each.output_facts is not None
        for entity in each.output_facts.entities
    ]
    assert found == [("PERSON", 3)]


@needs_spacy
def test_a_pipeline_tells_how_much_it_has_read() -> None:
    told: list[int] = []

    def start(total: int) -> Any:
        told.append(-total)
        return told.append

    test_set = make_set(SOURCES)
    annotate_outputs([make_output(test_set, TEXTS)], progress=start)
    assert told[0] < 0
    assert sum(told) == 0


@needs_spacy
def test_an_empty_text_has_neither_edits_nor_facts_of_its_own() -> None:
    from wa_analysis.pipeline import Block
    from wa_analysis.spacy_model import find_spacy_model

    found = Pipeline(find_spacy_model()).read(Block([("a b", "")], [""], []))
    assert found.facts[""] == ((), ())
    (edit,) = found.edits["a b", ""]
    assert (edit.start, edit.end, edit.correction) == (0, 2, "")
