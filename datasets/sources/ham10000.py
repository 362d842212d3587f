"""HAM10000: `HAM10000_metadata.csv` and `HAM10000_images_part_{1,2}/*.jpg`, or all images in one folder.

Tschandl et al. 2018, doi 10.1038/sdata.2018.161. The table has no ending in some downloads of its publisher (Harvard
Dataverse) and tabs instead of commas in others. Patients are unknown; the images are those of ISIC 2018 (task 3) and
a part of ISIC 2019 and of the ISIC archive, under the same ids.
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
    ("HAM10000_metadata.csv", "HAM10000_metadata", "HAM10000_metadata.tab"),
    ("lesion_id", "image_id", "dx", "age", "sex", "localization"),
)


def load(ref: DataRef) -> Manifest:
    """All rows of the table, one per image; `path` is "" for images that this copy lacks.

    Raises `DataError` for a missing table or column.
    """
    root = root_of(ref)
    rule = task("ham10000", ref.task)
    table = METADATA.read(root)
    paths = paths_of(root, "", ("jpg", "jpeg"))
    return assemble(
        ref,
        rule,
        {
            "image_id": table["image_id"],
            "path": table["image_id"].map(lambda name: paths.get(name, "")),
            "lesion_id": words(table["lesion_id"]),
            "diagnosis": words(table["dx"].str.lower()),
            "age": years(table["age"]),
            "sex": sexes(table["sex"]),
            "site": words(table["localization"]),
            "modality": "dermoscopic",
        },
    )


SOURCE = Source(load=load, rules="ham10000", tables=(METADATA,))
