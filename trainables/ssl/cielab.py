"""CIE L*a*b* (D65, from sRGB) in PyTorch, and the bins of its ab plane that screens can show."""

from __future__ import annotations

import torch

STEP = 10.0  # side of a bin (Zhang et al. 2016)
_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
_WHITE = (0.95047, 1.0, 1.08883)


def lab(rgb: torch.Tensor) -> torch.Tensor:
    """sRGB in 0..1 [n, 3, h, w] -> L (0..100), a, b [n, 3, h, w]."""
    rgb = rgb.float().clamp(0, 1)
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = torch.einsum("ij,njhw->nihw", rgb.new_tensor(_XYZ), linear) / rgb.new_tensor(_WHITE).view(1, 3, 1, 1)
    cut = 6 / 29
    f = torch.where(xyz > cut**3, xyz.clamp(min=1e-12) ** (1 / 3), xyz / (3 * cut**2) + 4 / 29)
    x, y, z = f.unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def bins() -> torch.Tensor:
    """Centres [k, 2] of the ab bins that some sRGB colour falls into (313 in the paper, by another lattice)."""
    axis = torch.linspace(0, 1, 33)
    colours = torch.cartesian_prod(axis, axis, axis).T.reshape(1, 3, -1, 1)
    cells = torch.round(lab(colours)[0, 1:, :, 0].T / STEP)
    return torch.unique(cells, dim=0) * STEP
