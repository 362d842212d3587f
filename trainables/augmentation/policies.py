"""Augmentation policies by name: the ranges that `parameters.draw` draws a view's parameters from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from datasets.base.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Ranges of the random parameters; zero-width ranges switch a step off.

    `scale`/`ratio`: RandomResizedCrop's area share and aspect. `rotation` in degrees either way. `hue` in turns either
    way (0.2 = torchvision's jitter of 0.2). `brightness`, `contrast`, `saturation`: factors in 1 ± value.
    `jitter`, `grey`, `blur`: probabilities. `flip`: whether both flips are drawn with probability 1/2.
    """

    scale: tuple[float, float] = (1.0, 1.0)
    ratio: tuple[float, float] = (1.0, 1.0)
    flip: bool = False
    rotation: float = 0.0
    hue: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    jitter: float = 1.0
    grey: float = 0.0
    blur: float = 0.0


# The published study's: flips, RandomResizedCrop(0.75-1), rotation of 45 degrees, hue jitter of 0.2.
_PUBLISHED = Policy(scale=(0.75, 1.0), ratio=(3 / 4, 4 / 3), flip=True, rotation=45.0, hue=0.2)
# SimCLR's (Chen et al. 2020), colour strength 0.5, with the vertical flip that skin lesions allow.
_CONTRASTIVE = Policy(
    scale=(0.2, 1.0),
    ratio=(3 / 4, 4 / 3),
    flip=True,
    hue=0.1,
    brightness=0.4,
    contrast=0.4,
    saturation=0.4,
    jitter=0.8,
    grey=0.2,
    blur=0.5,
)
# For pre-training on lesions: colour and size are signs of melanoma, so views keep most of both.
_LESION = Policy(
    scale=(0.5, 1.0),
    ratio=(3 / 4, 4 / 3),
    flip=True,
    rotation=45.0,
    hue=0.02,
    brightness=0.15,
    contrast=0.15,
    saturation=0.15,
    jitter=0.8,
    blur=0.3,
)

AUGMENTATIONS: Registry[Policy] = Registry(
    "augmentations",
    ValueError,
    {
        "none": Policy(),
        "published": _PUBLISHED,
        "contrastive": _CONTRASTIVE,
        # Crops alone: for pretext tasks whose answer a flip, a rotation or a change of colour would alter.
        "upright": Policy(scale=(0.5, 1.0), ratio=(3 / 4, 4 / 3)),
        "lesion": _LESION,
        # For learning from labels that colour and shape are part of: less of everything than `lesion`. Half a picture,
        # or hues that move far, would leave some of its classes undecided.
        "mild": replace(_LESION, scale=(0.75, 1.0), hue=0.01, brightness=0.1, contrast=0.1, saturation=0.1, blur=0.1),
        # InfoMin's stronger colours (Tian et al. 2020) and, of its RandAugment, the rotation.
        "infomin": replace(_CONTRASTIVE, rotation=30.0, hue=0.2, brightness=0.8, contrast=0.8, saturation=0.8),
        # As `infomin` is to `contrastive`, a little of it: views that share less than those of `lesion`.
        "lesion_infomin": replace(_LESION, scale=(0.4, 1.0), brightness=0.2, contrast=0.2, saturation=0.2, blur=0.5),
        # For fine-tuning of transformers, which need more variety: any turn, smaller crops, all colours a little.
        "modern": replace(_LESION, scale=(0.6, 1.0), rotation=180.0, hue=0.03, brightness=0.2, contrast=0.2, blur=0.1),
        # SwAV's small crops (Caron et al. 2020).
        "multicrop": replace(_CONTRASTIVE, scale=(0.05, 0.14)),
        # The same as `lesion` is to `contrastive`.
        "lesion_multicrop": replace(_LESION, scale=(0.2, 0.5)),
    },
)


def policy(name: str) -> Policy:
    """The policy of this name. Raises `ValueError` for an unknown one."""
    if name not in AUGMENTATIONS:
        raise ValueError(f"An augmentation policy is one of {sorted(AUGMENTATIONS)}, got {name!r}. Correct the name.")
    return AUGMENTATIONS.get(name)
