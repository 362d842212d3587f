"""The study spec: frozen models. A spec reads like the question that it asks; `spec_file` reads it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from datasets.base.point_names import parsed_point, point_name
from datasets.base.registry import Registry, nearest
from study.spec.choices import SAMPLERS, SCHEDULERS, SELECTION_RULES
from study.spec.locations import Location, TrackingUri
from trainables.job import Precision
from trainables.training.objectives import OBJECTIVES

Fraction = Annotated[float, Field(gt=0.0, le=1.0)]


def _known(name: str, registry: Registry[Any], kind: str) -> str:
    if name not in registry:
        raise ValueError(f"a {kind} is a registered one, got {name!r}: {nearest(name, registry)}")
    return name


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Method(_Model):
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


class DataSource(_Model):
    """A data set by the name of its source, and where its files are."""

    source: str = Field(description="a registered one")
    root: Location | None = Field(None, description="directory or fsspec URI; null where the source draws its images")
    task: str = Field("melanoma", description="which diagnoses make which class: a task of the source's rule file")
    allow_missing: bool = Field(False, description="accept a copy that lacks images of the official release")
    on_bad_image: Literal["fail", "skip"] = Field("fail", description="what to do with a file that cannot be decoded")


class TestSet(DataSource):
    """A test set. In YAML: a source's name (`<train source>_test` is the test part of the training data's split)."""

    name: str = Field(description="name in tables; default the source's")


def _test_set(value: object) -> object:
    if isinstance(value, str):
        return {"name": value, "source": value}
    if isinstance(value, dict) and "name" not in value:
        return {"name": value.get("source"), **value}
    return value


class SplitFiles(_Model):
    """Ready-made splits (CSV with an image id column). `{index}` in a path is the subsample, counted from 1."""

    train: Mapping[float, Location] = Field(description="fraction -> path; `{index}` picks one of several subsamples")
    validation: Location = Field(description="path of the validation part")
    test: Location = Field(description="path of the test part")


class TrainSource(DataSource):
    """The training data: which images, how they are split, and which fractions of them are used."""

    splits: Literal["lesion_disjoint"] | SplitFiles = Field(
        "lesion_disjoint", description="drawn so that no lesion and no patient is on two sides, or files of yours"
    )
    validation: float = Field(0.15, gt=0.0, lt=0.5, description="share of the images; whole lesions")
    test: float = Field(0.2, gt=0.0, lt=0.5, description="share of the images held out for testing; whole lesions")
    fractions: tuple[Fraction, ...] = Field((1.0,), description="shares of the training images; each has its own cells")
    subsamples: int = Field(
        5, ge=1, description="split files: how many there are; `lesion_disjoint` draws a distinct one for every pair"
    )
    nested: bool = Field(False, description="smaller fractions lie within larger ones")


class Scheduler(_Model):
    """A scheduler by its name with its arguments, e.g. `asha: {eta: 3, grace: 1}`, or `none`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    asha: Mapping[str, Any] | None = Field(None, description="asynchronous successive halving (Li et al. 2020)")

    @model_validator(mode="before")
    @classmethod
    def _one_scheduler(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        chosen = {str(name): arguments for name, arguments in value.items() if arguments is not None}
        if len(chosen) > 1:
            raise ValueError(f"A study has one scheduler, got {', '.join(sorted(chosen))}. Keep one.")
        for name, arguments in chosen.items():
            _known(name, SCHEDULERS, "scheduler")
            chosen[name] = SCHEDULERS.get(name).Arguments.model_validate(arguments).model_dump(mode="json")
        return chosen

    @property
    def name(self) -> str | None:
        """The scheduler's name; None: no trial is stopped early."""
        return next((name for name, arguments in self.model_dump().items() if arguments is not None), None)

    @property
    def arguments(self) -> Mapping[str, Any]:
        """Its arguments, those that the spec leaves out by their defaults."""
        return {} if self.name is None else self.model_dump()[self.name]

    @property
    def description(self) -> str:
        """One line for tables."""
        if self.name is None:
            return "none"
        kind = SCHEDULERS.get(self.name)
        return kind.describe(kind.Arguments.model_validate(self.arguments))


class Search(_Model):
    """How every cell is tuned. The same for all of them: that is the point."""

    sampler: Annotated[str, AfterValidator(lambda name: _known(name, SAMPLERS, "sampler"))] = Field(
        "tpe", description="proposes configurations after the shared design"
    )
    shared_design: int = Field(8, ge=0, description="first trials: one scrambled Sobol design, the same for all cells")
    trials: int = Field(32, ge=1, description="a cell")
    repeats: int = Field(
        1,
        ge=1,
        description="independent searches a cell, which share its trials; replicates take their winners in turn",
    )
    max_epochs: int = Field(100, ge=1, description="ceiling of every trial's fine-tuning")
    scheduler: Annotated[Scheduler, BeforeValidator(lambda v: {} if v in ("none", None) else v)] = Field(
        Scheduler(), description="stops trials early; each cell has its own"
    )
    objective: Annotated[str, AfterValidator(lambda name: _known(name, OBJECTIVES, "objective"))] = Field(
        "val_auc", description="validation measure that is searched and selected by"
    )
    spaces: Mapping[str, str | Mapping[str, Any]] = Field(
        default_factory=dict, description="pipeline or method name -> YAML file of a space, or overrides of its own"
    )
    epochs_per_cell: int | None = Field(None, ge=1, description="cap on the epochs that one cell may spend")
    seconds_per_cell: float | None = Field(None, gt=0, description="cap on the device-seconds that one cell may spend")

    @property
    def direction(self) -> Literal["maximize", "minimize"]:
        """Which way the objective is better."""
        return OBJECTIVES.get(self.objective).direction


class Select(_Model):
    """Which configurations of a cell win: a named rule over validation results."""

    rule: Annotated[str, AfterValidator(lambda name: _known(name, SELECTION_RULES, "selection rule"))] = Field(
        "best", description="how winners are chosen"
    )
    k: int = Field(1, ge=1, description="winners a cell")


class Replicate(_Model):
    """How often each winner is trained anew: on `pairs` (split, seed) pairs, the same for every method."""

    pairs: int = Field(5, ge=1, description="at least 3 for intervals of use, better 5")


class OperatingPoint(_Model):
    """A threshold that each replicate chooses on its own validation images, by one rule."""

    sensitivity: float | None = Field(None, gt=0.0, le=1.0, description="the highest threshold that reaches this")
    specificity: float | None = Field(None, gt=0.0, le=1.0, description="the lowest threshold that reaches this")
    youden: Literal[True] | None = Field(None, description="the largest sensitivity + specificity")
    cost_ratio: float | None = Field(
        None, gt=0.0, allow_inf_nan=False, description="the least cost, a miss costing so many false alarms"
    )

    @model_validator(mode="after")
    def _one_rule(self) -> OperatingPoint:
        given = [name for name, value in self if value is not None]
        if len(given) != 1:
            rules = ", ".join(type(self).model_fields)
            raise ValueError(f"an operating point has one rule of {rules}, got {', '.join(given) or 'none'}")
        assert parsed_point(self.name) is not None, self.name  # tables find the rule by the name again
        return self

    @property
    def name(self) -> str:
        """What columns and tables call it."""
        rule, value = next((rule, value) for rule, value in self if value is not None)
        return point_name(rule, None if rule == "youden" else float(value))


class Evaluate(_Model):
    """Test-time augmentation: scores are means over `copies` augmented copies of each image.

    Probes (linear, knn, attentive) learn from plain views, and are scored on these.
    """

    copies: int = Field(50, ge=1, description="augmented copies of every test image")


class Compare(_Model):
    """The comparison: `metric` is the measure that the study is about (its primary endpoint), `margin` its difference
    below which methods count as equivalent, both named before any test label is read; `draws` are bootstrap draws for
    what has no closed form."""

    metric: str = Field(
        "auroc", description="the main metric of the report: a registered one of which more is better, e.g. partial_auc"
    )
    margin: float = Field(
        0.02, gt=0.0, lt=0.5, description="difference of the main metric below which methods count as equivalent"
    )
    draws: int = Field(2000, ge=100, description="bootstrap draws")
    prevalence: float | None = Field(
        None,
        gt=0.0,
        lt=1.0,
        description="share of positives at which predictive values, biopsies per melanoma found and net benefit are "
        "given; null: each test set's own",
    )


class ResourceOverride(_Model):
    """Other resources for the cells that match (all given conditions)."""

    fraction: float | None = Field(None, description="condition: cells of this training fraction")
    pipeline: str | None = Field(None, description="condition: cells of this pipeline")
    gpus_per_trial: float | None = Field(None, ge=0, description="instead of the study's")
    cpus_per_trial: float | None = Field(None, gt=0, description="instead of the study's")
    workers_per_trial: int | None = Field(None, ge=1, description="instead of the study's")


class Resources(_Model):
    """What one trial gets. With more than one worker a trial trains by DDP, `gpus`/`cpus` being per worker."""

    gpus_per_trial: float | None = Field(None, ge=0, description="null: 1 where the cluster has GPUs, else 0")
    cpus_per_trial: float = Field(1.0, gt=0, description="cores")
    workers_per_trial: int = Field(1, ge=1, description="processes; more than one train by DDP")
    max_concurrent: int | None = Field(None, ge=1, description="trials at once; null: as many as fit")
    overrides: tuple[ResourceOverride, ...] = Field((), description="other resources for some cells")


class Tracking(_Model):
    """Where MLflow is. Passwords come from the environment, never from a spec."""

    uri: TrackingUri | None = Field(None, description="null: MLFLOW_TRACKING_URI, else SQLite in the study directory")
    models: bool = Field(True, description="log the winners as MLflow models")


class Accepted(_Model):
    """A broken rule that the authors stand by; the report repeats the reason beside what it touches."""

    what: str = Field(description="the key that `study plan` or `study data audit` prints")
    reason: str = Field(min_length=10, description="why; the report repeats it")


class StudySpec(_Model):
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
    tests: tuple[Annotated[TestSet, BeforeValidator(_test_set)], ...] = Field(
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
