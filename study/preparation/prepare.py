"""Before anything is trained: is every input there and sound? Then splits, audit and the decoded images."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from datasets.base.atomic_files import content_digest, json_text, write_text
from datasets.base.errors import DataError
from datasets.base.manifest import Manifest
from datasets.cache.progress import Progress
from datasets.cache.store import ImageStore, open_store
from datasets.duplicates import Comparison
from datasets.labels.class_lists import on_classes
from datasets.labels.class_names import mismatch
from study.base.errors import StudyError
from study.comparison.errors import ComparisonError
from study.comparison.metrics.class_metric import check_main
from study.plan.cells import Plan
from study.preparation import leakage
from study.preparation import manifests as data
from study.preparation.joined import as_begun
from study.protocol import holdings
from study.spec.data_sources import DataSource
from study.store import read_log
from study.store.directory import StudyDirectory
from trainables.training.objectives import OBJECTIVES

Say = Callable[[str], None]


def load_manifests(plan: Plan) -> dict[str, Manifest]:
    """Manifest by data set: the training source under its own name, every other test set under its.

    Raises `StudyError` for data that cannot be read or whose classes a study cannot compare.
    """
    spec = plan.spec
    sources: dict[str, DataSource] = {spec.train.source: spec.train}
    for test in spec.tests:
        if not data.is_held_out(spec, test):
            sources[test.name] = test
    manifests = {name: data.load_manifest(source) for name, source in sources.items()}
    classes = manifests[spec.train.source].classes
    _check_objective(spec.search.objective, classes)
    try:
        largest = check_main(spec.compare.metric, len(classes))
    except ComparisonError as error:
        raise StudyError(str(error)) from error
    if largest != 1 and "margin" not in spec.compare.model_fields_set:
        raise StudyError(
            f"The default of compare.margin, {spec.compare.margin:g}, is one of a metric from 0 to 1, but "
            f"{spec.compare.metric} ends at {largest:g}. Name the margin: the difference that does not matter."
        )
    for name, manifest in manifests.items():
        wanted = manifests[spec.train.source].classes
        if (difference := mismatch(on_classes(manifest, wanted).classes, wanted)) is not None:
            raise StudyError(
                f"All data sets of a study have the same classes, but {name} has {', '.join(manifest.classes)} and "
                f"{spec.train.source} has {', '.join(wanted)}: {difference}. Give them the same task, or name the "
                f"classes alike in the rules.yaml of {name}."
            )
    classes, points = manifests[spec.train.source].classes, spec.operating_points
    if len(classes) > 2 and points and "operating_points" in spec.identity():  # the default is for two classes
        raise StudyError(
            f"`operating_points` are thresholds for two classes, but {spec.train.source} has {len(classes)}: "
            f"{', '.join(classes)}. Leave the field out, or choose a task of two classes."
        )
    return manifests


def _check_objective(name: str, classes: Sequence[str]) -> None:
    if OBJECTIVES.get(name).two_classes and len(classes) > 2:
        fitting = [one for one, objective in OBJECTIVES.items() if not objective.two_classes]
        raise StudyError(
            f"search.objective {name} is defined for two classes, but the task has {len(classes)}: "
            f"{', '.join(classes)}. Use one of {', '.join(fitting)}."
        )


def prepare(plan: Plan, directory: StudyDirectory, manifests: dict[str, Manifest], say: Say = lambda _: None) -> None:
    """Decode all images once, write the splits and the manifests' record, and audit for leaks.

    Raises `StudyError` for bad images (all of them at once), changed data, and a leak that the spec does not accept.
    """
    stores = {name: _decode(plan, name, manifest, say) for name, manifest in manifests.items()}
    name = plan.spec.train.source
    classes = manifests[name].classes
    used = {name: on_classes(_used(manifests[name], store), classes) for name, store in stores.items()}
    comparison = Comparison(plan.spec.cache_side, say)
    train = as_begun(plan.spec, directory, used[name], stores[name], comparison)
    splits = data.write_splits(plan.spec, directory, train)
    findings = leakage.audit(plan.spec, directory, used, comparison)
    parts = data.part_counts(plan.spec, directory, used[plan.spec.train.source])
    manifests_text = json_text(data.manifests_content(used, splits, parts))
    audit_text = json_text(leakage.audit_content(plan.spec, directory, findings))
    data.same_as_sealed(directory, used, splits)
    _log_preparation(directory, manifests_text, audit_text)
    write_text(directory.manifests, manifests_text)
    write_text(directory.audit, audit_text)
    for finding in findings:
        say(f"audit {finding.key}: {finding.message}")


def _log_preparation(directory: StudyDirectory, manifests_text: str, audit_text: str) -> None:
    """Log the records of the data before they change, once a protocol is sealed: a newer version may find more."""
    if not directory.protocol.exists():
        return
    digests = {"manifests": content_digest(manifests_text), "audit": content_digest(audit_text)}
    now = {
        "manifests": holdings.optional_digest(directory.manifests),
        "audit": holdings.optional_digest(directory.audit),
    }
    if digests != now:
        read_log.append(directory, "prepared", **digests)


def _decode(plan: Plan, name: str, manifest: Manifest, say: Say) -> ImageStore:
    """The decoded images of a data set, those that can be used."""
    source = plan.spec.train if name == plan.spec.train.source else next(t for t in plan.spec.tests if t.name == name)
    try:
        return open_store(
            manifest,
            short_side=plan.spec.cache_side,
            on_bad_image=source.on_bad_image,
            progress=_progress(name, say),
            thorough=True,
        )
    except DataError as error:
        raise StudyError(str(error)) from error


def _used(manifest: Manifest, store: ImageStore) -> Manifest:
    """The manifest of the images that a store holds: without the bad ones that were skipped."""
    if len(store) == len(manifest):
        return manifest
    kept = set(store.manifest.table["image_id"])
    return manifest.where(manifest.table["image_id"].isin(kept), store.manifest.notes[-1])


def _progress(name: str, say: Say) -> Progress:
    def heard(done: int, of: int) -> None:
        if done % 1000 == 0 or done == of:
            say(f"decode data={name} done={done}/{of}")

    return heard
