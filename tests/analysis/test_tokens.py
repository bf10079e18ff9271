"""Tokens: those of the gold, or spaCy's of natural text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wa_analysis import annotate_outputs
from wa_analysis.spacy_model import SpacyModel
from wa_analysis.store import Store
from wa_analysis.tokens import make_tokeniser
from wa_metrics import Edit, retokenise

from .made_up import make_output, make_set, needs_spacy

MODEL = SpacyModel("x", "x-1", "", "versions")
TOKENISED = ["It 's late , he said .", "All is well ."]
NATURAL = ["It's late, he said.", "All is well."]


def tokenise(sources: list[str], texts: list[str | None], **fields: Any) -> tuple[str, Any]:
    test_set = make_set(sources, **fields)
    tokeniser = make_tokeniser(test_set, MODEL, None)
    return tokeniser.how, tokeniser.predictions(make_output(test_set, texts))


def test_tokens_stay_as_they_are_where_systems_saw_them() -> None:
    assert tokenise(TOKENISED, ["It's  late .", None]) == ("none", ["It's late .", None])


@pytest.mark.parametrize(
    ("metric", "how"), [("errant", "spacy"), ("m2", "treebank"), ("gleu-py2", "treebank"),
                        ("sari-editeval", "treebank")],
)  # fmt: skip
@needs_spacy
def test_natural_predictions_become_the_tokens_of_the_gold(metric: str, how: Any) -> None:
    texts = ["It's late, she said.", "All is not well."]
    found = tokenise(TOKENISED, [*texts], metric=metric, input_format="natural")
    assert found == (how, retokenise(texts, sources=TOKENISED, how=how))
    assert found[1][0] == "It 's late , she said ."


@needs_spacy
def test_of_a_natural_set_all_texts_become_spacy_s_tokens() -> None:
    test_set = make_set(NATURAL, references=[["It's early."], ["All (is) well."]])
    (annotated,) = annotate_outputs(
        [make_output(test_set, ["It is late, he said.", "All is well."])]
    )
    assert annotated.tokens == "spacy"
    first, second = annotated.corrections
    assert first is not None and second is not None
    assert " ".join(first.source) == TOKENISED[0]
    assert [(edit.start, edit.correction) for edit in first.edits] == [(1, "is")]
    assert second.source == second.output == tuple(TOKENISED[1].split())
    assert [edit.correction for edit in annotated.gold[1][0]] == ["(", ")"]


def test_an_m2_set_is_tokenised_whatever_it_looks_like() -> None:
    how, texts = tokenise(NATURAL, ["It's late.", "x"], edits=[[Edit(0, 0, 1, "R", "x")], []])
    assert (how, texts) == ("none", ["It's late.", "x"])


@needs_spacy
def test_tokens_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test_set = make_set(TOKENISED, metric="gleu-py2", input_format="natural")
    output = make_output(test_set, ["It's early, he said.", "All is ill."])
    with Store(tmp_path) as store:
        first = make_tokeniser(test_set, MODEL, store).predictions(output)
        monkeypatch.setattr("wa_analysis.tokens.retokenise", None)  # is not called again
        assert make_tokeniser(test_set, MODEL, store).predictions(output) == first
        other = make_output(test_set, ["It's early, he said.", "All is ill ."])
        with pytest.raises(TypeError):
            make_tokeniser(test_set, MODEL, store).predictions(other)
