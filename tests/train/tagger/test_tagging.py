"""The tagger's samples, loss and rounds on a tiny encoder."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    DebertaV2Config,
    DebertaV2ForTokenClassification,
    RobertaConfig,
    RobertaForTokenClassification,
)

from wa_train.errors import DataError, ModelError
from wa_train.recipe import Tagger, Train
from wa_train.tagger.correct import Corrector, Scores
from wa_train.tagger.encoder import split_sample, word_shape
from wa_train.tagger.model import add_shapes, sees_shapes, vocabulary_of
from wa_train.tagger.objective import TagObjective
from wa_train.tagger.operations import KEEP
from wa_train.tagger.passes import ROW, Layout, TagPass, layout_of
from wa_train.tagger.probe import check_apart, keeps_apart
from wa_train.tagger.thresholds import Thresholds, read_thresholds, write_thresholds
from wa_train.tagger.vocabulary import MASKED, TagVocabulary, read_vocabulary
from wa_train.tokens import Sample

from .tiny_tagger import PAIRS, make_encoder, make_tagger, make_vocabulary

VOCABULARY = make_vocabulary()
TRAIN = Train(epochs=1.0, packing="budget", micro_tokens=64, cutoff=64)


def make_samples() -> list[Sample]:
    rows = [{"input": source, "completion": target} for source, target in PAIRS]
    found = make_encoder(VOCABULARY).samples(rows, 64)
    return [sample for sample in found if sample]


def make_objective(detection: float = 0.5, **layout: Any) -> TagObjective:
    return TagObjective(
        TRAIN,
        Tagger(detection=detection),
        layout=Layout(**{"pad": 0, "shapes": False, **layout}),
        keep=VOCABULARY.keep,
    )


# --- samples ------------------------------------------------------------------------------------


def test_a_sample_holds_subwords_shapes_places_and_tags() -> None:
    (sample,) = make_encoder(VOCABULARY).samples(
        [{"input": "She zoo go .", "completion": "She zoo goes ."}], 64
    )
    assert sample is not None
    sentence, tags = split_sample(sample)
    tokens = make_encoder().tokenizer.convert_ids_to_tokens(sentence.ids)
    assert tokens == ["[CLS]", "she", "z", "##o", "##o", "go", ".", "[SEP]"]
    assert sentence.shapes == [0, word_shape("She"), 0, 0, 0, 0, word_shape("."), 0]
    assert sentence.places == [0, 1, 2, 5, 6]
    assert [VOCABULARY.tags[tag] for tag in tags] == [
        KEEP, KEEP, KEEP, "$TRANSFORM_FORM_VBZ", KEEP,
    ]  # fmt: skip


def test_a_cutoff_leaves_out_whole_words_and_counts_them() -> None:
    row = {"input": "she zoo go .", "completion": "she zoo goes ."}
    (sample,) = make_encoder(VOCABULARY).samples([row], 5)
    assert sample is not None and sample.lost == 3
    assert split_sample(sample)[0].places == [0, 1]


def test_an_edit_that_no_tag_does_is_masked() -> None:
    (sample,) = make_encoder(VOCABULARY).samples(
        [{"input": "he go .", "completion": "he walked ."}], 64
    )
    assert sample is not None
    assert split_sample(sample)[1] == [VOCABULARY.keep, VOCABULARY.keep, MASKED, VOCABULARY.keep]


def test_blank_rows_are_dropped() -> None:
    assert make_encoder(VOCABULARY).samples([{"input": " ", "completion": "x"}], 64) == [None]


@given(st.lists(st.text(min_size=1, max_size=9).filter(lambda t: t.split() == [t]), max_size=12))
@settings(max_examples=100, deadline=None)
def test_every_word_has_one_place_or_none_at_all(words: list[str]) -> None:
    (sentence,) = make_encoder().sentences([words])
    assert sentence.places == sorted(set(sentence.places))
    assert len(sentence.ids) == len(sentence.shapes)
    assert len(sentence.places) == 1 + len(words)


# --- the loss -----------------------------------------------------------------------------------


def test_the_loss_is_both_heads_cross_entropy_by_hand() -> None:
    model, objective = make_tagger(VOCABULARY), make_objective(0.25)
    sample = make_samples()[0]
    sentence, tags = split_sample(sample)
    logits = model(input_ids=torch.tensor([sentence.ids])).logits[0, sentence.places]
    tag = F.cross_entropy(logits[:, :-2], torch.tensor(tags), reduction="sum")
    wrong = torch.tensor([int(number != VOCABULARY.keep) for number in tags])
    expected = tag + 0.25 * F.cross_entropy(logits[:, -2:], wrong, reduction="sum")
    objective.attach(model)
    found = objective.loss(model, objective.collate([[sample]]))
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    assert objective.targets(sample) == len(sentence.places)


def test_padded_sentences_are_each_alone() -> None:
    model, objective = make_tagger(VOCABULARY), make_objective()
    objective.attach(model)
    samples = make_samples()
    alone = sum(objective.loss(model, objective.collate([[one]])).item() for one in samples)
    together = objective.collate([[one] for one in samples])
    assert objective.loss(model, together).item() == pytest.approx(alone, rel=1e-5)
    unmasked = replace(together, attention_mask=torch.ones_like(together.attention_mask))
    assert objective.loss(model, unmasked).item() != pytest.approx(alone, rel=1e-4)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_packed_sentences_are_each_alone(attention: str) -> None:
    model = make_tagger(VOCABULARY, attention=attention)
    objective = make_objective(additive=attention == "eager")
    objective.attach(model)
    samples = make_samples()
    alone = sum(objective.loss(model, objective.collate([[one]])).item() for one in samples)
    packed = objective.collate([samples[:4], samples[4:]])
    assert packed.input_ids.shape == (2, ROW)
    assert objective.loss(model, packed).item() == pytest.approx(alone, rel=1e-5)
    assert packed.position_ids is not None
    mask = packed.attention_mask
    see_all = torch.zeros_like(mask) if attention == "eager" else torch.ones_like(mask)
    in_a_row = torch.arange(ROW).expand_as(packed.position_ids)
    for wrong in (
        replace(packed, position_ids=in_a_row),
        replace(packed, attention_mask=see_all),
    ):
        assert objective.loss(model, wrong).item() != pytest.approx(alone, rel=1e-4)


def test_packing_does_not_change_the_gradient() -> None:
    model, samples = make_tagger(VOCABULARY), make_samples()
    gradients = []
    for rows in ([[one] for one in samples], [samples]):
        model.zero_grad()
        objective = make_objective()
        objective.loss(model, objective.collate(rows)).backward()
        gradients.append(
            [weight.grad.clone() for weight in model.parameters() if weight.grad is not None]
        )
    for padded, packed in zip(*gradients, strict=True):
        assert torch.allclose(padded, packed, rtol=1e-4, atol=1e-6)


def test_an_unknown_edit_trains_detection_alone() -> None:
    model, objective = make_tagger(VOCABULARY), make_objective(detection=1.0)
    objective.attach(model)
    batch: TagPass = objective.collate([[make_samples()[0]]])
    masked = replace(batch, labels=torch.full_like(batch.labels, MASKED))
    model.zero_grad()
    objective.loss(model, masked).backward()
    gradient = model.classifier.weight.grad
    assert gradient is not None
    assert gradient[:-2].abs().max() == 0
    assert gradient[-2:].abs().max() > 0


def test_shapes_start_as_next_to_nothing_and_can_matter() -> None:
    model = make_tagger(VOCABULARY)
    ids = torch.tensor([split_sample(make_samples()[0])[0].ids])
    before = model(input_ids=ids).logits
    assert not sees_shapes(model.config)
    add_shapes(model)
    assert sees_shapes(model.config)
    assert torch.allclose(model(input_ids=ids).logits, before)
    types = torch.full_like(ids, 2)
    assert not torch.equal(model(input_ids=ids, token_type_ids=types).logits, before)


# --- which encoders can be packed -----------------------------------------------------------------


def make_roberta() -> Any:
    torch.manual_seed(0)
    size: Any = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    return RobertaForTokenClassification(
        RobertaConfig(vocab_size=99, intermediate_size=64, max_position_embeddings=160, **size)
    ).eval()


def test_robertas_positions_start_behind_its_paddings() -> None:
    model = make_roberta()
    layout = layout_of(model, make_encoder())
    assert layout.first == 2
    assert keeps_apart(model, layout)
    assert not keeps_apart(model, replace(layout, first=0))
    assert layout_of(make_tagger(VOCABULARY), make_encoder()).first == 0


def test_an_encoder_that_would_mix_sentences_is_not_packed() -> None:
    size: Any = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(0)
    model = DebertaV2ForTokenClassification(
        DebertaV2Config(
            vocab_size=99, intermediate_size=64, max_position_embeddings=160,
            relative_attention=True, pos_att_type="c2p|p2c", **size
        )
    ).eval()  # fmt: skip
    with pytest.raises(ModelError, match=r"train\.packing=budget"):
        check_apart(model, layout_of(model, make_encoder()))


# --- the vocabulary -----------------------------------------------------------------------------


def test_a_vocabulary_survives_its_file_and_the_models_configuration(tmp_path: Path) -> None:
    text = "".join(f"{tag}\n" for tag in VOCABULARY.tags)
    (tmp_path / "tags.txt").write_text(text, encoding="utf-8")
    assert read_vocabulary(tmp_path / "tags.txt") == VOCABULARY
    assert vocabulary_of(make_tagger(VOCABULARY).config) == VOCABULARY


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("$KEEP\nthe\n", r"tags\.txt:2: expected a tag such as \$KEEP, got 'the'"),
        ("$DELETE\n", r"expected \$KEEP among the tags"),
        ("$KEEP\n$DELETE\n$DELETE\n", r"got '\$DELETE' twice"),
    ],
)
def test_a_file_that_is_no_vocabulary_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "tags.txt").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_vocabulary(tmp_path / "tags.txt")


def test_another_classifier_is_no_tagger() -> None:
    model = make_tagger(VOCABULARY)
    model.config.id2label = {0: "NOUN", 1: "VERB"}
    with pytest.raises(ModelError, match="expected a tagger of `wa-train fit`"):
        Corrector(model, make_encoder().tokenizer)


# --- rounds and thresholds ----------------------------------------------------------------------


def make_corrector(vocabulary: TagVocabulary = VOCABULARY, budget: int = 4096) -> Corrector:
    return Corrector(make_tagger(vocabulary), make_encoder().tokenizer, budget=budget)


def test_batches_of_any_size_correct_alike() -> None:
    texts = [source.split() for source, _ in PAIRS]
    found = [make_corrector(budget=budget).correct(texts, Thresholds()) for budget in (1, 64, 4096)]
    assert found[0] == found[1] == found[2]
    assert found[0] != [tuple(words) for words in texts]


def test_scores_are_probabilities_of_each_place() -> None:
    corrector = make_corrector()
    (score,) = corrector.score([("he", "go", "to", "school", ".")])
    assert len(score.keep) == len(score.best) == len(score.tags) == 6
    assert all(0 <= value <= 1 for value in (*score.keep, *score.best, score.wrong))
    assert VOCABULARY.keep not in score.tags


def test_thresholds_hold_edits_back() -> None:
    corrector = make_corrector()
    form = VOCABULARY.ids["$TRANSFORM_FORM_VBZ"]
    scores = Scores(wrong=0.6, keep=[1.0, 1.0, 0.3], best=[0.0, 0.0, 0.5], tags=[form] * 3)
    words = ("he", "go")
    assert corrector.apply(words, scores, Thresholds()) == ("he", "goes")
    assert corrector.apply(words, scores, Thresholds(confidence=0.3)) == words
    assert corrector.apply(words, scores, Thresholds(error=0.55)) == words
    assert corrector.apply(words, scores, Thresholds(error=0.65)) == words


def test_short_and_empty_sentences_stay() -> None:
    assert make_corrector().correct([[], ["go"], ["he", "go"]], Thresholds()) == [
        (), ("go",), ("he", "go"),
    ]  # fmt: skip


def test_no_sentence_becomes_empty_or_goes_round_in_circles() -> None:
    texts = [source.split() for source, _ in PAIRS]
    corrector = make_corrector()
    for words in corrector.correct(texts, Thresholds(rounds=50)):
        assert words
    assert corrector.passes <= 50


def test_thresholds_survive_their_file(tmp_path: Path) -> None:
    assert read_thresholds(tmp_path) == Thresholds()
    chosen = Thresholds(confidence=0.2, error=0.5, rounds=3)
    write_thresholds(tmp_path, chosen)
    assert read_thresholds(tmp_path) == chosen
    (tmp_path / "thresholds.json").write_text('{"confidence": null}', encoding="utf-8")
    with pytest.raises(ModelError, match="wa-train tune"):
        read_thresholds(tmp_path)
    assert not math.isnan(chosen.error)
