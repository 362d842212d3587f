"""Domains of one hyperparameter, each a map from the unit interval, so that any design of points fits any space."""

from __future__ import annotations

import math
from dataclasses import dataclass

Value = float | int | str | bool


@dataclass(frozen=True, kw_only=True)
class Float:
    """A real interval [low, high], searched on a log scale where the parameter acts by its magnitude."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(f"a float domain needs low < high (and low > 0 on a log scale), got {self}")

    def at(self, unit: float) -> float:
        """The value at `unit` in [0, 1]."""
        if self.log:
            value = math.exp(math.log(self.low) + unit * (math.log(self.high) - math.log(self.low)))
            return min(self.high, max(self.low, value))
        return self.low + unit * (self.high - self.low)

    def contains(self, value: Value) -> bool:
        """Whether `value` lies in the domain."""
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def edge(self, value: Value) -> str | None:
        """`low` or `high` when the value lies within 2 % of that end (on the domain's scale), else None."""
        unit = self._unit(float(value))
        return "low" if unit <= 0.02 else "high" if unit >= 0.98 else None

    def grid(self, points: int) -> tuple[Value, ...]:
        """`points` values, evenly spaced on the domain's scale, ends included."""
        return tuple(self.at(index / max(points - 1, 1)) for index in range(points))

    def _unit(self, value: float) -> float:
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True, kw_only=True)
class Int:
    """Whole numbers low..high, both included."""

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(f"an int domain needs low < high (and low > 0 on a log scale), got {self}")

    def at(self, unit: float) -> int:
        """The value at `unit` in [0, 1]; every whole number has the same share of a linear domain."""
        if self.log:
            return round(math.exp(math.log(self.low) + unit * (math.log(self.high) - math.log(self.low))))
        return min(self.high, self.low + int(unit * (self.high - self.low + 1)))

    def contains(self, value: Value) -> bool:
        """Whether `value` lies in the domain."""
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high

    def edge(self, value: Value) -> str | None:
        """`low` or `high` when the value is that end, else None."""
        return "low" if value == self.low else "high" if value == self.high else None

    def grid(self, points: int) -> tuple[Value, ...]:
        """Up to `points` distinct values, evenly spaced, ends included."""
        return tuple(sorted({self.at(index / max(points - 1, 1)) for index in range(points)}))


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of a few values without an order."""

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if not self.values or len(set(self.values)) != len(self.values):
            raise ValueError(f"a choice needs at least one value and no value twice, got {self.values}")

    def at(self, unit: float) -> Value:
        """The value at `unit` in [0, 1]; every value has the same share."""
        return self.values[min(len(self.values) - 1, int(unit * len(self.values)))]

    def contains(self, value: Value) -> bool:
        """Whether `value` is one of the values."""
        return value in self.values

    def edge(self, value: Value) -> str | None:
        """None: values without an order have no edge."""
        return None

    def grid(self, points: int) -> tuple[Value, ...]:
        """All values, whatever `points` says."""
        return self.values


Domain = Float | Int | Choice
