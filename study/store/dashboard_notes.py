"""What optuna-dashboard shows of a cell besides its trials: the objective's name, and a note that says what it is.

Notes are system attributes of the Optuna study under the keys that optuna-dashboard 0.20 reads (its `_note.py`); the
package itself is optional and not needed to write them.
"""

from __future__ import annotations

from optuna.storages import BaseStorage

from study.plan.cells import Cell, Plan

METRIC_NAMES = "study:metric_names"  # what Optuna's own `Study.set_metric_names` writes
NOTE, NOTE_VERSION = "dashboard:note_str:0", "dashboard:note_ver"
LONGEST = 2045  # characters of one attribute


def describe(storage: BaseStorage, plan: Plan) -> None:
    """Name the objective and write the note of every cell that has a study and lacks a note; a note that somebody has
    changed stays as it is."""
    studies = {study.study_name: study._study_id for study in storage.get_all_studies()}
    for cell in plan.cells:
        study = studies.get(f"{plan.spec.study}/{cell.key}")
        if study is None or NOTE_VERSION in storage.get_study_system_attrs(study):
            continue
        storage.set_study_system_attr(study, METRIC_NAMES, [plan.spec.search.objective])
        storage.set_study_system_attr(study, NOTE, note(plan, cell)[:LONGEST])
        storage.set_study_system_attr(study, NOTE_VERSION, 1)


def note(plan: Plan, cell: Cell) -> str:
    """Markdown: the cell, its budget, and how its trials are to be read."""
    search = plan.spec.search
    return "\n".join(
        [
            f"## {cell.title}",
            "",
            plan.spec.question,
            "",
            f"- A cell of the study `{plan.spec.study}`: method `{cell.method.name}`, {cell.fraction * 100:g} % of the "
            f"training images, {cell.backbone} at {cell.image_size} px.",
            f"- {cell.trials} trials of at most {cell.max_epochs} epochs; sampler {search.sampler}, the first "
            f"{search.shared_design * search.repeats} trials the same for every method (`origin: shared`).",
            f"- Scheduler {search.scheduler.description}. *Pruned*: stopped by it; *Fail*: an error or a loss that is "
            "not finite. Both used up budget.",
            f"- The value of a trial is its best `{search.objective}` over its epochs, on validation images; test "
            "images are not read by the search. All that an epoch measured is in the attribute `epoch:<n>`.",
        ]
    )
