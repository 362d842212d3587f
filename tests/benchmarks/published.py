"""The published way of making views, re-created from its description.

Pillow decodes the whole JPEG for every view, torchvision's transforms work on the Pillow image, and a DataLoader's
worker processes deliver normalised float32 tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


def transform(size: int) -> transforms.Compose:
    """Its training and test-time transform, which is `published` in our policies."""
    return transforms.Compose(
        [
            transforms.RandomHorizontalFlip(),
            transforms.RandomVerticalFlip(),
            transforms.RandomResizedCrop(size, scale=(0.75, 1.0)),
            transforms.RandomRotation(45),
            transforms.ColorJitter(hue=0.2),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )


class Views(Dataset):
    """One view of each path, decoded anew every time."""

    def __init__(self, paths: Sequence[Path], size: int) -> None:
        self._paths, self._transform = paths, transform(size)

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        with Image.open(self._paths[index]) as image:
            return self._transform(image.convert("RGB"))


def loader(paths: Sequence[Path], size: int, batch_size: int, workers: int) -> DataLoader:
    """Batches of views from worker processes that stay for the next epoch."""
    return DataLoader(Views(paths, size), batch_size=batch_size, num_workers=workers, persistent_workers=True)
