"""`m2`, `errant` and `annotate`: scores against gold edits, and the edits of systems."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wa_metrics.cli import options
from wa_metrics.cli.options import Wishes
from wa_metrics.cli.output import print_metric
from wa_metrics.lines import STANDARD_INPUT

if TYPE_CHECKING:
    from wa_metrics.score import Score


@click.command()
@options.gold
@options.hypothesis
@options.beta
@click.option(
    "--max-unchanged-words", type=click.IntRange(min=0), default=2, show_default=True,
    help="Unchanged words that one edit may span.",
)  # fmt: skip
@click.option(
    "--ignore-whitespace-casing", is_flag=True,
    help="Leave edits out that change blanks or case only.",
)  # fmt: skip
@options.tokenize
@options.scoring
def m2(
    gold: Path,
    hypothesis: Path,
    beta: float,
    max_unchanged_words: int,
    ignore_whitespace_casing: bool,
    tokenize: str,
    wishes: Wishes,
) -> None:
    """Score corrections with MaxMatch (M2), CoNLL-2014's scorer."""
    from wa_metrics.maxmatch import M2

    sentences, predictions = options.read_gold_and_output(gold, hypothesis, may_be_edits=False)
    metric = M2(
        beta=beta,
        max_unchanged_words=max_unchanged_words,
        ignore_whitespace_casing=ignore_whitespace_casing,
        tokenize=tokenize,  # type: ignore[arg-type]
        progress=options.track("m2"),
    )
    prepared = metric.prepare(sources=None, references=sentences)
    print_metric(metric, prepared, predictions, wishes)


@click.command()
@options.gold
@click.option(
    "--hyp", "hypothesis", type=options.FILE, required=True,
    help="System output: its edits (a name in .m2), or texts (so is `-`), annotated first.",
)  # fmt: skip
@click.option(
    "--mode", type=click.Choice(["cs", "ds", "dt", "cse"]), default="cs", show_default=True,
    help="Compare spans and corrections, spans, tokens, or spans, corrections and types.",
)  # fmt: skip
@click.option("--single", is_flag=True, help="Only edits of at most one token on either side.")
@click.option("--multi", is_flag=True, help="Only edits of two tokens or more on a side.")
@click.option(
    "--filt", multiple=True, metavar="TYPE", help="Leave out edits of this type; may be repeated."
)
@click.option(
    "--cat", type=click.IntRange(1, 3),
    help="Break down by 1 operation (M, R, U), 2 main type (NOUN), 3 full type (R:NOUN).",
)  # fmt: skip
@options.beta
@options.workers
@options.tokenize
@options.scoring
def errant(
    gold: Path,
    hypothesis: Path,
    mode: str,
    single: bool,
    multi: bool,
    filt: tuple[str, ...],
    cat: int | None,
    beta: float,
    workers: int,
    tokenize: str,
    wishes: Wishes,
) -> None:
    """Score corrections with ERRANT, BEA-2019's scorer."""
    from wa_metrics.errant import ERRANT
    from wa_metrics.errant.categories import fold_categories

    if single and multi:
        raise click.UsageError("--single and --multi leave no edit together; choose one")
    sentences, predictions = options.read_gold_and_output(gold, hypothesis, may_be_edits=True)
    metric = ERRANT(
        mode=mode,  # type: ignore[arg-type]
        single=single,
        multi=multi,
        filt=filt,
        beta=beta,
        tokenize=tokenize,  # type: ignore[arg-type]
        workers=workers,
        progress=options.track("errant"),
    )
    prepared = metric.prepare(sources=None, references=sentences)

    def fold(score: Score) -> dict[str, Any]:
        return {
            "categories": fold_categories(score.details["categories"], cat, beta=beta)  # type: ignore[arg-type]
        }

    print_metric(metric, prepared, predictions, wishes, fold if cat else None)


@click.command()
@click.option("--src", "source", type=options.FILE, required=True, help="Source texts.")
@click.option(
    "--hyp", "hypotheses", type=options.FILE, required=True, multiple=True,
    help="Corrected texts; repeat the option for each further annotator.",
)  # fmt: skip
@click.option(
    "-o", "--out", type=options.OUT, required=True,
    help="M2 file to write, or -; replaces one of that name.",
)  # fmt: skip
@click.option(
    "--merge", type=click.Choice(["rules", "all-split", "all-merge", "all-equal"]),
    default="rules", show_default=True, help="Which steps of the alignment become one edit.",
)  # fmt: skip
@click.option("--lev", is_flag=True, help="Align by standard Levenshtein distance.")
@click.option("--tok", is_flag=True, help="Tokenise the texts by spaCy.")
@options.workers
def annotate(
    source: Path,
    hypotheses: tuple[Path, ...],
    out: Path,
    merge: str,
    lev: bool,
    tok: bool,
    workers: int,
) -> None:
    """Find the edits from sources to corrections, as errant_parallel.

    Writes an M2 file with the type of each edit; a file of corrections is one annotator.
    """
    from wa_metrics.errant.annotation import annotate as find_edits
    from wa_metrics.m2 import save_m2, write_m2

    options.check_not_read(out, [source, *hypotheses])
    sources, *texts = options.read_parallel([source, *hypotheses])
    found = find_edits(
        sources=sources,
        hypotheses=texts,
        merge=merge,  # type: ignore[arg-type]
        lev=lev,
        tok=tok,
        workers=workers,
    )
    sentences = options.track_rows(found, len(sources), "annotate")
    if out == STANDARD_INPUT:
        sys.stdout.writelines(write_m2(sentences))
    else:
        save_m2(out, sentences)
