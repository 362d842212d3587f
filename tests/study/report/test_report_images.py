"""The qualitative pages: images are inlined, malformed input is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from study.report import ReportError, write_report
from tests.study.report.write_example import write_example


def build(tmp_path: Path) -> str:
    write_report(tmp_path / "comparison", tmp_path / "report.html", tmp_path / "tables", tmp_path / "figures")
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def test_images_are_inlined_with_their_words(tmp_path: Path) -> None:
    write_example(tmp_path / "comparison")
    html = build(tmp_path)
    assert html.count('src="data:image/png;base64,') == html.count("<img ") == 2 * (4 + 4 + 5)
    assert 'alt="Grad-CAM of simclr:ft on isic2019_test-a: score 0.31"' in html
    assert "t-SNE map of simclr:ft on derm7pt_clinical" in html


def test_without_panels_the_section_is_left_out(tmp_path: Path) -> None:
    directory = write_example(tmp_path / "comparison")
    (directory / "qualitative" / "panels.json").unlink()
    assert "<img" not in build(tmp_path)


def test_a_file_that_is_no_image_is_refused(tmp_path: Path) -> None:
    directory = write_example(tmp_path / "comparison")
    (directory / "qualitative" / "isic2019_test-a.png").write_text("<svg onload=alert(1)>")
    with pytest.raises(ReportError, match="PNG or JPEG"):
        build(tmp_path)


def test_a_file_name_cannot_leave_the_directory(tmp_path: Path) -> None:
    directory = write_example(tmp_path / "comparison")
    path = directory / "qualitative" / "panels.json"
    panels = json.loads(path.read_text())
    panels["cams"][0]["shown"]["image"] = "../../secret.png"
    path.write_text(json.dumps(panels))
    with pytest.raises(ReportError, match="String should match pattern"):
        build(tmp_path)
