"""BCN20000, training part: `bcn_20k_train.csv` and `BCN_20k_train/BCN_*.jpg`, dermoscopic images of one hospital.

Hernández-Pérez et al. 2024, doi 10.1038/s41597-024-03387-w; data doi 10.6084/m9.figshare.24140028. Diagnoses are the
eight of ISIC 2019, whose training release holds most of these images under other names (`datasets.audit.known`). The
test part has no published diagnoses and is not read. The ISIC archive's collection of the same images is an export
(`isic_archive`), with other names and diagnoses in levels. The layout is that of the authors' repository and of
several public projects.
"""

from __future__ import annotations

from datasets.base.manifest import DataRef, Manifest
from datasets.base.roots import root_of
from datasets.labels.tasks import task
from datasets.sources.assemble import assemble
from datasets.sources.csv_tables import sexes, words, years
from datasets.sources.layout import TableFile, paths_of
from datasets.sources.source import Source

METADATA = TableFile(
    ("bcn_20k_train.csv", "*bcn*.csv"),
    ("bcn_filename", "age_approx", "anatom_site_general", "diagnosis", "lesion_id", "sex"),
)


def load(ref: DataRef) -> Manifest:
    """All rows of the table, one per image; `path` is "" for images that this copy lacks.

    Raises `DataError` for a missing table or column.
    """
    root = root_of(ref)
    rule = task("bcn20000", ref.task)
    table = METADATA.read(root)
    stems = table["bcn_filename"].str.strip().str.replace(r"\.[A-Za-z]+$", "", regex=True)
    paths = paths_of(root, "BCN_20k_train", ("jpg", "jpeg", "png"))
    return assemble(
        ref,
        rule,
        {
            "image_id": stems,
            "path": stems.map(lambda name: paths.get(name, "")),
            "lesion_id": words(table["lesion_id"]),
            "diagnosis": words(table["diagnosis"]),
            "age": years(table["age_approx"]),
            "sex": sexes(table["sex"]),
            "site": words(table["anatom_site_general"]),
            "modality": "dermoscopic",
        },
    )


SOURCE = Source(load=load, rules="bcn20000", tables=(METADATA,))
