"""Links of the chain before any test label is read: spec, splits, trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from study.plan.cells import Plan
from study.protocol import holdings
from study.protocol.link import CHANGEABLE, Break, changed_keys, sealed_protocol
from study.store import selection_record
from study.store.directory import StudyDirectory
from study.store.trial_storage import study_trials


def spec_link(plan: Plan, directory: StudyDirectory) -> Iterator[Break]:
    """`plan.json` names the digests of the spec that the study was planned from, and of each cell's search space."""
    if not directory.plan.exists():
        return
    planned = holdings.read_json(directory.plan, f"Delete it; `study run {directory.spec}` writes it anew.")
    if planned.get("spec_digest") == plan.spec.digest:
        yield from _spaces(planned, plan, directory)
        return
    sealed = sealed_protocol(directory)
    changed = changed_keys(sealed, plan) if sealed else []
    where = f" in {', '.join(changed)}" if changed else ""
    yield Break(
        link="spec",
        path=directory.spec,
        message=f"A study keeps the spec that it was planned from, but {directory.spec} differs from it{where} (digest "
        f"{plan.spec.digest}, {directory.plan} has {planned.get('spec_digest')}). Restore the spec"
        + ("" if sealed is None else ", or say why it changed with --reopen REASON, which the report will show")
        + ".",
        reopenable=sealed is not None and set(changed) <= set(CHANGEABLE),
    )


def _spaces(planned: Mapping[str, Any], plan: Plan, directory: StudyDirectory) -> Iterator[Break]:
    """A spec names its spaces alone: their files stay as they were once trials were drawn from them."""
    if not (directory.root / "trials.db").exists():
        return
    before = {row["cell"]: row.get("space_digest") for row in planned.get("cells", ())}
    for cell in plan.cells:
        if before.get(cell.key) not in (None, cell.space.digest):
            yield Break(
                link="spec",
                path=directory.plan,
                message=f"A study searches the spaces that it began with, but {cell.space.name!r}, which {cell.key} "
                f"searches, has digest {cell.space.digest} now and {directory.plan} has {before[cell.key]}. Restore "
                "the file of the space, or start a study in another directory.",
            )
            return


def splits_link(plan: Plan, directory: StudyDirectory) -> Iterator[Break]:
    """Every split file is the one that `manifests.json` recorded, and after the first read the sealed one."""
    sealed = sealed_protocol(directory)
    recorded = {**holdings.recorded_data(directory).get("splits", {}), **(sealed.splits if sealed else {})}
    for name, digest in holdings.split_digests(directory).items():
        if recorded.get(name, digest) != digest:
            path = directory.root / "splits" / name
            yield Break(
                link="splits",
                path=path,
                message=f"The splits of a study never change, but {path} has digest {digest}, recorded is "
                f"{recorded[name]}. Delete it and `study run` the study again, which writes it anew.",
            )


def trials_link(plan: Plan, directory: StudyDirectory) -> Iterator[Break]:
    """The record knows every trial that has left checkpoints, and those that the selection rests on are unchanged."""
    # Folders first: a search that runs meanwhile records a trial before it makes its folder.
    folders = {
        cell.key: [path for path in (directory.root / "trials" / cell.key).glob("*") if path.name.isdigit()]
        for cell in plan.cells
    }
    trials = study_trials(plan, directory)
    database = directory.root / "trials.db"
    for cell, paths in folders.items():
        count = sum(trial.cell == cell for trial in trials)
        lost = [path for path in paths if int(path.name) >= count]
        if lost:
            yield Break(
                link="trials",
                path=database,
                message=f"{database} records every trial, but it knows {count} of {cell} and {lost[0]} was left by "
                "another. Restore the file from a backup, or start the study in another directory.",
            )
            return
    altered = [f"{trial.cell} trial {trial.number}" for trial in trials if trial.altered]
    if altered:
        yield Break(
            link="trials",
            path=database,
            message=f"A trial that has ended never changes, but {database} holds another {altered[0]} than it was. "
            "Restore the file from a backup, or start the study in another directory.",
        )
        return
    selection = selection_record.current(plan, directory)
    if selection is not None and selection.trials not in (None, holdings.trials_digest(trials)):
        yield Break(
            link="trials",
            path=database,
            message=f"The trials that a selection rests on never change, but {database} holds others than "
            f"{directory.selection} was made from. Restore the file from a backup, or select from what it holds with "
            "--reopen REASON, which the report will show.",
            reopenable=True,
        )
