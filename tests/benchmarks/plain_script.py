"""The search of `plain_tune.yaml`, as a competent plain script of Ray Tune, Optuna, ASHA, MLflow and ImageFolder.

    python plain_script.py IMAGES OUT

IMAGES holds <method>/weights.safetensors and <fraction>/{train,val}/<class>/*.png.
It knows nothing of this project. Where a plain script can save time it does: actors and their data sets are kept from
trial to trial, every trial computes with one thread, checkpoints are written at the end of a trial alone, and metrics
are logged by Ray's own MLflow callback into SQLite.
"""

import json
import os
import sys
from pathlib import Path

os.environ |= {"RAY_AIR_NEW_OUTPUT": "0", "RAY_USAGE_STATS_ENABLED": "0", "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1"}

import timm
import torch
from ray import init, tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch
from safetensors.torch import load_file
from sklearn.metrics import roc_auc_score
from torch.utils.data import DataLoader, WeightedRandomSampler
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

SIDE, TRIALS, EPOCHS = 48, 8, 3
SCALE = [
    v2.ToImage(),
    v2.ToDtype(torch.float32, scale=True),
    v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
]
TRAIN = [
    v2.RandomHorizontalFlip(),
    v2.RandomVerticalFlip(),
    v2.RandomRotation(45, interpolation=v2.InterpolationMode.BILINEAR),
    v2.RandomResizedCrop(SIDE, scale=(0.75, 1.0)),
    v2.ColorJitter(hue=0.2),
]
SPACE = {
    "lr": tune.loguniform(1e-4, 3e-1),
    "weight_decay": tune.loguniform(1e-5, 1e-2),
    "batch_size": tune.choice([32, 128]),
    "schedule": tune.choice(["plateau", "cosine"]),
    "balanced": tune.choice([True, False]),
}


class Training(tune.Trainable):
    """One trial; the actor and its data sets serve the next one too."""

    def setup(self, config, images, method, fraction):
        torch.set_num_threads(1)
        self.train_set = ImageFolder(f"{images}/{fraction}/train", v2.Compose([*TRAIN, *SCALE]))
        self.val_set = ImageFolder(f"{images}/{fraction}/val", v2.Compose([v2.Resize((SIDE, SIDE)), *SCALE]))
        self.validation = list(DataLoader(self.val_set, batch_size=256))
        self.weights = load_file(f"{images}/{method}/weights.safetensors")
        self.reset_config(config)

    def reset_config(self, config):
        self.model = timm.create_model("test_resnet", num_classes=2)
        self.model.load_state_dict(self.weights, strict=False)
        torch.nn.init.zeros_(self.model.fc.weight)  # a random head costs .2 AUC in the first epochs at low rates
        self.model = self.model.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), lr=config["lr"], momentum=0.9, weight_decay=config["weight_decay"]
        )
        cosine = config["schedule"] == "cosine"
        self.schedule = (
            torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, EPOCHS)
            if cosine
            else torch.optim.lr_scheduler.ReduceLROnPlateau(self.optimizer)
        )
        sampler = None
        if config["balanced"]:
            counts = torch.bincount(torch.tensor(self.train_set.targets))
            sampler = WeightedRandomSampler([1 / counts[t].item() for t in self.train_set.targets], len(self.train_set))
        self.loader = DataLoader(
            self.train_set, batch_size=config["batch_size"], sampler=sampler, shuffle=sampler is None
        )
        self.best = 0.0
        return True

    def step(self):
        self.model.train()
        for images, labels in self.loader:
            self.optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(
                self.model(images.contiguous(memory_format=torch.channels_last)), labels
            )
            loss.backward()
            self.optimizer.step()
        self.model.eval()
        with torch.inference_mode():
            found = [(self.model(images).softmax(1)[:, 1], labels) for images, labels in self.validation]
        scores, labels = (torch.cat(part) for part in zip(*found, strict=True))
        if not scores.isfinite().all():
            raise RuntimeError("diverged")
        val_loss = torch.nn.functional.binary_cross_entropy(scores, labels.float()).item()
        plateau = isinstance(self.schedule, torch.optim.lr_scheduler.ReduceLROnPlateau)
        self.schedule.step(val_loss) if plateau else self.schedule.step()
        auc = float(roc_auc_score(labels, scores))
        self.best = max(self.best, auc)
        return {
            "val_auc": auc,
            "best_auc": self.best,
            "val_loss": val_loss,
            "train_loss": loss.item(),
            "done": self.training_iteration + 1 >= EPOCHS,
        }

    def save_checkpoint(self, directory):
        torch.save(self.model.state_dict(), Path(directory) / "model.pt")

    def load_checkpoint(self, directory):
        self.model.load_state_dict(torch.load(Path(directory) / "model.pt", weights_only=True))


def main(images, out):
    init(include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    cells = []
    for fraction in sorted(path.name for path in Path(images).iterdir() if (path / "train").is_dir()):
        for method in sorted(path.parent.name for path in Path(images).glob("*/weights.safetensors")):
            name = f"{method}-{fraction}"
            tracking = MLflowLoggerCallback(tracking_uri=f"sqlite:///{out}/mlflow.db", experiment_name=name)
            results = tune.Tuner(
                tune.with_resources(
                    tune.with_parameters(Training, images=images, method=method, fraction=fraction), {"cpu": 1}
                ),
                param_space=SPACE,
                tune_config=tune.TuneConfig(
                    metric="val_auc",
                    mode="max",
                    num_samples=TRIALS,
                    search_alg=OptunaSearch(seed=0),
                    scheduler=ASHAScheduler(max_t=EPOCHS, grace_period=1, reduction_factor=3),
                    reuse_actors=True,
                ),
                run_config=tune.RunConfig(
                    name=name,
                    storage_path=str(out),
                    verbose=0,
                    callbacks=[tracking],
                    checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=True, num_to_keep=1),
                ),
            ).fit()
            metrics = [result.metrics for result in results if result.metrics]
            best = max(each.get("best_auc", 0.0) for each in metrics)
            cells.append({"cell": name, "auc": best, "epochs": sum(each["training_iteration"] for each in metrics)})
    Path(out, "result.json").write_text(json.dumps(cells))


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).absolute()), Path(sys.argv[2]).absolute())
