"""Specs: what they mean, and what each broken one says."""

from __future__ import annotations

import pytest
import yaml

from study.base.errors import StudyError
from study.spec.loading import load_spec, parse_spec
from tests.study.example_study import raw, spec


def said(**changes):
    with pytest.raises(StudyError) as error:
        parse_spec(raw(**changes))
    return str(error.value)


def test_short_forms_mean_what_they_say():
    found = spec(methods=["supervised", "simclr:ucl-ft", {"encoder": "byol", "label": "mine"}], search={})
    assert [method.name for method in found.methods] == ["supervised:ft", "simclr:ucl-ft", "mine"]
    assert [test.source for test in found.tests] == ["synthetic_test", "synthetic_device"]
    assert spec(search={"scheduler": "none"}).search.scheduler.asha is None
    assert found.cache_side == round(32 * 1.15)


def test_unknown_keys_are_refused_with_the_nearest():
    assert "unknown key 'search.trails'; the nearest is 'trials'" in said(search={"trails": 3})
    assert "unknown key 'metods'; the nearest is 'methods'" in said(metods=[])
    assert "unknown key 'train.rot'; the nearest is 'root'" in said(train={"source": "synthetic", "rot": "/x"})
    stray = said(methods=[{"encoder": "simclr", "pipline": "ft"}])
    assert "unknown key 'methods.0.pipline'; the nearest is 'pipeline'" in stray
    assert "at least 1 item" not in stray  # true, and no help: the list is short because of the key
    assert "at least 1 item" in said(methods=[])


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"search": {"trials": 0}}, "search.trials: Input should be greater than or equal to 1, got 0"),
        ({"methods": ["simclr:ft", "simclr:ft"]}, "'simclr:ft' appears twice"),
        ({"train": {"source": "synthetic", "fractions": [0.0]}}, "greater than 0"),
        ({"study": "a/b"}, "study: String should match pattern"),
        ({"operating_points": [{"cost_ratio": float("inf")}]}, "cost_ratio: Input should be a finite number"),
        ({"train": {"fractions": [1.0]}}, "the key 'train.source' is required and missing"),
    ],
)
def test_broken_values_say_rule_and_value(changes, part):
    assert part in said(**changes)


@pytest.mark.parametrize(
    "uri", ["https://hunter2@host/w", "s3://AK:ab/hunter2@bucket/w", "https://host/w?x=1&X-Amz-Signature=hunter2"]
)
def test_logins_and_signed_queries_are_refused_and_never_repeated(uri):
    text = said(methods=[{"encoder": "byol", "weights": uri}])
    assert "because specs are published" in text
    assert "hunter2" not in text


def test_a_tracking_uri_may_name_its_user():
    assert spec(tracking={"uri": "postgresql://me@db/mlflow"}).tracking.uri == "postgresql://me@db/mlflow"


@pytest.mark.parametrize("where", ["tracking", "train", "methods"])
def test_passwords_are_refused_and_never_repeated(where):
    uri = "https://user:hunter2@host/x"
    changes = {
        "tracking": {"tracking": {"uri": uri}},
        "train": {"train": {"source": "isic2019", "root": uri}},
        "methods": {"methods": [{"encoder": "byol", "weights": uri}]},
    }[where]
    text = said(**changes)
    assert "because specs are published" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    "query",
    ["user=u&password=hunter2", "sslpassword=hunter2", "a=1;pwd=hunter2", "api_key=hunter2", "a#access_token=hunter2"],
)
def test_passwords_in_a_query_are_refused_and_never_repeated(query):
    text = said(tracking={"uri": f"postgresql://db/mlflow?{query}"})
    assert "because specs are published" in text
    assert "hunter2" not in text


def test_the_environment_fills_in_values(tmp_path, monkeypatch):
    path = tmp_path / "spec.yaml"
    content = raw(train={"source": "isic2019", "root": "${SKIN_TEST_ROOT:-data}/isic"})
    path.write_text(yaml.safe_dump(content))
    assert load_spec(path).train.root == "data/isic"
    monkeypatch.setenv("SKIN_TEST_ROOT", "/mnt")
    assert load_spec(path).train.root == "/mnt/isic"
    path.write_text(yaml.safe_dump(raw(train={"source": "isic2019", "root": "${SKIN_NOT_SET}"})))
    with pytest.raises(StudyError, match="needs the environment variable SKIN_NOT_SET"):
        load_spec(path)


def test_files_that_are_no_spec(tmp_path):
    with pytest.raises(StudyError, match=r"does not exist\. Check the path"):
        load_spec(tmp_path / "none.yaml")
    path = tmp_path / "spec.yaml"
    path.write_text("a: [")
    with pytest.raises(StudyError, match="does not parse"):
        load_spec(path)
    path.write_text("- a")
    with pytest.raises(StudyError, match="a study spec is a mapping"):
        load_spec(path)


def test_the_digest_is_of_what_decides_results():
    base = spec().digest
    assert spec(resources={"cpus_per_trial": 2}).digest == base
    assert spec(tracking={"models": False}).digest == base
    assert spec(train={**raw()["train"], "root": "/elsewhere"}).digest == base
    assert spec(seed=1).digest != base
    assert spec(evaluate={"copies": 3}).digest != base


def test_a_spec_survives_being_written(tmp_path):
    found = spec()
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(found.model_dump(mode="json")))
    assert load_spec(path) == found
    path.write_text(yaml.safe_dump(raw()) + "study: again\n")
    with pytest.raises(StudyError, match="'study' is given twice"):
        load_spec(path)


def test_lists_of_images_decide_results_by_their_name_and_older_specs_keep_their_digest():
    def digest(**lists):
        return spec(train={**raw()["train"], **lists}).digest

    assert digest() == digest(leave_out=[], keep_only=None) != digest(leave_out=["/lists/one.txt"])
    assert digest(leave_out=["/lists/one.txt"]) == digest(leave_out=["/elsewhere/one.txt"])
    identity = spec().identity()
    assert all(not {"leave_out", "keep_only"} & set(source) for source in (identity["train"], *identity["tests"]))
