"""The demo sources, file by file: official paths and row counts, and what a row is.

Some rows repeat others on purpose, so that a report of contamination has something to report:

* W&I train rows 5, 6, 7 repeat BEA-dev rows 0, 1, 2; rows 8, 9 repeat rows 3, 4 but for a word;
* WikiLarge train rows 3, 4 have the sources of TurkCorpus test rows 0, 1;
* ASSET has TurkCorpus' sources, and WikiLarge test has those of TurkCorpus test, row by row, as
  the official ones do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from wa_data.demo import rows as r


class Frame(NamedTuple):
    """What stands before, between and behind the rows of a file."""

    head: str
    between: str
    end: str


_LINES = Frame("", "\n", "\n")
_OPEN_LINES = Frame("", "\n", "")
_CSV = Frame("", "\r\n", "\r\n")
_M2 = Frame("", "\n\n", "\n\n")
_ARRAY = Frame("[\n", ",\n", "\n]")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Parallel files of one source: `row(i)` gives row `i` of each of `paths`.

    `rows` is the official count; where `unbounded`, more may be asked for.
    """

    source: str
    paths: tuple[str, ...]
    rows: int
    row: Callable[[int], r.Parallel]
    frame: Frame = _LINES
    unbounded: bool = False


_HUMAN = {
    "train": r.Labels(
        {"fluency": 739, "clarity": 1258, "coherence": 311, "meaning-changed": 807, "style": 100,
         "others": 39},
        {"clarity": 5, "coherence": 36},
    ),
    "dev": r.Labels(
        {"fluency": 115, "clarity": 157, "coherence": 46, "meaning-changed": 54, "style": 13,
         "others": 15},
        {"coherence": 5},
    ),
    "test": r.Labels(
        {"fluency": 88, "clarity": 186, "coherence": 36, "meaning-changed": 35, "style": 15,
         "others": 4},
        {"clarity": 1, "coherence": 1},
    ),
}  # fmt: skip
# Official totals; the authors state no counts by label, so these are invented.
_V2 = {
    "train": r.Labels(
        {"fluency": 95000, "clarity": 110000, "coherence": 30000, "meaning-changed": 40000,
         "style": 15000, "others": 2929},
        {"clarity": 1100, "coherence": 1500},
    ),
    "dev": r.Labels(
        {"fluency": 11000, "clarity": 12800, "coherence": 3500, "meaning-changed": 4700,
         "style": 1700, "others": 329},
        {"clarity": 128, "coherence": 175},
    ),
    "test": r.Labels(
        {"fluency": 12800, "clarity": 14900, "coherence": 4050, "meaning-changed": 5400,
         "style": 2000, "others": 361},
        {"clarity": 149, "coherence": 202},
    ),
}  # fmt: skip


def _learner_corpora() -> list[Corpus]:
    wi, conll14 = "wi+locness", "conll14st-test-data/noalt/official-2014.combined.m2"
    conll13 = "release2.3.1/revised/data/official-preprocessed.m2"
    blind = "ABCN.test.bea19.orig"
    corpora = [
        Corpus("wi_locness", (f"{wi}/m2/{name}",), rows, partial(r.wi, name), _M2)
        for name, rows in ((r.WI_TRAIN, 34308), (r.WI_DEV, 4384))
    ]
    corpora += [
        Corpus("wi_locness", (f"{wi}/test/{blind}",), 4477, partial(r.wi_blind, blind)),
        Corpus("conll14", (conll14,), 1312, partial(r.conll14, conll14), _M2),
        Corpus("conll13", (conll13,), 1381, partial(r.conll13, conll13), _M2),
    ]
    for split, rows in (("test", 747), ("dev", 754)):
        paths = (f"{split}/{split}.src", *(f"{split}/{split}.ref{k}" for k in range(4)))
        corpora.append(Corpus("jfleg", paths, rows, partial(r.jfleg, paths[0])))
    return corpora


def _revision_corpora() -> list[Corpus]:
    corpora = []
    for split in ("train", "dev", "test"):
        for source, path, labels in (
            ("iterater_human", f"human_sent_level/{split}.json", _HUMAN[split]),
            ("iterater_v2", f"sent-level.{split}.intents.json", _V2[split]),
        ):
            row = partial(r.iterater, path, labels=labels)
            corpora.append(Corpus(source, (path,), sum(labels.counts.values()), row))
    return corpora


def _simplification_corpora() -> list[Corpus]:
    corpora = []
    for split, asset, rows in (("tune", "valid", 2000), ("test", "test", 359)):
        sources = f"simplification.{split}"
        turk = f"{split}.8turkers.tok"
        names = (f"{turk}.norm", *(f"{turk}.turk.{k}" for k in range(8)))
        cased = tuple(f"GEM/{name}" for name in names)
        row = partial(r.simplification, turk, sources=sources, references=8)
        corpora.append(Corpus("turkcorpus", names, rows, partial(row, form="lower"), _OPEN_LINES))
        corpora.append(Corpus("turkcorpus", cased, rows, partial(row, form="cased")))
        name = f"dataset/asset.{asset}"
        paths = (f"{name}.orig", *(f"{name}.simp.{k}" for k in range(10)))
        row = partial(r.simplification, name, sources=sources, references=10, form="running")
        corpora.append(Corpus("asset", paths, rows, row, _OPEN_LINES))
    for split, rows in (("train", 296402), ("valid", 992), ("test", 359)):
        name = f"data-simplification/wikilarge/wiki.full.aner.ori.{split}"
        row = partial(r.wikilarge, name, tests="simplification.test")
        corpora.append(Corpus("wikilarge", (f"{name}.src", f"{name}.dst"), rows, row))
    return corpora


def _other_corpora() -> list[Corpus]:
    corpora = []
    for split, rows in (("train", 53803), ("dev", 700), ("test", 1000)):
        path = f"bias_data/WNC/biased.word.{split}"
        corpora.append(Corpus("wnc", (path,), rows, partial(r.wnc, path)))
    for split, rows, fives in (("train", 5749, 266), ("dev", 1500, 56), ("test", 1379, 97)):
        path = f"stsb_multi_mt/stsb-en-{split}.csv"
        row = partial(r.stsb, path, rows=rows, fives=fives)
        corpora.append(Corpus("stsb", (path,), rows, row, _CSV))
    for source, path in (
        ("alpaca", "alpaca_data.json"),
        ("alpaca_gpt4", "data/alpaca_gpt4_data.json"),
    ):
        row = partial(r.alpaca, source == "alpaca_gpt4")
        corpora.append(Corpus(source, (path,), 52002, row, _ARRAY))
    path = "output_data/clang8_source_target_en.spacy_tokenized.tsv"
    corpora.append(Corpus("clang8", (path,), 2372119, partial(r.clang8, path), unbounded=True))
    return corpora


CORPORA = (
    *_learner_corpora(),
    *_revision_corpora(),
    *_simplification_corpora(),
    *_other_corpora(),
)
SOURCES = tuple(dict.fromkeys(corpus.source for corpus in CORPORA))
