"""Which spaCy model it is, known without loading it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wa_analysis import InputError, MissingExtraError
from wa_analysis import spacy_model as models
from wa_analysis.pipeline import Pipeline
from wa_analysis.spacy_model import find_spacy_model
from wa_metrics.errant import model as errant_model

from .made_up import needs_spacy


def write_model(folder: Path, **meta: str) -> Path:
    folder.mkdir()
    (folder / "meta.json").write_text(json.dumps({"lang": "en", "name": "own", **meta}))
    return folder


@needs_spacy
def test_the_model_of_errant_is_the_default() -> None:
    model = find_spacy_model()
    assert model.is_errants
    assert model.label.startswith("en_core_web_sm-3")
    assert find_spacy_model("en_core_web_sm") == model
    assert all(name in model.versions for name in ("errant", "spacy", "model"))


@needs_spacy
def test_a_folder_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    first = find_spacy_model(str(write_model(tmp_path / "a", version="1.2")))
    assert (first.label, first.is_errants) == ("en_own-1.2", False)
    (tmp_path / "b").mkdir()
    (tmp_path / "a").rename(tmp_path / "b" / "a")
    moved = find_spacy_model(str(tmp_path / "b" / "a"))
    assert moved.digest == first.digest
    (tmp_path / "b" / "a" / "weights").write_bytes(b"1")
    second = find_spacy_model(moved.name)
    (tmp_path / "b" / "a" / "weights").write_bytes(b"2")
    third = find_spacy_model(moved.name)
    assert len({first.digest, second.digest, third.digest}) == 3


@needs_spacy
@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("en_core_web_none", MissingExtraError, r"install it with: python -m spacy download en_co"),
        ("no/such/folder", MissingExtraError, r"--spacy-model no/such/folder: expected an install"),
        ("json", InputError, r"--spacy-model json: expected a spaCy pipeline, a folder with a met"),
    ],
)
def test_what_is_no_model_is_named(name: str, error: Any, message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        find_spacy_model(name)
    assert "\n" not in str(caught.value)


@needs_spacy
def test_a_folder_without_a_pipeline_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a spaCy pipeline, a folder with a meta\.json"):
        find_spacy_model(str(tmp_path))
    write_model(tmp_path / "a", version="1")
    with pytest.raises(InputError, match="expected a pipeline that this spaCy can load"):
        Pipeline(find_spacy_model(str(tmp_path / "a")))


@needs_spacy
def test_a_pipeline_that_finds_no_entities_is_refused(tmp_path: Path) -> None:
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "none")
    with pytest.raises(InputError, match=r"finds entities \(ner\), got the components sentencizer"):
        Pipeline(find_spacy_model(str(tmp_path / "none")))


def test_without_spacy_or_its_model_the_install_command_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(errant_model, "find_spec", lambda name: None)
    with pytest.raises(
        MissingExtraError, match="expected the package errant, got none; install it"
    ):
        find_spacy_model()
    monkeypatch.setattr(
        errant_model, "find_spec", lambda name: object() if name in {"errant", "spacy"} else None
    )
    with pytest.raises(MissingExtraError, match="python -m spacy download en_core_web_sm"):
        models.find_spacy_model("")
