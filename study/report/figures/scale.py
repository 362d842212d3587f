"""Axes: data to drawing units, and round tick values."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Scale:
    """Maps `low..high` (data) onto `start..end` (drawing units), linearly or by logarithm."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, value = (math.log10(v) if self.log else v for v in (self.low, self.high, value))
        share = 0.5 if high == low else (value - low) / (high - low)
        return self.start + min(max(share, -0.02), 1.02) * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """Round values within the axis: 1, 2 or 5 times a power of ten; powers of ten on a log axis."""
        if self.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            powers = [10.0**power for power in range(first, last + 1)]
            if len(powers) >= 3:
                return powers[:: math.ceil(len(powers) / about)]
            fine = [m * 10.0**p for p in range(first - 1, last + 1) for m in (1, 2, 5)]
            return [value for value in fine if self.low * 0.999 <= value <= self.high * 1.001]
        step = _round_step((self.high - self.low) / max(about, 1))
        if self.low == round(self.low) and self.high == round(self.high) and self.high - self.low > 1:
            step = max(1.0, round(step))  # counts have whole ticks
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(index * step, 12) for index in range(first, last + 1)]


def _round_step(rough: float) -> float:
    if rough <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)


def tick_label(value: float, ticks: list[float]) -> str:
    """A tick's text: as few decimals as tell the ticks apart."""
    if len(ticks) > 1 and 0 < ticks[0] * 5 < ticks[-1] and ticks[0] < 0.1:
        return f"{value:f}".rstrip("0").rstrip(".") if value >= 1e-5 else f"{value:.0e}".replace("-", "−")
    for digits in range(5):
        if all(abs(round(tick, digits) - tick) < 1e-9 for tick in ticks):
            return f"{value:.{digits}f}".replace("-", "−")
    return f"{value:g}".replace("-", "−")


def padded(low: float, high: float, share: float = 0.06, least: float = 0.02) -> tuple[float, float]:
    """The range with a margin on both sides, at least `least` wide."""
    width = max(high - low, least)
    middle = (low + high) / 2
    return middle - width * (0.5 + share), middle + width * (0.5 + share)


def robust_range(values: pd.Series, less_is_better: bool, worst: float = 0.05) -> tuple[float, float]:
    """The range of the values without the worst share of them, which would flatten all others."""
    if less_is_better:
        return padded(float(values.min()), float(values.quantile(1 - worst)))
    return padded(float(values.quantile(worst)), float(values.max()))


def within(value: float, ends: tuple[float, float]) -> float:
    """The value, or the end of the axis that it lies beyond."""
    return min(max(float(value), ends[0]), ends[1])
