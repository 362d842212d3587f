"""Probes are scored on the views that they learned from, and a study that was scored otherwise stays as it is."""

import pytest

from study.evaluation.copies import copies_of
from study.plan.cells import plan
from study.protocol import protocol
from study.spec.loading import parse_spec
from study.store.directory import StudyDirectory
from trainables.pipelines.registry import OF_THIS_FOLDER, PIPELINES, augments


@pytest.mark.parametrize("name", OF_THIS_FOLDER)
def test_what_is_known_without_torch_is_what_the_pipeline_says(name):
    assert augments(name) == PIPELINES.get(name).augments


def test_a_pipeline_that_is_absent_counts_as_one_that_augments():
    assert augments("of a package that was removed")


def planned():
    return plan(
        parse_spec(
            {
                "study": "s",
                "methods": ["supervised:ft", "simclr:linear", "simclr:knn", "simclr:lora"],
                "backbone": "test_resnet",
                "train": {"source": "synthetic"},
                "tests": ["synthetic_test"],
                "search": {"trials": 4, "shared_design": 2},
                "evaluate": {"copies": 7},
            }
        )
    )


def found(directory):
    one = planned()
    return [copies_of(one, directory, cell) for cell in one.cells]


def test_a_new_study_scores_probes_on_the_plain_view(tmp_path):
    assert found(StudyDirectory(tmp_path)) == [7, 1, 1, 7]


@pytest.mark.parametrize(("probes", "expected"), [("augmented", [7, 7, 7, 7]), ("plain", [7, 1, 1, 7])])
def test_a_sealed_study_goes_on_as_it_was_sealed(tmp_path, probes, expected, small_study):
    sealed = protocol.load(StudyDirectory(small_study))
    assert sealed.probes == "plain"  # it is of today
    directory = StudyDirectory(tmp_path)
    protocol.write(directory, sealed.model_copy(update={"probes": probes, "previous": None}))
    assert found(directory) == expected
