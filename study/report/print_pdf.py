"""The report as PDF, printed by the browser that is there: its style sheet has a form for paper.

The page's figures are inline SVG styled by the page, which HTML-to-PDF libraries such as WeasyPrint draw without their
styles; a browser prints what it shows.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from study.report.inputs.context import ReportError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
PATIENCE = 120  # seconds
ENDED = "A page is printed by the browser"


def print_pdf(page: Path, out: Path) -> None:
    """Print an HTML page to a PDF. Raises `ReportError` without a browser, and when it prints nothing."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise ReportError(
            f"A PDF is printed by a browser, but none of {', '.join(BROWSERS)} is on the PATH. Install Chromium, or "
            f"print {page} from any browser."
        )
    with tempfile.TemporaryDirectory(prefix="study-print-") as scratch:
        half = Path(scratch) / "page.pdf"
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # root has no sandbox
        command = [
            browser, "--headless", "--disable-gpu", *root, f"--user-data-dir={scratch}/profile",
            "--no-pdf-header-footer", f"--print-to-pdf={half}", page.absolute().as_uri(),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired as error:
            raise ReportError(
                f"{ENDED} within {PATIENCE} s, but {browser} did not end. Print {page} yourself."
            ) from error
        if not half.is_file() or not half.stat().st_size:
            said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
            raise ReportError(f"{ENDED}, but {browser} wrote no PDF and said: {said}. Print {page} yourself.")
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(half, out)
