"""A trained model as the qualitative pages use it: its features, and where it looked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.image import show_cam_on_image
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from study.preparation.thumbnails import Image
from trainables.augmentation.cpu_views import render
from trainables.augmentation.parameters import whole
from trainables.models.classifier import Classifier
from trainables.predict import load_model

Floats = npt.NDArray[np.float32]
BATCH = 64


class _ChannelsFirst(nn.Module):
    """The classifier for a library that expects images as (n, 3, H, W)."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, images: Tensor) -> Tensor:
        """Logits of images (n, 3, H, W), float32, 0..255."""
        return self.classifier(images.permute(0, 2, 3, 1))


@dataclass(frozen=True)
class _Logit:
    """Grad-CAM's target: the logit of a class."""

    label: int

    def __call__(self, output: Tensor) -> Tensor:
        return output.flatten()[self.label]


@dataclass(frozen=True)
class Eye:
    """A classifier in evaluation mode on the CPU, and the side of its images in pixels."""

    model: Classifier
    image_size: int

    def view(self, image: Image) -> Image:
        """What the model sees of an RGB image without augmentation: uint8, `image_size` square."""
        return render(image, whole(*image.shape[:2]), self.image_size)

    def _batch(self, images: Sequence[Image]) -> Tensor:
        return torch.from_numpy(np.stack([self.view(image) for image in images]))

    def features(self, images: Sequence[Image]) -> Floats:
        """Features (n, d) of RGB uint8 images of any size."""
        with torch.inference_mode():
            parts = [images[i : i + BATCH] for i in range(0, len(images), BATCH)]
            found: Floats = torch.cat([self.model.encode(self._batch(part)) for part in parts]).flatten(1).numpy()
        return found

    def looked(self, image: Image, label: int = -1) -> Image:
        """Grad-CAM for a class (default the last, of two the positive one) over the image (Selvaraju et al., ICCV
        2017), `image_size` square."""
        pixels = self._batch([image]).permute(0, 3, 1, 2).float()
        layer, as_map = target(self.model.encoder)
        with GradCAM(model=_ChannelsFirst(self.model), target_layers=[layer], reshape_transform=as_map) as cam:
            heat = cam(input_tensor=pixels, targets=[_Logit(label)])[0]
        background = (self.view(image) / 255.0).astype(np.float32)
        shown: Image = show_cam_on_image(background, heat, use_rgb=True, image_weight=0.6)
        return shown


def open_eye(checkpoint: Path) -> Eye:
    """The classifier of a checkpoint. Raises `CheckpointError` for an unreadable one."""
    model, job = load_model(checkpoint, "cpu")
    return Eye(model, job.image_size)


def target(encoder: nn.Module) -> tuple[nn.Module, Callable[[Tensor], Tensor] | None]:
    """The layer that Grad-CAM looks through, and what makes a map (n, channels, height, width) of its output.

    Of a vision transformer: the tokens that enter its last block, those of patches alone, laid out as the patches lie;
    its only convolution embeds patches, and knows nothing of the class. Of other encoders: the last convolution. Raises
    `ValueError` for an encoder that has neither.
    """
    for module in encoder.modules():
        if isinstance(module, VisionTransformer):
            return module.get_submodule(f"blocks.{len(module.blocks) - 1}.norm1"), partial(
                patch_map, transformer=module
            )
    layers = [module for module in encoder.modules() if isinstance(module, nn.Conv2d)]
    if not layers:
        raise ValueError(f"Grad-CAM needs a convolution or a timm VisionTransformer, {type(encoder).__name__} has none")
    return layers[-1], None


def patch_map(tokens: Tensor, transformer: VisionTransformer) -> Tensor:
    """Tokens (n, prefix + patches, channels) as a map (n, channels, height, width); class and register tokens go."""
    height, width = transformer.patch_embed.grid_size
    patches = tokens[:, transformer.num_prefix_tokens :]
    return patches.transpose(1, 2).reshape(len(tokens), -1, height, width)
