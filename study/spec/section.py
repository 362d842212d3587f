"""What the sections of a spec share: they are frozen, know all their keys, and name registered things."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from datasets.base.registry import Registry, nearest


class Section(BaseModel):
    """A mapping in a spec. A key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def known(name: str, registry: Registry[Any], kind: str) -> str:
    """`name`, where it is registered. Raises `ValueError` with the nearest names where it is not."""
    if name not in registry:
        raise ValueError(f"a {kind} is a registered one, got {name!r}: {nearest(name, registry)}")
    return name
