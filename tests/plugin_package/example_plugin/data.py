"""A source: `images.csv` with the columns image_id, lesion_id, diagnosis, and `<image_id>.png` beside it."""

from __future__ import annotations

from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import root_of
from datasets.labels.tasks import parse
from datasets.sources.assemble import assemble
from datasets.sources.csv_tables import read_table
from datasets.sources.layout import paths_of
from datasets.sources.source import Source

RULES = {
    "tasks": {
        "melanoma": {"classes": {"benign": ["nevus", "seborrheic keratosis"], "melanoma": ["melanoma"]}, "left_out": []}
    }
}


def load(ref: DataRef) -> Manifest:
    """The images of a practice; nothing but diagnosis and lesion is known of them."""
    root = root_of(ref)
    table = read_table(root, "images.csv", ("image_id", "lesion_id", "diagnosis"))
    columns = {name: table[name] for name in ("image_id", "lesion_id", "diagnosis")}
    paths = table["image_id"].map(paths_of(root, "", ("png",))).fillna("")
    return assemble(ref, parse(RULES, ref.source, ref.task), {**columns, "path": paths})


PRACTICE = Source(load=load, rules=RULES)
