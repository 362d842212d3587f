"""Pictures of a report for the documentation: its top, or single sections. Needs Chromium.

    python -m tests.tools.report_pictures runs/demo docs/report.png                       # the top
    python -m tests.tools.report_pictures runs/probes docs/gallery --sections answer differences roc

What the models see is not pictured: that section shows images of the data set.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, TOP, TALL = 1180, 800, 6000  # pixels: of a page, of its top, and more than any section needs
MARGIN = 16
WITH_IMAGES = "images"
SECTION = re.compile(r'<section\b[^>]*\bid="([\w-]+)".*?</section>', re.DOTALL)


def top(report: Path, out: Path) -> None:
    """The first screen of a report."""
    _photograph(report.read_text(), out, TOP)
    _save(out, (0, 0, WIDTH, TOP))


def section(report: Path, name: str, out: Path) -> None:
    """One section alone, cut where it ends."""
    page = report.read_text()
    found = {match[1] for match in SECTION.finditer(page)}
    if name not in found or name == WITH_IMAGES:
        raise SystemExit(f"A section is one of {', '.join(sorted(found - {WITH_IMAGES}))}, got {name!r}.")
    alone = SECTION.sub(lambda match: match[0] if match[1] == name else "", page)
    alone = re.sub(r"<(nav|footer)\b.*?</\1>", "", alone, flags=re.DOTALL)
    if name != "answer":
        alone = re.sub(r"<header\b.*?</header>", "", alone, flags=re.DOTALL)
    _photograph(alone, out, TALL)
    with Image.open(out) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    rows = np.flatnonzero((np.abs(pixels[:, :-20] - pixels[0, 0]).sum(axis=2) > 12).any(axis=1))  # no scroll bar
    _save(out, (0, max(rows[0] - MARGIN, 0), WIDTH, min(rows[-1] + MARGIN, TALL)))


def _save(out: Path, box: tuple[int, int, int, int]) -> None:
    """Cut, with a palette: a quarter of the bytes."""
    with Image.open(out) as picture:
        picture.crop(box).convert("P", palette=Image.Palette.ADAPTIVE).save(out, optimize=True)


def _photograph(page: str, out: Path, height: int) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("Chromium is not installed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "page.html"
        file.write_text(page)
        size = f"--window-size={WIDTH},{height}"
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--screenshot={out.absolute()}", size]
        subprocess.run([chromium, *options, file.as_uri()], check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--sections", nargs="*", default=[])
    options = parser.parse_args()
    page = options.directory / "report.html"
    if not options.sections:
        top(page, options.out)
    for name in options.sections:
        section(page, name, options.out / f"{options.directory.name}-{name}.png")
