"""What a tuned search saves over a full grid, by the simulator; and how fast the simulator is."""

from __future__ import annotations

import math
import os
import time

from study.simulation.compare_settings import CLOSE, USUAL, compare, settings
from study.simulation.simulate import Setting
from study.simulation.worlds import drawn


def run(short: bool) -> dict:
    """TPE in all settings, the Gaussian process in three, over 200 worlds; short: TPE's usual over 12."""
    tpe = [s for s in settings("tpe") if not short or _is_usual(s)]
    process = [s for s in settings("gp") if s.sampler == "gp" and (_is_usual(s) or _is_patient_promotion(s))]
    repetitions = 12 if short else 200
    cores = os.cpu_count() or 1
    started = time.monotonic()
    rows = compare(tpe, drawn, repetitions=repetitions, slots=4, processes=cores)
    seconds, trials = time.monotonic() - started, sum(row.trials for row in rows)
    if not short:  # a Gaussian process takes a fifth of a second a suggestion
        rows += compare(process, drawn, repetitions=repetitions, slots=4, processes=cores)
    return {
        "title": "Tuned search against a full grid of 60, in simulated worlds",
        "rows": [
            {
                "search": row.setting.name,
                "eta": (row.setting.asha or {}).get("eta", ""),
                "grace": (row.setting.asha or {}).get("grace", ""),
                f"within {CLOSE} AUC": f"{row.success:.1%}",
                "epochs ratio": "never" if math.isinf(row.epochs_ratio) else row.epochs_ratio,
                "trials": row.trials / row.repetitions,
            }
            for row in rows
        ],
        "note": f"{repetitions} worlds, each search with a quarter of its grid's epochs on 4 devices. Epochs ratio: "
        "median share of the grid's epochs after which it was that close for good. "
        f"Without gp, {trials} trials in {seconds:.0f} s: 10,000 in {1e4 * seconds / trials:.0f} s.",
    }


def _is_usual(setting: Setting) -> bool:
    return setting.asha is not None and (setting.asha["eta"], setting.asha["grace"]) == USUAL


def _is_patient_promotion(setting: Setting) -> bool:
    asha = setting.asha or {}
    return asha.get("variant") == "promotion" and asha["grace"] == USUAL[1]
