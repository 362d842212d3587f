"""`resources` and `tracking`: what one trial gets, and where MLflow is. Neither changes a result."""

from __future__ import annotations

from pydantic import Field

from study.spec.locations import TrackingUri
from study.spec.section import Section


class ResourceOverride(Section):
    """Other resources for the cells that match (all given conditions)."""

    fraction: float | None = Field(None, description="condition: cells of this training fraction")
    pipeline: str | None = Field(None, description="condition: cells of this pipeline")
    gpus_per_trial: float | None = Field(None, ge=0, description="instead of the study's")
    cpus_per_trial: float | None = Field(None, gt=0, description="instead of the study's")
    workers_per_trial: int | None = Field(None, ge=1, description="instead of the study's")


class Resources(Section):
    """What one trial gets. With more than one worker a trial trains by DDP, `gpus`/`cpus` being per worker."""

    gpus_per_trial: float | None = Field(None, ge=0, description="null: 1 where the cluster has GPUs, else 0")
    cpus_per_trial: float = Field(1.0, gt=0, description="cores")
    workers_per_trial: int = Field(1, ge=1, description="processes; more than one train by DDP")
    max_concurrent: int | None = Field(None, ge=1, description="trials at once; null: as many as fit")
    overrides: tuple[ResourceOverride, ...] = Field((), description="other resources for some cells")


class Tracking(Section):
    """Where MLflow is. Passwords come from the environment, never from a spec."""

    uri: TrackingUri | None = Field(None, description="null: MLFLOW_TRACKING_URI, else SQLite in the study directory")
    models: bool = Field(True, description="log the winners as MLflow models")
