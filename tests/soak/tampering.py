"""The tamper matrix, whole: `python -m tests.soak.tampering [--write] [RECORD…]`; `--write` renews docs/tampering.md.

Builds two small finished studies, then damages every record in every way before every command. About half an hour; in
pieces with `--studies FOLDER`, which keeps the two studies, and the names of some records.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
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


Cell = tuple[str, str, str]
"""Record, damage, command."""


def main() -> int:
    """Run the matrix; exit code 1 where a command gave another result or a traceback."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", nargs="*", choices=[*RECORDS, []], metavar="RECORD")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--missing", action="store_true", help="only what docs/tampering.md has no answer to")
    parser.add_argument("--studies", type=Path)
    options = parser.parse_args()
    cells = written() if options.missing or options.records else {}
    wanted = [
        (name, how)
        for name in options.records or RECORDS
        for how in DAMAGES
        if not (options.missing and all((name, how, command) in cells for command in COMMANDS))
    ]
    bad = 0
    with tempfile.TemporaryDirectory() as place:
        roots = [(options.studies or Path(place)) / name for name in ("one", "other")]
        for root in roots:
            root.mkdir(parents=True, exist_ok=True)
        spec, _ = (small(seed, root) for seed, root in enumerate(roots))
        study, other = (root / "study" for root in roots)
        before = result(study)
        for name, how in wanted:
            for command in COMMANDS:
                if options.missing and (name, how, command) in cells:
                    continue
                copy = Path(place) / "copy"
                shutil.rmtree(copy, ignore_errors=True)
                shutil.copytree(study, copy)
                damage(copy, name, how, other)
                found = outcome(command, copy, spec, before)
                cells[name, how, command] = SHORT.get(found, f"**{found}**")
                bad += found not in SHORT
            print(row(cells, name, how), flush=True)
            if options.write:
                PAGE.write_text(page(cells))
    return int(bad > 0)


def row(cells: dict[Cell, str], name: str, how: str) -> str:
    """A line of the table; what was not tried is `?`."""
    return f"| {name} | {how} | " + " | ".join(cells.get((name, how, command), "?") for command in COMMANDS) + " |"


def page(cells: dict[Cell, str]) -> str:
    """The page with all that was tried."""
    head = "| record | damage | " + " | ".join(COMMANDS) + " |\n|" + "---|" * (len(COMMANDS) + 2)
    tried = [(name, how) for name in RECORDS for how in DAMAGES if any(cell[:2] == (name, how) for cell in cells)]
    wrong = sum("**" in said for said in cells.values())
    rows = "\n".join(row(cells, name, how) for name, how in tried)
    count = f"{len(cells)} cases, {wrong} wrong. `?`: not tried since the command or the record came."
    return f"{HEAD}\n{count}\n\n{head}\n{rows}\n"


def written() -> dict[Cell, str]:
    """The page as it is: what is not tried again stays."""
    found: dict[Cell, str] = {}
    commands: list[str] = []
    for line in PAGE.read_text().splitlines() if PAGE.exists() else []:
        fields = [field.strip() for field in line.strip("|").split("|")]
        if fields[0] == "record":
            commands = fields[2:]
        elif fields[0] in RECORDS:
            answers = dict(zip(commands, fields[2:], strict=True))
            found |= {(fields[0], fields[1], command): said for command, said in answers.items() if said != "?"}
    return found


if __name__ == "__main__":
    raise SystemExit(main())
