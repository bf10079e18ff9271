"""Free output brought to the gold's tokenisation: worked examples, then properties."""

from __future__ import annotations

import sys
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_metrics import retokenisation as module
from wa_metrics.errors import InputError, MissingExtraError
from wa_metrics.retokenisation import is_tokenised, retokenise

HOWS: tuple[Literal["treebank", "spacy"], ...] = ("treebank", "spacy")


@pytest.fixture(autouse=True)
def _packages() -> None:
    pytest.importorskip("nltk")
    pytest.importorskip("spacy")


# prediction, source, expected by Treebank, expected by spaCy, and why the row exists
CASES = [
    ("We don't.", "We do n't .", "We do n't .", "We do n't .", "a copy"),
    ("It is 3:00, so...go.", "It is 3 : 00 , so ... go .", *["It is 3 : 00 , so ... go ."] * 2,
     "a copy, in the source's tokens and not in the tokeniser's"),
    ("We didn't, Al.", "We do n't , Al .", *["We did n't , Al ."] * 2, "tokenised"),
    ("Go. Stop.", "Go . stop .", "Go. Stop .", "Go . Stop .", "Treebank splits the last one only"),
    ("a lot.", "alot .", *["a lot ."] * 2, "a blank that is added is a correction"),
    ("Everyone.", "Every one .", *["Everyone ."] * 2, "and so is one between words taken out"),
    ("A well-known.", "A well - known .", "A well-known .", "A well - known .", "hyphens too"),
    ("We cannot.", "We can not .", *["We can not ."] * 2, "unless the tokeniser splits there"),
    ("He is 10.", "He is 1 0 .", *["He is 10 ."] * 2, "digits are words"),
    ('Say "no".', "Say `` no '' .", *["Say `` no '' ."] * 2, "quotes of a copy"),
    ('Said "no".', "Say `` no '' .", "Said `` no '' .", 'Said " no " .', "quotes as the source's"),
    ('Said "no".', 'Say " no " .', *['Said " no " .'] * 2, "quotes as the source's"),
    ("Said ''no''.", 'Say " no " .', 'Said " no " .', "Said '' no '' .", "quotes as the source's"),
    ("", "We do .", "", "", "empty stays empty"),
    (" \n", "We do .", "", "", "white space is empty"),
    ("We\n\ndid\u00a0it,\tAl .", "We do .", *["We did it , Al ."] * 2, "any white space"),
    ("Wir\u00a0do.", "Wir\u00a0do .", *["Wir\u00a0do ."] * 2, "that of a copy is the source's"),
    ("a  b.", "a  b .", *["a  b ."] * 2, "and so are its double blanks"),
]  # fmt: skip


@pytest.mark.parametrize(("prediction", "source", "treebank", "spacy", "why"), CASES)
def test_a_natural_prediction(
    prediction: str, source: str, treebank: str, spacy: str, why: str
) -> None:
    # Two more, so that the group counts as natural text whatever the prediction is like.
    for how, expected in zip(HOWS, (treebank, spacy), strict=True):
        found = retokenise([prediction, "Ah.", "Oh."], sources=[source, "Ah .", "Oh ."], how=how)
        assert found == [expected, "Ah .", "Oh ."], why


def test_a_source_without_quotes_takes_the_kind_that_more_sources_have() -> None:
    sources = ["No .", "Say `` a '' .", "Say `` b '' .", 'Say " c " .']
    predictions = ['"No".', "x.", '"x".', '"x".']
    found = retokenise(predictions, sources=sources, how="treebank")
    assert found == ["`` No '' .", "x .", "`` x '' .", '" x " .']
    turned = ["No .", 'Say " a " .', "Say `` b '' .", 'Say " c " .']
    found = retokenise(predictions, sources=turned, how="treebank")
    assert found == ['" No " .', "x .", "`` x '' .", '" x " .']
    assert retokenise(predictions[:1], sources=["No ."], how="treebank") == ['" No " .']


def test_none_gives_everything_back() -> None:
    texts = ["a  b.\n", "", "Well."]
    assert retokenise(iter(texts), sources=["", "x", "y"], how="none") == texts


@pytest.mark.parametrize("how", HOWS)
def test_tokenised_output_stays_but_for_line_ends_and_runs_of_blanks(
    how: Literal["treebank", "spacy"],
) -> None:
    texts = ["She 's  in U.S. \n(e.g. Ann).\n", " alot.", "Wir\u00a0do .", "It  is .", "Ha !"]
    sources = ["a", "a lot .", "b", "It  is .", "d"]
    found = retokenise(texts, sources=sources, how=how)
    assert found == ["She 's in U.S. (e.g. Ann).", "alot.", "Wir\u00a0do .", "It  is .", "Ha !"]


# predictions of a group, whether they are tokenised already, and why the row exists
GROUPS = [
    (["a .", "b ?", "c!"], True, "most have a blank before the last mark"),
    (["a .", "b?", "c!"], False, "most have none"),
    (["a . . .", "b...", "c ?!"], True, "several marks are one"),
    (["a .\n", "b .  "], True, "white space behind the mark"),
    ([".", "!", "a ."], False, "a mark alone has no blank before it"),
    (["a , b .", "a , b."], True, "a tie: commas decide"),
    (["a, b .", "a, b."], False, "a tie: commas decide"),
    (["a , b", "c", "c"], True, "no mark: commas decide"),
    (["a, b", "a ,", "c,"], False, "no mark: commas decide"),
    (["3,000 , 4", "1,2"], True, "a comma inside of a number is none"),
    (["a", ""], False, "a tie of commas: it is tokenised, which does no harm"),
]


@pytest.mark.parametrize(("texts", "expected", "why"), GROUPS)
def test_whether_a_group_is_tokenised_already(texts: list[str], expected: bool, why: str) -> None:
    assert is_tokenised(texts) is expected, why


def test_the_group_decides_for_all_of_its_predictions() -> None:
    sources = ["Ah .", "Oh .", "So , no ."]
    for texts, expected in (
        (["Eh .", "Uh .", "So, yes."], "So, yes."),
        (["Eh.", "Uh.", "So, yes."], "So , yes ."),
    ):
        assert retokenise(texts, sources=sources, how="treebank")[2] == expected


# --- properties -----------------------------------------------------------------------------

marks = st.sampled_from([*"\"'`.,:;!?()[]-…“” \u00a0\n$%&<>*", "n't", "'s", "cannot", "..."])
natural = st.lists(marks | st.text(max_size=5), max_size=12).map("".join)


def drop_blanks(text: str) -> str:
    return "".join(text.split()).replace('"', "''").replace("`", "'")


@settings(max_examples=200, deadline=None)
@given(natural, natural, st.sampled_from(HOWS))
def test_no_character_is_lost_and_no_double_blank_made(
    prediction: str, source: str, how: Literal["treebank", "spacy"]
) -> None:
    texts, sources = [prediction, "Ah.", "Oh."], [source, "Ah .", "Oh ."]
    found = retokenise(texts, sources=sources, how=how)[0]
    assert drop_blanks(found) == drop_blanks(prediction)
    if found != source:
        assert found == " ".join(found.split())
        assert retokenise([found, *texts[1:]], sources=sources, how="none")[0] == found


tokens = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=4)


@settings(max_examples=100, deadline=None)
@given(st.lists(tokens, max_size=8), st.data(), st.sampled_from(HOWS))
def test_a_source_without_some_blanks_at_punctuation_is_a_copy(
    words: list[str], data: st.DataObject, how: Literal["treebank", "spacy"]
) -> None:
    source = text = ""
    for word in words:
        last = source.rpartition(" ")[2]
        joins = source and not (module._is_word(word) and module._is_word(last))
        glue = data.draw(st.sampled_from(["", " ", "\u00a0 "])) if joins else " "
        text += (glue if text else "") + word
        source += (" " if source else "") + word
    found = retokenise([text, "Ah.", "Oh."], sources=[source, "Ah .", "Oh ."], how=how)
    assert found[0] == source


# --- errors ---------------------------------------------------------------------------------


def test_lengths_and_words_are_checked() -> None:
    with pytest.raises(InputError, match="predictions: expected 2 texts"):
        retokenise(["a"], sources=["a", "b"], how="treebank")
    with pytest.raises(InputError, match="expected none, treebank or spacy, got 'moses'"):
        retokenise(["a"], sources=["a"], how="moses")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("how", "package", "extra"),
    [("treebank", "nltk.tokenize.treebank", "nltk"), ("spacy", "spacy", "errant")],
)
def test_a_package_that_is_not_there_is_an_error_that_says_how_to_get_it(
    how: Literal["treebank", "spacy"], package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module._load_treebank.cache_clear()
    module._load_spacy.cache_clear()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'wa-metrics\[{extra}\]'"):
        retokenise(["a."], sources=["b ."], how=how)
