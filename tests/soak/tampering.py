"""The tamper matrix, whole: `python -m tests.soak.tampering [--write] [RECORD…]`; `--write` renews docs/tampering.md.

Builds two small finished studies, then damages every record in every way before every command. About half an hour; in
pieces with `--studies FOLDER`, which keeps the two studies, and the names of some records.
"""

from __future__ import annotations

import argparse
import shutil
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
    content = raw(
        methods=["supervised:ft", "simclr:linear"],
        train=train,
        search=search,
        seed=seed,
        resources={"max_concurrent": 1},
        tracking={"models": False},
    )
    path = root / "spec.yaml"
    path.write_text(yaml.safe_dump(content))
    if not (root / "study" / "report.html").exists():
        api.run(path, root / "study", progress=False)
    return path


def main() -> int:
    """Run the matrix; exit code 1 where a command gave another result or a traceback."""
    rows: dict[tuple[str, str], str] = {}
    bad: list[str] = []
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", nargs="*", choices=[*RECORDS, []], metavar="RECORD")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--studies", type=Path)
    options = parser.parse_args()
    chosen = options.records or list(RECORDS)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        roots = [(options.studies or Path(place)) / name for name in ("one", "other")]
        for root in roots:
            root.mkdir(parents=True, exist_ok=True)
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
    known = _written() if len(chosen) < len(RECORDS) else {}
    rows = {key: row for key in _keys() if (row := rows.get(key) or known.get(key))}
    bad_cells = sum(row.count("**") // 2 for row in rows.values())
    head = "| record | damage | " + " | ".join(COMMANDS) + " |\n|" + "---|" * (len(COMMANDS) + 2)
    count = len(rows) * len(COMMANDS)
    print(f"{len(chosen) * len(DAMAGES) * len(COMMANDS)} cases in {(time.monotonic() - started) / 60:.0f} minutes")
    if options.write:
        PAGE.write_text(f"{HEAD}\n{count} cases, {bad_cells} wrong.\n\n{head}\n" + "\n".join(rows.values()) + "\n")
    return int(bool(bad))


def _keys() -> list[tuple[str, str]]:
    return [(name, how) for name in RECORDS for how in DAMAGES]


def _written() -> dict[tuple[str, str], str]:
    """The rows of the page as it is: records that are not tried again keep theirs."""
    if not PAGE.exists():
        return {}
    cells = {line: [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.read_text().splitlines()}
    return {(f[0], f[1]): line for line, f in cells.items() if f[0] in RECORDS and len(f) == len(COMMANDS) + 2}


if __name__ == "__main__":
    raise SystemExit(main())
