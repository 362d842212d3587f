"""The registry, and what every source owes its users."""

import subprocess
import sys

import numpy as np
import pytest

import datasets
from datasets import sources
from datasets.base.errors import DataError
from datasets.base.manifest import COLUMNS, DataRef
from datasets.cache.reading import reader

DRAWN = [name for name in sources.names() if name.startswith("synthetic")]


@pytest.mark.parametrize("name", DRAWN)
def test_a_drawn_set_has_labels_groups_and_pictures(name):
    manifest = datasets.load(DataRef(source=name))
    table = manifest.table
    assert tuple(table.columns) == COLUMNS
    assert table["lesion_id"].notna().all()
    assert table["patient_id"].notna().all()
    assert (table.groupby("lesion_id")["patient_id"].nunique() == 1).all()
    assert manifest.classes == ("benign", "melanoma")
    expected = {-1} if name == "synthetic_pool" else {0, 1}
    assert expected <= set(table["label"])
    pixels = reader(manifest)(7)
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert min(pixels.shape[:2]) >= 80
    assert pixels.std() > 5
    assert np.array_equal(pixels, reader(manifest)(7))
    assert manifest.digest == datasets.load(DataRef(source=name)).digest


def test_drawn_sets_share_no_patient():
    patients = [set(datasets.load(DataRef(source=name)).table["patient_id"]) for name in DRAWN]
    assert sum(len(ids) for ids in patients) == len(set.union(*patients))


def test_an_unknown_source_or_task_names_the_nearest():
    with pytest.raises(DataError, match="got 'sinthetic': the nearest is 'synthetic'"):
        datasets.load(DataRef(source="sinthetic"))
    with pytest.raises(DataError, match="got 'melanom': the nearest is 'melanoma'"):
        datasets.load(DataRef(source="synthetic", task="melanom"))
    with pytest.raises(DataError, match="is drawn and has no files, got root '/data'"):
        datasets.load(DataRef(source="synthetic", root="/data"))


def test_the_smartphone_clinic_leaves_carcinomas_out():
    table = datasets.load(DataRef(source="synthetic_smartphone")).table
    assert set(table["diagnosis"][table["label"] == -1]) == {"basal cell carcinoma"}
    everything = datasets.load(DataRef(source="synthetic_smartphone", task="melanoma_vs_all"))
    assert (everything.table["label"] >= 0).all()
    assert everything.digest != datasets.load(DataRef(source="synthetic_smartphone")).digest


def test_data_run_with_ray_optuna_mlflow_and_torch_blocked():
    code = """
import sys
for name in ("ray", "optuna", "mlflow", "torch"):
    sys.modules[name] = None
import datasets
assert "pandas" not in sys.modules, "importing datasets is cheap"
from datasets.base.manifest import DataRef
from datasets.cache.reading import reader
from datasets.splits.split import Scheme
from datasets.splits.make import make_split
import datasets.cache.store
manifest = datasets.load(DataRef(source="synthetic"))
assert reader(manifest)(0).shape[2] == 3
assert make_split(manifest, Scheme(), index=0, fraction=1.0).ids("train")
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
