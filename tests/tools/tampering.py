"""What happens to a finished study whose records are tampered with: record × damage × command.

Each command must refuse with one clear error, heal what was damaged, or give the result that it gave before. The table
of docs/tampering.md is made from the outcomes (`python -m tests.soak.tampering --write`).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from typer.testing import CliRunner

from datasets.base.atomic_files import text_digest
from study.base.errors import StudyError
from study.cli import app
from study.store.read_log import link

FORGED = {"message": "forged", "count": 1, "severity": "warning", "accepted": None}
COMMANDS = ("status", "run", "select", "replicate", "calibrate", "evaluate", "compare", "report")
DAMAGES = ("edited", "truncated", "emptied", "deleted", "swapped")
Edit = Callable[[Path], None]


@dataclass(frozen=True)
class Record:
    """A record of a study: a pattern of its path (the first match is damaged), and how a forger would edit it."""

    pattern: str
    edit: Edit


def _json(change: Callable[[Any], None], digest: Callable[[Any], str] | None = None) -> Edit:
    """Edit a JSON record and, where it carries its own digest, forge that too."""

    def edit(path: Path) -> None:
        content = json.loads(path.read_text())
        change(content)
        if digest is not None:
            content.pop("digest")
            content["digest"] = digest(content)
        path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")

    return edit


def _set(*keys: Any, value: Any) -> Callable[[Any], None]:
    def change(content: Any) -> None:
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return change


def _text(old: str, new: str) -> Edit:
    def edit(path: Path) -> None:
        text = path.read_text()
        assert old in text, (path, old)
        path.write_text(text.replace(old, new))

    return edit


def _margin(path: Path) -> None:
    content = yaml.safe_load(path.read_text())
    content["compare"]["margin"] = 0.45
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def _database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE trial_values SET value = 0.999")
        connection.execute("UPDATE trial_intermediate_values SET intermediate_value = 0.999")
    connection.close()


def _forged_line(path: Path) -> None:
    """Remove the first line and chain the rest anew, as one who knows the format would."""
    lines = [json.loads(line) for line in path.read_text().splitlines()][1:]
    before, text = text_digest([]), ""
    for line in lines:
        event = {name: value for name, value in line.items() if name != "chain"}
        before = link(before, event)
        text += json.dumps({**event, "chain": before}, sort_keys=True) + "\n"
    lines_with_reads = [line for line in lines if line["event"] == "read"]
    path.write_text(text if lines_with_reads else "")


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))


def _scores(path: Path) -> None:
    """Turn the scores round, and forge the digest beside them."""
    table = pd.read_parquet(path)
    table.assign(score=1 - table["score"]).to_parquet(path, index=False)
    facts = path.with_suffix(".json")
    content = json.loads(facts.read_text())
    facts.write_text(json.dumps({**content, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}))


def _estimates(path: Path) -> None:
    table = pd.read_parquet(path)
    table.assign(estimate=table["estimate"] + 0.1).to_parquet(path, index=False)


def _swapped_labels(path: Path) -> None:
    text = path.read_text()
    path.write_text(text.replace('"label": 1', '"label": 2').replace('"label": 0', '"label": 1'))


RECORDS: Mapping[str, Record] = {
    "spec.yaml": Record("spec.yaml", _margin),
    "plan.json": Record("plan.json", _json(_set("spec_digest", value="0" * 16))),
    "splits/*.csv": Record("splits/0-*.csv", _text(",test\n", ",train\n")),
    "manifests.json": Record("manifests.json", _json(lambda c: [f.update(lesions=1) for f in c["data"].values()])),
    "audit.json": Record("audit.json", _json(lambda c: c.append({**FORGED, "key": "image_overlap:train-test"}))),
    "precision.json": Record("precision.json", _json(_set("precision", value="float16"))),
    "trials.db": Record("trials.db", _database),
    "selection.json": Record(
        "selection.json", _json(_set("winners", 0, "params", "lr", value=0.5), lambda c: text_digest(c))
    ),
    "operating_points.json": Record(
        "operating_points.json", _json(_set("replicates", 0, "temperature", value=0.5), text_digest)
    ),
    "validation/*.parquet": Record("validation/*.parquet", _scores),
    "validation/*.json": Record("validation/*.json", _json(_set("rows", value=1))),
    "protocol.json": Record("protocol.json", _json(_set("spec", "compare", "margin", value=0.45), text_digest)),
    "test_reads.jsonl": Record("test_reads.jsonl", _forged_line),
    "progress.json": Record("progress.json", _json(_set("compare", value="0" * 16))),
    "replicates/*/result.json": Record("replicates/*/*/result.json", _json(_set("value", value=0.999))),
    "replicates/*/best.pt": Record("replicates/*/*/best.pt", _flip),
    "predictions/*.parquet": Record("predictions/*/*.parquet", _scores),
    "predictions/*.json": Record("predictions/*/*.json", _json(_set("validation", value=0.999))),
    "comparison/*.parquet": Record("comparison/estimates.parquet", _estimates),
    "comparison/context.json": Record("comparison/context.json", _json(_set("margin", value=0.45))),
    "comparison/qualitative/panels.json": Record("comparison/qualitative/panels.json", _swapped_labels),
    "comparison/qualitative/*.jpg": Record("comparison/qualitative/*.jpg", _flip),
    "report.html": Record("report.html", _text("</h1>", " (no)</h1>")),
    "tables/*.csv": Record("tables/auc.csv", _text("0.", "0.9")),
    "figures/*.svg": Record("figures/roc-*.svg", _text("0 0 336 300", "0 0 300 336")),
    "stages/features/*.npy": Record("stages/features/*/*.values.npy", _flip),
    "trials/*/best.pt": Record("trials/*/*/best.pt", _flip),
    "replicates/*/history.json": Record(
        "replicates/*/*/history.json", _json(_set(0, "metrics", "val_auc", value=0.99))
    ),
}


def damage(root: Path, name: str, how: str, other: Path) -> None:
    """Damage one record of the study in `root`; `other` is another study, for `swapped`."""
    record = RECORDS[name]
    path = sorted(root.glob(record.pattern))[0]
    if how == "edited":
        record.edit(path)
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "emptied":
        path.write_bytes(b"")
    elif how == "deleted":
        path.unlink()
    else:
        shutil.copyfile(sorted(other.glob(record.pattern))[0], path)


def result(root: Path) -> dict[str, Any]:
    """What a study says: winners, tables of the comparison, and the facts that the report prints beside them."""
    comparison = root / "comparison"
    tables = {path.stem: pd.read_parquet(path) for path in sorted(comparison.glob("*.parquet"))}
    context = json.loads((comparison / "context.json").read_text())
    for passing in ("durations", "test_reads", "protocol", "versions", "selection"):
        context.pop(passing, None)
    winners = json.loads((root / "selection.json").read_text())["winners"]
    for name in ("ledger", "trials", "curves", "costs"):  # seconds of machines
        table = tables.get(name)
        if table is not None:
            tables[name] = table[[c for c in table if "second" not in c and c not in ("started", "ended", "flags")]]
    return {
        "winners": winners,
        "context": context,
        "tables": {name: table.to_csv(index=False, float_format="%.9g") for name, table in tables.items()},
        "page": (
            _page(root / "report.html"),
            _text_of(root / "tables" / "auc.csv"),
            _text_of(*(root / "figures").glob("roc-*.svg")),
        ),
    }


def _page(path: Path) -> bool:
    return path.exists() and "</html>" in path.read_text() and "(no)</h1>" not in path.read_text()


def _text_of(*paths: Path) -> list[str]:
    return [path.read_text() for path in sorted(paths) if path.exists()]


def outcome(command: str, root: Path, spec: Path, before: dict[str, Any]) -> str:
    """`refused`, `healed or unchanged`, or what went wrong: a traceback, or another result with exit code 0."""
    arguments = ["run", str(spec), "--dir", str(root)] if command == "run" else [command, str(root)]
    ran = CliRunner().invoke(app, arguments)
    if isinstance(ran.exception, StudyError):
        return "refused"
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        return f"TRACEBACK {type(ran.exception).__name__}: {ran.exception}"
    if ran.exit_code != 0:
        return "refused"
    if command == "status":
        return "no result of its own"
    if command in (
        "select",
        "replicate",
        "calibrate",
        "evaluate",
    ):  # they print no result: what comes of them is judged
        return outcome("run", root, spec, before)
    after = result(root)
    changed = [name for name in before if before[name] != after[name] and (name != "page" or command != "compare")]
    if not changed:
        return "healed or unchanged"
    return f"ANOTHER RESULT: {changed}"
