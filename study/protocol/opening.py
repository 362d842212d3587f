"""Starting a study in a directory, and opening one that is there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from datasets.base.atomic_files import json_text, write_text
from study.base.errors import StudyError
from study.plan import fairness_rules
from study.plan.cells import Plan, plan
from study.protocol import seal
from study.protocol.link import CHANGEABLE
from study.spec.loading import load_spec
from study.spec.model import StudySpec
from study.store.directory import StudyDirectory, at

RAISED = ("trials", "epochs_per_cell", "seconds_per_cell")  # what an extension may raise, for all cells alike


def start_study(
    spec: StudySpec, root: Path, *, extend: bool = False, reopen: str | None = None
) -> tuple[Plan, StudyDirectory]:
    """The plan of a spec and its directory, made when it is not there: `spec.yaml` and `plan.json` are written.

    Resources, tracking and data roots may change between runs; with `extend` the search's budget may grow; before the
    first trial everything may change, so that what an error asks for can be mended in place. Once test labels were
    read, the protocol is sealed, and a change needs a reason (`reopen`). Raises `StudyError` when the plan breaks a
    rule that the spec does not accept, when the directory holds a study made from another spec, and when a record of
    the study was altered.
    """
    planned = plan(spec)
    fairness_rules.check(planned)
    directory = at(root)
    if directory.spec.exists():
        found = load_spec(directory.spec)
        seal.check(plan(found), directory, reopen=reopen)
        if found.digest != spec.digest:
            _change_spec(found, spec, directory, extend=extend, reopen=reopen)
    elif directory.root.exists() and any(directory.root.iterdir()):
        raise StudyError(
            f"A study starts in an empty directory or goes on in its own, but {directory.root} holds other files. "
            "Give --dir another directory."
        )
    _write_spec(planned, directory)
    seal.check(planned, directory, reopen=reopen)
    return planned, directory


def _change_spec(
    found: StudySpec, spec: StudySpec, directory: StudyDirectory, *, extend: bool, reopen: str | None
) -> None:
    """Whether a study may go on under another spec. Raises `StudyError` where it may not."""
    changed = differences(found, spec)
    if not (directory.root / "trials.db").exists():
        _forget_preparation(directory)
        return
    larger = extend and extends(found, spec)
    if not directory.test_reads.exists() and larger:
        return
    if (
        directory.test_reads.exists()
        and reopen is not None
        and (larger or set(changed) <= set(CHANGEABLE) - {"search"})
    ):
        return
    hint = " (--extend accepts larger budgets of the search alone)" if extend else ""
    if directory.test_reads.exists():
        hint += "; after test labels were read a change also needs --reopen REASON, which the report will show"
    raise StudyError(
        f"A study directory belongs to one spec, but {directory.root} was made from another: {', '.join(changed)} "
        f"differ. Give --dir another directory or restore the spec{hint}."
    )


def _write_spec(planned: Plan, directory: StudyDirectory) -> None:
    """The plan first: a kill between the two leaves the old spec, and the next run writes both again."""
    content = yaml.safe_dump(planned.spec.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    text = json_text(plan_content(planned))
    if not directory.plan.exists() or directory.plan.read_text() != text:
        write_text(directory.plan, text)
    if not directory.spec.exists() or directory.spec.read_text() != content:
        write_text(directory.spec, content)


def _forget_preparation(directory: StudyDirectory) -> None:
    """Remove what an earlier spec of a study that never began has left."""
    shutil.rmtree(directory.root / "splits", ignore_errors=True)
    for path in (directory.audit, directory.joined, directory.manifests, directory.progress, directory.precision):
        path.unlink(missing_ok=True)


def open_study(root: Path, *, reopen: str | None = None) -> tuple[Plan, StudyDirectory]:
    """The plan and directory of a study that was started, verified along its chain (`study.protocol.chain`).

    Raises `StudyError` when `root` holds no study, and when what was decided has changed, unless `reopen` says why.
    """
    planned, directory = load_study(root)
    seal.check(planned, directory, reopen=reopen)
    if reopen is not None:
        _write_spec(planned, directory)
    return planned, directory


def load_study(root: Path) -> tuple[Plan, StudyDirectory]:
    """The plan and directory of a study as they are: for a process that accompanies a driver, which has verified."""
    directory = at(root)
    if not directory.spec.is_file():
        raise StudyError(
            f"A study directory holds the spec it was made from, but {directory.spec} does not exist. Start one with "
            "`study run SPEC`, or correct the path."
        )
    return plan(load_spec(directory.spec)), directory


def default_root(spec: StudySpec) -> Path:
    """`runs/<study>` below the working directory."""
    return Path("runs") / spec.study


def differences(one: StudySpec, other: StudySpec) -> list[str]:
    """Top-level keys in which two specs differ, resources, tracking and data roots aside."""
    first, second = one.identity(), other.identity()
    return [name for name in {**first, **second} if first.get(name) != second.get(name)]


def extends(one: StudySpec, other: StudySpec) -> bool:
    """Whether `other` asks for the same study with larger budgets of the search."""
    if set(differences(one, other)) != {"search"}:
        return False
    before, after = one.identity()["search"], other.identity()["search"]
    changed = [name for name in before | after if before.get(name) != after.get(name)]
    return all(name in RAISED and before[name] is not None for name in changed) and all(
        after[name] is None or after[name] > before[name] for name in changed
    )


def plan_content(planned: Plan) -> dict[str, Any]:
    """What `plan.json` says: the parity table, the accepted violations, and the digest that ties it to its spec."""
    table = fairness_rules.parity(planned)
    return {
        "study": planned.spec.study,
        "spec_digest": planned.spec.digest,
        "cells": json.loads(table.to_json(orient="records")),
        "accepted": [
            {"what": found.key, "message": found.message, "reason": found.reason}
            for found in fairness_rules.violations(planned)
        ],
    }
