"""One spaCy pipeline for ERRANT's edits and for entities, so that a text is parsed once.

ERRANT's parse is that of wa-metrics, on spaCy's small English model. Entities come from the same
model's own component, run behind that parse, or from another pipeline that the user names.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wa_analysis.errors import InputError, MissingExtraError
from wa_analysis.facts import Entity, Facts
from wa_metrics.errant.model import MODEL, find_model, find_versions
from wa_metrics.errors import WaMetricsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spacy.tokens import Doc

    from wa_metrics.edits import Edit
    from wa_metrics.errant.model import Sentence

_AT_ONCE = 96


@dataclass(frozen=True, slots=True)
class Model:
    """Name a spaCy pipeline: what spaCy loads, what a report calls it, and a digest of its files.

    `versions` are those of all that edits and entities depend on.
    """

    load: str
    label: str
    digest: str
    versions: tuple[str, ...]

    @property
    def is_errants(self) -> bool:
        """Tell whether it is the model that ERRANT parses with."""
        return self.digest == ""


def find_pipeline(name: str = "") -> Model:
    """Find a pipeline by the name of its package or the path of its folder, without loading it.

    Raises:
        InputError: the folder holds no spaCy pipeline.
        MissingExtraError: spaCy, errant or the model is not installed.
    """
    try:
        standard = find_model()
    except WaMetricsError as error:
        raise MissingExtraError(str(error).removeprefix("errant: ")) from error
    found = find_versions()
    versions = tuple(f"{key}-{value}" for key, value in sorted(found.items()))
    if name in {"", MODEL, standard}:
        return Model(standard, found["model"], "", versions)
    folder = _find_folder(name)
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        label = f"{meta['lang']}_{meta['name']}-{meta['version']}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder}: expected a spaCy pipeline, a folder with meta.json, got {error}; "
            "name a package or the folder that nlp.to_disk() wrote"
        ) from error
    return Model(name, label, _digest(folder), versions)


def _find_folder(name: str) -> Path:
    path = Path(name)
    if path.is_dir():
        return path
    spec = find_spec(name) if name.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(
            f"--spacy-model {name}: expected an installed spaCy model or the path of one, got "
            f"neither; install it with: python -m spacy download {name}"
        )
    return Path(spec.submodule_search_locations[0])


def _digest(folder: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(f"{path.relative_to(folder)}\n".encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()


class Pipeline:
    """Read sentences: parse them as ERRANT does, find their entities, and extract edits."""

    def __init__(self, model: Model) -> None:
        from wa_metrics.errant.extraction import Extractor
        from wa_metrics.errant.model import load_parser

        self._parser = load_parser()
        self._extractor = Extractor()
        self._own = None if model.is_errants else _load_other(model)

    def read(self, text: str) -> Sentence:
        """Make the tokens of a text, what lies between white space."""
        return self._parser.read(text)

    def parse(self, sentences: Iterable[Sentence]) -> None:
        """Parse sentences in place, as ERRANT does."""
        self._parser.parse(sentences)

    def find_facts(self, sentences: Sequence[Sentence]) -> list[Facts]:
        """Find the entities and proper nouns of sentences, which are parsed for it."""
        if self._own is not None:
            from spacy.tokens import Doc

            docs = [Doc(self._own.vocab, sentence.words) for sentence in sentences]
            return [_describe(doc) for doc in self._own.pipe(docs, batch_size=_AT_ONCE)]
        self.parse(sentences)
        ner: Any = self._parser.nlp.get_pipe("ner")
        docs = [sentence.doc for sentence in sentences]
        return [_describe(doc) for doc in ner.pipe(docs, batch_size=_AT_ONCE)]

    def plan(self, orig: Sentence, cor: Sentence) -> Any:
        """Tell which of two sentences must be parsed before their edits are extracted."""
        return self._extractor.plan(orig.words, cor.words)

    def extract(self, orig: Sentence, cor: Sentence, plan: Any) -> tuple[Edit, ...]:
        """Return the edits of two sentences, parsed where the plan says so."""
        return tuple(self._extractor.extract(orig, cor, plan))


def _load_other(model: Model) -> Any:
    import spacy

    try:
        nlp = spacy.load(model.load)
    except (OSError, ValueError, ImportError) as error:
        raise InputError(
            f"--spacy-model {model.load}: expected a pipeline that this spaCy can load, got "
            f"{' '.join(str(error).split())}; install one made for it"
        ) from error
    if not any("doc.ents" in nlp.get_pipe_meta(name).assigns for name in nlp.pipe_names):
        raise InputError(
            f"--spacy-model {model.load}: expected a pipeline that finds entities (ner), got the "
            f"components {', '.join(nlp.pipe_names) or 'none'}; name another model"
        )
    return nlp


def _describe(doc: Doc) -> Facts:
    entities = tuple(Entity(span.start, span.end, span.label_) for span in doc.ents)
    return Facts(entities, tuple(token.i for token in doc if token.pos_ == "PROPN"))
