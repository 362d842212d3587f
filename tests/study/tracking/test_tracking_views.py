"""Saved views: the form that MLflow's interface writes."""

from __future__ import annotations

import base64
import json
import zlib

from study.tracking.desired.saved_views import saved_views
from tests.study.tracking.studies import start


def test_views_name_the_columns_that_tell_the_story(tmp_path):
    plan, _ = start(tmp_path)
    found = saved_views(plan, saved=1000.0)
    assert set(found) == {f"mlflow.sharedViewState.{n}" for n in ("everything", "cells", "trials", "evaluations")}
    cells = json.loads(found["mlflow.sharedViewState.cells"])
    assert (cells["name"], cells["createdAt"]) == ("Cells", 1_000_000)
    kind, _, packed = cells["state"].partition(";")
    state = json.loads(zlib.decompress(base64.b64decode(packed)))
    assert kind == "deflate"
    assert state["searchFilter"] == "tags.kind = 'cell'"
    assert {"metrics.`best_val_auc`", "metrics.`rank`", "metrics.`auroc_synthetic_test`"} <= set(
        state["selectedColumns"]
    )
    assert all(len(tag) < 5000 for tag in found.values()), "an experiment's tag has a limit"
