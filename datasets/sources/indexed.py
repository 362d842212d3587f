"""Images with a table kept apart from them, as `study init` writes it: nothing is written beside the images.

The root holds `images.csv` (as for `csv`, its paths relative to the images' place) and `rules.yaml` (as for `csv`, and
the key `images`: the directory or URI of the images).
"""

from __future__ import annotations

from dataclasses import replace

import yaml

from datasets.base.errors import DataError
from datasets.base.manifest import DataRef, Manifest
from datasets.base.plain_yaml import read_yaml
from datasets.base.roots import Root, root_of
from datasets.labels.tasks import parse
from datasets.sources import own
from datasets.sources.source import Source


def load(ref: DataRef) -> Manifest:
    """The rows of `images.csv`; the manifest's root is the images' place. Raises `DataError` for a table or rules that
    break their form, and for images that cannot be reached."""
    root = root_of(ref)
    where = f"{root.location}/{own.RULES}"
    try:
        rules = read_yaml(root.read(own.RULES))
        images = Root(str(rules["images"]))
    except (DataError, yaml.YAMLError, KeyError, TypeError) as error:
        raise DataError(
            f"{where}: rules say where the images are (key images) and what diagnoses count as (key tasks), but: "
            f"{error!r}. Point the root at the folder that study init wrote."
        ) from error
    images.check()
    manifest = own.table_manifest(ref, root, images, parse(rules, where, ref.task))
    return replace(manifest, root=images.location)


SOURCE = Source(load=load, rules="own")
