import numpy as np
import pytest
import torch

from datasets.base.manifest import DataRef
from trainables.augmentation.cpu_views import render
from trainables.augmentation.parameters import draw, uniforms, whole
from trainables.augmentation.policies import policy
from trainables.forward_pass import VIEWS_AT_ONCE, views_at_once
from trainables.job import EncoderRef, Job, TrainingData
from trainables.models.classifier import classifier, fold_batch_norms, state
from trainables.predict import load_model, predict
from trainables.training import checkpoint
from trainables.training.step import probabilities

SIZE, COUNT = 32, 23


class Images:
    def __init__(self):
        draws = np.random.default_rng(0)
        self.images = [draws.integers(0, 255, (40 + i % 5, 50 - i % 3, 3), dtype=np.uint8) for i in range(COUNT)]
        self.reads = np.zeros(COUNT, dtype=int)

    def __len__(self):
        return COUNT

    def __getitem__(self, row):
        self.reads[row] += 1
        return self.images[row]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A checkpoint of a small network whose scores differ between images."""
    return written(tmp_path_factory.mktemp("checkpoint") / "best.pt", ["benign", "melanoma"])


def written(path, classes):
    torch.manual_seed(0)
    job = Job(
        encoder=EncoderRef(name="random"),
        pipeline="ft",
        backbone="test_resnet",
        image_size=SIZE,
        params={},
        data=TrainingData(ref=DataRef(source="synthetic"), split_file="", short_side=40),
        max_epochs=1,
        objective="val_auc",
        seed=0,
        directory="",
        stages="",
    )
    model = classifier(job.encoder, job.backbone, SIZE, len(classes))
    torch.nn.init.normal_(model.head.weight)
    checkpoint.save(path, {"model": state(model), "job": job.to_json(), "classes": classes})
    return str(path)


def scores(path, rows=None, copies=6, **options):
    rows = np.arange(COUNT) if rows is None else rows
    return predict(path, Images(), rows, copies=copies, seed=3, threads=1, **options)


@pytest.mark.usefixtures("float32")
def test_scores_are_means_over_the_augmented_copies(path):
    model, job = load_model(path)
    found, images = scores(path), Images()
    for row in (0, 11, 22):
        height, width = images.images[row].shape[:2]
        views = draw(policy(job.augmentation), uniforms(6, 3, "copies", row), np.full(6, height), np.full(6, width))
        batch = np.stack([render(images.images[row], views[copy], SIZE) for copy in range(6)])
        expected = probabilities(model, batch, torch.device("cpu"))[:, 1]
        assert found.mean[row, 1] == pytest.approx(expected.mean(), abs=1e-6)
        assert found.sd[row, 1] == pytest.approx(expected.std(), abs=1e-6)
    assert found.copies == 6
    assert found.sd.min() > 0
    assert np.ptp(found.mean[:, 1]) > 0.01


@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize("at_once", [1, 13, 64, 500])
def test_batch_size_changes_no_score(path, monkeypatch, at_once):
    """Nothing but the last bits of float32, which batches of another shape may sum in another order."""
    expected = scores(path)
    monkeypatch.setitem(VIEWS_AT_ONCE, "cpu", at_once)
    found = scores(path)
    assert np.abs(found.mean - expected.mean).max() < 1e-6
    assert np.abs(found.sd - expected.sd).max() < 1e-6


@pytest.mark.parametrize("devices", [["cpu"], ["cpu", "cpu"], ["cpu"] * 3, ["cpu"] * 40])
def test_the_number_of_devices_changes_no_bit(path, devices):
    expected, found = scores(path), scores(path, devices=devices)
    assert (found.mean == expected.mean).all()
    assert (found.sd == expected.sd).all()


def test_the_order_and_choice_of_rows_changes_no_bit(path):
    expected = scores(path)
    rows = np.random.default_rng(0).permutation(COUNT)[:17]
    assert (scores(path, rows).mean == expected.mean[rows]).all()
    assert (scores(path, np.array([5])).mean == expected.mean[5]).all()


def test_more_threads_change_no_bit(path):
    expected = scores(path)
    found = predict(path, Images(), np.arange(COUNT), copies=6, seed=3, threads=2)
    assert (found.mean == expected.mean).all()


@pytest.mark.parametrize(
    ("backbone", "folds"),
    [
        ("test_resnet", True),
        ("resnet18", True),
        ("test_efficientnet", True),
        ("test_convnext", False),  # has no batch norm
        ("efficientvit_b0", False),  # cannot be traced
    ],
)
def test_folded_batch_norms_compute_the_same(backbone, folds):
    torch.manual_seed(0)
    model = classifier(EncoderRef(name="random"), backbone, 64, 2).train()
    torch.nn.init.normal_(model.head.weight)
    images = torch.randint(0, 255, (8, 64, 64, 3), dtype=torch.uint8)
    with torch.inference_mode():
        for _ in range(3):
            model(images)  # statistics that are not those of a fresh batch norm
        expected = model.eval()(images)
        fold_batch_norms(model)
        assert torch.allclose(model(images), expected, atol=1e-4)
    left = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert (type(model.encoder.backbone).__name__ == "GraphModule") == folds
    assert not (folds and left)


@pytest.mark.parametrize(("size", "views"), [(16, 32), (96, 32), (224, 8), (2000, 1)])
def test_large_views_share_a_forward_pass_with_fewer(size, views):
    assert views_at_once(torch.device("cpu"), size) == views


def test_one_copy_is_the_deterministic_view(path):
    found = scores(path, copies=1)
    assert (found.sd == 0).all()
    assert (predict(path, Images(), np.arange(COUNT), copies=1, seed=99, threads=1).mean == found.mean).all()


def test_each_image_is_read_once(path):
    images = Images()
    predict(path, images, np.arange(COUNT - COUNT % 10), copies=6, seed=0, threads=1)
    assert images.reads.max() == 1


@pytest.mark.usefixtures("float32")
def test_each_class_of_many_has_columns_of_its_own(tmp_path):
    classes = ["MEL", "NV", "BCC"]
    found = scores(written(tmp_path / "best.pt", classes))
    assert found.mean.shape == found.sd.shape == (COUNT, 3)
    assert found.mean.sum(axis=1) == pytest.approx(1)
    assert list(found.columns()) == ["score.MEL", "score.NV", "score.BCC", *(f"score_sd.{name}" for name in classes)]
    assert (found.columns()["score.NV"] == found.mean[:, 1]).all()
    assert (found.columns()["score_sd.BCC"] == found.sd[:, 2]).all()
    model, _ = load_model(tmp_path / "best.pt")
    one = scores(str(tmp_path / "best.pt"), np.array([7]), copies=1)
    image = Images().images[7]
    view = render(image, whole(*image.shape[:2]), SIZE)[None]
    assert one.mean[0] == pytest.approx(probabilities(model, view, torch.device("cpu"))[0], abs=1e-5)


def test_of_two_classes_the_last_has_the_one_column(path):
    found = scores(path)
    assert list(found.columns()) == ["score", "score_sd"]
    assert (found.columns()["score"] == found.mean[:, 1]).all()
    assert found.mean.sum(axis=1) == pytest.approx(1)


def test_no_rows_no_scores(path):
    assert scores(path, np.arange(0)).mean.shape == (0, 2)


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    path = tmp_path / "best.pt"
    path.write_bytes(b"no checkpoint")
    with pytest.raises(checkpoint.CheckpointError, match="A checkpoint is a file that training wrote"):
        scores(path)
