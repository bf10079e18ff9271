"""SARI straight from its definition, with one Counter for each text and order.

Nothing here is clever, and nothing is shared with the package: the tests hold the package against
it, and the benchmark measures how much faster the package is.

Source: Xu et al. 2016, "Optimizing Statistical Machine Translation for Text Simplification"
(the metric); the programs that `VARIANTS` is named after, for what they do otherwise.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from nltk.tokenize.treebank import TreebankWordDetokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ORDERS = (1, 2, 3, 4)
Grams = Counter[tuple[str, ...]]
Row = dict[str, tuple[Grams, Grams, Grams]]  # operation -> correct, system, reference


class Variant(NamedTuple):
    """What a variant does with texts, delete, ratios of nothing and sums."""

    mean: str  # "macro" and "micro" sum over the corpus, "sentence" takes the mean of sentences
    delete: str = "f1"
    nothing: float = 0.0  # the ratio of 0 to 0
    delete_beyond_references: bool = False  # correct: what is deleted more often than referred to
    keep_recall: str = "sums"  # or "ratios": the mean of the recalls of each n-gram
    tokenise: str = "13a"
    tokenise_source: bool = True
    lowercase: bool = True
    split: str | None = None  # None splits at any white space, " " keeps empty tokens
    detokenise: bool = False


BY_SENTENCE = Variant("sentence", delete="precision", delete_beyond_references=True, split=" ")
VARIANTS = {
    "easse": Variant("macro"),
    "easse-micro": Variant("micro"),
    "easse-legacy": Variant("macro", tokenise_source=False, lowercase=False),
    "editeval": Variant("macro", detokenise=True),
    "cocoxu": BY_SENTENCE._replace(keep_recall="ratios", tokenise="none"),
    "hf-evaluate": BY_SENTENCE._replace(nothing=1.0),
    "iterater": BY_SENTENCE,
}


def tokenize_13a(line: str) -> str:
    """Tokenise as mteval-v13a: symbols apart, periods and commas unless between digits."""
    line = line.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, character in (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")):
        line = line.replace(entity, character)
    line = f" {line} "
    line = re.sub(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])", r" \1 ", line)
    line = re.sub(r"([^0-9])([\.,])", r"\1 \2 ", line)
    line = re.sub(r"([\.,])([^0-9])", r" \1 \2", line)
    line = re.sub(r"([0-9])(-)", r"\1 \2 ", line)
    return " ".join(line.split())


TOKENISERS: dict[str, Callable[[str], str]] = {"13a": tokenize_13a, "none": str}


def tokens_of(text: str, variant: Variant, *, is_source: bool = False) -> list[str]:
    """Return the tokens of one text, as the variant reads it."""
    if variant.detokenise:
        text = TreebankWordDetokenizer().detokenize(text.split(" "))
    if variant.lowercase:
        text = text.lower()
    if variant.tokenise_source or not is_source:
        text = TOKENISERS[variant.tokenise](text)
    return text.split(variant.split)


def grams_of(tokens: list[str], n: int) -> Grams:
    """Count the n-grams of a text."""
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def times(grams: Grams, k: int) -> Grams:
    """Return every count k-fold."""
    return Counter({gram: k * count for gram, count in grams.items()})


def operations(
    source: list[str], output: list[str], references: list[list[str]], n: int, variant: Variant
) -> Row:
    """Return operation -> (correct, system, reference): what both do, and what each does."""
    k = len(references)
    o, s = grams_of(source, n), grams_of(output, n)
    r: Grams = Counter()
    for reference in references:
        r += grams_of(reference, n)
    added = Counter(dict.fromkeys(set(s) - set(o), 1))
    to_add = Counter(dict.fromkeys(set(r) - set(o), 1))
    ko, ks = times(o, k), times(s, k)
    kept, to_keep = ko & ks, ko & r
    deleted, to_delete = ko - ks, ko - r
    rightly_deleted = deleted - r if variant.delete_beyond_references else deleted & to_delete
    return {
        "add": (added & to_add, added, to_add),
        "keep": (kept & to_keep, kept, to_keep),
        "delete": (rightly_deleted, deleted, to_delete),
    }


def ratio(part: float, whole: float, nothing: float) -> float:
    """Return part / whole, or what 0 / 0 is."""
    return part / whole if whole else nothing


def f1(p: float, r: float) -> float:
    """Return the harmonic mean."""
    return 2 * p * r / (p + r) if p + r else 0.0


def corpus_sums(rows: Sequence[Row], name: str) -> tuple[int, int, int]:
    """Return correct, system and reference counts of an operation over all sentences."""
    correct, system, reference = zip(*(row[name] for row in rows), strict=True)
    return (
        sum(grams.total() for grams in correct),
        sum(grams.total() for grams in system),
        sum(grams.total() for grams in reference),
    )


def over_corpus(rows_by_order: list[list[Row]], variant: Variant) -> list[float]:
    """Return add, keep and delete, 0-1, of sums over the corpus."""
    scores = []
    for name in ("add", "keep", "delete"):
        rates = []
        for rows in rows_by_order:
            correct, system, reference = corpus_sums(rows, name)
            rates.append((ratio(correct, system, 0.0), ratio(correct, reference, 0.0)))
        mean_p = sum(p for p, _ in rates) / len(rates)
        mean_r = sum(r for _, r in rates) / len(rates)
        if name == "delete" and variant.delete == "precision":
            scores.append(mean_p)
        elif variant.mean == "micro":
            scores.append(f1(mean_p, mean_r))
        else:
            scores.append(sum(f1(p, r) for p, r in rates) / len(rates))
    return scores


def mean_of_ratios(part: Grams, whole: Grams, nothing: float) -> float:
    """Return the mean, over the n-grams of `whole`, of the share that `part` has of each."""
    return ratio(sum(part[gram] / whole[gram] for gram in whole), len(whole), nothing)


def of_sentence(rows: list[Row], variant: Variant) -> list[float]:
    """Return add, keep and delete, 0-1, of one sentence: means over the orders."""
    scores = []
    for name in ("add", "keep", "delete"):
        total = 0.0
        for row in rows:
            correct, system, reference = row[name]
            p = mean_of_ratios(correct, system, variant.nothing)
            if name == "delete" or variant.keep_recall == "ratios":
                r = mean_of_ratios(correct, reference, variant.nothing)
            else:
                r = ratio(correct.total(), reference.total(), variant.nothing)
            by_precision = name == "delete" and variant.delete == "precision"
            total += p if by_precision else f1(p, r)
        scores.append(total / len(rows))
    return scores


def plain_sari(
    sources: Sequence[str],
    predictions: Sequence[str],
    references: Sequence[Sequence[str]],
    variant: Variant = VARIANTS["easse"],
) -> tuple[float, float, float, float]:
    """Return SARI, add, keep and delete in points 0-100; references[sentence][ref]."""
    sentences = []
    for source, prediction, texts in zip(sources, predictions, references, strict=True):
        o = tokens_of(source, variant, is_source=True)
        s = tokens_of(prediction, variant)
        rs = [tokens_of(text, variant) for text in texts]
        sentences.append([operations(o, s, rs, n, variant) for n in ORDERS])
    if variant.mean == "sentence":
        scores = [of_sentence(rows, variant) for rows in sentences]
        add, keep, delete = (sum(column) / len(scores) for column in zip(*scores, strict=True))
    else:
        by_order = [[rows[n - 1] for rows in sentences] for n in ORDERS]
        add, keep, delete = over_corpus(by_order, variant)
    return 100 * (add + keep + delete) / 3, 100 * add, 100 * keep, 100 * delete
