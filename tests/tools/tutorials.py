"""Run the tutorials and write them with their outputs. Needs the extra `tutorials`.

python -m tests.tools.tutorials            # both, about 5 min on 2 cores
python -m tests.tools.tutorials read-a-study
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/tutorials"
CELL_SECONDS = 900
SCRATCH = re.compile(r"/tmp/tutorial-\w+")
TERMINAL = re.compile(r"\x1b\[[0-9;]*m|\r")


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def run(name: str) -> nbformat.NotebookNode:
    """The notebook with the outputs of a run now. Raises `nbclient.exceptions.CellExecutionError`."""
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "COLUMNS": "110"}
    client = NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3")
    client.execute(env=environment, cwd=str(ROOT))
    return notebook


def write(name: str, notebook: nbformat.NotebookNode) -> None:
    """With nothing of this run that another one would have otherwise: places, times, counters of processes."""
    for cell in notebook.cells:
        cell.metadata = {}
        cell.get("outputs", [])[:] = [output for output in cell.get("outputs", []) if not _passing(output)]
        for output in cell.get("outputs", []):
            if "text" in output:
                output["text"] = _plain(output["text"])
            for kind, value in output.get("data", {}).items():
                if kind.startswith("text/"):
                    output["data"][kind] = _plain(value)
    notebook.metadata = {key: notebook.metadata[key] for key in ("kernelspec",)} | {"language_info": {"name": "python"}}
    nbformat.write(notebook, FOLDER / f"{name}.ipynb")


def _plain(text: str) -> str:
    """Without colours, and without the places of this machine."""
    return SCRATCH.sub("/tmp/tutorial", TERMINAL.sub("", text)).replace(f"{ROOT}/", "")


def _passing(output: nbformat.NotebookNode) -> bool:
    """Warnings, and the banners that libraries show when a kernel starts."""
    text = output.get("data", {}).get("text/plain", "")
    return output.get("name") == "stderr" or (output["output_type"] == "display_data" and text.startswith("<IPython."))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=names())
    for chosen in parser.parse_args().names:
        write(chosen, run(chosen))
        print(FOLDER / f"{chosen}.ipynb")
