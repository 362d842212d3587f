"""docs/benchmarks.md: written from docs/benchmarks.json, which keeps the newest result of every benchmark."""

from __future__ import annotations

import json
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
RECORD = DOCS / "benchmarks.json"
DOCUMENT = DOCS / "benchmarks.md"
HEAD = """# Benchmarks

Written by `make bench` (`python -m tests.benchmarks [NAME ...] [--long]`); do not edit. Each ratio is the median of
pairs measured in turns in the same run, with the fastest and slowest pair in brackets where it is given. Point
`SKIN_BENCH_IMAGES` at a folder of JPEGs (600×450) to measure on real images; without it they are drawn.
"""


def table(rows: list[dict]) -> str:
    """Rows as a Markdown table; columns in the order in which they first appear."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [columns, ["---"] * len(columns), *([_cell(row.get(column)) for column in columns] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write(results: dict[str, dict], complete: set[str]) -> None:
    """Take new results in, drop those of benchmarks that are no more (`complete` names all), write both files."""
    kept = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    kept = {name: found for name, found in sorted({**kept, **results}.items()) if name in complete}
    DOCS.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    DOCUMENT.write_text("\n".join([HEAD, *(_section(found) for found in kept.values())]))


def _section(found: dict) -> str:
    measured = f"*{found['form']} form, {found['seconds']} s on {found['machine']}*"
    return f"## {found['title']}\n\n{table(found['rows'])}\n\n{found['note'].strip()}\n\n{measured}\n"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return str(value).replace("|", "\\|")
