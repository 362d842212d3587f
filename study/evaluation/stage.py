"""The stages *calibrate* and *evaluate*: every replicate scored on its validation images, then on every test set."""

from __future__ import annotations

from study.cluster import connection
from study.evaluation import prediction_tables
from study.evaluation.calibrate import calibrate, is_current
from study.evaluation.evaluate import evaluate
from study.evaluation.prediction_tables import expected_tables, is_made_from
from study.evaluation.qualitative import write_panels
from study.evaluation.validation_tables import expected_validation
from study.store import operating_points_record, selection_record
from study.store.stage import Count, Stage, StageContext

WITHHELD = (
    "no operating points: an older version read test labels of this study before it chose any. Give --reopen REASON to "
    "choose them now"
)


class Calibrate(Stage):
    """Score every replicate on its own validation images, and freeze what they say: thresholds and temperatures."""

    name = "calibrate"
    needs = ("prepare", "replicate")

    def run(self, context: StageContext) -> None:
        """Score what is missing, then choose and freeze, or find that it is frozen."""
        if operating_points_record.withheld(context.directory) and context.reopen is None:
            context.message(WITHHELD)
            return
        connection.connect(context.address)
        calibrate(context)

    def status(self, context: StageContext) -> Count:
        """Validation tables that are whole, and the frozen record as one piece more. Nothing is wanted of a study whose
        test labels an older version read before."""
        plan, directory = context.plan, context.directory
        frozen = selection_record.current(plan, directory)
        if frozen is None or not (directory.manifests.exists() and directory.audit.exists()):
            return Count(done=0, wanted=None)
        if operating_points_record.withheld(directory):
            return Count(done=0, wanted=0)
        tables = expected_validation(plan, directory, frozen)
        written = sum(is_made_from(path, origin) for path, origin in tables.items())
        return Count(done=written + int(is_current(plan, directory, frozen)), wanted=len(tables) + 1)

    def fingerprint(self, context: StageContext) -> str:
        """The selection decides whose operating points are chosen."""
        return selection_record.load(context.directory).digest


class Evaluate(Stage):
    """Score every replicate on every test set, then look at what the winners look at."""

    name = "evaluate"
    needs = ("prepare", "calibrate")

    def run(self, context: StageContext) -> None:
        """Score what is missing."""
        prediction_tables.verify(context.directory, unfinished=True)
        connection.connect(context.address)
        evaluate(context)
        write_panels(context.directory, context.plan)

    def status(self, context: StageContext) -> Count:
        """Prediction tables that are whole, and the qualitative pages as one piece more."""
        plan, directory = context.plan, context.directory
        if selection_record.current(plan, directory) is None or not (
            directory.manifests.exists() and directory.audit.exists()
        ):
            return Count(done=0, wanted=None)
        tables = expected_tables(plan, directory)
        written = sum(is_made_from(path, origin) for path, origin in tables.items())
        panels = int((directory.panels / "panels.json").is_file())
        return Count(done=written + panels, wanted=len(tables) + 1)

    def fingerprint(self, context: StageContext) -> str:
        """The selection decides whose predictions are made."""
        return selection_record.load(context.directory).digest


CALIBRATE, EVALUATE = Calibrate(), Evaluate()
