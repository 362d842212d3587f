"""Trials of one architecture stacked in one process (`torch.func`, vmap) against one after the other.

Stacking would also change what is trained: under vmap batch normalisation cannot keep its running statistics, so the
networks here have none, and trials that are stopped or have other batch sizes could not share a stack.
"""

from __future__ import annotations

import copy
import os
from statistics import median

import timm
import torch
from torch import nn
from torch.func import functional_call, grad, replace_all_batch_norm_modules_, stack_module_state, vmap

from tests.benchmarks.pairs import in_turns, ratios, times

TRIALS = 4
NETWORKS = (("test_resnet", 48, 32), ("test_vit", 48, 32), ("resnet18", 64, 16), ("resnet50", 96, 8))
"""timm's name, px, batch: the demo's own, and what users run as large as a processor bears."""
LARGER = (("resnet50", 224, 8), ("vit_small_patch16_224", 224, 8))


def run(short: bool) -> dict:
    """Gradients of four networks, one by one and stacked, in turns."""
    torch.set_num_threads(os.cpu_count() or 1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    chosen = NETWORKS[:3] if short else (*NETWORKS, *LARGER)
    return {
        "title": "Trials of one architecture stacked in one process",
        "rows": [_row(*network, device, turns=3 if short else 5) for network in chosen],
        "note": f"Gradients of {TRIALS} networks of their own weights and images on {device}: seconds one by one and "
        "stacked by vmap, medians of turns. Batch normalisation without running statistics, which vmap cannot keep.",
    }


def _row(name: str, side: int, batch: int, device: str, turns: int) -> dict:
    networks = [replace_all_batch_norm_modules_(_network(name, side)).to(device) for _ in range(TRIALS)]
    images = torch.randn(TRIALS, batch, 3, side, side, device=device)
    labels = torch.randint(0, 2, (TRIALS, batch), device=device)
    params, buffers = stack_module_state(networks)
    base = copy.deepcopy(networks[0]).to("meta")

    def loss(weights: dict, states: dict, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(functional_call(base, (weights, states), (x,)), y)

    def alone() -> None:
        for network, x, y in zip(networks, images, labels, strict=True):
            torch.autograd.grad(nn.functional.cross_entropy(network(x), y), list(network.parameters()))

    def stacked() -> None:
        vmap(grad(loss), randomness="different")(params, buffers, images, labels)

    done = torch.cuda.synchronize if device == "cuda" else lambda: None
    spent = in_turns({"alone": lambda: (alone(), done()), "stacked": lambda: (stacked(), done())}, turns)
    return {
        "network": name,
        "px": side,
        "batch": batch,
        "one by one, s": median(spent["alone"]),
        "stacked, s": median(spent["stacked"]),
        "stacked is faster": times(ratios(spent["alone"], spent["stacked"])),
    }


def _network(name: str, side: int) -> nn.Module:
    sizes = {"img_size": side} if "vit" in name else {}
    return timm.create_model(name, num_classes=2, **sizes)
