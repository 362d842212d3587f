"""The tutorials: small files that run from a fresh clone. Running them takes minutes, so that is marked slow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs/tutorials"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_tutorial_is_small_and_was_run_whole(path):
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert path.stat().st_size < 200_000
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    kinds = [output["output_type"] for cell in cells for output in cell["outputs"]]
    assert "error" not in kinds


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS])
def test_a_tutorial_runs(name):
    pytest.importorskip("nbclient", reason="pip install -e '.[tutorials]'")
    pytest.importorskip("ipykernel", reason="pip install -e '.[tutorials]'")
    from tests.tools.tutorials import run

    notebook = run(name)  # an error in a cell raises
    assert any(cell.get("outputs") for cell in notebook.cells)
