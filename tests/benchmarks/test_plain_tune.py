"""The peer is counted and fed fairly: what it costs to run it is measured by the benchmark alone."""

from __future__ import annotations

import ast
from pathlib import Path

from PIL import Image

from study.plan.cells import plan
from study.spec.loading import load_spec
from tests.benchmarks import plain_tune


def test_lines_of_code_are_neither_blank_nor_comments_nor_docstrings(tmp_path):
    path = tmp_path / "script.py"
    code = ["x = [", "    1,", "]  # a comment behind code", "def f():", "    return x"]
    path.write_text("\n".join(['"""Two', "", 'lines."""', "", "# a comment", *code[:4], '    """One."""', code[4], ""]))
    assert plain_tune.lines_of_code(path) == 5


def test_the_script_knows_nothing_of_this_project():
    tree = ast.parse(plain_tune.SCRIPT.read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not {name.split(".")[0] for name in imported if name} & {"study", "trainables", "datasets", "search_spaces"}


def test_the_script_searches_as_the_spec_says():
    search = plan(load_spec(plain_tune.SPEC)).spec.search
    names = {
        target.id: node.value
        for node in ast.parse(plain_tune.SCRIPT.read_text()).body
        if isinstance(node, ast.Assign)
        for target in ast.walk(node.targets[0])
        if isinstance(target, ast.Name)
    }
    side, trials, epochs = (ast.literal_eval(part) for part in names["EPOCHS"].elts)
    spec = load_spec(plain_tune.SPEC)
    assert (side, trials, epochs) == (spec.image_size, search.trials, search.max_epochs)
    asha = search.scheduler.arguments
    text = plain_tune.SCRIPT.read_text()
    assert f"grace_period={asha['grace']}, reduction_factor={asha['eta']}" in text


def test_the_folders_hold_the_split_of_the_search(tmp_path):
    plain_tune.folders_of(plain_tune.SPEC, tmp_path)
    train = {path.name for path in (tmp_path / "1" / "train").rglob("*.png")}
    few = {path.name for path in (tmp_path / "0.1" / "train").rglob("*.png")}
    val = {path.name for path in (tmp_path / "1" / "val").rglob("*.png")}
    assert val == {path.name for path in (tmp_path / "0.1" / "val").rglob("*.png")}
    assert not train & val
    assert 0.05 < len(few) / len(train) < 0.15
    assert {path.name for path in (tmp_path / "1" / "train").iterdir()} == {"0", "1"}
    with Image.open(next(Path(tmp_path / "1" / "val").rglob("*.png"))) as image:
        assert image.size == (104, 80)
    assert (tmp_path / "simclr" / "weights.safetensors").stat().st_size > 10_000


def test_the_short_form_is_the_spec_with_one_of_its_methods(tmp_path):
    small, whole = load_spec(plain_tune.shortened(tmp_path / "spec.yaml", methods=1)), load_spec(plain_tune.SPEC)
    assert small.methods == whole.methods[:1]
    assert small.model_copy(update={"methods": whole.methods}) == whole
