"""The metric words: what each stands for, what it needs, and how to get it.

A word is what the field `metric` of the benchmark and scores contracts holds. Nothing is imported
before a metric is loaded, so that the list costs nothing.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

from wa_metrics.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wa_metrics.metric import Metric


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Hold one metric word.

    `factory` is `module:class` and `options` what tells this word from others of the class.
    `gold` is what it compares with: the references of a row or its edits. `natural` is how
    predictions of natural text are tokenised for it unless the caller says otherwise; None if it
    takes every text as it is. `extra` is the optional part of the package that it needs, if any.
    """

    word: str
    summary: str
    gold: Literal["references", "edits", "nothing"]
    factory: str = ""
    options: Mapping[str, object] = field(default_factory=dict)
    natural: Literal["treebank", "spacy"] | None = None
    extra: str | None = None

    @property
    def installed(self) -> bool:
        """Tell whether the packages of the extra are there, spaCy's model included."""
        if self.extra == "errant":
            from wa_metrics.errant.model import find_model

            try:
                return bool(find_model())
            except MissingExtraError:
                return False
        return self.extra is None or find_spec(self.extra) is not None


def _sari(word: str, variant: str, summary: str, extra: str | None = None) -> Variant:
    return Variant(
        word=word,
        summary=summary,
        gold="references",
        factory="wa_metrics.sari:SARI",
        options={"variant": variant},
        extra=extra,
    )


def _gleu(word: str, summary: str, **options: str) -> Variant:
    is_editeval = options.get("variant") == "editeval"
    return Variant(
        word=word,
        summary=summary,
        gold="references",
        factory="wa_metrics.gleu:GLEU",
        options=options,
        natural=None if is_editeval else "treebank",
        extra="nltk" if is_editeval else None,
    )


METRICS: Mapping[str, Variant] = {
    variant.word: variant
    for variant in (
        _sari("sari-easse", "easse", "SARI of EASSE: sums over the corpus, F1 throughout"),
        _sari("sari-easse-micro", "easse-micro", "EASSE's use_paper_version: F1 of mean P and R"),
        _sari("sari-easse-legacy", "easse-legacy", "EASSE's legacy form, as in old papers"),
        _sari("sari-editeval", "editeval", "SARI of EditEval: detokenised, then EASSE's", "nltk"),
        _sari("sari-cocoxu", "cocoxu", "SARI.py of 2016: mean of sentences, precision of delete"),
        _sari("sari-hf", "hf-evaluate", "SARI of Hugging Face evaluate and GEM: 0/0 = 1"),
        _sari("sari-iterater", "iterater", "SARI of IteraTeR: Hugging Face's with 0/0 = 0"),
        _gleu("gleu-py2", "GLEU as JFLEG's published figures: draws of Python 2", rng="py2"),
        _gleu("gleu-py3", "GLEU with the draws of Python 3", rng="py3"),
        _gleu("gleu-editeval", "GLEU of EditEval: word_tokenize", variant="editeval"),
        Variant(
            word="m2",
            summary="MaxMatch (M2) F0.5, as CoNLL-2014",
            gold="edits",
            factory="wa_metrics.maxmatch:M2",
            natural="treebank",
        ),
        Variant(
            word="errant",
            summary="ERRANT F0.5, as BEA-2019 (span-based correction)",
            gold="edits",
            factory="wa_metrics.errant:ERRANT",
            natural="spacy",
            extra="errant",
        ),
        Variant(
            word="bleu",
            summary="BLEU of sacrebleu, 13a",
            gold="references",
            factory="wa_metrics.beside:BLEU",
            extra="sacrebleu",
        ),
        Variant(
            word="chrf",
            summary="chrF2 of sacrebleu",
            gold="references",
            factory="wa_metrics.beside:ChrF",
            extra="sacrebleu",
        ),
        Variant(word="none", summary="not scored", gold="nothing"),
    )
}


def find_variant(word: str) -> Variant:
    """Return what a metric word stands for.

    Raises:
        InputError: there is no such word; suggests the nearest.
    """
    if word in METRICS:
        return METRICS[word]
    raise InputError(
        f"no metric is called {word!r}{suggest(word, METRICS)}; expected one of: "
        f"{', '.join(METRICS)}"
    )


def load_metric(word: str, **options: Any) -> Metric[Any]:
    """Make the metric of a word; `options` are those of its class.

    >>> load_metric("sari-easse").name
    'sari-easse'

    Raises:
        InputError: there is no such word, or it is `none`, which stands for no metric.
    """
    variant = find_variant(word)
    if not variant.factory:
        raise InputError(f"the metric {word!r} stands for rows that are not scored")
    module, _, name = variant.factory.partition(":")
    made: Metric[Any] = getattr(import_module(module), name)(**{**variant.options, **options})
    return made


def suggest(word: str, known: Iterable[str]) -> str:
    """Give ` (did you mean 'x'?)` for the nearest known word, or nothing.

    >>> suggest("sari-ease", METRICS)
    " (did you mean 'sari-easse'?)"
    """
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
