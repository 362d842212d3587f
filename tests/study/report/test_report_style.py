"""Text and marks can be told from their ground in both colour schemes (WCAG 2.2: 4.5 for text, 3 for graphics)."""

from __future__ import annotations

import re
from importlib import resources

import pytest

CSS = resources.files("study.report").joinpath("static/report.css").read_text()
SCHEMES = [
    dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{([^}]*)\}", CSS)
]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES[:2], ids=["light", "dark"])
def test_contrast(scheme: dict[str, str]) -> None:
    for ground in ("paper", "card"):
        for text in ("ink", "soft", "link"):
            assert contrast(scheme[text], scheme[ground]) >= 4.5, (text, ground)
    for word in ("good", "warn", "bad"):
        assert contrast(scheme[word], scheme[f"{word}-bg"]) >= 4.5, word
        assert contrast(scheme["ink"], scheme[f"{word}-bg"]) >= 4.5, word
    for index in range(8):
        assert contrast(scheme[f"s{index}"], scheme["paper"]) >= 4.5, f"series {index} is also text"


def test_there_are_two_schemes_and_print() -> None:
    assert len(SCHEMES) >= 2
    assert "@media print" in CSS
    assert "prefers-color-scheme: dark" in CSS
