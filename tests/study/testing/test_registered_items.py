"""Everything that is registered passes the checks of its kind: a new item is tested the moment it is registered."""

from __future__ import annotations

import pytest

from datasets.base.manifest import DataRef
from datasets.sources import SOURCES
from study.comparison.metrics.class_metric import CLASS_METRICS
from study.comparison.metrics.metric import METRICS
from study.report.exporters.exporter import EXPORTERS
from study.report.sections import SECTIONS
from study.spec.choices import SAMPLERS, SCHEDULERS, SELECTION_RULES
from study.testing import (
    augmentations,
    encoders,
    metrics,
    objectives,
    pipelines,
    samplers,
    schedulers,
    selection_rules,
    sources,
)
from trainables.augmentation.policies import AUGMENTATIONS
from trainables.encoders.registry import ENCODERS
from trainables.pipelines.registry import PIPELINES
from trainables.ssl.method import Method
from trainables.ssl.methods import SSL_METHODS
from trainables.training.objectives import OBJECTIVES


@pytest.mark.parametrize("name", SOURCES.names())
def test_source(name: str) -> None:
    sources.check_rules(name)
    if name.startswith("synthetic"):
        sources.check_source(DataRef(source=name))


@pytest.mark.parametrize("name", ENCODERS.names())
def test_encoder(name: str) -> None:
    encoders.check_encoder(name)


@pytest.mark.parametrize("name", PIPELINES.names())
def test_pipeline(name: str) -> None:
    pipelines.check_pipeline(name)


@pytest.mark.parametrize("name", AUGMENTATIONS.names())
def test_augmentation(name: str) -> None:
    augmentations.check_augmentation(name)


@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_objective(name: str) -> None:
    objectives.check_objective(name)


@pytest.mark.parametrize("name", METRICS.names())
def test_metric(name: str) -> None:
    metrics.check_metric(name)


@pytest.mark.parametrize("name", CLASS_METRICS.names())
def test_class_metric(name: str) -> None:
    metrics.check_class_metric(name)


@pytest.mark.parametrize("name", SAMPLERS.names())
def test_sampler(name: str) -> None:
    samplers.check_sampler(name)


@pytest.mark.parametrize("name", SCHEDULERS.names())
def test_scheduler(name: str) -> None:
    schedulers.check_scheduler(name)


@pytest.mark.parametrize("name", SELECTION_RULES.names())
def test_selection_rule(name: str) -> None:
    selection_rules.check_selection_rule(name)


@pytest.mark.parametrize("registry", [SSL_METHODS, SECTIONS, EXPORTERS], ids=lambda registry: registry.group)
def test_every_name_loads(registry) -> None:
    entries = dict(registry.items())
    assert list(entries) == registry.names()
    if registry is SSL_METHODS:
        assert all(issubclass(method, Method) for method in entries.values())
