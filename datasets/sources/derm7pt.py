"""derm7pt: `meta/meta.csv` and `images/`; each case has a dermoscopic and a clinical image, two sources here.

Kawahara et al. 2019, doi 10.1109/JBHI.2018.2824327. A case is a lesion, the same in both sources; patients and ages are
unknown.
"""

from __future__ import annotations

import pandas as pd

from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import Root, root_of
from datasets.labels.tasks import task
from datasets.sources.assemble import assemble
from datasets.sources.csv_tables import sexes, words
from datasets.sources.layout import TableFile
from datasets.sources.source import Source

META = TableFile(("meta.csv",), ("case_num", "diagnosis", "location", "sex", "clinic", "derm"))
_IMAGES = {"derm7pt_dermoscopic": ("derm", "dermoscopic"), "derm7pt_clinical": ("clinic", "clinical")}


def load(ref: DataRef) -> Manifest:
    """All cases of `meta.csv`, one image each; `path` is "" for images that this copy lacks.

    An image's id is its path without ending, followed by `#case` where several cases show the same file. Raises
    `DataError` for a missing table or column.
    """
    root = root_of(ref)
    rule = task("derm7pt", ref.task)
    column, modality = _IMAGES[ref.source]
    table = META.read(root)
    table = table[table[column].notna()].reset_index(drop=True)
    stems = table[column].str.strip().str.replace(r"\.[A-Za-z]+$", "", regex=True)
    twice = stems.duplicated(keep=False)
    return assemble(
        ref,
        rule,
        {
            "image_id": stems.where(~twice, stems + "#" + table["case_num"]),
            "path": _paths(root, table[column].str.strip()),
            "lesion_id": table["case_num"].str.strip(),
            "diagnosis": table["diagnosis"].str.strip(),
            "sex": sexes(table["sex"]),
            "site": words(table["location"]),
            "modality": modality,
        },
    )


def _paths(root: Root, names: pd.Series) -> pd.Series:
    """Paths as the table has them, whatever the case of their letters on disk."""
    found = {path.lower().rpartition("images/")[2]: path for path in root.walk() if "images/" in path.lower()}
    return names.str.lower().map(lambda name: found.get(name, ""))


SOURCE = Source(load=load, rules="derm7pt", tables=(META,))
