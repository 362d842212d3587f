"""The tamper matrix, whole: `python -m tests.soak.tampering [--write] [RECORD…]`; `--write` renews docs/tampering.md.

Builds two small finished studies, then damages every record in every way before every command. About 15 minutes.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

import yaml

from study import api
from tests.study.example_study import raw
from tests.tools.tampering import COMMANDS, DAMAGES, RECORDS, damage, outcome, result

PAGE = Path(__file__).parents[2] / "docs" / "tampering.md"
SHORT = {"refused": "refused", "healed or unchanged": "same result", "no result of its own": "–"}
HEAD = """# What happens when records are tampered with

Made by `python -m tests.soak.tampering --write`. A finished study is copied, one record is damaged, one command runs.
*refused*: one error that names the file and the next action. *same result*: the command healed the damage, or does not
use the record; winners, all comparison tables and the page are those of the untouched study (after `select`,
`replicate` and `evaluate` the whole study runs again before it is compared). *edited* is a forger's edit, with digests
recomputed where the record carries its own; *swapped*: the same record of a study with another seed.

Who forges *every* record alike, each with digests that fit, is not seen here, but in MLflow: the study's run keeps the
digests of the protocol, and each replicate's run those of its predictions, as they were when they were made.
"""


def small(seed: int, root: Path) -> Path:
    """A spec file for a small study, and the study run in `root/study`; returns the spec file."""
    search = {"trials": 2, "max_epochs": 2, "shared_design": 2, "scheduler": {"asha": {"eta": 2, "grace": 1}}}
    train = {"source": "synthetic", "fractions": [1.0]}
    content = raw(train=train, search=search, seed=seed, resources={"max_concurrent": 1}, tracking={"models": False})
    path = root / "spec.yaml"
    path.write_text(yaml.safe_dump(content))
    api.run(path, root / "study", progress=False)
    return path


def main() -> int:
    """Run the matrix; exit code 1 where a command gave another result or a traceback."""
    rows: dict[tuple[str, str], str] = {}
    bad: list[str] = []
    chosen = [name for name in sys.argv[1:] if name in RECORDS] or list(RECORDS)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        roots = [Path(place) / name for name in ("one", "other")]
        for root in roots:
            root.mkdir()
        spec, _ = (small(seed, root) for seed, root in enumerate(roots))
        study, other = (root / "study" for root in roots)
        before = result(study)
        for name in chosen:
            for how in DAMAGES:
                cells = []
                for command in COMMANDS:
                    copy = Path(place) / "copy"
                    shutil.rmtree(copy, ignore_errors=True)
                    shutil.copytree(study, copy)
                    damage(copy, name, how, other)
                    found = outcome(command, copy, spec, before)
                    cells.append(SHORT.get(found, f"**{found}**"))
                    if found not in SHORT:
                        bad.append(f"{name} {how} {command}: {found}")
                        print(bad[-1], flush=True)
                rows[name, how] = f"| {name} | {how} | " + " | ".join(cells) + " |"
                print(rows[name, how], flush=True)
    rows = {**_written(), **rows} if len(chosen) < len(RECORDS) else rows
    bad_cells = sum(row.count("**") // 2 for row in rows.values())
    head = "| record | damage | " + " | ".join(COMMANDS) + " |\n|" + "---|" * (len(COMMANDS) + 2)
    count = len(rows) * len(COMMANDS)
    print(f"{len(chosen) * len(DAMAGES) * len(COMMANDS)} cases in {(time.monotonic() - started) / 60:.0f} minutes")
    if "--write" in sys.argv:
        PAGE.write_text(f"{HEAD}\n{count} cases, {bad_cells} wrong.\n\n{head}\n" + "\n".join(rows.values()) + "\n")
    return int(bool(bad))


def _written() -> dict[tuple[str, str], str]:
    """The rows of the page as it is: records that are not tried again keep theirs."""
    if not PAGE.exists():
        return {}
    cells = {line: [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.read_text().splitlines()}
    return {(found[0], found[1]): line for line, found in cells.items() if found[0] in RECORDS}


if __name__ == "__main__":
    raise SystemExit(main())
