"""Whether what a spec says of training can be: pipelines, augmentation policy, weights."""

from __future__ import annotations

from collections.abc import Iterator

from search_spaces import SearchSpace
from search_spaces.domains import Value
from study.base.errors import StudyError
from study.plan.cells import Cell, Plan
from study.training.jobs import encoder_reference


def check_methods(plan: Plan, *, begun: bool = False) -> None:
    """Look at what the spec says of training; of the values of search spaces, while no trial has `begun`.

    Raises `StudyError` for an unknown augmentation policy, a value of a search space that its pipeline cannot train
    with, and weights that are missing, damaged or of another architecture.
    """
    from trainables import encoders
    from trainables.augmentation.policies import policy

    spec = plan.spec
    _check_licences(plan)
    try:
        if not begun:
            _check_spaces(plan)
        policy(spec.augmentation)
        for cell in plan.cells[: len(spec.methods)]:
            encoders.build(encoder_reference(cell), cell.backbone, image_size=cell.image_size)
    except ValueError as error:
        raise StudyError(str(error)) from error


def _check_spaces(plan: Plan) -> None:
    """Every pipeline can train with both ends of every range of its space, and with every choice."""
    from trainables.augmentation.policies import policy
    from trainables.job import TrainingError
    from trainables.pipelines.registry import PIPELINES

    for cell in plan.cells[: len(plan.spec.methods)]:
        check = PIPELINES.get(cell.method.pipeline).check
        for params in _extremes(cell.space):
            try:
                if check is not None:
                    check(params)
            except TrainingError as error:
                where = f" with optimizer {params['optimizer']}" if "optimizer" in cell.space.domains else ""
                raise StudyError(f"{cell.method.name}{where}: {error}") from error
        for chosen in _choices(cell, "augmentation"):
            policy(str(chosen))


def _extremes(space: SearchSpace) -> Iterator[dict[str, Value]]:
    """The middle of the space, and from there every parameter at its ends, or at each of its choices."""
    middle = space.at([0.5] * space.dimensions)
    yield middle
    for name, domain in space.domains.items():
        for value in domain.grid(2):
            yield {**middle, name: value}


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
