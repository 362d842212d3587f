"""The stage *select*: the winners of every cell, frozen."""

from __future__ import annotations

from study.preparation import manifests
from study.protocol import holdings, seal
from study.selection.edges import edges
from study.selection.winners import winners as winners_of
from study.store import selection_record
from study.store.stage import Count, Stage, StageContext
from study.store.trial_storage import study_trials


class Select(Stage):
    """Freeze the winners of every cell, by validation results alone."""

    name = "select"
    needs = ("search",)

    def run(self, context: StageContext) -> None:
        """Propose the winners and freeze them, or find that they are frozen."""
        plan, directory = context.plan, context.directory
        size = manifests.validation_size(plan.spec, directory)
        trials = study_trials(plan, directory)
        winners = winners_of(plan, trials, size)
        proposed = selection_record.propose(
            plan.spec.digest,
            plan.spec.select.rule,
            winners,
            repeats=plan.spec.search.repeats,
            trials=holdings.trials_digest(trials),
        )
        frozen = selection_record.freeze(directory, proposed, reopen=context.reopen)
        seal.follow(plan, directory, frozen, reason=context.reopen)
        for edge in edges(plan, winners).to_dict("records"):
            context.message(
                f"warning: the winner of {edge['cell']} has {edge['parameter']} = {edge['value']:g} on the "
                f"{edge['edge']} edge of the search space: the best may lie outside"
            )
        context.message(f"selection {frozen.digest}: {len(frozen.winners)} winners by rule {frozen.rule!r}")

    def status(self, context: StageContext) -> Count:
        """Done when the frozen selection is of this spec; a study that was extended selects again."""
        return Count(done=int(selection_record.current(context.plan, context.directory) is not None), wanted=1)


STAGE = Select()
