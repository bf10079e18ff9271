"""The rules of spaCy's attribute ruler: which words they name, and which read several tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.matcher import Matcher

# What rules may read and write if their outcome is to be remembered.
_READ = frozenset({"LOWER", "TAG", "DEP", "IS_SPACE"})
_WRITTEN = frozenset({"POS", "MORPH", "LEMMA"})


@dataclass(frozen=True)
class Rules:
    """Hold what must be known of the attribute ruler's rules.

    `several` are those that read several tokens, `first` their first tokens. No rule looks for
    another word than `words` and what matches `expressions`.
    """

    several: Matcher
    first: Matcher
    words: set[str]
    expressions: list[str]

    def name(self, lower: str) -> bool:
        """Tell whether a rule may look for a word."""
        return lower in self.words or any(re.search(each, lower) for each in self.expressions)

    def add_words(self, constraint: object) -> bool:
        """Add what a rule demands of a word; False if it is of an unknown kind."""
        match constraint:
            case None:
                pass
            case str(word):
                self.words.add(word)
            case {"IN": list(words), **others} if not others:
                self.words.update(words)
            case {"REGEX": str(expression), **others} if not others:
                self.expressions.append(expression)
            case _:
                return False
        return True


def find_rules(nlp: Language) -> Rules | None:
    """Return the rules of the attribute ruler, None if the pipeline is not the expected one."""
    from spacy.lang.en.lemmatizer import EnglishLemmatizer
    from spacy.matcher import Matcher
    from spacy.pipeline import AttributeRuler

    components: list[Any] = [component for _, component in nlp.pipeline[-2:]]
    if [type(component) for component in components] != [AttributeRuler, EnglishLemmatizer]:
        return None
    ruler, lemmatizer = components
    if lemmatizer.overwrite or lemmatizer.mode != "rule":
        return None
    rules = Rules(Matcher(nlp.vocab), Matcher(nlp.vocab), set(), [])
    for rule in ruler.patterns:
        for pattern in rule["patterns"]:
            if any(token.get("IS_SPACE") for token in pattern):
                continue  # sentences with such tokens go to the components
            # A repeated token (OP) would be in neither set.
            if not _WRITTEN.issuperset(rule["attrs"]) or not all(map(_READ.issuperset, pattern)):
                return None
            if len(pattern) > 1:
                rules.several.add("several", [pattern])
                rules.first.add("first", [pattern[:1]])
            for token in pattern:
                if not rules.add_words(token.get("LOWER")):
                    return None
    return rules


def index_by_hash(lookups: Any) -> None:
    """Let the lemmatiser find a word in its index at once, which it searches as a list."""
    index = lookups.get_table("lemma_index", {})
    for tag, words in list(index.items()):
        index[tag] = frozenset(words)
