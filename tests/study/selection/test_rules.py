"""Selection rules, the frozen selection, and the test lock."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from study.analysis.budget_ledger import ledger
from study.base.errors import StudyError
from study.pipeline.status import status
from study.plan.cells import plan
from study.preparation import test_labels
from study.preparation.validation_size import ValidationSize
from study.protocol.chain import breaks
from study.protocol.opening import start_study
from study.selection.edges import edges
from study.selection.rules.best import BEST
from study.selection.rules.best_smoothed import BestSmoothed
from study.selection.rules.one_standard_error import OneStandardError, hanley_mcneil
from study.selection.rules.rule import cost
from study.selection.winners import winners
from study.spec.search_section import Select
from study.store import selection_record
from study.store.directory import StudyDirectory
from study.training.jobs import job_digest, replicate_job
from tests.study.example_study import planned, spec, trial

SIZE = ValidationSize(positives=30, negatives=70)
CELL = "supervised-ft-1"


def order(rule, trials, objective="val_auc"):
    return [found.number for found in rule.order(trials, objective, SIZE)]


def test_best_and_smoothed_disagree_about_a_lucky_epoch():
    lucky, steady = trial(CELL, 0, [0.7, 0.9, 0.7]), trial(CELL, 1, [0.80, 0.82, 0.81])
    assert order(BEST, [steady, lucky]) == [0, 1]
    assert order(BestSmoothed(), [lucky, steady]) == [1, 0]


def test_losses_are_better_when_smaller():
    low, high = (trial(CELL, n, [value], objective="val_loss") for n, value in ((0, 0.3), (1, 0.5)))
    assert order(BEST, [high, low], "val_loss") == [0, 1]


def test_one_standard_error_takes_the_cheapest_of_the_near():
    best = trial(CELL, 0, [0.80, 0.85, 0.90])
    near = trial(CELL, 1, [0.89])
    far = trial(CELL, 2, [0.70])
    assert order(OneStandardError(), [best, near, far]) == [1, 0, 2]


def test_a_contrastive_stage_costs_whoever_computed_it():
    """The same fine-tuning after a stage is dearer, also where the stage was another trial's."""
    plain, staged = with_images(CELL, 0, 100), with_images(CELL, 1, 100, stage_images=50.0)
    assert (cost(plain, "val_auc"), cost(staged, "val_auc")) == (100, 150)


def test_three_epochs_are_smoothed_and_the_last_three_count_too():
    steady, late = trial(CELL, 0, [0.80, 0.80, 0.80, 0.80]), trial(CELL, 1, [0.10, 0.79, 0.81, 0.83])
    assert order(BestSmoothed(), [steady, late]) == [1, 0]
    spike = trial(CELL, 2, [0.70, 0.70, 0.99, 0.70])  # its mean of three is 0.797, its best epoch 0.99
    assert order(BestSmoothed(), [steady, spike]) == [0, 2]


def test_a_trial_of_fewer_than_three_epochs_is_not_smoothed_and_comes_last():
    lucky = trial(CELL, 0, [0.906], state="PRUNED")
    two = trial(CELL, 1, [0.90, 0.91], state="PRUNED")
    long = trial(CELL, 2, [0.85, 0.86, 0.87, 0.91, 0.88, 0.87])
    worse = trial(CELL, 3, [0.6, 0.6, 0.6])
    assert order(BestSmoothed(), [lucky, two, long, worse]) == [2, 3, 1, 0]
    lower = trial(CELL, 4, [0.8])
    assert order(BestSmoothed(), [lower, lucky]) == [0, 4], "a cell that has nothing else"


def test_winners_frozen_under_an_older_order_of_a_rule_stay(tmp_path):
    """They are compared with their record, never with what the rule would choose today."""
    plan, directory = start_study(spec(select={"rule": "best_smoothed"}), tmp_path / "study")
    older = {CELL: [trial(CELL, 0, [0.906])]}
    frozen = selection_record.freeze(directory, selection_record.propose(plan.spec.digest, "best_smoothed", older))
    assert breaks(plan, directory) == []
    assert selection_record.current(plan, directory) == frozen
    assert status(plan, directory)["select"].complete


def test_one_standard_error_is_one_and_not_two():
    """At AUC 0.90 with 30 and 70 images it is 0.038 (by hand from the formula): 0.87 is near, 0.85 is not."""
    best = trial(CELL, 0, [0.80, 0.85, 0.90])
    for value, first in ((0.87, 1), (0.85, 0), (0.83, 0)):
        assert order(OneStandardError(), [best, trial(CELL, 1, [value])])[0] == first, value


def test_hanley_and_mcneils_example():
    """Hanley and McNeil 1982, Radiology 143:29-36: theta 0.893 with 51 abnormal and 58 normal cases has SE 0.032."""
    assert hanley_mcneil(0.893, ValidationSize(positives=51, negatives=58)) == pytest.approx(0.032, abs=0.001)


@pytest.mark.parametrize(("auc", "positives", "negatives"), [(0.9, 30, 70), (0.75, 12, 500), (0.98, 200, 15)])
def test_hanley_and_mcneils_error_term_by_term(auc, positives, negatives):
    """Their formula as they wrote it, with Q1 and Q2 as probabilities of three cases."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    terms = [auc * (1 - auc), (positives - 1) * (q1 - auc**2), (negatives - 1) * (q2 - auc**2)]
    expected = (sum(terms) / positives / negatives) ** 0.5
    assert hanley_mcneil(auc, ValidationSize(positives=positives, negatives=negatives)) == pytest.approx(
        expected, rel=1e-12
    )


def test_a_trial_may_still_win_until_a_cheaper_one_is_as_good():
    rule = OneStandardError()
    cheap, dear, better = trial(CELL, 0, [0.8]), trial(CELL, 1, [0.7, 0.8]), trial(CELL, 2, [0.7, 0.9])
    assert rule.contenders([cheap, dear], "val_auc", 1) == {0}  # as good and cheaper: the dear one never wins
    assert rule.contenders([cheap, better], "val_auc", 1) == {0, 2}
    assert rule.contenders([trial(CELL, 3, [0.8]), cheap], "val_auc", 1) == {0}  # equal: the earlier one


def test_failed_trials_never_win():
    plan = planned()
    trials = [trial(cell.key, n, [0.5 + n / 10]) for cell in plan.cells for n in range(2)]
    trials += [trial(cell.key, 2, [0.99], state="FAIL") for cell in plan.cells]
    assert {found[0].number for found in winners(plan, trials, SIZE).values()} == {1}
    with pytest.raises(StudyError, match=f"Cell {CELL} needs 1 trials with a validation value"):
        winners(plan, [found for found in trials if found.cell != CELL], SIZE)


def test_only_top_k_has_several_winners():
    with pytest.raises(StudyError, match=r"rule 'best' with k = 2. Use top_k"):
        BEST.check(Select(rule="best", k=2), "val_auc")
    top = planned(select={"rule": "top_k", "k": 2})
    trials = [trial(cell.key, n, [0.5 + n / 10]) for cell in top.cells for n in range(3)]
    assert [t.number for t in winners(top, trials, SIZE)[CELL]] == [2, 1]


@pytest.fixture
def directory(tmp_path):
    return start_study(spec(), tmp_path / "study")[1]


def proposal(value=0.8, number=0):
    return selection_record.propose("spec", "best", {CELL: [trial(CELL, number, [value])]})


def test_a_selection_is_frozen_once_and_found_again(directory):
    frozen = selection_record.freeze(directory, proposal())
    assert selection_record.freeze(directory, proposal()) == frozen
    assert selection_record.load(directory).digest == frozen.digest


def test_an_altered_selection_is_refused(directory):
    selection_record.freeze(directory, proposal())
    content = json.loads(directory.selection.read_text())
    content["winners"][0]["trial"] = 3
    directory.selection.write_text(json.dumps(content))
    with pytest.raises(StudyError, match="was altered after it was frozen"):
        selection_record.load(directory)


def test_test_labels_need_the_frozen_selections_digest(directory):
    chosen = spec()
    with pytest.raises(StudyError, match="has no frozen selection"):
        test_labels.read_labels(plan(chosen), directory, chosen.tests[1], selection_digest="x", purpose="peek")
    frozen = selection_record.freeze(directory, proposal())
    with pytest.raises(StudyError, match=f"open with the frozen selection's digest {frozen.digest}, got 'x'"):
        test_labels.read_labels(plan(chosen), directory, chosen.tests[1], selection_digest="x", purpose="peek")
    assert test_labels.log(directory) == []
    labels = test_labels.read_labels(
        plan(chosen), directory, chosen.tests[1], selection_digest=frozen.digest, purpose="evaluate"
    )
    (read,) = test_labels.log(directory)
    assert (read["dataset"], read["images"], read["selection"]) == ("synthetic_device", len(labels), frozen.digest)


def test_changing_a_selection_after_a_read_needs_a_reason_and_is_logged(directory):
    chosen = spec()
    frozen = selection_record.freeze(directory, proposal())
    changed = selection_record.freeze(directory, proposal(number=1))  # nobody has looked yet
    assert changed.digest != frozen.digest
    test_labels.read_labels(
        plan(chosen), directory, chosen.tests[1], selection_digest=changed.digest, purpose="evaluate"
    )
    directory.predictions.mkdir()
    with pytest.raises(StudyError, match="--reopen REASON"):
        selection_record.freeze(directory, proposal(number=2))
    selection_record.freeze(directory, proposal(number=2), reopen="a bug in the reader")
    assert test_labels.log(directory)[-1]["event"] == "reopened"
    assert test_labels.log(directory)[-1]["reason"] == "a bug in the reader"
    assert not directory.predictions.exists()
    assert (directory.root / "superseded" / changed.digest / "predictions").is_dir()


def test_the_ledger_counts_and_flags():
    plan = planned()
    trials = [trial(cell.key, n, [0.5, 0.6]) for cell in plan.cells for n in range(2)]
    trials.append(trial("simclr-ft-1", 2, [0.5, 0.6, 0.7]))
    table = ledger(plan, trials).set_index("cell")
    assert table.loc["simclr-ft-1", "epochs"] == 7
    assert "epochs +75% against the other methods' median" in table.loc["simclr-ft-1", "flags"]
    assert table.loc["simclr-ft-0.1", "flags"] == ""
    assert table.loc[CELL, "planned_trials"] == 4


def with_images(cell, number, images, **stage):
    """A trial of one epoch that saw so many images."""
    found = trial(cell, number, [0.5], images=images)
    (epoch,) = found.epochs
    return dataclasses.replace(found, epochs=(dataclasses.replace(epoch, metrics={**epoch.metrics, **stage}),))


def test_a_contrastive_stage_is_charged_once_to_the_trial_that_computed_it():
    plan = planned()
    sharers = [
        with_images(CELL, 0, 100, stage_images=5000.0, stage_computed=1.0),
        with_images(CELL, 1, 100, stage_images=5000.0, stage_computed=0.0),
        with_images(CELL, 2, 100, stage_images=5000.0, stage_computed=0.0),
    ]
    assert ledger(plan, sharers).set_index("cell").loc[CELL, "images"] == 300 + 5000


@pytest.mark.parametrize(("images", "flagged"), [(109, False), (111, True), (125, True)])
def test_the_ledger_flags_from_ten_percent_on(images, flagged):
    plan = planned()
    trials = [with_images(cell.key, 0, 100) for cell in plan.cells if cell.key != "simclr-ft-1"]
    table = ledger(plan, [*trials, with_images("simclr-ft-1", 0, images)]).set_index("cell")
    assert ("images" in table.loc["simclr-ft-1", "flags"]) is flagged


def test_the_ledger_flags_failed_trials_where_the_others_have_none():
    plan = planned()
    trials = [trial(cell.key, n, [0.5, 0.6]) for cell in plan.cells for n in range(4) if cell.key != "simclr-ft-1"]
    trials += [trial("simclr-ft-1", n, [0.5, 0.6], state="FAIL") for n in range(4)]
    flags = ledger(plan, trials).set_index("cell")["flags"]
    assert flags["simclr-ft-1"] == "failed 4 against the other methods' median of 0"
    assert (flags.drop("simclr-ft-1") == "").all()


def test_winners_on_the_edge_of_a_domain_are_named():
    plan = planned()
    high = plan.cells[0].space.domains["lr"].high
    winner = trial(CELL, 1, [0.9], params={**trial(CELL, 0, [0.1]).params, "lr": high})
    (found,) = edges(plan, {CELL: [winner]}).to_dict("records")
    assert (found["parameter"], found["edge"], found["trial"]) == ("lr", "high", 1)
    assert math.isclose(found["value"], high)


def test_a_directory_belongs_to_one_spec(tmp_path):
    start_study(spec(seed=9), tmp_path)
    (tmp_path / "splits").mkdir()
    start_study(spec(), tmp_path)  # nothing was searched yet: what an error asked for may be mended
    assert not (tmp_path / "splits").exists()
    (tmp_path / "trials.db").touch()
    start_study(spec(resources={"cpus_per_trial": 2}), tmp_path)
    with pytest.raises(StudyError, match=r"was made from another: evaluate, seed differ"):
        start_study(spec(seed=3, evaluate={"copies": 9}), tmp_path)
    assert json.loads(StudyDirectory(tmp_path).plan.read_text())["spec_digest"] == spec().digest


def test_a_directory_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(StudyError, match="holds other files"):
        start_study(spec(), tmp_path)


def test_an_unfair_plan_starts_nothing(tmp_path):
    with pytest.raises(StudyError, match="treats all methods alike"):
        start_study(spec(search={"spaces": {"simclr:ft": {"lr": 0.01}}}), tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_an_extended_study_needs_a_new_selection(directory):
    """The frozen one is of fewer trials: it must not pass for done."""
    plan, _ = start_study(spec(), directory.root)
    selection_record.freeze(
        directory, selection_record.propose(plan.spec.digest, "best", {CELL: [trial(CELL, 0, [0.8])]})
    )
    assert status(plan, directory)["select"].complete
    more, _ = start_study(spec(search={**spec().search.model_dump(), "trials": 9}), directory.root)
    assert not status(more, directory)["select"].complete
    assert status(more, directory)["compare"].wanted is None


def test_what_decides_a_replicates_result_is_its_digest(directory):
    plan, _ = start_study(spec(), directory.root)
    winner = selection_record.Winner(cell=CELL, rank=0, trial=0, value=0.8, params={"lr": 0.1})
    job = replicate_job(plan, directory, winner, 1)
    elsewhere = replicate_job(plan, StudyDirectory(directory.root / "moved"), winner, 1)
    assert job_digest(dataclasses.replace(job, threads=4)) == job_digest(elsewhere) == job_digest(job)
    assert job_digest(replicate_job(plan, directory, winner, 2)) != job_digest(job)
    other = dataclasses.replace(job.encoder, name="simclr")
    for changed in (
        {"params": {"lr": 0.2}}, {"encoder": other}, {"encoder": dataclasses.replace(job.encoder, weights="w.pt")},
        {"encoder": dataclasses.replace(job.encoder, sha256="0" * 64)}, {"pipeline": "linear"},
        {"backbone": "resnet50"}, {"image_size": 64}, {"max_epochs": 9}, {"objective": "val_loss"}, {"seed": 1},
        {"stage_seed": 7},
        {"augmentation": "lesion"}, {"precision": "float32"},
    ):  # fmt: skip
        assert job_digest(dataclasses.replace(job, **changed)) != job_digest(job), changed


def test_an_extension_raises_budgets_and_nothing_else(tmp_path):
    search = spec().search.model_dump()
    start_study(spec(), tmp_path)
    (tmp_path / "trials.db").touch()
    more = spec(search={**search, "trials": 9})
    with pytest.raises(StudyError, match="was made from another: search differ"):
        start_study(more, tmp_path)
    plan, _ = start_study(more, tmp_path, extend=True)
    assert plan.cells[0].trials == 9
    for changed in ({"trials": 2}, {"trials": 9, "objective": "val_loss"}, {"trials": 20, "epochs_per_cell": 5}):
        with pytest.raises(StudyError, match="--extend accepts larger budgets of the search alone"):
            start_study(spec(search={**search, **changed}), tmp_path, extend=True)
