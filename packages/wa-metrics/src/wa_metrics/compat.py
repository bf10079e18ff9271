"""The calls of other SARI libraries, so that replacing one is a change of the import.

* `load("sari").compute(sources=, predictions=, references=)`   huggingface/evaluate, and GEM
* `corpus_sari(orig_sents=, sys_sents=, refs_sents=)`           feralvam/easse
* `SARIsent(source, prediction, references)`                    cocoxu/simplification

They return what those return, on their scales. Scores with their conditions, intervals and prepared
references are `wa_metrics.sari.SARI`'s.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from wa_metrics.errors import InputError
from wa_metrics.inputs import check_texts
from wa_metrics.sari import SARI

if TYPE_CHECKING:
    from collections.abc import Sequence

_OTHER_GLEU = (
    "load: expected 'sari', got {!r}; google_bleu, the GLEU of machine translation, is another "
    "metric than the GLEU of grammatical error correction, which is wa_metrics.gleu.GLEU"
)


class EvaluateSARI:
    """Answer as a metric of Hugging Face's evaluate does."""

    def __init__(self, variant: str) -> None:
        self._metric = SARI(variant)

    def compute(self, *, sources: Any, predictions: Any, references: Any) -> dict[str, float]:
        """Return {"sari": points 0-100} of references[sentence][ref].

        With a variant that is a mean over sentences, such as the default, sentences may have
        different numbers of references.

        Raises:
            InputError: texts, sources and references do not fit each other.
        """
        metric = self._metric
        sources = check_texts("sources", sources)
        groups = _group_by_references(sources, references) if metric.is_sentence_mean else None
        if groups is None:
            score = metric.corpus_score(
                sources=sources, predictions=predictions, references=references
            ).score
            return {"sari": score}
        predictions = check_texts("predictions", predictions, n=len(sources))
        total = 0.0
        for rows in groups:
            total += metric.sentence_scores(
                sources=[sources[row] for row in rows],
                predictions=[predictions[row] for row in rows],
                references=[references[row] for row in rows],
            ).sum()
        return {"sari": float(total / len(sources))}


def load(path: str, *, variant: str = "hf-evaluate") -> EvaluateSARI:
    """Return SARI with the interface of `evaluate.load("sari")`, and by default its numbers.

    `variant`: see `wa_metrics.sari.SARI`; `variant="easse"` gives what papers since 2019 report.

    >>> sari = load("sari")
    >>> texts = {"sources": ["A b c ."], "predictions": ["A b ."], "references": [["A b ."]]}
    >>> sari.compute(**texts)
    {'sari': 100.0}

    Raises:
        InputError: another metric than sari, or a variant that is not offered.
    """
    if path in {"gleu", "google_bleu"}:
        raise InputError(_OTHER_GLEU.format(path))
    if path != "sari":
        raise InputError(f"load: expected 'sari', the metric offered here, got {path!r}")
    return EvaluateSARI(variant)


def corpus_sari(
    orig_sents: Any,
    sys_sents: Any,
    refs_sents: Any,
    *,
    lowercase: bool = True,
    tokenizer: str = "13a",
    use_f1_for_deletion: bool = True,
    use_paper_version: bool = False,
    legacy: bool = False,
) -> float:
    """Return SARI in points 0-100, called as `easse.sari.corpus_sari`: refs_sents[ref][sentence].

    `legacy` tokenises outputs and references only and keeps all case, whatever `lowercase` says.

    >>> corpus_sari(orig_sents=["a b"], sys_sents=["a c"], refs_sents=[["a c"], ["a b c"]]) < 100
    True

    Raises:
        InputError: refs_sents are the other way round or of another size; or `legacy` together
            with `use_paper_version`.
    """
    orig_sents = check_texts("orig_sents", orig_sents)
    sys_sents = check_texts("sys_sents", sys_sents, n=len(orig_sents))
    references = _turn_references(refs_sents, n=len(orig_sents))
    if legacy and use_paper_version:
        raise InputError("corpus_sari: expected legacy or use_paper_version, got both")
    metric = SARI(
        "easse-legacy" if legacy else "easse-micro" if use_paper_version else "easse",
        tokenize=tokenizer,
        lowercase=None if legacy else lowercase,
        delete="f1" if use_f1_for_deletion else "precision",
    )
    return metric.corpus_score(
        sources=orig_sents, predictions=sys_sents, references=references
    ).score


def SARIsent(source: str, prediction: str, references: Sequence[str]) -> float:  # noqa: N802
    """Return the SARI of one sentence, 0-1, as `SARIsent` of cocoxu's SARI.py.

    Many sentences at once are some ten times as fast: `SARI("cocoxu").sentence_scores`.

    >>> SARIsent("a b c d e", "x b c d e", ["x b c d e"])
    1.0

    Raises:
        InputError: an argument is not of this kind.
    """
    scores = _cocoxu().sentence_scores(
        sources=[source], predictions=[prediction], references=[references]
    )
    return float(scores[0]) / 100


@cache
def _cocoxu() -> SARI:
    return SARI("cocoxu")


def _group_by_references(sources: Sequence[str], references: Any) -> list[list[int]] | None:
    """Return rows by their number of references, or None where all have as many."""
    if not isinstance(references, (list, tuple)) or len(references) != len(sources):
        return None
    groups: dict[int, list[int]] = {}
    for row, texts in enumerate(references):
        if not isinstance(texts, (list, tuple)) or not texts:
            return None
        groups.setdefault(len(texts), []).append(row)
    return list(groups.values()) if len(groups) > 1 else None


def _turn_references(refs_sents: Any, *, n: int) -> list[tuple[str, ...]]:
    """Return references[sentence][ref] from refs_sents[ref][sentence]."""
    if isinstance(refs_sents, (str, bytes)) or not hasattr(refs_sents, "__iter__"):
        raise InputError(
            "refs_sents: expected refs_sents[ref][sentence], one list of texts for each reference, "
            f"got {type(refs_sents).__name__}"
        )
    lists = list(refs_sents)
    if len(lists) == n and any(
        not isinstance(texts, (str, bytes)) and hasattr(texts, "__len__") and len(texts) != n
        for texts in lists
    ):
        raise InputError(
            f"refs_sents: expected refs_sents[ref][sentence], lists of {n} texts, got {n} lists of "
            f"{len(lists[0])}, which is references[sentence][ref]; turn them round with "
            "[list(texts) for texts in zip(*refs_sents)]"
        )
    if not lists:
        raise InputError("refs_sents: expected at least one list of references, got none")
    checked = [check_texts(f"refs_sents[{ref}]", texts, n=n) for ref, texts in enumerate(lists)]
    return list(zip(*checked, strict=True))
