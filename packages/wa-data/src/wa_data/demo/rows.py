"""One row of each official format: pure functions of the file's name and the row.

Every function gives the row's text in each of the parallel files that belong together.
"""

from __future__ import annotations

import csv
import io
import json
from functools import cache
from typing import NamedTuple

from wa_data.demo import words as w
from wa_data.demo.corruption import corrupt, find_edits, m2_block, vary
from wa_data.demo.general import instruct
from wa_data.demo.grammar import CLANG_PARTS, compose, number, running, tokenised
from wa_data.demo.revisions import (
    fluent_references,
    learner,
    neutralise,
    revise,
    similar,
    simplify,
)

WI_TRAIN, WI_DEV = "ABC.train.gold.bea19.m2", "ABCN.dev.gold.bea19.m2"
# Repeats on purpose: a row of W&I train -> the BEA-dev row that it repeats, verbatim or but for
# one word; a row of WikiLarge train -> the TurkCorpus test row whose source it has.
VERBATIM, NEAR = {5: 0, 6: 1, 7: 2}, {8: 3, 9: 4}
WIKI_REPEATS = {3: 0, 4: 1}
_ERRORS = (0, 0, 1, 1, 2, 3)
_WORD_PIECE = 9

Parallel = tuple[str, ...]


def wi(name: str, row: int) -> Parallel:
    """Give one M2 block of W&I+LOCNESS; see VERBATIM and NEAR for the rows that repeat others."""
    near = name == WI_TRAIN and row in NEAR
    if name == WI_TRAIN and row in VERBATIM | NEAR:
        name, row = WI_DEV, (VERBATIM | NEAR)[row]
    n, errors = divmod(number(name, row), len(_ERRORS))
    clean, wrong, kinds, _ = learner(n, _ERRORS[errors])
    if near:
        clean, wrong = [*clean[:-1], "too", clean[-1]], [*wrong[:-1], "too", wrong[-1]]
    return (m2_block(tokenised(wrong), [(0, find_edits(clean, wrong, kinds))], conll=False),)


def wi_blind(name: str, row: int) -> Parallel:
    """Give one tokenised learner sentence without its correction."""
    n, errors = divmod(number(name, row), len(_ERRORS))
    return (tokenised(learner(n, _ERRORS[errors])[1]),)


def conll13(name: str, row: int) -> Parallel:
    """Give one M2 block with CoNLL types; a sentence without errors has no `A` line."""
    n, errors = divmod(number(name, row), len(_ERRORS))
    clean, wrong, kinds, _ = learner(n, _ERRORS[errors])
    edits = find_edits(clean, wrong, kinds)
    return (m2_block(tokenised(wrong), [(0, edits)] if edits else [], conll=True),)


def conll14(name: str, row: int) -> Parallel:
    """Give one M2 block of two annotators, the second with wordings of his own.

    As in the official file: no `A` line where neither corrects, a noop where one of the two does
    not, and in some sentences the first annotator alone.
    """
    n, errors = divmod(number(name, row), len(_ERRORS))
    clean, wrong, kinds, n = learner(n, _ERRORS[errors])
    edits = find_edits(clean, wrong, kinds)
    n, habit = divmod(n, 20)
    other = find_edits(clean if habit > 9 else vary(clean, n), wrong, kinds)
    if habit == 0:
        other = []
    alone = edits and habit in (1, 2)
    annotators = [(0, edits)] if alone else [(0, edits), (1, other)] if edits or other else []
    return (m2_block(tokenised(wrong), annotators, conll=True),)


def jfleg(name: str, row: int) -> Parallel:
    """Give a tokenised source and four references."""
    n, choice = divmod(number(name, row), 8)
    clean, wrong, _, n = learner(n, min(choice, 3))
    return (tokenised(wrong), *fluent_references(clean, n, 4))


class Labels(NamedTuple):
    """How many rows of each label a file has in all, and how many of them delete the text."""

    counts: dict[str, int]
    deletions: dict[str, int]


@cache
def _schedule(counts: tuple[tuple[str, int], ...], cut: tuple[tuple[str, int], ...]) -> list[str]:
    """Spread each label evenly over the file, so that any head of it holds each label's share.

    A label with a leading `-` is a deletion.
    """
    deletions = dict(cut)
    order = []
    for label, count in counts:
        for k in range(count):
            gone = is_spread(k, count, deletions.get(label, 0))
            order.append(((k + 0.5) / count, f"-{label}" if gone else label))
    return [label for _, label in sorted(order)]


def is_spread(row: int, rows: int, chosen: int) -> bool:
    """Tell whether `row` is one of `chosen` rows spread evenly over `rows`.

    >>> [is_spread(row, 7, 3) for row in range(7)]
    [False, True, False, True, False, True, False]
    """
    half = rows // 2
    return (row * chosen + half) // rows != ((row + 1) * chosen + half) // rows


def iterater(name: str, row: int, labels: Labels) -> Parallel:
    """Give one JSON line of a sentence-level revision."""
    label = _schedule(tuple(labels.counts.items()), tuple(labels.deletions.items()))[row]
    n = number(name, row)
    gone, label = label.startswith("-"), label.removeprefix("-")
    lead = " " if n % 5 < 3 else ""
    before, after = (lead + running(text) for text in revise(label, n))
    paper = n >> 200
    record = {
        "before_sent": before,
        "before_sent_with_intent": f"<{label}> {before}",
        "after_sent": lead if gone else after,
        "labels": label,
        "doc_id": f"21{paper % 12 + 1:02}.{paper % 99991:05}" if n & 1 else str(paper % 9_999_991),
        "revision_depth": paper % 3 + 1,
    }
    return (json.dumps(record),)


def simplification(name: str, row: int, sources: str, references: int, form: str) -> Parallel:
    """Give a source and its references, in one of the forms `lower`, `cased`, `running`."""
    texts = simplify(number(sources, row), number(name, row), references)
    if form == "running":
        return tuple(map(running, texts))
    if form == "lower":
        return tuple(text.lower() for text in texts)
    return tuple(text.replace("-LRB-", "(").replace("-RRB-", ")") for text in texts)


def wikilarge(name: str, row: int, tests: str) -> Parallel:
    """Give one tokenised pair with escaped brackets and slashes; 3 in 10 of train are identical."""
    n = number(name, row)
    identical = False
    if name.endswith("test"):
        n = number(tests, row)
    elif name.endswith("train") and row in WIKI_REPEATS:
        n = number(tests, WIKI_REPEATS[row])
    elif name.endswith("train"):
        identical = (n >> 200) % 10 < 3
    source, target = (text.replace("/", "\\/") for text in simplify(n, 0, 1))
    return source, source if identical else target


_TAGS = {
    **dict.fromkeys(("the", "a", "an"), ("DET", "det")),
    **dict.fromkeys(("in", "of", "from", "by", "for", "on", "near"), ("ADP", "prep")),
    **dict.fromkeys((*w.ADJECTIVES, *w.SLANTED_ADJECTIVES), ("ADJ", "amod")),
    **dict.fromkeys(w.SLANTED_ADVERBS, ("ADV", "advmod")),
    **dict.fromkeys((*w.SLANTED_VERBS, "is", "was", "said"), ("VERB", "ROOT")),
    **{verb.past: ("VERB", "relcl") for verb in w.VERBS},
    **dict.fromkeys(('"', ",", ".", ":", "-"), ("PUNCT", "punct")),
}


def _pieces(text: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Cut a lower-cased tokenised text into word pieces; gives them and their tags."""
    pieces, tags = [], []
    for word in text.replace("-", " - ").split(" "):
        tag = _TAGS.get(word) or (("NUM", "nummod") if word.isdigit() else ("NOUN", "pobj"))
        if len(word) >= _WORD_PIECE and word.isalpha():
            pieces += [word[:5], f"##{word[5:]}"]
            tags += [tag, tag]
        else:
            pieces.append(word)
            tags.append(tag)
    return pieces, tags


def wnc(name: str, row: int) -> Parallel:
    """Give one line of seven tab-separated fields; some texts begin with a double quote."""
    n = number(name, row)
    biased, neutral = (text.lower() for text in neutralise(n))
    quoted = row % 100 == 37
    title_tokens, title = ('" echoes " : ', '"echoes": ') if quoted else ("", "")
    source, tags = _pieces(title_tokens + biased)
    target, _ = _pieces(title_tokens + neutral)
    fields = (
        str(200_000_000 + 1009 * row + n % 1009),
        " ".join(source),
        " ".join(target),
        title + running(biased),
        title + running(neutral),
        " ".join(tag for tag, _ in tags),
        " ".join(relation for _, relation in tags),
    )
    return ("\t".join(fields),)


def stsb(name: str, row: int, rows: int, fives: int) -> Parallel:
    """Give one CSV line: two sentences and a score; `fives` of the file's `rows` score 5.0."""
    line = io.StringIO()
    pair = similar(number(name, row), same=is_spread(row, rows, fives))
    csv.writer(line, lineterminator="").writerow(pair)
    return (line.getvalue(),)


def alpaca(long: bool, row: int) -> Parallel:
    """Give one object of the JSON array, indented by four; `long` is the GPT-4 answer."""
    n, m = number("alpaca", row), number("alpaca.long", row)
    instruction, given, short, answer = instruct(n, m, row)
    record = {"instruction": instruction, "input": given, "output": answer if long else short}
    fields = ",\n".join(f'        "{key}": {json.dumps(text)}' for key, text in record.items())
    return (f"    {{\n{fields}\n    }}",)


@cache
def _fragments() -> tuple[list[tuple[str, str]], ...]:
    """Compose 1,024 (wrong, right) fragments for each of the four parts of a cLang-8 sentence."""
    parts: list[list[tuple[str, str]]] = []
    for part, templates in enumerate(CLANG_PARTS):
        pairs = []
        for at in range(1024):
            clean, n = compose(number(f"clang8.part{part}", at), templates)
            # The empty first chunk lets an error hit the fragment's own first one.
            wrong, _, _ = corrupt(["", *clean], n, (0, 0, 1)[n % 3] if part else 0)
            pair = (" ".join(filter(None, wrong)), " ".join(clean))
            pairs.append(pair if part else (tokenised([pair[0]]), tokenised([pair[1]])))
        parts.append(pairs)
    return tuple(parts)


def clang8(name: str, row: int) -> Parallel:
    """Give one tab-separated pair, put together from ready fragments: there are millions."""
    n = number(name, row)
    one, two, three, four = _fragments()
    a, b, c, d = one[n & 1023], two[n >> 10 & 1023], three[n >> 20 & 1023], four[n >> 30 & 1023]
    return (f"{a[0]} {b[0]} {c[0]} {d[0]}\t{a[1]} {b[1]} {c[1]} {d[1]}",)
