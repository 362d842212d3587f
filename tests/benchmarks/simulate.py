"""What a tuned search saves over a full grid, by the simulator; and how fast the simulator is."""

from __future__ import annotations

import math
import os
import time

from study.simulation.benchmark import AUC_TOLERANCE, DEFAULT_ETA_GRACE, run_benchmark, search_configs
from study.simulation.benchmark_problems import synthetic_problem
from study.simulation.simulate import SearchConfig


def run(short: bool) -> dict:
    """TPE in all settings, the Gaussian process in three, on 200 problems; short: TPE's default over 12."""
    tpe = [s for s in search_configs("tpe") if not short or _is_default(s)]
    process = [s for s in search_configs("gp") if s.sampler == "gp" and (_is_default(s) or _is_late_promotion(s))]
    repetitions = 12 if short else 200
    cores = os.cpu_count() or 1
    started = time.monotonic()
    rows = run_benchmark(tpe, synthetic_problem, repetitions=repetitions, slots=4, processes=cores)
    seconds, trials = time.monotonic() - started, sum(row.trials for row in rows)
    if not short:  # a Gaussian process takes a fifth of a second a suggestion
        rows += run_benchmark(process, synthetic_problem, repetitions=repetitions, slots=4, processes=cores)
    return {
        "title": "Tuned search against a full grid of 60, on simulated learning curves",
        "rows": [
            {
                "search": row.config.name,
                "eta": (row.config.asha or {}).get("eta", ""),
                "grace": (row.config.asha or {}).get("grace", ""),
                f"within {AUC_TOLERANCE} AUC": f"{row.success:.1%}",
                "epochs ratio": "never" if math.isinf(row.epochs_ratio) else row.epochs_ratio,
                "trials": row.trials / row.repetitions,
            }
            for row in rows
        ],
        "note": f"{repetitions} problems, each search with a quarter of its grid's epochs on 4 devices. Epochs ratio: "
        "median share of the grid's epochs after which it was that close for good. "
        f"Without gp, {trials} trials in {seconds:.0f} s: 10,000 in {1e4 * seconds / trials:.0f} s.",
    }


def _is_default(config: SearchConfig) -> bool:
    return config.asha is not None and (config.asha["eta"], config.asha["grace"]) == DEFAULT_ETA_GRACE


def _is_late_promotion(config: SearchConfig) -> bool:
    asha = config.asha or {}
    return asha.get("variant") == "promotion" and asha["grace"] == DEFAULT_ETA_GRACE[1]
