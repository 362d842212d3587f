"""Plans and the rules of a fair comparison."""

from __future__ import annotations

from pathlib import Path

import pytest

from study.base.errors import StudyError
from study.plan import fairness_rules
from study.plan.cells import plan
from study.spec.loading import load_spec
from tests.study.example_study import planned

SPECS = sorted((Path(__file__).parents[3] / "study" / "specs").glob("*.yaml"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_shipped_spec_plans_and_keeps_the_rules_or_says_why(path, monkeypatch):
    monkeypatch.setenv("SKIN_DATA", "/data")
    fairness_rules.check(plan(load_spec(path)))
    text = path.read_text()
    assert f"study/specs/{path.name}" in text.split("study:")[0], "a spec opens with its command"


def test_cells_are_methods_times_fractions_baseline_and_largest_first():
    assert [cell.key for cell in planned().cells] == [
        "supervised-ft-1",
        "simclr-ft-1",
        "supervised-ft-0.1",
        "simclr-ft-0.1",
    ]
    assert planned().trials == 16


def test_a_grid_has_no_more_trials_than_points():
    found = planned(search={"sampler": "grid", "trials": 1000})
    assert {cell.trials for cell in found.cells} == {len(found.cells[0].space.grid_points())}


def test_overrides_of_resources_meet_the_cells_they_name():
    found = planned(resources={"overrides": [{"fraction": 0.1, "gpus_per_trial": 0.25, "cpus_per_trial": 2}]})
    assert [(cell.resources.cpus, cell.resources.gpus) for cell in found.cells] == [(1, None)] * 2 + [(2, 0.25)] * 2


def test_file_names_must_not_collide():
    with pytest.raises(StudyError, match=r"'a-b-0\.1' appears twice"):
        planned(methods=[{"encoder": "simclr", "label": "a:b"}, {"encoder": "byol", "label": "a-b"}])


def test_more_winners_than_trials_are_refused():
    with pytest.raises(StudyError, match=r"supervised-ft-1 has 4 trials and select\.k is 5"):
        planned(select={"rule": "top_k", "k": 5})


def test_unknown_spaces_and_parameters_are_refused():
    with pytest.raises(StudyError, match="A search space is one of"):
        planned(methods=["simclr:nothing"])
    with pytest.raises(StudyError, match=r"no parameter 'lrr'; the nearest is 'lr'"):
        planned(search={"spaces": {"ft": {"lrr": 0.1}}})
    with pytest.raises(StudyError, match=r"names methods or pipelines of the study, got \['byol:ft'\]"):
        planned(search={"spaces": {"byol:ft": {"lr": 0.1}}})


UNFAIR = {"spaces": {"simclr:ft": {"lr": 0.01}}}


def test_an_unequal_space_is_refused_until_it_is_accepted_with_a_reason():
    with pytest.raises(StudyError, match=r"space:simclr:ft: simclr:ft searches 4 parameters"):
        fairness_rules.check(planned(search=UNFAIR))
    accepted = [{"what": "space:simclr:ft", "reason": "The learning rate is known from earlier work."}]
    found = fairness_rules.check(planned(search=UNFAIR, accept_unfair=accepted))
    assert [violation.key for violation in found] == ["space:simclr:ft"]


def test_accepting_what_is_not_broken_is_refused():
    accepted = [{"what": "space:simclr:ft", "reason": "There is nothing to accept here."}]
    with pytest.raises(StudyError, match="accept_unfair names rules that the plan breaks"):
        fairness_rules.check(planned(accept_unfair=accepted))


def test_unequal_workers_are_unfair():
    uneven = {"overrides": [{"pipeline": "ucl-ft", "workers_per_trial": 2}]}
    methods, spaces = ["supervised:ft", "simclr:ucl-ft"], {"ucl-ft": "ft"}
    with pytest.raises(StudyError, match="workers:simclr:ucl-ft"):
        fairness_rules.check(planned(methods=methods, search={"spaces": spaces}, resources=uneven))


def test_parity_has_a_row_a_cell():
    table = fairness_rules.parity(planned())
    assert len(table) == 4
    assert set(table["space_digest"]) == {planned().cells[0].space.digest}
