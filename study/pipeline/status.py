"""How far a study is: each stage says so of itself."""

from __future__ import annotations

from study.pipeline.stages import STAGES
from study.plan.cells import Plan
from study.store.directory import StudyDirectory
from study.store.stage import Count, StageContext


def status(plan: Plan, directory: StudyDirectory) -> dict[str, Count]:
    """How far every stage is, in their order."""
    context = StageContext(plan=plan, directory=directory)
    return {name: stage.status(context) for name, stage in STAGES.items()}


def stages_to_run(plan: Plan, directory: StudyDirectory) -> list[str]:
    """The first stage that is not complete and all after it, led by those that have to run again on this machine."""
    missing = [name for name, count in status(plan, directory).items() if not count.complete]
    if not missing:
        return []
    order = list(STAGES)
    stages = order[order.index(missing[0]) :]
    again = {need for name in stages for need in STAGES[name].needs if STAGES[need].per_machine}
    return [name for name in order if name in stages or name in again]
