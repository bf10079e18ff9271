"""Makes annotated outputs by hand, without spaCy, and the page of a report of them.

Two test sets: one with gold edits and thirty sentences, one with two references. Names, ids and
predictions try to be more than text.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from wa_analysis.annotation import Annotated, Correction
from wa_analysis.facts import Entity, Facts
from wa_analysis.outputs import Output, Sentence, TestSet
from wa_analysis.report.report import Material, build_report
from wa_analysis.report.study import make_studies
from wa_metrics.edits import Edit
from wa_metrics.extract import extract_edits

CAREFUL = "careful"
HOSTILE = '"><img src=x onerror=window.hacked=1><b>bold $x_1$'
SCRIPT = "</script><script>window.hacked=1</script>"
COMMENT = "<!-- <script> a comment that would not end"
QUOTES = "\" onmouseover=window.hacked=1 x='"
NUMBERED = 26
# Source, gold, careful, hostile; the first sentence is the paper's (arXiv 2305.13225).
WRITTEN = (
    ("Dear Mrs Ashby ,", "Dear Mrs Ashby ,", "Dear Mrs Ashby ,", "Dear Mrs Kate Ashby ,"),
    ("She go home .", "She goes home .", "She goes home .", f"She went home {SCRIPT} ."),
    ("It cost 5 $ .", "It costs 5 $ .", "It costs 5 $ .", f"It costs 6 $ {COMMENT} ."),
    ("I likes tea .", "I like tea .", "I likes tea .", f"I like {QUOTES} tea ."),
)


def make_annotated() -> list[Annotated]:
    """Make the outputs of two systems on both test sets, the set with gold edits first."""
    grammar = _make_set("bea19_dev", "BEA", "errant", "grammaticality", _list_grammar())
    fluency = _make_set("jfleg", "JFL", "gleu-py2", "fluency", _list_fluency())
    return [
        _annotate(CAREFUL, grammar, [row[2] for row in _list_written()]),
        _annotate(HOSTILE, grammar, [row[3] for row in _list_written()]),
        _annotate(CAREFUL, fluency, ["He went there .", "A good day ."]),
        _annotate(HOSTILE, fluency, ["He walked there .", "A good day ."]),
    ]


def make_page(title: str = "") -> str:
    """Make the page of both test sets."""
    return build_report(Material(studies=make_studies(make_annotated())), title=title)


def write_page(folder: Path) -> Path:
    path = folder / "report.html"
    path.write_text(make_page(), encoding="utf-8")
    return path


def write_long_page(folder: Path) -> Path:
    """Write the page of a system with a long name that wrote ten thousand letters in a row."""
    fluency = make_annotated()[2].output.test_set
    (study,) = make_studies([_annotate("n" * 300, fluency, ["x" * 10_000, "A good day ."])])
    path = folder / "long.html"
    path.write_text(build_report(Material(studies=[study])), encoding="utf-8")
    return path


def drop_prediction(annotated: Annotated, index: int) -> Annotated:
    """Leave one sentence of an output without a prediction."""
    predictions = list(annotated.output.predictions)
    corrections = list(annotated.corrections)
    predictions[index] = corrections[index] = None
    output = replace(annotated.output, predictions=tuple(predictions))
    return replace(annotated, output=output, corrections=tuple(corrections))


def _list_written() -> list[tuple[str, str, str, str]]:
    numbered = [
        (
            f"Line {number} have a error .",
            f"Line {number} has an error .",
            f"Line {number} has an error .",
            f"Line {number} has a error .",
        )
        for number in range(NUMBERED)
    ]
    return [*WRITTEN, *numbered]


def _list_grammar() -> list[Sentence]:
    rows = []
    for number, (source, gold, *_) in enumerate(_list_written()):
        edits = tuple(edit._replace(annotator=0) for edit in _find_edits(source, gold))
        rows.append(Sentence(f"bea19_dev-test-{number}", source, (gold,), edits))
    return rows


def _list_fluency() -> list[Sentence]:
    return [
        Sentence("jfleg-test-0", "He go there .", ("He went there .", "He goes there ."), ()),
        Sentence(f"jfleg-test-1{QUOTES}", "A good day .", ("A good day .", "A nice day ."), ()),
    ]


def _make_set(benchmark: str, abbrev: str, metric: str, task: str, rows: list[Sentence]) -> TestSet:
    return TestSet(
        task=task,
        benchmark=benchmark,
        abbrev=abbrev,
        split="test",
        metric=metric,
        input_format="tokenised",
        sentences=tuple(rows),
    )


def _annotate(system: str, test_set: TestSet, predictions: list[str]) -> Annotated:
    output = Output(
        system=system,
        run=None,
        model=system,
        decoding=None,
        seed=None,
        test_set=test_set,
        predictions=tuple(predictions),
        path=f"{test_set.benchmark}.jsonl",
    )
    rows = test_set.sentences
    kind = "edits" if test_set.has_gold_edits else "references"
    return Annotated(
        output=output,
        corrections=tuple(
            _correct(row.source, text) for row, text in zip(rows, predictions, strict=True)
        ),
        gold=tuple(
            (row.edits,)
            if kind == "edits"
            else tuple(_find_edits(row.source, text) for text in row.references)
            for row in rows
        ),
        gold_kind=kind,  # type: ignore[arg-type]
        model="a_model-1.0",
        tokens="none",
    )


def _correct(source: str, text: str) -> Correction:
    tokens, written = tuple(source.split()), tuple(text.split())
    if source == text:
        return Correction(tokens, written, (), None, None)
    facts = [_find_facts(each) for each in (tokens, written)]
    return Correction(tokens, written, _find_edits(source, text), *facts)


def _find_facts(tokens: tuple[str, ...]) -> Facts:
    """Take for a person what stands behind Mrs, up to a comma."""
    if "Mrs" not in tokens:
        return Facts((), ())
    start, end = tokens.index("Mrs") + 1, tokens.index(",")
    return Facts((Entity(start, end, "PERSON"),), tuple(range(start, end)))


def _find_edits(source: str, text: str) -> tuple[Edit, ...]:
    """Return edits by tokens alone; an insertion is M:OTHER, a deletion U:OTHER, else R:OTHER."""
    named = []
    for edit in extract_edits(source, text):
        kind = "M" if edit.start == edit.end else "R" if edit.correction else "U"
        named.append(edit._replace(type=f"{kind}:OTHER"))
    return tuple(named)
