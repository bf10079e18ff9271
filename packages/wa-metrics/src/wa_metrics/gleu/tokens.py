"""How each variant of GLEU takes a text apart."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

from wa_metrics.errors import MissingExtraError
from wa_metrics.tokenize import detokenise as join_treebank

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from wa_metrics.gleu.draws import Rng
    from wa_metrics.retokenisation import Tokenisation

    Tokenise = Callable[[str], Sequence[Hashable]]

Variant = Literal["napoles2016", "editeval"]


def choose_tokeniser(variant: Variant, *, rng: Rng, detokenise: bool) -> Tokenise:
    """Return what takes a text apart into tokens that can be compared.

    Raises:
        MissingExtraError: "editeval" needs nltk and its model punkt_tab, and one is not there.
    """
    if variant == "editeval":
        word_tokenize = _load_word_tokenize()
        if detokenise:
            return lambda text: word_tokenize(join_treebank(text))
        return word_tokenize
    return _split_bytes if rng == "py2" else str.split


def name_tokenisation(
    variant: Variant, *, tokenize: Tokenisation, detokenise: bool
) -> dict[str, str | bool | None]:
    """Return what a signature says about tokens, the versions of the packages included."""
    if variant == "editeval":
        return {"detok": detokenise, "tok": "word_tokenize", "nltk": _find_version("nltk")}
    package = {"treebank": "nltk", "spacy": "spacy"}.get(tokenize)
    return {"tok": tokenize, **({package: _find_version(package)} if package else {})}


def _split_bytes(text: str) -> list[bytes]:
    """Split as Python 2 did, which read bytes: a no-break space stays inside its token."""
    return text.encode("utf-8", "surrogatepass").split()


def _find_version(package: str) -> str:
    from importlib.metadata import version

    return version(package)


@cache
def _load_word_tokenize() -> Callable[[str], list[str]]:
    try:
        from nltk.tokenize import word_tokenize
    except ImportError as error:
        raise MissingExtraError(
            "gleu-editeval: expected the package nltk, got none; "
            "install it with: pip install 'wa-metrics[nltk]'"
        ) from error
    try:
        word_tokenize("One word.")
    except LookupError as error:
        raise MissingExtraError(
            "gleu-editeval: expected NLTK's model punkt_tab, which is not in the folders of "
            "nltk.data.path; install it with: python -m nltk.downloader punkt_tab"
        ) from error
    load: Callable[[str], list[str]] = word_tokenize
    return load
