"""Do intervals of an AUC cover where it is high, or positives are few?"""

from __future__ import annotations

from typing import Any

from tests.study.comparison.calibration import auc_coverage, high_aucs


def run(short: bool) -> dict[str, Any]:
    """One row an AUC and number of positives: coverage of our interval, of the usual one, and the width of ours."""
    studies = 40 if short else 1000
    rows = []
    for world in high_aucs():
        found = auc_coverage(world, studies, seed=6)
        rows.append(
            {
                "AUC": world.auc, "positives": world.positives, "negatives": world.negatives,
                "covers": round(found["covers"], 3), "usual interval covers": round(found["usual"], 3),
                "width": round(found["width"], 3),
            }
        )  # fmt: skip
    return {
        "title": "Coverage of the interval of an AUC",
        "rows": rows,
        "note": (
            f"{studies} simulated studies a row, five replicates, 95 % intervals. Usual: the mean ± t × standard error "
            "on the logit scale, with DeLong's variance over clusters and degrees of freedom for both variances."
        ),
    }
