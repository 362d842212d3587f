"""`study init`: the files with which a study of somebody's images begins."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from datasets.base.atomic_files import write_text
from datasets.base.errors import DataError
from datasets.base.roots import Root
from datasets.inspect import Found, inspect
from study.base.errors import StudyError
from study.preparation.budgets import BUDGETS
from study.spec.loading import parse_spec


def look(location: str, answers: Mapping[str, str], image_column: str | None = None) -> Found:
    """What the folder or URI holds; see `inspect`. Raises `StudyError` where no study can be made of it."""
    try:
        return inspect(location if "://" in location else os.path.abspath(location), answers, image_column)
    except DataError as error:
        raise StudyError(str(error)) from error


def check_place(location: str, out: Path, asked_for: bool) -> None:
    """Raise `StudyError` where files are there already, or would come to lie among the images unasked."""
    if not Root(location).remote and not Path(location).exists():
        raise StudyError(f"study init looks at a folder of images, but {location} is not there. Correct the path.")
    for path in (out, tables_of(out)):
        if path.exists():
            raise StudyError(f"study init overwrites nothing, but {path} is there. Remove it, or choose another --out.")
    if not Root(location).remote and out.absolute().is_relative_to(Path(location).absolute()) and not asked_for:
        raise StudyError(
            f"study init writes nothing among the images unasked, and {str(out)!r} lies in {location!r}. Run it "
            "elsewhere, or name a file with --out."
        )


def tables_of(out: Path) -> Path:
    """The folder beside a spec in which its tables are."""
    return out.with_name(f"{out.stem}-data")


def write(found: Found, out: Path, budget: str) -> list[Path]:
    """Write the spec, and for images of one's own a table and rules for each set; returns what was written."""
    written = _write_tables(found, tables_of(out))
    text = spec_text(found, out, budget)
    parse_spec(yaml.safe_load(text), where=str(out))  # what is written here is a spec that every command takes
    write_text(out, text)
    return [out, *written]


def _write_tables(found: Found, folder: Path) -> list[Path]:
    written: list[Path] = []
    for name, table in found.sets.items():
        assert found.classes is not None
        place = folder / name
        rules = {"images": found.location, "tasks": found.classes.tasks}
        opening = "# What each diagnosis counts as. Change it freely before the study starts; left_out is not used.\n"
        write_text(place / "rules.yaml", opening + yaml.safe_dump(rules, allow_unicode=True, sort_keys=False))
        write_text(place / "images.csv", table.to_csv(index=False))
        written += [place / "rules.yaml", place / "images.csv"]
    return written


def spec_text(found: Found, out: Path, budget: str) -> str:
    """The spec as YAML with comments; `budget` is a name of `BUDGETS`."""
    chosen = BUDGETS[budget]
    train, tests = _release_sets(found) if found.releases else _own_sets(found, tables_of(out).absolute())
    others = [f"#   --budget {name}: {other.what}" for name, other in BUDGETS.items() if name != budget]
    lines = [
        f"# study plan {out.name}; study data prepare {out.name}; study data audit {out.name}; study run {out.name}",
        f"# Written by `study init --budget {budget}`: {chosen.what}. Others:",
        *others,
        f"study: {_name(out)}",
        "question: Which pre-training is best for these images?",
        chosen.methods.rstrip(),
        "train:",
        *(f"  {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in train.items()),
        chosen.split.rstrip(),
        "tests:",
        *(f"  - {json.dumps(test, ensure_ascii=False)}" for test in tests),
        chosen.search.rstrip(),
    ]
    return "\n".join(lines) + "\n"


def _own_sets(found: Found, folder: Path) -> tuple[dict[str, object], list[object]]:
    assert found.classes is not None
    task = found.classes.chosen
    tests: list[object] = [{"name": "held_out", "source": "indexed_test"}]  # the report shows the name
    if "test" in found.sets:
        tests.append({"name": "test_part", "source": "indexed", "root": str(folder / "test"), "task": task})
    return {"source": "indexed", "root": str(folder / "train"), "task": task}, tests


def _release_sets(found: Found) -> tuple[dict[str, object], list[object]]:
    first, *others = found.releases
    same = [other for other in others if other.task == first.task]
    train = {"source": first.source, "root": first.root, "task": first.task, "allow_missing": first.partial}
    tests: list[object] = [f"{first.source}_test"]
    tests += [
        {"source": other.source, "root": other.root, "task": other.task, "allow_missing": other.partial}
        for other in same
    ]
    return train, tests


def _name(out: Path) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", out.stem).lstrip("-_.")[:80] or "my-study"
