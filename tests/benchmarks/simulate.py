"""What a tuned search saves over a full grid, by the simulator; and how fast the simulator is."""

from __future__ import annotations

import math
import os
import time

from study.search.simulate import Setting
from study.search.simulation import CLOSE, compare, settings
from study.search.worlds import drawn


def run(short: bool) -> dict:
    """All settings over 200 worlds; the short form takes the defaults of both variants over a few worlds."""
    chosen = _usual() if short else settings()
    repetitions = 12 if short else 200
    started = time.monotonic()
    rows = compare(chosen, drawn, repetitions=repetitions, slots=4, processes=os.cpu_count() or 1)
    seconds = time.monotonic() - started
    trials = sum(row.trials for row in rows)
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
        f"{trials} trials in {seconds:.0f} s, "
        f"10,000 in {1e4 * seconds / trials:.0f} s.",
    }


def _usual() -> list[Setting]:
    return [s for s in settings() if s.asha and (s.asha["eta"], s.asha["grace"]) == (3, 5) and s.sampler == "tpe"]
