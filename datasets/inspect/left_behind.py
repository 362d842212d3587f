"""What this program wrote itself and left below a root: specs' tables and studies' directories."""

from __future__ import annotations

import yaml

from datasets.base.errors import DataError
from datasets.base.plain_yaml import read_yaml
from datasets.base.roots import Root


def without_own_output(root: Root, left_out: list[str]) -> list[str]:
    """The root's files without what `study init` and `study run` wrote there."""
    files = root.walk()
    there = set(files)
    own: dict[str, str] = {}
    for path in files:
        folder, slash, name = path.rpartition("/")
        if name == "rules.yaml" and slash and f"{folder}/images.csv" in there and _by_init(root, path):
            own[f"{folder}/"] = "written by study init"
        if name == "plan.json" and slash and f"{folder}/spec.yaml" in there:
            own[f"{folder}/"] = "a study's directory"
    for folder, what in own.items():
        left_out.append(f"{folder}: {what}, so not read.")
    return [path for path in files if not path.startswith(tuple(own))] if own else files


def _by_init(root: Root, path: str) -> bool:
    """Whether a rule file says where the images are, as those of `study init` do."""
    try:
        content = read_yaml(root.read(path).decode())
    except (DataError, ValueError, yaml.YAMLError):
        return False
    return isinstance(content, dict) and "images" in content
