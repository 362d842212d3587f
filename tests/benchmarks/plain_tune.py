"""A search on drawn lesions against a plain script of Ray Tune, Optuna, ASHA, MLflow and ImageFolder, in turns."""

from __future__ import annotations

import ast
import io
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tokenize
from pathlib import Path

import yaml
from PIL import Image

from datasets.cache.reading import reader
from datasets.splits.split import Split
from study.plan.cells import plan
from study.preparation.manifests import write_splits
from study.preparation.prepare import load_manifests
from study.spec.loading import load_spec
from study.store.directory import StudyDirectory
from study.store.trial_storage import study_trials
from tests.benchmarks.pairs import ratios, times

ROOT = Path(__file__).parents[2]
SPEC = Path(__file__).with_suffix(".yaml")
SCRIPT = Path(__file__).with_name("plain_script.py")
LIMIT_SECONDS = 900.0


def run(short: bool) -> dict:
    """Whole studies and plain scripts in turns: one pair with one of the spec's methods in the short form, three pairs
    with all of them in the long one."""
    ours, peers = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spec = shortened(folder / "spec.yaml", methods=1 if short else 3)
        folders_of(spec, folder / "images")
        for turn in range(1 if short else 3):
            for way in (_ours, _peer)[:: -1 if turn % 2 else 1]:
                (ours if way is _ours else peers).append(
                    way(folder / f"{way.__name__}-{turn}", spec, folder / "images")
                )
    search = ratios([peer["study"] for peer in peers], [own["search"] for own in ours])
    whole = ratios([peer["study"] for peer in peers], [own["study"] for own in ours])
    rows = [
        _row("this project", ours, lines=len(SPEC.read_text().splitlines())),
        _row("plain script (its whole run is a search)", peers, lines=lines_of_code(SCRIPT)),
    ]
    return {
        "title": "A study on drawn lesions against a plain script of Ray Tune, Optuna, ASHA, MLflow and ImageFolder",
        "rows": rows,
        "note": f"Script / our search: {times(search)}; script / our whole study with replicates, five test sets and "
        f"report: {times(whole)}. Both: {16 if short else 48} trials, 8 a cell, at most 3 epochs each, ASHA, the same "
        "network, weights, images and split; medians. Lines: of the spec, and of code of the script. AUC: validation, "
        "mean over the cells' winners. The script neither replicates, nor tests, nor compares, nor goes on after a "
        "kill.",
    }


def shortened(path: Path, *, methods: int) -> Path:
    """The spec with its first methods alone."""
    content = yaml.safe_load(SPEC.read_text())
    path.write_text(yaml.safe_dump({**content, "methods": content["methods"][:methods]}))
    return path


def folders_of(spec: Path, root: Path) -> None:
    """A spec's images as class folders by fraction and part, and its weights by method."""
    planned = plan(load_spec(spec))
    manifest = load_manifests(planned)[planned.spec.train.source]
    with tempfile.TemporaryDirectory() as name:
        directory = StudyDirectory(Path(name))
        write_splits(planned.spec, directory, manifest)
        splits = {f: Split.read(directory.split(0, f)) for f in planned.spec.train.fractions}
    read, places = reader(manifest), {image: row for row, image in enumerate(manifest.table["image_id"])}
    labels = dict(zip(manifest.table["image_id"], manifest.table["label"], strict=True))
    for fraction, split in splits.items():
        for part, folder in (("train", "train"), ("validation", "val")):
            for image in split.ids(part):
                path = root / f"{fraction:g}" / folder / str(labels[image]) / f"{image}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(read(places[image])).save(path)
    for method in planned.spec.methods:
        (root / method.encoder).mkdir(exist_ok=True)
        weights = ROOT / f"trainables/encoders/weights/test_resnet/{method.encoder}.safetensors"
        shutil.copy(weights, root / method.encoder / "weights.safetensors")


def lines_of_code(path: Path) -> int:
    """Lines that hold code: neither blank, nor comment, nor docstring."""
    text = path.read_text()
    docstrings = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    empty = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    held = {line for token in tokens if token.type not in empty for line in range(token.start[0], token.end[0] + 1)}
    return len(held - docstrings)


def _ours(out: Path, spec: Path, _images: Path) -> dict:
    seconds = _command([sys.executable, "-m", "study", "run", str(spec), "--dir", str(out)])
    planned = plan(load_spec(spec))
    trials = study_trials(planned, StudyDirectory(out))
    best = [max(t.value or 0.0 for t in trials if t.cell == cell.key) for cell in planned.cells]
    return {
        "study": seconds,
        "search": json.loads(StudyDirectory(out).progress.read_text())["seconds"]["search"],
        "epochs": sum(len(trial.epochs) for trial in trials),
        "auc": statistics.mean(best),
    }


def _peer(out: Path, _spec: Path, images: Path) -> dict:
    out.mkdir()
    seconds = _command([sys.executable, str(SCRIPT), str(images), str(out)])
    cells = json.loads((out / "result.json").read_text())
    return {
        "study": seconds,
        "search": seconds,
        "epochs": sum(cell["epochs"] for cell in cells),
        "auc": statistics.mean(cell["auc"] for cell in cells),
    }


def _command(command: list[str]) -> float:
    started = time.monotonic()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=LIMIT_SECONDS)
    return time.monotonic() - started


def _row(what: str, found: list[dict], *, lines: int) -> dict:
    middle = {name: statistics.median(each[name] for each in found) for name in found[0]}
    return {
        "what": what,
        "lines": lines,
        "search s": middle["search"],
        "whole s": middle["study"],
        "epochs": middle["epochs"],
        "AUC": middle["auc"],
    }
