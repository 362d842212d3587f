"""The Croissant record of a copy (MLCommons, croissant 1.0: https://docs.mlcommons.org/croissant/): what it holds, by
whom, under which licence, in JSON-LD that tools and catalogues read."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from datasets.base.atomic_files import file_digest, write_json, write_text
from datasets.base.manifest import Manifest
from datasets.download.publications import Publication

RECORD, TABLE = "croissant.json", "croissant-images.csv"
_COLUMNS = {
    "image_id": "sc:Text",
    "path": "sc:Text",
    "sha256": "sc:Text",
    "lesion_id": "sc:Text",
    "patient_id": "sc:Text",
    "diagnosis": "sc:Text",
    "age": "sc:Float",
    "sex": "sc:Text",
    "site": "sc:Text",
    "skin_tone": "sc:Text",
    "modality": "sc:Text",
}
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def write_croissant(to: Path, name: str, publication: Publication, manifest: Manifest) -> None:
    """Write `croissant.json`, and beside it the table that its records come from: one row an image of the manifest."""
    table = manifest.table[list(_COLUMNS)]
    write_text(to / TABLE, table.to_csv(index=False))
    write_json(to / RECORD, record(name, publication, file_digest(to / TABLE)))


def record(name: str, publication: Publication, table_sha256: str) -> dict[str, Any]:
    """The record as plain data; `table_sha256` is that of the table of images."""
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"images/{column}",
            "name": column,
            "dataType": kind,
            "source": {"fileObject": {"@id": TABLE}, "extract": {"column": column}},
        }
        for column, kind in _COLUMNS.items()
    ]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": name,
        "description": publication.title,
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "url": publication.page,
        "license": publication.licence,
        "citeAs": f"https://doi.org/{publication.doi}" if publication.doi else publication.page,
        "version": "1.0.0",
        "datePublished": datetime.date.today().isoformat(),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": TABLE,
                "name": TABLE,
                "contentUrl": TABLE,
                "encodingFormat": "text/csv",
                "sha256": table_sha256,
            }
        ],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "images", "name": "images", "field": fields}],
    }
