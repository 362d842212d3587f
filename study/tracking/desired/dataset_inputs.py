"""Data sets as MLflow inputs: name, manifest digest and what they were used as, from the study's own record."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from study.plan.cells import Plan
from study.preparation.manifests import is_held_out
from study.spec.model import DataSource, TestSet
from study.store.directory import StudyDirectory
from study.tracking.desired.runs import Context, Input


class Inputs:
    """The data sets of a study. Before `prepare` has written `manifests.json` there are none."""

    def __init__(self, plan: Plan, directory: StudyDirectory):
        self._spec, self._directory = plan.spec, directory

    @cached_property
    def _record(self) -> dict[str, Any]:
        path = self._directory.manifests
        content: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"data": {}, "splits": {}}
        return content

    def split_digest(self, index: int, fraction: float) -> str:
        """Digest of a split; empty before it is recorded."""
        return str(self._record["splits"].get(self._directory.split(index, fraction).name, ""))

    def training(self, index: int, fraction: float) -> tuple[Input, ...]:
        """The images that a training saw and was validated on."""
        name = self._spec.train.source
        known = self._record["data"].get(name)
        if known is None:
            return ()
        split = self.split_digest(index, fraction)
        share = {"split": split, "index": index, "fraction": fraction}
        return (
            self._input(f"{name}_train", "train", self._spec.train, known, share),
            self._input(f"{name}_validation", "validation", self._spec.train, known, {"split": split}),
        )

    def test(self, test: TestSet, digest: str | None = None) -> tuple[Input, ...]:
        """A test set; `digest` is the one that an evaluation read, where it is part of a larger manifest."""
        held_out = is_held_out(self._spec, test)
        known = self._record["data"].get(self._spec.train.source if held_out else test.name)
        if known is None:
            return ()
        source = self._spec.train if held_out else test
        content = known if digest is None else {**known, "digest": digest}
        return (self._input(test.name, "test", source, content, {}),)

    def all(self) -> tuple[Input, ...]:
        """Everything that a study uses."""
        tests = [found for test in self._spec.tests for found in self.test(test)]
        return (*self.training(0, max(self._spec.train.fractions)), *tests)

    def _input(
        self, name: str, context: Context, source: DataSource, known: dict[str, Any], extra: dict[str, Any]
    ) -> Input:
        facts = {key: known[key] for key in ("rows", "by_label", "lesions", "patients") if key in known}
        return Input(
            name=name,
            digest=str(known["digest"]),
            context=context,
            source=json.dumps({"source": source.source, "task": source.task}),
            profile=json.dumps(facts | extra),
        )
