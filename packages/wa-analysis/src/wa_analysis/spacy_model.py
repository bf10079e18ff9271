"""Which spaCy model finds the entities, known without loading it: spaCy takes seconds to import."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b, file_digest
from importlib.util import find_spec
from pathlib import Path

from wa_analysis.errors import InputError, MissingExtraError
from wa_metrics.errant.model import MODEL, find_model, find_versions
from wa_metrics.errors import WaMetricsError


@dataclass(frozen=True, slots=True)
class SpacyModel:
    """Name a model: what spaCy loads, what a report calls it, and a digest of its files.

    The digest is empty where it is the model that ERRANT parses with. `versions` are those of all
    that edits depend on.
    """

    name: str
    label: str
    digest: str
    versions: str

    @property
    def is_errants(self) -> bool:
        """Tell whether it is the model that ERRANT parses with."""
        return not self.digest


def find_spacy_model(name: str = "") -> SpacyModel:
    """Find a model by the name of its package or the path of its folder; by default ERRANT's.

    Raises:
        InputError: the folder holds no spaCy pipeline.
        MissingExtraError: spaCy, errant or the model is not installed.
    """
    try:
        standard = find_model()
    except WaMetricsError as error:
        raise MissingExtraError(str(error).removeprefix("errant: ")) from error
    found = find_versions()
    versions = " ".join(f"{key} {value}" for key, value in sorted(found.items()))
    if name in {"", MODEL, standard}:
        return SpacyModel(standard, found["model"], "", versions)
    folder = _find_folder(name)
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        label = f"{meta['lang']}_{meta['name']}-{meta['version']}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"--spacy-model {name}: expected a spaCy pipeline, a folder with a meta.json, got "
            f"{type(error).__name__} ({error}); name a package, or a folder of nlp.to_disk()"
        ) from error
    return SpacyModel(name, label, _digest(folder), versions)


def _find_folder(name: str) -> Path:
    path = Path(name)
    if path.is_dir():
        return path
    spec = find_spec(name) if name.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(
            f"--spacy-model {name}: expected an installed spaCy model or the folder of one, got "
            f"neither; install it with: python -m spacy download {name}"
        )
    return Path(spec.submodule_search_locations[0])


def _digest(folder: Path) -> str:
    digest = blake2b(digest_size=16)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(f"{path.relative_to(folder)}\n".encode())
            with path.open("rb") as file:
                digest.update(file_digest(file, "blake2b").digest())
    return digest.hexdigest()
