"""HIBA skin lesions: the ISIC archive's collection of the Hospital Italiano de Buenos Aires, as an export.

Ricci Lara et al. 2023, doi 10.1038/s41597-023-02630-0: 1,616 dermoscopic and clinical images. It is published in the
archive alone, so that its layout and its diagnoses are those of `isic_archive`; this name adds the count of the
whole.
"""

from __future__ import annotations

from datasets.labels.tasks import rules
from datasets.sources.isic_archive import load
from datasets.sources.source import Source

IMAGES = 1616

SOURCE = Source(load=load, rules={**rules("isic_archive"), "release": {"images": IMAGES, "diagnoses": {}}})
