"""The plan: what a spec asks for, cell by cell. Pure: no file but the search spaces is read, nothing is started."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from datasets.base.registry import nearest
from search_spaces import SearchSpace, SpaceError, load
from search_spaces.space import available
from study.base.errors import StudyError
from study.spec.choices import SAMPLERS, SELECTION_RULES
from study.spec.model import Method, StudySpec
from trainables.pipelines.registry import PIPELINES


@dataclass(frozen=True, kw_only=True)
class TrialResources:
    """What one trial of a cell gets; `gpus` None means one where the cluster has GPUs."""

    cpus: float
    gpus: float | None
    workers: int


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Method × fraction: the unit that is tuned."""

    method: Method
    fraction: float
    space: SearchSpace
    trials: int
    max_epochs: int
    resources: TrialResources
    backbone: str
    image_size: int

    @property
    def key(self) -> str:
        """Name in files and storages, e.g. `simclr-ft-0.1`."""
        return f"{re.sub(r'[^A-Za-z0-9_.]+', '-', self.method.name)}-{self.fraction:g}"

    @property
    def title(self) -> str:
        """Name that people read, e.g. `simclr:ft · 10 %`."""
        return f"{self.method.name} · {self.fraction * 100:g} %"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The cells of a study, in the order of the spec (baseline first, largest fraction first)."""

    spec: StudySpec
    cells: tuple[Cell, ...]

    def cell(self, key: str) -> Cell:
        """The cell with this key."""
        return next(cell for cell in self.cells if cell.key == key)

    @property
    def trials(self) -> int:
        """Trials of the whole study."""
        return sum(cell.trials for cell in self.cells)


def plan(spec: StudySpec) -> Plan:
    """All cells of the spec.

    Raises `StudyError` where a pipeline or a search space is unknown or malformed, the rule of selection does not fit
    the search, resources are given to cells that there are not, a cell has fewer trials than winners or too few for
    its searches, or two cells collide.
    """
    SELECTION_RULES.get(spec.select.rule).check(spec.select, spec.search.objective)
    _check_overrides(spec)
    spaces = {method.name: _space(spec, method) for method in spec.methods}
    cells = tuple(
        Cell(
            method=method,
            fraction=fraction,
            space=spaces[method.name],
            trials=_trials(spec, spaces[method.name]),
            max_epochs=spec.search.max_epochs,
            resources=_resources(spec, method, fraction),
            backbone=spec.backbone_of(method),
            image_size=spec.image_size_of(method),
        )
        for fraction in sorted(spec.train.fractions, reverse=True)
        for method in spec.methods
    )
    small = next((cell for cell in cells if cell.trials < spec.select.k), None)
    if small is not None:
        raise StudyError(
            f"A cell has at least as many trials as winners, but {small.key} has {small.trials} trials and select.k is "
            f"{spec.select.k}. Lower select.k or raise search.trials."
        )
    if spec.search.repeats > 1:
        _check_repeats(spec, cells)
    keys = [cell.key for cell in cells]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        fractions = len({f"{fraction:g}" for fraction in spec.train.fractions}) < len(spec.train.fractions)
        mend = "Drop one of the like training fractions." if fractions else "Give one method a label."
        raise StudyError(f"Cells have distinct file names, but {twice[0]!r} appears twice. {mend}")
    return Plan(spec=spec, cells=cells)


def _check_repeats(spec: StudySpec, cells: tuple[Cell, ...]) -> None:
    """Every search needs its shared design and one trial more for each winner; and each as many pairs as the others."""
    repeats, pairs = spec.search.repeats, spec.replicate.pairs
    design = spec.search.shared_design if SAMPLERS.get(spec.search.sampler).shares_design else 0
    least = repeats * (design + spec.select.k)
    small = next((cell for cell in cells if cell.trials < least), None)
    if small is not None:
        raise StudyError(
            f"Each of a cell's searches has trials for its shared design and its winners, {repeats} × ({design} + "
            f"{spec.select.k}) = {least} in all, but {small.key} has {small.trials}. Raise search.trials, or lower "
            "search.repeats or search.shared_design."
        )
    if pairs % repeats:
        raise StudyError(
            f"Every search's winners are trained anew equally often, so replicate.pairs is a multiple of "
            f"search.repeats, got {pairs} pairs and {repeats} searches. Use {-(-pairs // repeats) * repeats} pairs, or "
            "another search.repeats."
        )


def _space(spec: StudySpec, method: Method) -> SearchSpace:
    unknown = set(spec.search.spaces) - {m.name for m in spec.methods} - {m.pipeline for m in spec.methods}
    if unknown:
        raise StudyError(f"search.spaces names methods or pipelines of the study, got {sorted(unknown)}. Correct it.")
    if method.pipeline not in PIPELINES:
        raise StudyError(
            f"A pipeline is one of the known ones, got {method.pipeline!r} for {method.name}; "
            f"{nearest(method.pipeline, PIPELINES)}. Correct the spec."
        )
    given = spec.search.spaces.get(method.name, spec.search.spaces.get(method.pipeline))
    name = method.pipeline
    if name not in available():  # one of another package brings its space
        name = PIPELINES.get(name).space
    try:
        if isinstance(given, Mapping):
            return load(name, overrides=given)
        return load(given or name)
    except SpaceError as error:
        raise StudyError(str(error)) from error


def _check_overrides(spec: StudySpec) -> None:
    """Resources that no cell would get are a slip of the pen."""
    pipelines = sorted({method.pipeline for method in spec.methods})
    for override in spec.resources.overrides:
        if override.pipeline not in (None, *pipelines) or override.fraction not in (None, *spec.train.fractions):
            which = f"pipeline {override.pipeline!r}, fraction {override.fraction!r}"
            raise StudyError(
                f"resources.overrides names pipelines ({', '.join(pipelines)}) and training fractions "
                f"({', '.join(f'{fraction:g}' for fraction in spec.train.fractions)}) of the study, got {which}. "
                "Correct or remove it."
            )


def _trials(spec: StudySpec, space: SearchSpace) -> int:
    points: int | None = SAMPLERS.get(spec.search.sampler).points(space)
    return spec.search.trials if points is None else min(spec.search.trials, points * spec.search.repeats)


def _resources(spec: StudySpec, method: Method, fraction: float) -> TrialResources:
    base = spec.resources
    cpus, gpus, workers = base.cpus_per_trial, base.gpus_per_trial, base.workers_per_trial
    for override in base.overrides:
        if override.fraction not in (None, fraction) or override.pipeline not in (None, method.pipeline):
            continue
        cpus = override.cpus_per_trial if override.cpus_per_trial is not None else cpus
        gpus = override.gpus_per_trial if override.gpus_per_trial is not None else gpus
        workers = override.workers_per_trial if override.workers_per_trial is not None else workers
    return TrialResources(cpus=cpus, gpus=gpus, workers=workers)
