"""PanDerm: the encoder of masked latent modelling (CAEv2), on its own networks (`panderm_network`).

The large model's file nests it under `model` with the prefix `encoder.`, beside the teacher and the decoder; the base
model's holds it alone.
"""

from __future__ import annotations

from trainables.encoders.recipe import Recipe

RECIPE = Recipe(
    name="panderm",
    paper="Yan et al. 2025, A multimodal vision foundation model for clinical dermatology (Nature Medicine)",
    obtain="github.com/SiyuanYan1/PanDerm: panderm_bb_data6_checkpoint-499.pth (backbone panderm_base_patch16_224), "
    "panderm_ll_data6_checkpoint-499.pth (panderm_large_patch16_224)",
    licence="CC-BY-NC-ND-4.0",
    pretrained_on="2 million skin images of 11 institutions (dermoscopy, clinical, total-body, pathology); no list",
    overlap="unknown",
    containers=("model", "module", "state_dict"),
    prefix=None,
    ignored=("teacher.*", "decoder.*"),
)
