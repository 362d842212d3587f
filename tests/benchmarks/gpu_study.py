"""A small study from the command to its report: on the drawn lesions of the demo, or on `SKIN_BENCH_SPEC`'s images."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "study/specs/demo.yaml"


def rows(folder: Path, changes: Mapping[str, Any], limit_seconds: float) -> list[dict]:
    """Wall time, trials, device and precision. Raises `RuntimeError` with the study's last words where it fails."""
    spec = yaml.safe_load(Path(os.environ.get("SKIN_BENCH_SPEC", DEMO)).read_text())
    for name, value in changes.items():
        spec[name] = {**spec[name], **value} if isinstance(value, Mapping) else value
    path, directory = folder / "study.yaml", folder / "study"
    path.write_text(yaml.safe_dump(spec))
    started = time.monotonic()
    command = [sys.executable, "-m", "study", "run", str(path), "--dir", str(directory)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=limit_seconds)
    if done.returncode:
        raise RuntimeError(f"the study ended with exit code {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
    seconds = time.monotonic() - started
    tables = sorted((directory / "predictions").rglob("*.parquet"))
    facts = json.loads(next((directory / "predictions").rglob("*.json")).read_text())
    images = sum(len(pd.read_parquet(table, columns=["score"])) for table in tables)
    return [
        {
            "what": f"study {spec['study']} on {spec['train']['source']}, whole",
            "seconds": seconds,
            "scored": f"{len(tables)} tables, {images} images",
            "device": facts.get("device"),
        }
    ]
