"""Numbers and names as people read them. One place, so that a table and a sentence never round differently."""

from __future__ import annotations

import math
from typing import Any

from study.comparison.metrics.class_metric import metric_label

UNDEFINED = "–"
HARD = "\N{NO-BREAK SPACE}"  # a number and its unit stay on one line


def missing(value: Any) -> bool:
    """Whether a table's value is null (None, NaN, NaT)."""
    return value is None or value != value


def text(value: Any) -> str:
    """A text column's value; empty where it is null."""
    return "" if missing(value) else str(value)


def number(value: Any, digits: int = 3) -> str:
    """A fixed number of decimals with a real minus sign; `–` where undefined. Never `-0.000`."""
    if missing(value) or math.isinf(float(value)):
        return UNDEFINED
    text = f"{float(value):.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def signed(value: Any, digits: int = 3) -> str:
    """As `number`, with its sign always shown."""
    text = number(value, digits)
    return text if text == UNDEFINED or text.startswith("−") else f"+{text}"


def interval(low: Any, high: Any, digits: int = 3, sign: bool = False) -> str:
    """`[0.812, 0.894]`."""
    if missing(low) or missing(high):
        return "no interval"
    shown = signed if sign else number
    return f"[{shown(low, digits)},{HARD}{shown(high, digits)}]"


def probability(value: Any) -> str:
    """A p-value: three decimals, `< 0.001` below."""
    if missing(value):
        return UNDEFINED
    return "< 0.001" if float(value) < 0.001 else number(value, 3)


def count(value: Any) -> str:
    """Whole numbers with thin thousands: `10,015`."""
    return UNDEFINED if missing(value) else f"{round(float(value)):,}"


def percent(share: Any, digits: int = 0) -> str:
    """`0.1` → `10 %`, `0.0125` → `1.25 %` where `digits` allow."""
    if missing(share):
        return UNDEFINED
    text = f"{float(share) * 100:.{max(digits, 2)}f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals[: max(digits, 2)].rstrip("0")
    return f"{whole}{'.' + decimals if decimals else ''}{HARD}%".replace("-", "−")


def fraction(value: Any) -> str:
    """A training fraction: `10 % of the training images`."""
    return "all training images" if float(value) == 1 else f"{percent(value)} of the training images"


def seconds(value: Any) -> str:
    """A duration in its natural unit."""
    if missing(value):
        return UNDEFINED
    total = float(value)
    if total < 60:
        return f"{total:.0f}{HARD}s" if total >= 10 else f"{total:.1f}{HARD}s"
    if total < 3600:
        return f"{total / 60:.1f}{HARD}min"
    return f"{total / 3600:.1f}{HARD}h"


def metric(name: str) -> str:
    """A metric as people call it."""
    return metric_label(name)


def plural(n: int, one: str, many: str | None = None) -> str:
    """`1 trial`, `8 trials`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listing(items: list[str], word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}" if items else ""
