"""What every objective must pass."""

from __future__ import annotations

import numpy as np

from trainables.training.objectives import OBJECTIVES


def check_objective(name: str) -> None:
    """Better scores give a better value, in the direction that it names; the value is a finite float."""
    objective = OBJECTIVES.get(name)
    labels = np.array([0, 0, 0, 1, 1, 1])
    good, poor = (np.column_stack([1 - p, p]) for p in (np.linspace(0.1, 0.9, 6), np.linspace(0.9, 0.1, 6)))
    better, worse = objective.value(labels, good), objective.value(labels, poor)
    assert isinstance(better, float)
    assert np.isfinite([better, worse]).all()
    assert better > worse if objective.maximize else better < worse
    assert objective.label
