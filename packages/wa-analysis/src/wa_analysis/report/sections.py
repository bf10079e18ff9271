"""The sections on test sets and on cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wa_analysis.cost_table import WORDS, lay_out_costs
from wa_analysis.report.page import Section, Table, make_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wa_analysis.cost import Cost
    from wa_analysis.report.study import Study


def describe_sets(studies: Sequence[Study]) -> Section:
    """Describe the test sets: sizes, references, how much the gold changes."""
    rows = []
    for study in studies:
        test_set, first = study.test_set, study.members[0]
        sentences = test_set.sentences
        tokens = [len(row.source.split()) for row in sentences]
        references = sorted({len(row.references) for row in sentences})
        golds = [edits for own in first.gold for edits in own]
        has_gold = first.gold_kind != "none"
        rows.append(
            make_row(
                study.title,
                test_set.benchmark,
                test_set.split,
                test_set.task,
                test_set.metric,
                f"{len(sentences):,}",
                "-".join(dict.fromkeys(map(str, (references[0], references[-1])))),
                f"{sum(tokens) / len(tokens):.1f}",
                f"{100 * sum(map(bool, golds)) / len(golds):.1f} %" if has_gold and golds else "-",
                f"{100 * sum(map(len, golds)) / _tokens_read(study):.1f}" if has_gold else "-",
                str(len(study.members)),
            )
        )
    table = Table(
        caption="Test sets",
        head=(
            *("set", "benchmark", "split", "task", "metric", "sentences", "references"),
            *("tokens a sentence", "changed by the gold", "gold edits a 100 tokens", "systems"),
        ),
        rows=rows,
        words=5,
        notes=[
            "Tokens are those of the source. The gold are the edits of a set's annotators or, "
            "where it has none, ERRANT's edits to each reference; figures are annotators' means."
        ],
    )
    return Section(key="sets", title="Test sets", tables=[table])


def _tokens_read(study: Study) -> int:
    """Count the tokens that all annotators together have read."""
    rows = zip(study.test_set.sentences, study.members[0].gold, strict=True)
    return sum(len(row.source.split()) * len(gold) for row, gold in rows) or 1


def describe_costs(costs: Sequence[Cost], notes: Sequence[str]) -> Section:
    """Show what the runs cost, as `wa-analysis cost` does."""
    head, rows = lay_out_costs(costs)
    kinds = ["cited" if cost.cited else "" for cost in costs]
    made = [make_row(*row, kind=kind) for row, kind in zip(rows, kinds, strict=True)]
    words = sum(heading in WORDS for heading in head)
    table = Table(caption="Cost of runs", head=head, rows=made, notes=notes, words=words)
    return Section(key="cost", title="Cost", tables=[table])
