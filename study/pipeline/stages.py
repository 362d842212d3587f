"""All stages of a study, in their order."""

from __future__ import annotations

from study.analysis.stage import COMPARE, REPORT
from study.evaluation.stage import CALIBRATE, EVALUATE
from study.preparation.stage import STAGE as PREPARE
from study.search.stage import STAGE as SEARCH
from study.selection.stage import STAGE as SELECT
from study.store.stage import Stage
from study.training.stage import STAGE as REPLICATE

STAGES: dict[str, Stage] = {
    stage.name: stage for stage in (PREPARE, SEARCH, SELECT, REPLICATE, CALIBRATE, EVALUATE, COMPARE, REPORT)
}
