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
PAGE = DOCS / "reliability.md"


@dataclass(frozen=True, kw_only=True)
class Round:
    """One study and what happened to it; `wrong` is empty where it ended as an undisturbed one."""

    game: str = "study"  # the command that plays it: `faults`, `outages`, …
    seed: int
    number: int
    faults: tuple[str, ...]
    seconds: float
    refused: int = 0  # faults that were answered by one error, as they may be
    wrong: str = ""

    def line(self) -> str:
        """For the terminal."""
        what = " + ".join(self.faults) or "nothing in time"
        came = self.wrong or "as undisturbed"
        return f"{self.game} {self.seed}/{self.number}: {what}: {came} after {self.seconds:.0f} s"


def played(game: str, seed: int) -> set[int]:
    """Numbers of the rounds of a seed that the record has."""
    return {entry["number"] for entry in _known() if (entry["game"], entry["seed"]) == (game, seed)}


def add(rounds: list[Round]) -> None:
    """Add rounds to the record, and write the table anew. A round that was played before is replaced."""
    path = DOCS / "reliability.json"
    when, machine = datetime.now(UTC).date().isoformat(), describe()
    kept = {(entry["game"], entry["seed"], entry["number"]): entry for entry in _known()}
    kept |= {(r.game, r.seed, r.number): {**asdict(r), "date": when, "machine": machine} for r in rounds}
    entries = [kept[key] for key in sorted(kept)]
    path.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    replace("rounds", table(entries))


def replace(part: str, text: str) -> None:
    """Write a part of the page anew."""
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), part, text), encoding="utf-8")


def _known() -> list[dict[str, Any]]:
    path = DOCS / "reliability.json"
    return json.loads(path.read_text()) if path.exists() else []


def written(page: str, part: str, text: str) -> str:
    """The page with another text between the marks of a part."""
    head, begin, rest = page.partition(f"<!-- {part}: begin -->")
    _, end, tail = rest.partition(f"<!-- {part}: end -->")
    if not (begin and end):
        raise ValueError(f"{PAGE} has no marks of the part {part!r}. Restore them.")
    return f"{head}{begin}\n{text}{end}{tail}"


def _bound(count: int, wrong: int) -> str:
    """What so many faults say of the next one (the rule of three; Hanley and Lippman-Hand, JAMA 1983)."""
    if wrong or not count:
        return ""
    return f"So fewer than {min(1.0, 3 / count):.1%} of such faults end otherwise (95 % confidence)."


def table(entries: list[dict[str, Any]]) -> str:
    """One row a kind of fault."""
    kinds = sorted({kind for entry in entries for kind in entry["faults"]})
    count = sum(len(entry["faults"]) for entry in entries)
    hours = sum(entry["seconds"] for entry in entries) / 3600
    wrong = [entry for entry in entries if entry["wrong"]]
    lines = [
        f"\n{count} faults in {len(entries)} rounds, {hours:.1f} hours; {len(wrong)} rounds ended otherwise than "
        "an undisturbed study, and not in one error. " + _bound(count, len(wrong)) + "\n",
        "| fault | times | answered by one error | studies that ended otherwise | median seconds of such a round |",
        "|---|---|---|---|---|",
    ]
    for kind in kinds:
        of = [entry for entry in entries if kind in entry["faults"]]
        times = sum(entry["faults"].count(kind) for entry in of)
        bad = sum(bool(entry["wrong"]) for entry in of)
        refused = sum(entry["refused"] for entry in of)
        lines.append(f"| {kind} | {times} | {refused} | {bad} | {median(entry['seconds'] for entry in of):.0f} |")
    lines += [f"\n- {e['game']} {e['seed']}/{e['number']} ({', '.join(e['faults'])}): {e['wrong']}" for e in wrong]
    return "\n".join(lines) + "\n\n"
