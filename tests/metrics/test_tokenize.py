"""Detokenisation: the oracle is NLTK's own detokeniser, for every text."""

from __future__ import annotations

import json
import lzma
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.tokenize.treebank import TreebankWordDetokenizer

from wa_metrics import MissingExtraError, detokenise, read_m2
from wa_metrics import tokenize as module


@pytest.fixture(scope="module")
def oracle() -> Callable[[str], str]:
    treebank = TreebankWordDetokenizer()
    return lambda text: str(treebank.detokenize(text.split(" ")))


# tokens, running text, and whether no rule of NLTK's beyond fixed strings can match
GOLDEN = [
    ("We met , and left .", "We met, and left.", True),
    ("Do n't ! It 's mine , I 'll go .", "Don't! It's mine, I'll go.", True),
    ("DO N'T STOP", "DON'T STOP", True),
    ("Six ( or 7 ) : 50 % ; no ?", "Six (or 7): 50%; no?", True),
    ("yes -- or no", "yes--or no", True),
    ("the boys' o'clock 3.5 U.S.A. -LRB-", "the boys' o'clock 3.5 U.S.A. -LRB-", True),
    ("« É » – no", "« É » – no", True),
    ('He said , " Go . "', 'He said," Go."', True),
    ("`` Go , '' he said", '"Go," he said', False),
    ("You can not , Can NOT", "You cannot, CanNOT", False),
    ("I am gon na , wan na , got ta go", "I am gonna, wanna, gotta go", False),
    ("gim me , lem me", "gimme, lemme", False),
    ("It goes on . . .", "It goes on. . .", False),
    ("wait ... no", "wait...no", False),
    ("a [ b ] < c >", "a [b] <c>", False),
    ("costs $ 5 , # 3", "costs $5, #3", False),
    ("he 'd 've gone", "he 'd've gone", False),
    ("' Go '", "' Go'", False),
    ("a  b", "a  b", False),
    ("  Do n't  ", "Don't", True),
    (" n't 's", "n't's", False),
    ("a\u00a0, b", "a, b", False),
    ("", "", False),
]


@pytest.mark.parametrize(("text", "joined", "is_plain"), GOLDEN)
def test_tokens_are_joined_as_nltk_joins_them(
    oracle: Callable[[str], str], text: str, joined: str, is_plain: bool
) -> None:
    assert oracle(text) == joined
    assert detokenise(text) == joined
    assert (module._join_plain(text) is not None) == is_plain


def test_the_fast_path_is_in_use_with_the_installed_nltk() -> None:
    # Red after an update of nltk: show `_join_plain` equal for its rules, then renew `_RULES`.
    assert module._load_treebank()[1]


def test_an_nltk_with_other_rules_turns_the_fast_path_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(tokens: list[str]) -> str:
        return "/".join(tokens)

    treebank = TreebankWordDetokenizer()
    known = module._rules_digest(treebank)
    monkeypatch.setattr(TreebankWordDetokenizer, "PUNCTUATION", treebank.PUNCTUATION[:-1])
    assert module._rules_digest(TreebankWordDetokenizer()) != known
    monkeypatch.setattr(module, "_load_treebank", lambda: (other, False))
    assert detokenise("a , b") == "a/,/b"


def test_without_nltk_the_message_names_the_install_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "nltk.tokenize.treebank", None)
    module._load_treebank.cache_clear()
    try:
        with pytest.raises(MissingExtraError, match=r"pip install 'wa-metrics\[nltk\]'"):
            detokenise("a , b")
    finally:
        module._load_treebank.cache_clear()


def test_every_white_space_but_the_single_blank_is_left_to_nltk(
    oracle: Callable[[str], str],
) -> None:
    white = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace()]
    assert len(white) > 20
    for space in white:
        text = f"a{space}, b ."
        assert detokenise(text) == oracle(text)
        assert (module._join_plain(text) is None) == (space != " ")


def test_no_other_letter_takes_part_in_a_contraction(oracle: Callable[[str], str]) -> None:
    # Letters whose lower or upper case is ASCII may match a rule of NLTK that ignores case.
    for code in range(128, sys.maxunicode + 1):
        letter = chr(code)
        if letter.lower().isascii() or letter.upper().isascii() or letter in "\u0130\u0131":
            for text in (f"g{letter}m me", f"{letter}an not", f"wan n{letter} a", f"x '{letter} y"):
                assert detokenise(text) == oracle(text)


TOKENS = [
    *("a", "Go", "not", "can", "Can", "gim", "me", "gon", "wan", "na", "got", "ta", "d", "more"),
    *("n't", "N'T", "n'T", "'s", "'S", "'ll", "'VE", "'re", "'d", "'m", "'t", "is", "'ye", "'n"),
    *("'", "''", '"', "`", "``", ".", "..", "...", ",", ";", ":", "!", "?", "%", "$", "#", "&"),
    *("(", ")", "[", "]", "{", "}", "<", ">", "-", "--", "-LRB-", "-RRB-", "don't", "boys'"),
    *("U.S.", "3.5", ".)", "'.", '."', ",'", "a'b'c", "_", "_'s", "é", "«", "…", "5"),
    *("", "\u00a0", "\u2003", "\t", "\n", "\x1c", "\u200b", "\u0131", "\u0130", "\u017f"),
]
# Tokens that the fast path accepts more often than not: it is the one under test.
PLAIN = [token for token in TOKENS if len(token) < 4 and not set(token) & set("`[]{}<>#$\t\n\x1c")]


@settings(max_examples=400)
@given(
    st.lists(st.sampled_from(TOKENS), max_size=9) | st.lists(st.sampled_from(PLAIN), max_size=9),
    st.integers(0, 99),
)
def test_any_tokens_are_joined_as_nltk_joins_them(tokens: list[str], glued: int) -> None:
    if glued < len(tokens) - 1:  # now and then two tokens without a blank between them
        tokens = [*tokens[:glued], tokens[glued] + tokens[glued + 1], *tokens[glued + 2 :]]
    text = " ".join(tokens)
    assert detokenise(text) == TreebankWordDetokenizer().detokenize(text.split(" "))


@settings(max_examples=100)
@given(st.text(max_size=30) | st.text("ab'.,\") (n t", max_size=20))
def test_any_text_is_joined_as_nltk_joins_it(text: str) -> None:
    assert detokenise(text) == TreebankWordDetokenizer().detokenize(text.split(" "))


# Every test source that is normalised in an evaluation, and one that is tokenised alike.
OFFICIAL = [
    "bea19/wi+locness/m2/ABCN.dev.gold.bea19.m2",
    "conll14/conll14st-test-data/noalt/official-2014.combined.m2",
    "jfleg/test/test.src",
    "jfleg/test/test.ref0",
    "turkcorpus/test.8turkers.tok.norm",
    "turkcorpus/test.8turkers.tok.turk.0",
    "turkcorpus/GEM/test.8turkers.tok.norm",
    "asset/dataset/asset.test.orig",
    "iterater/human_sent_level/test.json",
    "iterater/human_doc_level/test.json",
]


def read_texts(path: Path) -> Iterator[str]:
    if path.suffix == ".m2":
        yield from (sentence.source for sentence in read_m2(path))
    elif path.suffix == ".json":
        for line in path.read_text("utf-8").split("\n"):
            row = json.loads(line) if line else {}
            yield from (value for value in row.values() if isinstance(value, str))
    else:
        yield from path.read_text("utf-8").split("\n")


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_texts_of_a_corpus_are_joined_as_nltk_joins_them(
    official_sources: Path, oracle: Callable[[str], str], name: str
) -> None:
    path = official_sources / name
    if not path.exists():
        pytest.skip(f"this official file is not here: {path}")
    texts = [*read_texts(path)]
    assert len(texts) > 40
    for text in texts:
        assert detokenise(text) == oracle(text)


def test_nearly_all_learner_sentences_take_the_fast_path(official_sources: Path) -> None:
    path = official_sources / "bea19/wi+locness/m2/ABC.train.gold.bea19.m2.xz"
    if not path.exists():
        pytest.skip(f"this official file is not here: {path}")
    lines = lzma.decompress(path.read_bytes()).decode().split("\n")
    sources = [sentence.source for sentence in read_m2(lines)]
    plain = sum(module._join_plain(source) is not None for source in sources)
    assert plain / len(sources) > 0.97
