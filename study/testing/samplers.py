"""What every sampler must pass."""

from __future__ import annotations

import numpy as np

from search_spaces import load
from study.search.samplers.designs import CellSampler
from study.spec.choices import SAMPLERS
from study.store.trial_table import TrialTable


def check_sampler(name: str) -> None:
    """Points lie in the space and are the same when asked again; cells share the design where there is one."""
    space = load("ft")
    sampler = CellSampler(name=name, shared_design=2, study_seed=0, direction="maximize")
    table = TrialTable(["cell"], objective="val_auc", direction="maximize")
    for number in range(5):
        params, origin = sampler.next("cell", space, table.cells["cell"])
        assert params == sampler.next("cell", space, table.cells["cell"])[0]
        assert space.contains(params)
        assert (origin == "shared") == (number < 2 and SAMPLERS.get(name).shares_design)
        table.create("cell", params, {}, origin=origin, seed=0)
        table.epoch("cell", number, 1, {"val_auc": float(np.sin(number))})
        table.finish("cell", number, "COMPLETE")
