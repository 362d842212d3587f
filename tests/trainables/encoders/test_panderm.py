"""PanDerm's network computes what its own code says, written out from the released file's tensors."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F

from trainables.encoders import build
from trainables.encoders.encoder import bare
from trainables.job import EncoderRef

HEADS, PATCH = 4, 16


def as_published(state, images):
    """Features [n, d]: the class token behind pre-norm blocks with scaled branches and biases on queries and values."""
    kernel, bias = state["patch_embed.proj.weight"], state["patch_embed.proj.bias"]
    patches = F.unfold(images, PATCH, stride=PATCH).mT @ kernel.flatten(1).T + bias
    x = torch.cat([state["cls_token"].expand(len(images), -1, -1), patches], dim=1) + state["pos_embed"]
    width = x.shape[-1]

    def norm(name, values):
        return F.layer_norm(values, (width,), state[f"{name}.weight"], state[f"{name}.bias"], eps=1e-6)

    for number in range(2):
        block = f"blocks.{number}"
        queries, keys, values = (norm(f"{block}.norm1", x) @ state[f"{block}.attn.qkv.weight"].T).chunk(3, dim=-1)
        parts = queries + state[f"{block}.attn.q_bias"], keys, values + state[f"{block}.attn.v_bias"]
        q, k, v = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in parts)
        weights = (q @ k.mT / (width // HEADS) ** 0.5).softmax(dim=-1)
        mixed = (weights @ v).transpose(1, 2).flatten(2)
        branch = mixed @ state[f"{block}.attn.proj.weight"].T + state[f"{block}.attn.proj.bias"]
        x = x + state[f"{block}.gamma_1"] * branch
        hidden = norm(f"{block}.norm2", x) @ state[f"{block}.mlp.fc1.weight"].T + state[f"{block}.mlp.fc1.bias"]
        branch = F.gelu(hidden) @ state[f"{block}.mlp.fc2.weight"].T + state[f"{block}.mlp.fc2.bias"]
        x = x + state[f"{block}.gamma_2"] * branch
    return norm("norm", x)[:, 0]


def random_state():
    torch.manual_seed(1)
    return {name: torch.randn_like(value) * 0.2 for name, value in bare("tiny_panderm", 64).state_dict().items()}


def test_features_are_those_of_the_published_network(tmp_path: Path) -> None:
    state = random_state()
    torch.save(state, tmp_path / "panderm_bb.pth")
    made = build(EncoderRef(name="panderm", weights=str(tmp_path / "panderm_bb.pth")), "tiny_panderm", image_size=64)
    images = torch.randn(3, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(made.eval()(images), as_published(state, images), rtol=1e-4, atol=1e-4)
        assert made.tokens(images).shape == (3, 16, 64)


def test_the_released_base_file_has_as_many_tensors_as_the_backbone() -> None:
    assert len(bare("panderm_base_patch16_224", 224).state_dict()) == 186  # 15 a block, and 6


def test_positions_are_resampled_to_another_size(tmp_path: Path) -> None:
    torch.save(random_state(), tmp_path / "panderm_bb.pth")
    made = build(EncoderRef(name="panderm", weights=str(tmp_path / "panderm_bb.pth")), "tiny_panderm", image_size=96)
    assert made.backbone.pos_embed.shape[1] == 6 * 6 + 1
