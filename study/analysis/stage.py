"""The stages *compare* and *report*: statistics over the prediction tables, and the page that shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from study.analysis import compare_stage
from study.base.errors import StudyError
from study.evaluation.stage import EVALUATE
from study.protocol import holdings
from study.report import ReportError, write_report
from study.store import read_log
from study.store.stage import Count, Stage, StageContext, record_fingerprint, recorded_fingerprint


class _OfPredictions(Stage):
    """Shared by both stages: a result is up to date as long as its inputs stay the same."""

    timed = False
    event: Literal["compared", "reported"]

    def status(self, context: StageContext) -> Count:
        """Done when the output exists, is unaltered, and its inputs are those that the directory holds now."""
        evaluated = EVALUATE.status(context)
        if evaluated.wanted is None:
            return Count(done=0, wanted=None)
        complete = compare_stage.predictions_complete(context.plan, context.directory)
        intact = self.output(context).is_file() and complete and not self.altered(context)
        current = intact and recorded_fingerprint(context.directory, self.name) == self.fingerprint(context)
        return Count(done=int(current), wanted=1)

    def fingerprint(self, context: StageContext) -> str:
        """Spec, selection, predictions, trials, the log of test reads, audit and data."""
        return compare_stage.fingerprint(context.plan, context.directory)

    def altered(self, context: StageContext) -> bool:
        """Whether its files differ from those that it wrote. A study in which no test label was read has no log."""
        written = read_log.last(context.directory, self.event)
        return written is not None and written["outputs"] != holdings.output_digest(context.directory, self.event)

    def log(self, context: StageContext) -> None:
        """Log the digest of its files, if it differs from the last logged one."""
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
        """Write the comparison tables and `context.json`."""
        compare_stage.compare(context.plan, context.directory)
        self.log(context)

    def output(self, context: StageContext) -> Path:
        """The metadata beside the tables."""
        return context.directory.comparison / "context.json"


class Report(_OfPredictions):
    """One HTML page and its tables."""

    name = "report"
    event = "reported"
    needs = ("compare",)

    def run(self, context: StageContext) -> None:
        """Write the page from the comparison tables."""
        directory = context.directory
        if COMPARE.altered(context):
            raise StudyError(
                f"A report shows the comparison as it was made, but files in {directory.comparison} were altered. Run "
                f"`study compare {directory.root}`, which writes them anew."
            )
        try:
            write_report(directory.comparison, directory.report, directory.tables, directory.figures)
        except ReportError as error:
            raise StudyError(str(error)) from error
        self.log(context)

    def output(self, context: StageContext) -> Path:
        """The report page."""
        return context.directory.report


COMPARE, REPORT = Compare(), Report()
