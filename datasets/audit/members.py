"""The images of a data set as the audit compares them: identities, labels and content."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from datasets.base.manifest import Manifest
from datasets.splits.split import PARTS, Part, Split
from datasets.splits.split_files import plain_id

Parts = Mapping[Part, Collection[str]]
"""Image ids by part. Unlike in a `Split`, an image may be in two: that is one of the faults to find."""


@dataclass(frozen=True, kw_only=True)
class Members:
    """Some images under the name that findings give them.

    `table` has the columns `image_id, image, lesion, patient, label, sha256, phash`: the ids of the release, and the
    three identities as text that is the same in two data sets only where it means the same image, lesion or patient
    (null where unknown); content is null where it has not been read. `positive` is the positive class's name in
    two-class tasks, else null.
    """

    name: str
    table: pd.DataFrame
    positive: str | None

    def part(self, name: str, ids: Collection[str]) -> Members:
        """Those of the images that are in `ids`, under another name."""
        chosen = self.table[self.table["image_id"].isin(set(ids))].reset_index(drop=True)
        return Members(name=name, table=chosen, positive=self.positive)

    @property
    def positives(self) -> int:
        """How many of them are of the positive class."""
        return int((self.table["label"] == 1).sum()) if self.positive else 0


def members(name: str, manifest: Manifest, content: pd.DataFrame | None = None) -> Members:
    """The images of a manifest; `content` has the columns `image_id, sha256, phash` of those that were decoded."""
    table = manifest.table
    space = namespace(manifest)
    found = pd.DataFrame({"image_id": table["image_id"], "label": table["label"]})
    images = table["image_id"].map(plain_id) if space == "isic" else table["image_id"]
    ids = {"image": images, "lesion": table["lesion_id"], "patient": table["patient_id"]}
    for column, values in ids.items():
        found[column] = values.map(lambda value: f"{space}:{value}", na_action="ignore")
    if content is None:
        content = pd.DataFrame({"image_id": [], "sha256": [], "phash": []}, dtype=object)
    read = content.set_index("image_id")[["sha256", "phash"]].replace("", None)
    found = found.join(read, on="image_id")
    positive = manifest.classes[-1] if len(manifest.classes) == 2 else None
    return Members(name=name, table=found, positive=positive)


def namespace(manifest: Manifest) -> str:
    """Within which ids mean the same: the ISIC archive for all ISIC releases, else the release or the user's root."""
    if manifest.name.startswith(("isic", "ham10000", "milk10k", "hiba")):
        return "isic"
    if manifest.name.startswith(("derm7pt", "synthetic", "pad_ufes")):
        return manifest.name.split("_")[0]
    return f"{manifest.name}:{manifest.root}"


def parts_of(split: Split) -> Parts:
    """The parts of a split."""
    return {part: split.ids(part) for part in PARTS}
