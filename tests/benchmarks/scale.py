"""How time and memory grow with the number of images: manifest, audit by ids, cache, reading, duplicates.

The long form takes hours on two cores and is made of pieces of some minutes, each in a process of its own. What is
measured is kept in `$SKIN_BENCH_STATE` (default: the cache's folder), and a run that was stopped goes on there;
`SKIN_BENCH_SECONDS` stops it before the next piece.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from datasets.cache.build_store import cores
from datasets.cache.store import default_root

SHORT, LONG = (200, 400), (2000, 10000, 50000)
LARGEST = 100_000
"""Images a side that the last row is extrapolated to."""
STAGES = {
    "draw": "",
    "manifest": "manifest from table and tar shards",
    "audit": "audit by ids",
    "cache": "build the cache",
    "open": "open it, and compare every byte with its checksum",
    "read": "read all images",
    "describe": "duplicates: describe both sides",
    "search": "duplicates: candidates",
    "verify": "duplicates: verify them",
}
SQUARE = ("search",)
"""Stages whose work grows with the square; all others grow with the number of images."""


def run(short: bool) -> dict:
    """Measure what is not measured yet; a table of all that is."""
    rows, missing = measured(
        130, SHORT if short else LONG, list(STAGES), state_folder("benchmark-scale", short), None if short else LARGEST
    )
    note = (
        "Drawn images, each of its own: JPEG crops of 130 px in tar shards of 1,000, read without unpacking, with a "
        f"table in ISIC 2024's form. Seconds are processor seconds, over {cores()} cores where a stage uses them: what "
        "a machine with nothing else to do takes. Peak memory is that of a process that does this stage alone. "
        "Duplicates: the set against a mirrored and cropped copy of each image; of the candidates, those of the first "
        "10,000 images are searched and a sample is verified; the rest is counted alike. Candidates grow with the "
        f"square of the images, all else with their number; {LARGEST:,} is extrapolated so from the largest size."
    )
    return {"title": "Scale", "rows": rows, "note": note + missing}


def measured(
    side: int, sizes: tuple[int, ...], stages: list[str], state: Path, largest: int | None
) -> tuple[list[dict], str]:
    """The rows of pictures of `side` px, after what `SKIN_BENCH_SECONDS` allow; and a sentence on what is missing."""
    state.mkdir(parents=True, exist_ok=True)
    limit = time.monotonic() + float(os.environ.get("SKIN_BENCH_SECONDS", "inf"))
    for stage, size in list(_left(sizes, stages, state)):
        if time.monotonic() > limit:
            break
        out = state / f"{size}-{stage}.json"
        arguments = [stage, str(side), str(size), str(state), str(out)]
        subprocess.run([sys.executable, "-m", "tests.benchmarks.scale_stages", *arguments], check=True, timeout=3000)
    found = {size: {stage: _read(state, size, stage) for stage in stages} for size in sizes}
    missing = len(list(_left(sizes, stages, state)))
    said = f" {missing} pieces are not measured yet: run the benchmark again." if missing else ""
    return list(_rows(found, largest)), said


def state_folder(name: str, short: bool) -> Path:
    """Where what was measured is kept."""
    return Path(os.environ.get("SKIN_BENCH_STATE") or Path(default_root())) / name / ("short" if short else "long")


def _left(sizes: tuple[int, ...], stages: list[str], state: Path) -> Iterator[tuple[str, int]]:
    return ((stage, size) for size in sizes for stage in stages if not (state / f"{size}-{stage}.json").exists())


def _read(state: Path, size: int, stage: str) -> dict | None:
    path = state / f"{size}-{stage}.json"
    return json.loads(path.read_text()) if path.exists() else None


def _rows(found: dict[int, dict[str, dict | None]], extrapolated: int | None) -> Iterator[dict]:
    largest = max(found)
    for stage in found[largest]:
        words = STAGES[stage]
        if not words:
            continue
        row: dict = {"stage": words}
        for size, stages in found.items():
            if (measured := stages[stage]) is not None:
                row[f"{size:,}: s"] = round(measured["seconds"], 2)
                row[f"{size:,}: GB"] = round(measured["peak_gb"], 2)
        last = found[largest][stage]
        if last is not None and extrapolated is not None:
            power = 2 if stage in SQUARE else 1
            row[f"{extrapolated:,}: s"] = round(last["seconds"] * (extrapolated / largest) ** power)
        yield row
    sides = [stages.get("describe") for stages in found.values()]
    if all(sides):
        grown = {f"{size:,}: GB": round(side["bytes"] / 1e9, 2) for size, side in zip(found, sides, strict=True)}
        yield {"stage": "duplicates: features of both sides", **grown}
