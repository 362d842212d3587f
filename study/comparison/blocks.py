"""Predictions as arrays: one block a training fraction and test set, all methods on the same images and pairs.

Two classes make a `Block`, more a `ClassBlock`, which gives a `Block` for each class against the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

from study.comparison.cases import Cases, ClassCases, Floats


@dataclass(frozen=True, kw_only=True)
class _Models:
    """`scores` [methods, replicates, members, images, …] of one fraction on one test set."""

    fraction: float
    dataset: str
    methods: tuple[str, ...]
    scores: Floats

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

    def against_rest(self, label: int) -> Block:
        """One class against all others, by its probability."""
        return self._view(label, self.scores[..., label])

    def decided(self, label: int) -> Block:
        """One class against all others, by whether it has the highest probability (1) or not (0)."""
        return self._view(label, (self.scores.argmax(axis=-1) == label).astype(float))

    def _view(self, label: int, scores: Floats) -> Block:
        cases = self.cases.against_rest(label)
        return Block(fraction=self.fraction, dataset=self.dataset, methods=self.methods, cases=cases, scores=scores)


AnyBlock = Block | ClassBlock
