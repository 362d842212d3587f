"""`train` and `tests`: which images a study learns from, how they are split, and what it is tested on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from study.spec.locations import Location
from study.spec.section import Section

Fraction = Annotated[float, Field(gt=0.0, le=1.0)]


class DataSource(Section):
    """A data set by the name of its source, and where its files are."""

    source: str = Field(description="a registered one")
    root: Location | None = Field(None, description="directory or fsspec URI; null where the source draws its images")
    task: str = Field("melanoma", description="which diagnoses make which class: a task of the source's rule file")
    allow_missing: bool = Field(False, description="accept a copy that lacks images of the official release")
    on_bad_image: Literal["fail", "skip"] = Field("fail", description="what to do with a file that cannot be decoded")
    leave_out: tuple[Location, ...] = Field((), description="published lists (TXT or CSV) of images that are not used")
    keep_only: Location | None = Field(None, description="published list of the images that alone are used")


class TestSet(DataSource):
    """A test set. In YAML: a source's name (`<train source>_test` is the test part of the training data's split)."""

    name: str = Field(description="name in tables; default the source's")


def read_test_set(value: object) -> object:
    """A test set as YAML has it, with its name."""
    if isinstance(value, str):
        return {"name": value, "source": value}
    if isinstance(value, dict) and "name" not in value:
        return {"name": value.get("source"), **value}
    return value


class SplitFiles(Section):
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
