"""The stages *compare* and *report*: statistics over the prediction tables, and the page that shows them."""

from __future__ import annotations

from pathlib import Path

from study.analysis import compare_stage
from study.evaluation.stage import STAGE as EVALUATE
from study.report import write_report
from study.store.stage import Count, Stage, StageContext, record_fingerprint, recorded_fingerprint


class _OfPredictions(Stage):
    """What both stages share: their result is current as long as what it was made from stays the same."""

    timed = False

    def status(self, context: StageContext) -> Count:
        """Done when the output is there and was made from what the directory holds now."""
        evaluated = EVALUATE.status(context)
        if evaluated.wanted is None:
            return Count(done=0, wanted=None)
        whole = compare_stage.predictions_complete(context.plan, context.directory)
        current = self.output(context).is_file() and whole
        fresh = current and recorded_fingerprint(context.directory, self.name) == self.fingerprint(context)
        return Count(done=int(fresh), wanted=1)

    def fingerprint(self, context: StageContext) -> str:
        """Spec, selection, predictions, trials, the log of test reads, audit and data."""
        return compare_stage.fingerprint(context.plan, context.directory)

    def output(self, context: StageContext) -> Path:
        """The file that is written last."""
        raise NotImplementedError


class Compare(_OfPredictions):
    """Statistics over the prediction tables."""

    name = "compare"
    needs = ("evaluate",)

    def run(self, context: StageContext) -> None:
        """Write the comparison tables and the facts beside them."""
        compare_stage.compare(context.plan, context.directory)
        record_fingerprint(context.directory, self.name, self.fingerprint(context))

    def output(self, context: StageContext) -> Path:
        """The facts beside the tables."""
        return context.directory.comparison / "context.json"


class Report(_OfPredictions):
    """One HTML page and its tables."""

    name = "report"
    needs = ("compare",)

    def run(self, context: StageContext) -> None:
        """Write the page from the comparison tables."""
        where = context.directory
        write_report(where.comparison, where.report, where.tables, where.figures)
        record_fingerprint(where, self.name, self.fingerprint(context))

    def output(self, context: StageContext) -> Path:
        """The page."""
        return context.directory.report


COMPARE, REPORT = Compare(), Report()
