"""`make soak`: the tests that take long by nature, and their result in docs/soak.md.

They are the long forms of checks that `make test` makes in short: many kills instead of a few, several nodes, whole
groups of workers under ASHA. Run it before a release, with nothing beside it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.machine import describe

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "soak.md"
LIMIT_SECONDS = 3 * 3600


def main() -> int:
    """Run them one after the other; arguments go to pytest. Returns pytest's exit code."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-m", "slow", "-n", "0", f"--junitxml={report}", *sys.argv[1:]]
        started = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, check=False, timeout=LIMIT_SECONDS)
        cases = list(ElementTree.parse(report).iter("testcase"))
    PAGE.write_text(page(cases, time.monotonic() - started, sys.argv[1:]), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return done.returncode


def page(cases: list[ElementTree.Element], seconds: float, arguments: list[str]) -> str:
    """The result as Markdown."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=10
    ).stdout.strip()
    when = datetime.now(UTC).date().isoformat()
    lines = [
        "# Soak",
        "",
        "Written by `make soak`: the long forms of checks, which CI does not run.",
        "",
        f"{when}, commit {commit or 'unknown'}, {seconds / 60:.0f} min, {describe()}"
        + (f", arguments `{' '.join(arguments)}`" if arguments else ""),
        "",
        "| test | outcome | seconds |",
        "|---|---|---|",
    ]
    for case in sorted(cases, key=lambda case: -float(case.get("time", 0))):
        name = f"{case.get('classname', '')}.{case.get('name', '')}".replace("|", "\\|")
        lines.append(f"| `{name}` | {_outcome(case)} | {float(case.get('time', 0)):.0f} |")
    return "\n".join(lines) + "\n"


def _outcome(case: ElementTree.Element) -> str:
    for kind in ("failure", "error", "skipped"):
        found = case.find(kind)
        if found is not None:
            return (
                f"{kind}: {(found.get('message') or '').splitlines()[0][:80]}" if kind == "skipped" else f"**{kind}**"
            )
    return "passed"


if __name__ == "__main__":
    raise SystemExit(main())
