"""A comparison may be about another metric than the AUC."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from study.base.errors import StudyError
from study.comparison import ComparisonError, compare
from study.preparation.prepare import load_manifests
from study.report import write_report
from study.report.inputs.context import Context
from tests.study.example_study import planned, spec
from tests.study.report.example import predictions

BASELINE = "supervised:ft"


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    found = predictions(replicates=3)
    return compare(found, baseline=BASELINE, in_distribution="isic2019_test", draws=200, metric="partial_auc")


def means(tables, metric):
    estimates = tables["estimates"]
    here = estimates[(estimates["metric"] == metric) & (estimates["fraction"] == 1.0)]
    return here.pivot(index="method", columns="dataset", values="estimate")


def test_ranking_robustness_and_replicates_are_about_it(tables):
    values = means(tables, "partial_auc")
    ranks = tables["ranking"][tables["ranking"]["fraction"] == 1.0].set_index("method")["mean_rank"]
    expected = values.rank(ascending=False).mean(axis=1)
    pd.testing.assert_series_equal(ranks.sort_index(), expected.sort_index(), check_names=False)
    drops = tables["robustness"][tables["robustness"]["fraction"] == 1.0]
    drop = drops.pivot(index="method", columns="dataset", values="drop")
    home = values.pop("isic2019_test")
    np.testing.assert_allclose(drop.loc[values.index, values.columns], values.rsub(home, axis=0), atol=1e-9)
    assert set(tables["replicate_values"]["metric"]) == {"partial_auc"}
    assert tables["replicate_values"]["value"].max() <= 0.2
    assert len(tables["stability"])


def test_the_report_speaks_of_it(tables, tmp_path):
    folder = tmp_path / "comparison"
    folder.mkdir()
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")
    context = Context(baseline=BASELINE, metric="partial_auc", in_distribution="isic2019_test")
    (folder / "context.json").write_text(context.model_dump_json())
    write_report(folder, tmp_path / "report.html", tmp_path / "tables", tmp_path / "figures")
    page = (tmp_path / "report.html").read_text()
    assert "Difference of partial AUC (sensitivity ≥ 80 %) with its" in page
    assert "Highest partial AUC (sensitivity ≥ 80 %) on" in page
    numbers = pd.read_csv(tmp_path / "tables" / "differences.csv")
    assert set(numbers["metric"]) == {"partial_auc"}
    assert (tmp_path / "tables" / "auc.csv").exists(), "the AUC stays among the other metrics"


@pytest.mark.parametrize(
    ("name", "text"), [("brier", "one of which less is better"), ("macro_f1", "none of these"), ("f1", "none of these")]
)
def test_a_metric_that_cannot_be_the_main_one_is_refused(name, text):
    with pytest.raises(ComparisonError, match=f"got '{name}': {text}"):
        compare(predictions(replicates=2), baseline=BASELINE, in_distribution=None, metric=name)


def test_a_study_refuses_it_before_anything_runs():
    with pytest.raises(StudyError, match="got 'brier': one of which less is better"):
        load_manifests(planned(compare={"metric": "brier"}))
    with pytest.raises(StudyError, match=r"val_partial_auc is defined for two classes, but the task has 4.*val_auc"):
        load_manifests(
            planned(
                train={"source": "synthetic", "task": "diagnosis4", "fractions": [1.0]},
                tests=["synthetic_test"],
                search={"objective": "val_partial_auc"},
            )
        )


def test_a_study_of_the_auc_keeps_its_digest():
    assert spec().digest == spec(compare={"metric": "auroc"}).digest != spec(compare={"metric": "auprc"}).digest
