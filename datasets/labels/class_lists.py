"""Label maps between data sets whose class lists differ: by the names of the classes, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from datasets.base.manifest import Manifest
from datasets.labels.class_names import spelling


def on_classes(manifest: Manifest, classes: Sequence[str]) -> Manifest:
    """The same images with labels as places in `classes`, three and more of which the data set has some or all.

    Unchanged where there is nothing to do or where names do not say it: for two classes, whose order says which is
    positive; and where a class of the data set is not among `classes` (`mismatch` then says what differs). A class that
    stands for several of `classes` (HAM10000's akiec: actinic keratosis or carcinoma) is for the data set's rules to
    leave out.
    """
    places = {spelling(name): place for place, name in enumerate(classes)}
    own = [spelling(name) for name in manifest.classes]
    if len(classes) < 3 or own == list(places) or len(set(own)) < len(own) or not set(own) <= set(places):
        return manifest
    label = manifest.table["label"].map({-1: -1, **{old: places[name] for old, name in enumerate(own)}})
    lacking = [name for name in classes if spelling(name) not in own]
    note = f"labels are places among the {len(classes)} classes of the training data"
    note += f"; {manifest.name} has no {', '.join(lacking)}" if lacking else ""
    table = manifest.table.assign(label=label.astype(manifest.table["label"].dtype))
    return replace(manifest, table=table, classes=tuple(classes), notes=(*manifest.notes, note))
