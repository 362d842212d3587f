"""Training views per second and core, from file to batch, against the published way."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

import numpy as np
import simplejpeg
import torch
from torchvision.io import decode_jpeg, read_file
from torchvision.transforms import v2

from tests.benchmarks import published
from tests.benchmarks.images import SIZES, cached, described, jpegs
from tests.benchmarks.pairs import in_turns, ratios, times
from trainables.augmentation.gpu_views import DeviceViews, maps_of, places
from trainables.augmentation.parameters import draw, uniforms
from trainables.augmentation.policies import policy
from trainables.training.loader import Renderer

SIZE, SHORT_SIDE, BATCH = 224, 258, 32
PEER, OURS = "published: Pillow, transforms, DataLoader worker", "decoded cache, one warp"
MEAN, STD = (torch.tensor(v).view(1, 3, 1, 1) * 255 for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))


def run(short: bool) -> dict:
    """All ways of making views, on both native sizes, one core each."""
    torch.set_num_threads(1)
    rows = [row for size in SIZES for row in _rows(size, 2 if short else 8, 5 if short else 9)]
    return {
        "title": f"Training views per second and core ({SIZE} px, the published policy)",
        "rows": rows,
        "note": f"{described()}. Cache at a short side of {SHORT_SIDE} px. Limits: decoding alone, with the fastest "
        "decoder, and copying alone, which is what an epoch costs that neither decodes nor augments. With views made "
        "on a GPU, a core draws parameters and copies decoded bytes into the memory that the GPU reads.",
    }


def _rows(size: str, batches: int, turns: int) -> list[dict]:
    count = batches * BATCH
    with tempfile.TemporaryDirectory() as folder:
        paths = jpegs(size, min(count, 24), Path(folder))
        paths = [paths[index % len(paths)] for index in range(count)]
        spent = in_turns(_ways(paths), turns)
    return [
        {
            "native size": size,
            "way": name,
            "views/s": count / statistics.median(taken),
            "ms/view": 1000 * statistics.median(taken) / count,
            "against the published way": "" if name == PEER else times(ratios(spent[PEER], taken)),
        }
        for name, taken in spent.items()
    ]


def _ways(paths: list[Path]) -> dict:
    images, chosen, u = cached(paths, SHORT_SIDE), policy("published"), uniforms(len(paths), "views")
    loader, renderer = published.loader(paths, SIZE, BATCH, workers=1), Renderer(images, SIZE, threads=1)
    maker = DeviceViews(SIZE, torch.device("cpu"))
    groups = [np.arange(start, start + BATCH) for start in range(0, len(paths), BATCH)]
    tensors = v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomVerticalFlip(),
            v2.RandomResizedCrop(SIZE, scale=(0.75, 1.0)),
            v2.RandomRotation(45),
            v2.ColorJitter(hue=0.2),
        ]
    )

    def batches() -> list:
        return [batch for _, batch in renderer.batches(groups, chosen, [u[group] for group in groups])]

    def normalised() -> None:
        for batch in batches():
            x = torch.from_numpy(batch).permute(0, 3, 1, 2).float().sub_(MEAN).div_(STD)
            assert x.is_contiguous(memory_format=torch.channels_last)

    def decoded_anew() -> None:
        fresh = _Decoding(paths)
        Renderer(fresh, SIZE, threads=1).batch(np.arange(len(paths)), chosen, u)

    def on_a_gpu() -> None:
        for group in groups:
            of = [images[row] for row in group]
            heights, widths = np.array([image.shape[:2] for image in of]).T
            views = draw(chosen, u[group], heights, widths)
            maker.stage(of), places(of, views), maps_of(views, SIZE)

    return {
        PEER: lambda: sum(len(batch) for batch in loader),
        "torchvision v2 on tensors, decoding every view": lambda: [
            tensors(decode_jpeg(read_file(str(p)))) for p in paths
        ],
        "simplejpeg decoding every view, one warp": decoded_anew,
        OURS: batches,
        f"{OURS}, normalised to float32 as well": normalised,
        "decoded cache, views made on a GPU: the core's work": on_a_gpu,
        "limit: decoding alone (simplejpeg)": lambda: [simplejpeg.decode_jpeg(path.read_bytes()) for path in paths],
        "limit: copying decoded images alone": lambda: [image.copy() for image in images],
    }


class _Decoding:
    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, row: int) -> np.ndarray:
        return simplejpeg.decode_jpeg(self._paths[row].read_bytes())
