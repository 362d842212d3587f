"""Weights whose names are positions, as `nn.Sequential(*list(resnet.children())[:-1])` saves them: mapped by order."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

COUNTER = "num_batches_tracked"


def by_order(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor] | None:
    """The tensors under `prefix` by the backbone's names, or None where they do not follow its order.

    Every tensor of the backbone must find one of the same shape, the same last name (`weight`, `running_mean`, …) and
    the same place; what follows them in the file (a head) is left. Counters of batches may lack. The first part of the
    name after the prefix must be a position: named weights are never guessed.
    """
    own = [(key, value) for key, value in state.items() if key.startswith(prefix) and not key.endswith(COUNTER)]
    names = [key for key in wanted if not key.endswith(COUNTER)]
    if len(own) < len(names) or not all(key[len(prefix) :].split(".")[0].isdigit() for key, _ in own):
        return None
    pairs = list(zip(names, own, strict=False))
    if any(not _alike(name, wanted[name], key, value) for name, (key, value) in pairs):
        return None
    found = {name: value for name, (_, value) in pairs}
    counters = [value for key, value in state.items() if key.startswith(prefix) and key.endswith(COUNTER)]
    return found | dict(zip([key for key in wanted if key.endswith(COUNTER)], counters, strict=False))


def positions(state: Mapping[str, Tensor]) -> list[str]:
    """The prefixes in a file under which names are positions: `` or `backbone.` and the like, the shortest first."""
    found: dict[str, None] = {}
    for key in state:
        parts = key.split(".")
        first = next((place for place, part in enumerate(parts) if part.isdigit()), None)
        if first is not None:
            found["".join(f"{part}." for part in parts[:first])] = None
    return sorted(found, key=len)


def _alike(name: str, wanted: Tensor, key: str, value: Tensor) -> bool:
    return wanted.shape == value.shape and name.rpartition(".")[2] == key.rpartition(".")[2]
