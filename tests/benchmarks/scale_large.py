"""How time and memory grow with the number of pictures of 1,024 px; resumable as `scale` is."""

from __future__ import annotations

from datasets.cache.build_store import cores
from tests.benchmarks.scale import LARGEST, measured, state_folder

SIDE = 1024
SHORT, LONG = (50, 100), (500, 1000, 2000)
STAGES = ["draw", "manifest", "cache", "open", "read", "describe"]
"""All but those that look at features alone, whose size does not depend on the pictures'."""


def run(short: bool) -> dict:
    """Measure what is not measured yet; a table of all that is."""
    sizes = SHORT if short else LONG
    rows, missing = measured(
        SIDE, sizes, STAGES, state_folder("benchmark-scale-large", short), None if short else LARGEST
    )
    return {
        "title": "Scale at 1,024 px",
        "rows": rows,
        "note": "As the scale of crops, with drawn JPEGs of 1,024 px in tar shards and a cache for training at 224 px; "
        f"{LARGEST:,} is extrapolated from the largest size. Processor seconds over {cores()} cores where a stage uses "
        "them. Candidates for duplicates and their verification do not depend on the size of pictures." + missing,
    }
