"""The stage *prepare*: manifests, decoded images, splits, and the leakage audit."""

from __future__ import annotations

from study.preparation import prepare
from study.store.stage import Count, Stage, StageContext


class Prepare(Stage):
    """Decode the images on this machine, write the splits, and audit them for leaks."""

    name = "prepare"
    per_machine = True

    def check(self, context: StageContext) -> None:
        """Read the manifests of all data sets."""
        context.manifests.update(prepare.load_manifests(context.plan))

    def run(self, context: StageContext) -> None:
        """Everything that training and scoring read."""
        if not context.manifests:
            self.check(context)
        prepare.prepare(context.plan, context.directory, context.manifests, context.message)

    def status(self, context: StageContext) -> Count:
        """Done once the audit is written: it comes last."""
        return Count(done=int(context.directory.audit.is_file()), wanted=1)


STAGE = Prepare()
