"""Every kind of file of a finished study, damaged: `python -m tests.soak.damaged_files [--seed S] [--write]`.

The small study gets one damaged file, and is run again: the result is that of the undamaged one, or one error names the
file, or its folder, and the next action; what nothing reads again is named by `study verify`. Files of tracking are
read by `study track`. One round takes all kinds of files with one damage each.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from study.base.errors import StudyError
from study.cli import app
from study.pipeline.verify import verify
from study.protocol.opening import load_study
from tests.soak import reliability, small_study
from tests.soak.faults import reference
from tests.soak.file_damage import DAMAGES, damage

ACTION = re.compile(r"\b(run|Run|Restore|restore|Delete|Mend|Give|Correct|correct|Start|Remove)\b")


def kinds(home: Path) -> dict[str, list[Path]]:
    """The files of a study by kind: their paths without numbers and digests; exports by folder and ending."""
    found: dict[str, list[Path]] = {}
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        if not path.is_file() or path.suffix in (".lock", ".pid") or path.name == "lock" or path.stat().st_size == 0:
            continue
        name = re.sub(r"[0-9a-f]{12,}|\d+", "#", name)
        if name.startswith(("tables/", "figures/", "comparison/", "mlartifacts/")):
            name = f"{name.partition('/')[0]}/*{path.suffix}"
        found.setdefault(name, []).append(path)
    return found


def judge(home: Path, path: Path, undisturbed: dict[str, Any]) -> str:
    """`as undisturbed`, `refused`, or what went wrong."""
    tracking = path.relative_to(home).parts[0] in ("tracking", "mlflow.db", "mlartifacts")
    spec = home.parent / "spec.yaml"
    arguments = ["track", str(home)] if tracking else ["run", str(spec), "--dir", str(home)]
    ran = CliRunner().invoke(app, arguments)
    error = ran.exception
    if isinstance(error, StudyError) or (error is not None and ran.exit_code == 1 and isinstance(error, SystemExit)):
        text = str(error) if isinstance(error, StudyError) else ran.output
        named = any(part in text for part in (path.name, f"{path.parent}"))
        return "refused" if named and ACTION.search(text) else f"an error without file or action: {text[:200]}"
    if error is not None and not isinstance(error, SystemExit):
        return f"traceback: {type(error).__name__}: {error}"[:200]
    if any(link.answer == "broken" for link in verify(*load_study(home))):
        return "seen by verify"  # nothing reads it again, so a run passes it over
    found = small_study.ending(home)
    changed = [name for name, value in found.items() if value != undisturbed[name]]
    return f"another result: {changed}" if changed else "as undisturbed"


def _damaged(source: Path, path: Path, how: str, chance: random.Random, undisturbed: dict[str, Any]) -> str:
    """Damage a file of a study, judge what comes of it, and put the study back. It stays where it is, because MLflow
    refuses one that was moved."""
    home = source / "study"
    with tempfile.TemporaryDirectory(prefix="s", ignore_cleanup_errors=True) as place:
        shutil.copytree(home, Path(place) / "study")
        try:
            damage(path, how, chance)
            return judge(home, path, undisturbed)
        finally:
            shutil.rmtree(home)
            shutil.copytree(Path(place) / "study", home)


def main() -> int:
    """One round; exit code 1 where a damage was not seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="a kind of file")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--scratch", type=Path, help="kept, with the undisturbed study, for the next run")
    options = parser.parse_args()
    chance = random.Random(f"{options.seed}/files")
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="s", ignore_cleanup_errors=True) as scratch:
        where = options.scratch or Path(scratch)
        where.mkdir(exist_ok=True)
        undisturbed = reference(where)
        source = where / "r"
        for number, (kind, paths) in enumerate(kinds(source / "study").items()):
            how, chosen = DAMAGES[(number + options.seed) % len(DAMAGES)], chance.choice(paths)
            if options.only not in (None, kind):
                continue
            started = time.monotonic()
            came = _damaged(source, chosen, how, chance, undisturbed)
            fine = came in ("refused", "as undisturbed", "seen by verify")
            wrong += not fine
            print(f"{options.seed}/{number} {how} {kind}: {came}", flush=True)
            found = reliability.Round(
                game="files",
                seed=options.seed,
                number=number,
                faults=(how,),
                seconds=round(time.monotonic() - started, 1),
                refused=int(came in ("refused", "seen by verify")),
                wrong="" if fine else f"{kind}: {came}",
            )
            if options.write:
                reliability.add([found])
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
