"""What is known about one encoder's public weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from trainables.encoders.encoder import Channels
from trainables.encoders.padding import Padding

OPEN = ("Apache-2.0", "MIT", "BSD-3-Clause", "none", "yours")
"""Licences without conditions on the use; `none` and `yours` are nobody else's to judge."""
IMAGENET_MEAN: Channels = (0.485, 0.456, 0.406)
IMAGENET_STD: Channels = (0.229, 0.224, 0.225)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """An encoder by name: where its weights come from and how they are laid out in their file.

    `licence` of the public weights (SPDX where it has a name). `pretrained_on`: the images that they have seen;
    `overlap`: whether images of a test set can be among them, `no` where these are public and hold no dermatology.

    `containers`: keys under which some copies nest the weights (a bare file is read as well). `prefix`: what the
    encoder's own keys begin with, None: found by looking. `ignored`: patterns (fnmatch) of keys that belong to heads
    and queues. `mean`, `std`: the normalisation of pixels in 0..1, None: that of timm's weights for the backbone.
    `padding`: how the weights' original network padded. `counters`: whether the file may hold batch norm's counters
    of batches. `digests`: sha256 (or its beginning) of public files by their names. `trained`: False where there are
    no weights on purpose. `ships`: whether it is a small encoder of ours that bears the name.
    """

    name: str
    paper: str
    obtain: str
    licence: str = "unknown"
    pretrained_on: str = "unknown"
    overlap: Literal["no", "unknown"] = "unknown"
    containers: tuple[str, ...] = ()
    prefix: str | None = ""
    ignored: tuple[str, ...] = ()
    mean: Channels | None = IMAGENET_MEAN
    std: Channels | None = IMAGENET_STD
    padding: Padding = "torch"
    counters: bool = True
    digests: Mapping[str, str] = field(default_factory=dict)
    trained: bool = True
    ships: bool = False

    def begun_with(self, weights: str | None) -> Recipe:
        """The recipe of what a method begins with: without `weights:`, a small encoder that ships with the code."""
        if not self.trained or weights is not None:
            return self
        return replace(
            self,
            paper=f"a small one of this project, after {self.paper}",
            pretrained_on="drawn images",
            licence="this project's",
            overlap="no",
            ships=True,
        )

    @property
    def is_open(self) -> bool:
        """Whether the licence lets anybody use the weights for any purpose; no where that is not known."""
        return self.licence.startswith(OPEN)
