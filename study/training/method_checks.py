"""Whether what a spec says of training can be: pipelines, augmentation policy, weights."""

from __future__ import annotations

from datasets.base.registry import nearest
from study.base.errors import StudyError
from study.plan.cells import Plan
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
    try:
        policy(spec.augmentation)
        for cell in plan.cells[: len(spec.methods)]:
            encoders.build(encoder_reference(cell), spec.backbone, image_size=spec.image_size)
    except ValueError as error:
        raise StudyError(str(error)) from error
