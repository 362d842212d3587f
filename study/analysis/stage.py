"""The stages *compare* and *report*: statistics over the prediction tables, and the page that shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from study.analysis import compare_stage
from study.base.errors import StudyError
from study.evaluation.stage import STAGE as EVALUATE
from study.protocol import holdings
from study.report import write_report
from study.store import read_log
from study.store.stage import Count, Stage, StageContext, record_fingerprint, recorded_fingerprint


class _OfPredictions(Stage):
    """What both stages share: their result is current as long as what it was made from stays the same."""

    timed = False
    event: Literal["compared", "reported"]

    def status(self, context: StageContext) -> Count:
        """Done when the output is there and was made from what the directory holds now."""
        evaluated = EVALUATE.status(context)
        if evaluated.wanted is None:
            return Count(done=0, wanted=None)
        whole = compare_stage.predictions_complete(context.plan, context.directory)
        current = self.output(context).is_file() and whole and not self.altered(context)
        fresh = current and recorded_fingerprint(context.directory, self.name) == self.fingerprint(context)
        return Count(done=int(fresh), wanted=1)

    def fingerprint(self, context: StageContext) -> str:
        """Spec, selection, predictions, trials, the log of test reads, audit and data."""
        return compare_stage.fingerprint(context.plan, context.directory)

    def altered(self, context: StageContext) -> bool:
        """Whether its files are not those that it wrote; a study that no test label was read for has no log of them."""
        written = read_log.last(context.directory, self.event)
        return written is not None and written["outputs"] != holdings.output_digest(context.directory, self.event)

    def log(self, context: StageContext) -> None:
        """Log its files, where they are not those that were logged last."""
        written = read_log.last(context.directory, self.event)
        outputs = holdings.output_digest(context.directory, self.event)
        if written is None or written["outputs"] != outputs:
            read_log.append(context.directory, self.event, outputs=outputs)
        record_fingerprint(context.directory, self.name, self.fingerprint(context))

    def output(self, context: StageContext) -> Path:
        """The file that is written last."""
        raise NotImplementedError


class Compare(_OfPredictions):
    """Statistics over the prediction tables."""

    name = "compare"
    event = "compared"
    needs = ("evaluate",)

    def run(self, context: StageContext) -> None:
        """Write the comparison tables and the facts beside them."""
        compare_stage.compare(context.plan, context.directory)
        self.log(context)

    def output(self, context: StageContext) -> Path:
        """The facts beside the tables."""
        return context.directory.comparison / "context.json"


class Report(_OfPredictions):
    """One HTML page and its tables."""

    name = "report"
    event = "reported"
    needs = ("compare",)

    def run(self, context: StageContext) -> None:
        """Write the page from the comparison tables."""
        where = context.directory
        if COMPARE.altered(context):
            raise StudyError(
                f"A report shows the comparison as it was made, but files in {where.comparison} were altered. Run "
                f"`study compare {where.root}`, which writes them anew."
            )
        write_report(where.comparison, where.report, where.tables, where.figures)
        self.log(context)

    def output(self, context: StageContext) -> Path:
        """The page."""
        return context.directory.report


COMPARE, REPORT = Compare(), Report()
