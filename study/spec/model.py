"""The study spec: what a study asks, in one frozen model. `loading` reads it; large sections have their files."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from study.spec.assessment import Compare, Evaluate, OperatingPoint, Replicate
from study.spec.data_sources import TestSet, TrainSource, read_test_set
from study.spec.locations import Location
from study.spec.resources import Resources, Tracking
from study.spec.search_section import Search, Select
from study.spec.section import Section
from trainables.job import Precision


class Method(Section):
    """An encoder and what happens to it. In YAML: `encoder:pipeline`, or a mapping when the encoder needs a path."""

    encoder: str = Field(description="a registered one, or `own` for weights of yours")
    pipeline: str = Field("ft", description="how the encoder is adapted")
    weights: Location | None = Field(None, description="path, fsspec URI or timm name; null: the encoder's own default")
    sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="digest of the file of weights; another file is refused"
    )
    key: str | None = Field(None, description="place of the backbone in a file that holds it more than once")
    backbone: str | None = Field(None, description="a timm model; null: the study's")
    image_size: int | None = Field(None, ge=16, description="side of the images in pixels; null: the study's")
    label: str | None = Field(None, description="name in tables; default encoder:pipeline")

    @property
    def name(self) -> str:
        """What the study calls this method everywhere."""
        return self.label or f"{self.encoder}:{self.pipeline}"


def _method(value: object) -> object:
    if isinstance(value, str):
        encoder, _, pipeline = value.partition(":")
        return {"encoder": encoder, "pipeline": pipeline or "ft"}
    return value


class Accepted(Section):
    """A broken rule that the authors stand by; the report repeats the reason beside what it touches."""

    what: str = Field(description="the key that `study plan` or `study data audit` prints")
    reason: str = Field(min_length=10, description="why; the report repeats it")


class StudySpec(Section):
    """A whole study."""

    study: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80, description="name: of the directory and in MLflow"
    )
    question: str = Field("", description="what the study asks; opens plan and report")
    methods: tuple[Annotated[Method, BeforeValidator(_method)], ...] = Field(
        min_length=1, description="the first is the baseline"
    )
    backbone: str = Field("resnet50", description="a timm model, for every method that names no other")
    image_size: int = Field(224, ge=16, description="side of the images in pixels, likewise")
    short_side: int | None = Field(None, ge=16, description="of the decoded cache; null: 1.15 × the largest image_size")
    augmentation: str = Field("published", description="policy of the views, where a search space holds none")
    licence: Literal["any", "open"] = Field("any", description="open: refuse weights whose licence restricts their use")
    precision: Precision | Literal["auto"] = Field(
        "auto", description="arithmetic of all jobs; auto: chosen once, by what the first device is fast in"
    )
    train: TrainSource = Field(description="the training images")
    tests: tuple[Annotated[TestSet, BeforeValidator(read_test_set)], ...] = Field(
        min_length=1, description="`<train source>_test` is the held-out part of the training images"
    )
    search: Search = Field(Search(), description="how every cell is tuned")
    select: Select = Field(Select(), description="how winners are chosen")
    replicate: Replicate = Field(Replicate(), description="how often winners are trained anew")
    evaluate: Evaluate = Field(Evaluate(), description="how test images are scored")
    operating_points: tuple[OperatingPoint, ...] = Field(
        (OperatingPoint(sensitivity=0.9),),
        description="thresholds that are chosen on validation, for two classes; an empty list: none",
    )
    compare: Compare = Field(Compare(), description="what counts as equivalent")
    resources: Resources = Field(Resources(), description="what one trial gets")
    tracking: Tracking = Field(Tracking(), description="where MLflow is")
    accept_unfair: tuple[Accepted, ...] = Field((), description="broken rules of fairness, with reasons")
    accept_leaks: tuple[Accepted, ...] = Field((), description="leaks that this study accepts, with reasons")
    seed: int = Field(0, ge=0, description="all seeds are derived from it by hashing names")

    @model_validator(mode="after")
    def _distinct(self) -> StudySpec:
        for what, names in (
            ("methods", [method.name for method in self.methods]),
            ("tests", [test.name for test in self.tests]),
            ("fractions", [str(fraction) for fraction in self.train.fractions]),
            ("operating points", [point.name for point in self.operating_points]),
        ):
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"{what} have distinct names, but {sorted(twice)[0]!r} appears twice: give it a label")
        return self

    @property
    def cache_side(self) -> int:
        """Short side in pixels of the decoded cache, one for all methods: 1.15 × the largest image size leaves room for
        crops and rotations."""
        return self.short_side or round(max(self.image_size_of(method) for method in self.methods) * 1.15)

    def backbone_of(self, method: Method) -> str:
        """The timm model that a method adapts."""
        return method.backbone or self.backbone

    def image_size_of(self, method: Method) -> int:
        """Side in pixels of the images that a method sees."""
        return method.image_size or self.image_size

    def identity(self) -> dict[str, Any]:
        """What decides results, as plain data: not roots, resources or tracking."""
        content = self.model_dump(mode="json", exclude={"resources", "tracking", "question", "licence"})
        for source in (content["train"], *content["tests"]):
            source.pop("root")
            for name in ("leave_out", "keep_only"):  # older versions read no lists; where one lies decides nothing
                found = source.pop(name)
                if found:
                    places = [found] if isinstance(found, str) else found
                    source[name] = [place.rpartition("/")[2] for place in places]
        for method in content["methods"]:
            for name in ("key", "backbone", "image_size"):  # older versions had none
                if method[name] is None:
                    del method[name]
        if self.search.repeats == 1:  # older versions searched once
            del content["search"]["repeats"]
        if self.compare.prevalence is None:  # older versions took that of each test set
            del content["compare"]["prevalence"]
        if self.compare.metric == "auroc":  # older versions compared by nothing else
            del content["compare"]["metric"]
        if self.precision == "auto":  # specs of older versions had no such key, and their digests stay
            del content["precision"]
        if self.operating_points == type(self).model_fields["operating_points"].default:  # likewise
            del content["operating_points"]
        return content

    @property
    def digest(self) -> str:
        """Hex sha256 (16 digits) of what decides results."""
        return hashlib.sha256(json.dumps(self.identity(), sort_keys=True).encode()).hexdigest()[:16]
