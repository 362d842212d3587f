"""What was tried how often, and what came of it: docs/reliability.json, and the table of docs/reliability.md."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.machine import describe

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- rounds: begin -->", "<!-- rounds: end -->"


@dataclass(frozen=True, kw_only=True)
class Round:
    """One study and what happened to it; `wrong` is empty where it ended as an undisturbed one."""

    seed: int
    number: int
    faults: tuple[str, ...]
    seconds: float
    wrong: str = ""

    def line(self) -> str:
        """For the terminal."""
        what = " + ".join(self.faults) or "nothing in time"
        return f"round {self.seed}/{self.number}: {what}: {self.wrong or 'as undisturbed'} after {self.seconds:.0f} s"


def add(rounds: list[Round]) -> None:
    """Add rounds to the record, and write the table anew. A round that was played before is replaced."""
    path = DOCS / "reliability.json"
    known = json.loads(path.read_text()) if path.exists() else []
    when, machine = datetime.now(UTC).date().isoformat(), describe()
    kept = {(entry["seed"], entry["number"]): entry for entry in known}
    kept |= {(r.seed, r.number): {**asdict(r), "date": when, "machine": machine} for r in rounds}
    entries = [kept[key] for key in sorted(kept)]
    path.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    page = DOCS / "reliability.md"
    page.write_text(written(page.read_text(encoding="utf-8"), entries), encoding="utf-8")


def written(page: str, entries: list[dict[str, Any]]) -> str:
    """The page with the table of these rounds."""
    head, _, rest = page.partition(BEGIN)
    return head + BEGIN + "\n" + table(entries) + END + rest.partition(END)[2]


def table(entries: list[dict[str, Any]]) -> str:
    """One row a kind of fault."""
    kinds = sorted({kind for entry in entries for kind in entry["faults"]})
    count = sum(len(entry["faults"]) for entry in entries)
    hours = sum(entry["seconds"] for entry in entries) / 3600
    wrong = [entry for entry in entries if entry["wrong"]]
    lines = [
        f"\n{count} faults in {len(entries)} studies, {hours:.1f} hours; {len(wrong)} studies ended otherwise than an "
        "undisturbed one.\n",
        "| fault | times | studies that ended otherwise | median seconds of such a study |",
        "|---|---|---|---|",
    ]
    for kind in kinds:
        of = [entry for entry in entries if kind in entry["faults"]]
        times = sum(entry["faults"].count(kind) for entry in of)
        bad = sum(bool(entry["wrong"]) for entry in of)
        lines.append(f"| {kind} | {times} | {bad} | {median(entry['seconds'] for entry in of):.0f} |")
    lines += [f"\n- round {e['seed']}/{e['number']} ({', '.join(e['faults'])}): {e['wrong']}" for e in wrong]
    return "\n".join(lines) + "\n\n"
