"""`python -m tests.benchmarks [NAME ...] [--long]`: run benchmarks, print their tables, write docs/benchmarks.md.

A benchmark is a module of this folder with `run(short: bool)` that returns {"title": str, "rows": [dict], "note": str}.
Each runs in a process of its own, with a time limit, so that thread counts, clusters and faults stay its own affair.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from tests.benchmarks.document import DOCUMENT, table, write
from tests.benchmarks.machine import describe

LIMIT_SECONDS = {"short": 120, "long": 3600}
CHILD = """
import importlib, json, sys
found = importlib.import_module(sys.argv[1]).run(sys.argv[2] == "short")
json.dump(found, open(sys.argv[3], "w"))
"""
ROOT = Path(__file__).parents[2]


def names() -> list[str]:
    """The benchmarks of this folder, found by reading: a module that defines `run`."""
    found = []
    for path in sorted(Path(__file__).parent.glob("*.py")):
        functions = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
        if "run" in functions:
            found.append(path.stem)
    return found


def measure(name: str, form: str) -> dict | str:
    """The result of one benchmark, or what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "result.json"
        command = [sys.executable, "-c", CHILD, f"tests.benchmarks.{name}", form, str(out)]
        child = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
        try:
            code = child.wait(timeout=LIMIT_SECONDS[form])
        except subprocess.TimeoutExpired:
            return f"stopped after {LIMIT_SECONDS[form]} s, the limit of the {form} form"
        finally:
            _end(child)
        return json.loads(out.read_text()) if code == 0 else f"ended with exit code {code}"


def _end(child: subprocess.Popen[bytes]) -> None:
    """End what is left of a benchmark's own process group: workers that it started go with it."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        child.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def main() -> int:
    """Run what was asked for. Exit code 1 when a benchmark failed; the others are written all the same."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(names())} (default: all)")
    parser.add_argument("--long", action="store_true", help="more pairs and larger models")
    asked = parser.parse_args()
    unknown = set(asked.names) - set(names())
    if unknown:
        parser.error(f"a benchmark is one of {', '.join(names())}, got {', '.join(sorted(unknown))}")
    form, machine, results, failed = "long" if asked.long else "short", describe(), {}, {}
    for name in asked.names or names():
        started = time.monotonic()
        found = measure(name, form)
        seconds = time.monotonic() - started
        if isinstance(found, str):
            failed[name] = found
            print(f"\n{name}: {found}", file=sys.stderr)
            continue
        results[name] = {**found, "form": form, "machine": machine, "seconds": round(seconds)}
        print(f"\n{found['title']} ({seconds:.0f} s)\n\n{table(found['rows'])}\n\n{found['note']}", flush=True)
    write(results, complete=set(names()))
    print(f"\nwrote {DOCUMENT.relative_to(ROOT)}; failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
