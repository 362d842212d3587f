"""MAE (He et al. 2022): fill in three quarters of an image's patches from the others. For vision transformers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from lightly.models import utils
from lightly.models.modules import MAEDecoderTIMM, MaskedVisionTransformerTIMM
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from trainables.encoders import Encoder
from trainables.encoders.encoder import patch_size
from trainables.job import TrainingError
from trainables.ssl.method import Crop, Method
from trainables.ssl.recipes import Recipe

MASKED = 0.75  # share of the patches, as published
DEPTH, HEADS = 8, 16  # of the decoder, as published; no deeper than the encoder


class MAE(Method):
    """Mean squared error of the masked patches' pixels, each patch standardised. One crop an image."""

    crops = (Crop(),)

    def __init__(self, encoder: Encoder, recipe: Recipe, classes: int = 0) -> None:
        super().__init__(encoder, recipe, classes)
        vit = encoder.backbone
        if not isinstance(vit, VisionTransformer):
            raise TrainingError(
                f"mae masks patches of a vision transformer, but the backbone is a {type(vit).__name__}. Choose a "
                "backbone such as vit_small_patch16_224, or another method."
            )
        self._patch, self._prefix, self._patches = patch_size(vit), vit.num_prefix_tokens, vit.patch_embed.num_patches
        # In a tuple: its transformer is the encoder's, and its mask token is none that this method uses.
        self._masked = (
            MaskedVisionTransformerTIMM(vit, weight_initialization="skip", pos_embed_initialization="skip"),
        )
        self.decoder = MAEDecoderTIMM(
            num_patches=self._patches,
            patch_size=self._patch,
            embed_dim=vit.embed_dim,
            decoder_embed_dim=max(HEADS * 4, vit.embed_dim // 2 // (HEADS * 4) * (HEADS * 4)),
            decoder_depth=min(DEPTH, len(vit.blocks)),
            decoder_num_heads=HEADS,
            num_prefix_tokens=self._prefix,
        )

    def loss(self, views: Sequence[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
        """Squared error; 1 is the patch's mean everywhere."""
        images = views[0].contiguous()
        keep, masked = self._draw(len(images), images.device)
        seen = self.decoder.embed(self._masked[0].encode(images, idx_keep=keep))
        tokens = self.decoder.mask_token.repeat(len(images), self._prefix + self._patches, 1).type_as(seen)
        decoded = self.decoder.decode(utils.set_at_index(tokens, keep, seen))
        predicted = self.decoder.predict(utils.get_at_index(decoded, masked)).float()
        target = utils.get_at_index(utils.patchify(images, self._patch), masked - self._prefix)
        return nn.functional.mse_loss(predicted, utils.normalize_mean_var(target))

    def _draw(self, count: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        """Places of the tokens that are kept, class and register tokens among them, and of those that are masked."""
        order = torch.rand(count, self._patches, device=device).argsort(dim=1) + self._prefix
        kept = self._patches - int(MASKED * self._patches)
        prefix = torch.arange(self._prefix, device=device).expand(count, -1)
        return torch.cat([prefix, order[:, :kept]], dim=1), order[:, kept:]
