"""What the package's own tests are: the checks of `study.testing` for each kind. Run where it is installed."""

from __future__ import annotations

import os

from datasets.base.manifest import DataRef
from study.testing import augmentations, encoders, metrics, pipelines, samplers, selection_rules, sources


def test_every_entry_passes_the_checks_of_its_kind():
    sources.check_rules("practice")
    sources.check_source(DataRef(source="practice", root=os.environ["PRACTICE_IMAGES"]))
    encoders.check_encoder("noise")
    pipelines.check_pipeline("centroid")
    augmentations.check_augmentation("flips")
    samplers.check_sampler("halton")
    selection_rules.check_selection_rule("last_epoch")
    metrics.check_metric("accuracy")
