"""How many copies of an image a method is scored on: the study's, or for probes the plain view that they learned from.

Augmented copies, which a probe does not know, cost the drawn BYOL's .2 of its AUC under the published policy.
"""

from __future__ import annotations

from study.plan.cells import Cell, Plan
from study.protocol import protocol
from study.store.directory import StudyDirectory
from trainables.pipelines.registry import augments


def scored_on(copies: int) -> str:
    """What scores of so many copies are, in words."""
    return "of the plain view" if copies == 1 else f"mean over {copies} augmented copies"


def copies_of(plan: Plan, directory: StudyDirectory, cell: Cell) -> int:
    """Copies of an image in the evaluation of a cell; 1 is the plain view.

    The sealed protocol says how probes are scored, so that all tables of a study are made alike; before it is sealed,
    as it will say.
    """
    copies, sealed = plan.spec.evaluate.copies, protocol.load(directory)
    if sealed is not None and sealed.probes == "augmented":
        return copies
    return copies if augments(cell.method.pipeline) else 1
