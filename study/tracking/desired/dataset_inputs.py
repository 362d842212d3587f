"""Data sets as MLflow dataset inputs: name, manifest digest and context, from the study's `manifests.json`."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from study.plan.cells import Plan
from study.preparation.manifests import is_held_out
from study.spec.data_sources import DataSource, TestSet
from study.store.directory import StudyDirectory
from study.tracking.desired.runs import Context, Input


class DatasetInputs:
    """The data sets of a study. There are none before `prepare` has written `manifests.json`."""

    def __init__(self, plan: Plan, directory: StudyDirectory):
        self._spec, self._directory = plan.spec, directory

    @cached_property
    def _record(self) -> dict[str, Any]:
        path = self._directory.manifests
        content: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"data": {}, "splits": {}}
        return content

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of the training data, of two without names before they are recorded."""
        return tuple(self._record["data"].get(self._spec.train.source, {}).get("classes", ("", "")))

    def split_digest(self, index: int, fraction: float) -> str:
        """Digest of a split; empty before it is recorded."""
        return str(self._record["splits"].get(self._directory.split(index, fraction).name, ""))

    def training(self, index: int, fraction: float) -> tuple[Input, ...]:
        """The images that a training saw and was validated on."""
        name = self._spec.train.source
        manifest = self._record["data"].get(name)
        if manifest is None:
            return ()
        split = self.split_digest(index, fraction)
        share = {"split": split, "index": index, "fraction": fraction}
        return (
            self._input(f"{name}_train", "train", self._spec.train, manifest, share),
            self._input(f"{name}_validation", "validation", self._spec.train, manifest, {"split": split}),
        )

    def test(self, test: TestSet, digest: str | None = None) -> tuple[Input, ...]:
        """A test set. `digest`: of the manifest that an evaluation read, where it is part of a larger one."""
        held_out = is_held_out(self._spec, test)
        manifest = self._record["data"].get(self._spec.train.source if held_out else test.name)
        if manifest is None:
            return ()
        source = self._spec.train if held_out else test
        read = manifest if digest is None else {**manifest, "digest": digest}
        return (self._input(test.name, "test", source, read, {}),)

    def all(self) -> tuple[Input, ...]:
        """All data sets that a study uses."""
        tests = [dataset for test in self._spec.tests for dataset in self.test(test)]
        return (*self.training(0, max(self._spec.train.fractions)), *tests)

    def _input(
        self, name: str, context: Context, source: DataSource, manifest: dict[str, Any], extra: dict[str, Any]
    ) -> Input:
        counts = {key: manifest[key] for key in ("rows", "by_label", "lesions", "patients") if key in manifest}
        return Input(
            name=name,
            digest=str(manifest["digest"]),
            context=context,
            source=json.dumps({"source": source.source, "task": source.task}),
            profile=json.dumps(counts | extra),
        )
