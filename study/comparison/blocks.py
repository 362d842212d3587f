"""Predictions as arrays: one block a training fraction and test set, all methods on the same images and pairs.

Two classes make a `Block`, more a `ClassBlock`, which gives a `Block` for each class against the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np

from study.comparison.cases import Bools, Cases, ClassCases, Floats, Ints


@dataclass(frozen=True, kw_only=True)
class _Models:
    """`scores` [methods, replicates, members, images, …] of one fraction on one test set.

    `frozen` holds what each model was given beforehand [methods, replicates, members], by the column of
    `operating_points.frozen_columns`; NaN where that is not known. `ranks` [members] are the winners that the members
    of every replicate are; empty where they are not the same in all.
    """

    fraction: float
    dataset: str
    methods: tuple[str, ...]
    scores: Floats
    frozen: Mapping[str, Floats] = field(default_factory=dict)
    ranks: tuple[int, ...] = ()

    def knowing(self, columns: Sequence[str]) -> Self | None:
        """The block of those methods all of whose models were given these columns; None where no method was."""
        if not all(name in self.frozen for name in columns):
            return None
        known: Bools = np.asarray(~np.isnan([self.frozen[name] for name in columns]).any(axis=(0, 2, 3)))
        if not known.any():
            return None
        kept = [method for method, chosen in zip(self.methods, known, strict=True) if chosen]
        frozen = {name: values[known] for name, values in self.frozen.items()}
        return replace(self, methods=tuple(kept), scores=self.scores[known], frozen=frozen)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Methods, replicates, members."""
        return self.scores.shape[0], self.scores.shape[1], self.scores.shape[2]

    @property
    def models(self) -> int:
        """Trained models of each method: replicates times members."""
        return self.shape[1] * self.shape[2]

    def fold(self, values: Floats) -> Floats:
        """From [models, …] to [methods, replicates, …]: members of a replicate averaged."""
        return values.reshape(*self.shape, *values.shape[1:]).mean(axis=2)


@dataclass(frozen=True, kw_only=True)
class Block(_Models):
    """`scores` [methods, replicates, members, images] of one fraction on one test set."""

    cases: Cases

    @property
    def flat(self) -> Floats:
        """Scores [models, images]."""
        return self.scores.reshape(-1, self.scores.shape[-1])


@dataclass(frozen=True, kw_only=True)
class ClassBlock(_Models):
    """`scores` [methods, replicates, members, images, classes] of one fraction on one test set of many classes."""

    classes: tuple[str, ...]
    cases: ClassCases

    @property
    def flat(self) -> Floats:
        """Scores [models, images, classes]."""
        return self.scores.reshape(-1, *self.scores.shape[-2:])

    @cached_property
    def chosen(self) -> Ints:
        """The class of the highest probability [methods, replicates, members, images]."""
        return np.asarray(self.scores.argmax(axis=-1))

    def against_rest(self, label: int) -> Block:
        """One class against all others, by its probability."""
        return self._view(label, self.scores[..., label])

    def decided(self, label: int) -> Block:
        """One class against all others, by whether it has the highest probability (1) or not (0)."""
        return self._view(label, (self.chosen == label).astype(float))

    def _view(self, label: int, scores: Floats) -> Block:
        cases = self.cases.against_rest(label)
        return Block(fraction=self.fraction, dataset=self.dataset, methods=self.methods, cases=cases, scores=scores)


AnyBlock = Block | ClassBlock
