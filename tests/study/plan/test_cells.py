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
    for pipeline in ("nothing", "published_grid"):  # the second is a space
        with pytest.raises(StudyError, match=f"A pipeline is one of the known ones, got '{pipeline}'"):
            planned(methods=[f"simclr:{pipeline}"])
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


def test_rules_of_selection_that_do_not_fit_the_search_are_refused_before_it_begins():
    with pytest.raises(StudyError, match=r"one_standard_error needs search\.objective val_auc, got 'val_loss'"):
        planned(select={"rule": "one_standard_error"}, search={"objective": "val_loss"})
    with pytest.raises(StudyError, match="got rule 'best' with k = 2"):
        planned(select={"rule": "best", "k": 2})


@pytest.mark.parametrize("given", [{"pipeline": "lora"}, {"fraction": 0.5}])
def test_resources_for_cells_that_there_are_not_are_refused(given):
    with pytest.raises(
        StudyError, match=r"resources\.overrides names pipelines \(ft\) and training fractions \(1, 0\.1\)"
    ):
        planned(resources={"overrides": [{**given, "cpus_per_trial": 2}]})


def test_fractions_of_one_name_are_said_to_be_the_cause():
    with pytest.raises(StudyError, match="Drop one of the like training fractions"):
        planned(train={"source": "synthetic", "fractions": [0.1, 0.1000001]})


def test_the_reason_of_a_space_that_the_spec_changes_for_a_pipeline_says_so():
    given = {"methods": ["supervised:ft", "simclr:ucl-ft"], "search": {"spaces": {"ucl-ft": {"lr": 0.01}}}}
    (space,) = [found for found in fairness_rules.check(planned(**given)) if found.key == "space:simclr:ucl-ft"]
    assert "range for range" in space.reason
    assert space.reason.endswith("(The spec changes of this space: lr.)")


def test_one_digest_but_another_order_or_grid_is_not_the_same_search(tmp_path):
    domains = ["lr: {low: 0.001, high: 0.1, log: true}", "weight_decay: {low: 0.00001, high: 0.01, log: true}"]
    fixed = "batch_size: 32\n  schedule: cosine\n  balanced: true\n  momentum: 0.9\n  patience: 3\n  freeze_bn: false"
    for name, order, grid in (("a", domains, 3), ("b", domains[::-1], 3), ("c", domains, 5)):
        text = "parameters:\n" + "".join(f"  {domain}\n" for domain in order) + f"  {fixed}\ngrid: {{lr: {grid}}}\n"
        (tmp_path / f"{name}.yaml").write_text(text)

    def of(other, **search):
        spaces = {"supervised:ft": str(tmp_path / "a.yaml"), "simclr:ft": str(tmp_path / f"{other}.yaml")}
        return planned(search={"trials": 4, "max_epochs": 3, "spaces": spaces, **search})

    one, two = of("b").cells[:2]
    assert one.space.digest == two.space.digest
    with pytest.raises(StudyError, match="in another order: not the same design"):
        fairness_rules.check(of("b"))
    with pytest.raises(StudyError, match="not the same grid of it"):
        fairness_rules.check(of("c", sampler="grid"))
    assert fairness_rules.check(of("c")) == []
