"""The loop that all methods share: views, one loss over the group's batch, AdamW, resumable at every epoch."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from datasets.base.seeds import seed
from trainables.augmentation.parameters import uniforms
from trainables.augmentation.policies import policy
from trainables.devices.precision import autocast, autocast_dtype, pick_device, prepare
from trainables.encoders import Encoder
from trainables.job import Precision, TrainingError
from trainables.models.classifier import state
from trainables.ssl.image_pool import Pool, Rows, pairs
from trainables.ssl.method import Crop, Method
from trainables.ssl.methods import make
from trainables.ssl.recipes import Recipe
from trainables.training import checkpoint, distributed
from trainables.training.loader import Batch, Renderer
from trainables.training.step import wrap

WARM_UP = 0.1  # share of the steps
Epochs = list[dict[str, float]]


class PreTraining:
    """One pre-training of `encoder`, which is trained in place.

    With `partial` a checkpoint is written there after every epoch, and training goes on from it where it exists; the
    caller removes it when the result is safe. `identity` says what else decides the result: a checkpoint of another
    identity is refused.
    """

    def __init__(
        self,
        encoder: Encoder,
        pool: Pool,
        recipe: Recipe,
        *,
        image_size: int,
        threads: int = 1,
        device: str | None = None,
        precision: Precision | None = None,
        partial: Path | None = None,
        identity: str = "",
    ) -> None:
        self._pool, self._recipe, self._partial = pool, recipe, partial
        self._identity = {"recipe": recipe.record(), "pool": pool.digest, "size": image_size, "of": identity}
        self._device = pick_device(device)
        prepare(self._device, threads, precision=precision)
        torch.manual_seed(seed(recipe.seed, "heads"))
        method = make(encoder, recipe, len(pool.classes)).to(memory_format=torch.channels_last)
        self._method: Method = method.to(self._device)
        self._trained = wrap(self._method, self._device)
        self._batch = min(recipe.batch_size, self._pairs_in_epoch()) // distributed.world() * distributed.world()
        self._steps = self._pairs_in_epoch() // self._batch if self._batch else 0
        if self._batch < 2 * distributed.world():
            raise TrainingError(
                f"Pre-training needs two positive pairs a worker in a batch, got {self._pairs_in_epoch()} pairs on "
                f"{distributed.world()} workers. Use more images."
            )
        parameters = [parameter for parameter in self._trained.parameters() if parameter.requires_grad]
        self._optimiser = torch.optim.AdamW(parameters, lr=recipe.lr, weight_decay=recipe.weight_decay)
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=autocast_dtype(self._device) is torch.float16)
        self._renderers = {
            side: Renderer(pool.images, side, threads, self._device)
            for side in {round(image_size * c.side) for c in self._crops}
        }
        self._image_size = image_size
        self.history: Epochs = []
        if partial is not None and partial.exists():
            self._restore(partial)

    @property
    def _crops(self) -> Sequence[Crop]:
        return self._method.crops

    def run(self) -> Epochs:
        """Train to the end; metrics of every epoch. Raises `TrainingError` for a loss that is not finite."""
        try:
            while len(self.history) < self._recipe.epochs:
                self.history.append(self._epoch(len(self.history) + 1))
                if self._partial is not None and distributed.rank() == 0:
                    self._save(self._partial)
        finally:
            for renderer in self._renderers.values():
                renderer.close()
        return self.history

    def _epoch(self, epoch: int) -> dict[str, float]:
        started = time.monotonic()
        torch.manual_seed(seed(self._recipe.seed, "epoch", epoch, distributed.rank()))
        self._trained.train()
        self._method.epoch = epoch
        losses, images = [], 0
        for step, (views, labels) in enumerate(self._batches(epoch)):
            done = ((epoch - 1) * self._steps + step + 1) / (self._steps * self._recipe.epochs)
            losses.append(self._step(views, labels, done))
            images += sum(len(view) for view in views)
        return {
            "loss": float(np.mean(distributed.gather(float(np.mean(losses))))),
            "lr": self._optimiser.param_groups[0]["lr"],
            "images": float(sum(distributed.gather(images))),
            "seconds": time.monotonic() - started,
        }

    def _batches(self, epoch: int) -> Iterator[tuple[list[Batch], NDArray[np.int64]]]:
        """This rank's share of every batch: one array of views for each crop, and labels."""
        recipe, pool = self._recipe, self._pool
        halves = pairs(pool, positives=recipe.positives, balanced=recipe.balanced, seed=recipe.seed, epoch=epoch)
        cuts = [
            slice(start + distributed.rank(), start + self._batch, distributed.world())
            for start in range(0, self._steps * self._batch, self._batch)
        ]
        streams = [
            self._views(crop, index, halves[int(crop.partner)], cuts, epoch) for index, crop in enumerate(self._crops)
        ]
        for cut, *views in zip(cuts, *streams, strict=True):
            yield views, pool.labels[halves[0][cut]]

    def _views(self, crop: Crop, index: int, half: Rows, cuts: list[slice], epoch: int) -> Iterator[Batch]:
        u = uniforms(len(half), self._recipe.seed, "view", index, epoch)
        rows = self._pool.rows[half]
        renderer = self._renderers[round(self._image_size * crop.side)]
        chosen = policy(self._recipe.local_augmentation if crop.local else self._recipe.augmentation)
        for _, batch in renderer.batches([rows[cut] for cut in cuts], chosen, [u[cut] for cut in cuts]):
            yield batch

    def _step(self, views: list[Batch], labels: NDArray[np.int64], done: float) -> float:
        for group in self._optimiser.param_groups:
            group["lr"] = self._recipe.lr * _share(done)
        self._optimiser.zero_grad(set_to_none=True)
        tensors = [torch.as_tensor(view).to(self._device, non_blocking=True) for view in views]
        try:
            with autocast(self._device):
                loss = self._trained(tensors, torch.from_numpy(labels).to(self._device))
            self._scaler.scale(loss).backward()
        except torch.OutOfMemoryError as error:
            raise TrainingError(
                f"A batch of {self._batch} pairs does not fit on {self._device}, and cannot be cut without changing "
                "the loss. Use a smaller batch_size or more workers."
            ) from error
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingError(f"The pre-training loss became {value}: this configuration diverged.")
        self._scaler.step(self._optimiser)
        self._scaler.update()
        self._method.after_step(done)
        return value

    def _pairs_in_epoch(self) -> int:
        return len(pairs(self._pool, positives=self._recipe.positives, balanced=False, seed=0, epoch=0)[0])

    def _save(self, path: Path) -> None:
        buffers = {name: value.cpu() for name, value in self._method.named_buffers() if "bank" in name}
        checkpoint.save(
            path,
            {
                "identity": self._identity,
                "method": state(self._method),
                "queue": buffers,  # lightly keeps them out of the state
                "optimiser": self._optimiser.state_dict(),
                "scaler": self._scaler.state_dict(),
                "history": self.history,
            },
        )

    def _restore(self, path: Path) -> None:
        try:
            found = checkpoint.load(path, str(self._device))
        except checkpoint.CheckpointError as error:
            warnings.warn(f"{error} This pre-training begins anew.", stacklevel=2)
            return
        if found["identity"] != self._identity:
            raise TrainingError(
                f"A pre-training goes on with what it began with, but {path} is of {found['identity']}, not of "
                f"{self._identity}. Delete the file or write elsewhere."
            )
        self._method.load_state_dict(found["method"])
        for name, value in self._method.named_buffers():
            if name in found["queue"]:
                value.copy_(found["queue"][name])
        self._optimiser.load_state_dict(found["optimiser"])
        self._scaler.load_state_dict(found["scaler"])
        self.history = found["history"]


def _share(done: float) -> float:
    """Of the learning rate: linear warm-up, then cosine to zero."""
    if done < WARM_UP:
        return done / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))
