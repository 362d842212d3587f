"""Whether what a spec says of training can be: pipelines, augmentation policy, weights."""

from __future__ import annotations

from datasets.base.registry import nearest
from search_spaces.domains import Value
from study.base.errors import StudyError
from study.plan.cells import Cell, Plan
from study.training.jobs import encoder_reference


def check_methods(plan: Plan) -> None:
    """Look at what the spec says of training.

    Raises `StudyError` for an unknown pipeline or augmentation policy, and for weights that are missing, damaged or of
    another architecture.
    """
    from trainables import encoders
    from trainables.augmentation.policies import policy
    from trainables.pipelines.registry import PIPELINES

    spec = plan.spec
    for method in spec.methods:
        if method.pipeline not in PIPELINES:
            raise StudyError(
                f"A pipeline is one of the known ones, got {method.pipeline!r} for {method.name}; "
                f"{nearest(method.pipeline, PIPELINES)}. Correct the spec."
            )
    _check_licences(plan)
    try:
        _check_spaces(plan)
        policy(spec.augmentation)
        for cell in plan.cells[: len(spec.methods)]:
            encoders.build(encoder_reference(cell), cell.backbone, image_size=cell.image_size)
    except ValueError as error:
        raise StudyError(str(error)) from error


def _check_spaces(plan: Plan) -> None:
    """Every optimizer and augmentation that a space can choose is known and finds its hyperparameters there."""
    from trainables.augmentation.policies import policy
    from trainables.job import TrainingError
    from trainables.training.hyperparameters import Settings

    for cell in plan.cells[: len(plan.spec.methods)]:
        params = cell.space.at([0.5] * cell.space.dimensions)
        for name in _choices(cell, "optimizer"):
            try:
                Settings.of({**params, "optimizer": name})
            except TrainingError as error:
                raise StudyError(f"{cell.method.name} with optimizer {name}: {error}") from error
        for name in _choices(cell, "augmentation"):
            policy(str(name))


def _choices(cell: Cell, parameter: str) -> tuple[Value, ...]:
    """What a cell's trials can get for a parameter: all that is searched, the one that is fixed, or nothing."""
    domain = cell.space.domains.get(parameter)
    if domain is not None:
        return domain.grid(2)
    return (cell.space.fixed[parameter],) if parameter in cell.space.fixed else ()


def _check_licences(plan: Plan) -> None:
    """With `licence: open` every encoder's public weights may be used by anybody for any purpose."""
    from trainables.encoders import registry

    if plan.spec.licence == "any":
        return
    for method in plan.spec.methods:
        recipe = registry.recipe(method.encoder)
        if not recipe.is_open:
            raise StudyError(
                f"The spec demands licence: open, but the weights of {method.encoder} ({method.name}) are under "
                f"{recipe.licence}. Leave the method out, or set licence: any."
            )
