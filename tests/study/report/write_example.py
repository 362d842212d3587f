"""The whole example on disk. `python -m tests.study.report.write_example DIR` writes it, for looking at the report."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.study.report.example import CONTEXT, spine_tables, write_panels
from tests.study.report.example_comparison import comparison_tables


def write_example(directory: Path, seed: int = 0) -> Path:
    """A comparison directory of the whole example."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, table in {**spine_tables(seed), **comparison_tables(seed)}.items():
        table.to_parquet(directory / f"{name}.parquet", index=False)
    (directory / "context.json").write_text(json.dumps(CONTEXT))
    write_panels(directory / "qualitative", seed)
    return directory


if __name__ == "__main__":
    write_example(Path(sys.argv[1]))
