"""The tiny encoders that ship with the code, for demos and tests: timm's `test_resnet` and `test_vit` at 64 pixels.

`python -m tests.tools.tiny_encoders` makes all of them anew (half an hour of one core), names such as `test_vit/mae`
after it only those; one that was stopped goes on where it was. The self-supervised ones see the drawn pool, which
shares no patient with any other set, without labels; the supervised ones see drawn objects (`objects`) and no skin.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets.base.manifest import DataRef
from tests.tools.drawn_objects import objects
from trainables.shipped_encoders import SHIPPED
from trainables.ssl.pretrain import PoolRef, PreTrainingJob, pretrain
from trainables.ssl.recipes import Recipe, recipe

SIZE = 64
TRAINED_AT = {"test_resnet": 48, "test_vit": 64}
"""Pixels. 48 take half the time, and crops show lesions about as large as the study's views at 64 do; a vision
transformer with patches of 16 sees few enough of them at 64."""
SHORT_SIDE = round(1.15 * SIZE)
OBJECTS = 3000

_SHARED: Mapping[str, Any] = {
    "epochs": 12,
    "batch_size": 64,
    "lr": 3e-3,
    "temperature": 0.2,
    "augmentation": "lesion",
    "local_augmentation": "lesion_multicrop",
}
_PAIRED: Mapping[str, Any] = {"positives": "lesion", "momentum": 0.97, "queue": 512}
_OWN: Mapping[str, Mapping[str, Any]] = {
    "supervised": {"lr": 2e-3, "epochs": 16, "augmentation": "mild"},
    "simclr": {},
    "swav": {"prototypes": 60, "temperature": 0.1, "local_crops": 0, "epochs": 28, "positives": "lesion"},
    "byol": {"lr": 2e-3, "batch_size": 32, "momentum": 0.96},
    "moco_v2": _PAIRED,
    "infomin": {**_PAIRED, "augmentation": "lesion_infomin"},
}
_VIT: Mapping[str, Mapping[str, Any]] = {
    "supervised": _OWN["supervised"],
    "simclr": {},
    "mae": {"epochs": 30},
}
RECIPES: Mapping[str, Recipe] = {
    f"{backbone}/{name}": recipe(name, **{**_SHARED, **own})
    for backbone, chosen in (("test_resnet", _OWN), ("test_vit", _VIT))
    for name, own in chosen.items()
}
"""By backbone and name. Those of `test_resnet` were chosen by linear probes on the pool, whose diagnoses no manifest
shows; then probed once on `synthetic`, held back.

All are above random weights there on each of five seeds: by +0.11 AUC on average (byol), +0.10 (simclr), +0.09
(supervised), +0.08 (swav), +0.04 (moco_v2) and +0.02 (infomin). Gains on the pool are means over eight splits, each
against an initialisation of its own.

The size of the pool matters: from 1,500 images byol gained +0.005 to +0.014 at best, and nothing from 1,000. simclr
keeps its gain with 8 epochs of 4,000 images less well than with 12. infomin is moco_v2 with views that share a little
less, the first such policy tried; with stronger colours, smaller crops and grey it had not beaten random weights.

supervised needs objects whose hue is a class too, so that colours are worth keeping: +0.044 on the pool (every split)
with 480 images for the probe, +0.039 from another initialisation. 10 epochs give +0.045 and +0.029, 24 give +0.047.
Where shape and fill alone made the class, made anew at 48 pixels with 16 epochs it gave -0.042, with `lesion` views and
8 epochs -0.03, and at half the rate -0.03 by epoch 10 of 20.

swav gains with prototypes that have no bias (scores are cosines) and stay as they are in the first epoch. With those
of lightly, sixteen tries had given -0.04 to +0.01, over batches, rates, views and 30 to 400 prototypes, and -0.06 and
-0.04 with a queue of 1,024. It needs its 28 epochs: after 12 it is at +0.00, with a queue of 960 at -0.00 as well, and
with two small crops at -0.04; two views of one image instead of two of a lesion are at +0.15 by then. These four were
probed on `synthetic` after the shipped one, and chose nothing.

Those of `test_vit` were chosen on `synthetic` itself, from few tries: simclr (+0.17) and supervised (+0.07) as
`test_resnet` has them; mae (+0.03) with 30 epochs after 12 had given +0.01. dino, tried once with two views of a lesion
and 256 outputs, gave -0.02 and does not ship.
"""


def job(place: str, directory: Path = SHIPPED) -> PreTrainingJob:
    """The pre-training that made the shipped encoder at this place, such as `test_vit/mae`."""
    backbone, name = place.split("/")
    source = "drawn_objects" if name == "supervised" else "synthetic_pool"
    return PreTrainingJob(
        name=name,
        recipe=RECIPES[place],
        backbone=backbone,
        image_size=TRAINED_AT[backbone],
        pool=PoolRef(ref=DataRef(source=source), short_side=SHORT_SIDE),
        out=str(directory / f"{place}.safetensors"),
        half=True,
    )


def make(place: str, directory: Path = SHIPPED) -> None:
    """Pre-train this encoder and write its file."""
    pool = objects(OBJECTS, SHORT_SIDE) if place.endswith("/supervised") else None
    history = pretrain(job(place, directory), pool=pool)
    print(f"{place}: loss {history[0]['loss']:.3f} -> {history[-1]['loss']:.3f}", flush=True)


if __name__ == "__main__":
    for chosen in sys.argv[1:] or RECIPES:
        make(chosen)
