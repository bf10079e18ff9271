"""`variants`: the metric words."""

from __future__ import annotations

import json

import click

from wa_metrics.cli import options
from wa_metrics.cli.output import print_table


@click.command()
@options.as_json
def variants(as_json: bool) -> None:
    """List the metric words: what each is, what it compares with, what it needs."""
    from wa_metrics.variants import METRICS

    rows = [
        {
            "metric": variant.word,
            "what": variant.summary,
            "gold": variant.gold,
            "natural text": variant.natural or "as it is",
            "extra": variant.extra,
            "installed": variant.installed,
        }
        for variant in METRICS.values()
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    table = [list(rows[0])]
    for row in rows:
        installed = "yes" if row["installed"] else f"pip install 'wa-metrics[{row['extra']}]'"
        table.append([*(str(row[name] or "-") for name in table[0][:-1]), installed])
    print_table(table)
