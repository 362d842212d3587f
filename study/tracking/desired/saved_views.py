"""Saved views of MLflow's table of runs: four sets of columns, under the button Views.

They are experiment tags in the form that "Save view" of MLflow 3.17 writes. A version that does not know the form shows
its default columns.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence

from study.plan.cells import Plan

TAG = "mlflow.sharedViewState."
NAME_WIDTH = 330  # pixels: indented names of trials in full
HYPERPARAMETERS = 6  # columns of them in the view of trials


def saved_views(plan: Plan, saved: float) -> dict[str, str]:
    """Experiment tags with the views `cells`, `trials`, `evaluations` and `everything`; `saved`: Unix time."""
    best = f"metrics.`best_{plan.spec.search.objective}`"
    ascending = plan.spec.search.direction == "minimize"
    spent = [f"metrics.`{name}`" for name in ("trials_complete", "trials_pruned", "trials_failed", "epochs")]
    tested = [f"metrics.`auroc_{test.name}`" for test in plan.spec.tests]
    tuned = list(dict.fromkeys(name for cell in plan.cells for name in cell.space.domains))[:HYPERPARAMETERS]
    states = {
        "everything": _state(  # oldest first: the interface loads 100 runs at once, and must begin with the roots
            ["tags.`state`", best, "metrics.`rank`", *spent], order="attributes.start_time", ascending=True
        ),
        "cells": _state([best, "metrics.`rank`", *tested, *spent], "tags.kind = 'cell'", best, ascending),
        "trials": _state(
            ["tags.`state`", best, *(f"params.`{name}`" for name in tuned), "tags.`selected`"],
            "tags.kind = 'trial'",
            best,
            ascending,
        ),
        "evaluations": _state(
            ["params.`method`", "params.`fraction`", "params.`dataset`", "params.`pair`", "metrics.`auroc`"],
            "tags.kind = 'evaluation'",
            "metrics.`auroc`",
        ),
    }
    return {f"{TAG}{name}": _encoded(name.capitalize(), state, saved) for name, state in states.items()}


def _state(columns: Sequence[str], search: str = "", order: str = "", ascending: bool = False) -> dict[str, object]:
    return {
        "searchFilter": search,
        "orderByKey": order,
        "orderByAsc": ascending,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": list(columns),
        "columnOrder": ["attributes.`Run Name`", "runDateAndNestInfo", "duration", *columns],
        "columnWidths": {"attributes.`Run Name`": NAME_WIDTH} | {name: 7 * len(name) for name in columns},
    }


def _encoded(name: str, state: dict[str, object], saved: float) -> str:
    encoded = base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
    times = {"createdAt": round(saved * 1000), "updatedAt": round(saved * 1000)}
    return json.dumps({"name": name, **times, "state": f"deflate;{encoded}"})
