"""The model card of an exported winner: Markdown with the front matter that model hubs read."""

from __future__ import annotations

import pandas as pd

from study.evaluation.copies import scored_on
from study.evaluation.trained_model import TrainedModel
from study.store.directory import StudyDirectory

USE = {
    "torchscript": """import torch

model = torch.jit.load("model.pt")
logits = model(images)  # uint8 [n, {size}, {size}, 3], RGB
scores = logits.softmax(1){column}""",
    "safetensors": """from pathlib import Path

from trainables.export import FORMS

model = FORMS["safetensors"].load(Path("model.safetensors"))
logits = model(images)  # uint8 tensor [n, {size}, {size}, 3], RGB
scores = logits.softmax(1){column}""",
    "onnx": """import onnxruntime
from scipy.special import softmax

session = onnxruntime.InferenceSession("model.onnx")
logits = session.run(["logits"], {{"images": images}})[0]  # uint8 array [n, {size}, {size}, 3], RGB
scores = softmax(logits, axis=1){column}""",
    "hub-folder": """import timm
from timm.data import create_transform, resolve_data_config

model = timm.create_model("local-dir:.", pretrained=True).eval()  # hf-hub:OWNER/NAME once it is uploaded
view = create_transform(**resolve_data_config(model=model))  # resize, crop, normalise: this model's own
logits = model(view(picture)[None])  # a PIL picture
scores = logits.softmax(1){column}""",
}


def model_card(
    model: TrainedModel,
    directory: StudyDirectory,
    method: str,
    fraction: float,
    form: str,
    check: str,
    *,
    classes: int,
) -> str:
    """What the model is, where it comes from, how good it was where, how to use it, and what it is not for."""
    from trainables.encoders import registry

    plan = model.plan
    spec = plan.spec
    cell = next(cell for cell in plan.cells if (cell.method.name, cell.fraction) == (method, fraction))
    recipe = registry.recipe(cell.method.encoder).begun_with(cell.method.weights)
    tests = ", ".join(test.name for test in spec.tests)
    column = "[:, -1]" if classes == 2 else "  # one column a class, in the order of config.json"
    use = USE[form].format(size=spec.image_size, column=column)
    return f"""---
library_name: {"timm" if form == "hub-folder" else "pytorch"}
pipeline_tag: image-classification
tags: [skin-lesion, research]
---

# {method} of the study {spec.study}

A classifier of images of skin lesions, for research. **It is no medical device and gives no diagnosis.**

- Encoder: {recipe.name} ({recipe.paper}); licence of its weights: {recipe.licence}
- Pre-trained on: {recipe.pretrained_on}
- Trained on: {spec.train.source}, fraction {fraction:g} of its training images; pipeline `{cell.method.pipeline}`
- Chosen by `{spec.select.rule}` on validation images, among {cell.trials} trials of equal budget; tested on {tests}
- Made by the re-training `{model.checkpoint.parent.relative_to(directory.root).as_posix()}` of the study

## Test results

{_results(directory, method, fraction, classes)}

They describe the re-trained models of this method together, not this one file, and hold for images like those of the
test sets.

## Use

```python
{use}
```

Pictures are resized to {spec.cache_side} pixels on the short side, then cropped to {spec.image_size} (`config.json`).
The study's own score ({scored_on(model.copies)}) is made by `study predict`.

## Check

{check}
"""


def _results(directory: StudyDirectory, method: str, fraction: float, classes: int) -> str:
    path = directory.comparison / "estimates.parquet"
    if not path.is_file():
        return "The study has not been compared yet."
    table = pd.read_parquet(path)
    rows = table[(table["method"] == method) & (table["fraction"] == fraction) & (table["metric"] == "auroc")]
    lines = [f"| {row.dataset} | {row.estimate:.3f} | {row.low:.3f} to {row.high:.3f} |" for row in rows.itertuples()]
    measure = "AUC" if classes == 2 else "mean AUC of each class against the rest"
    return "\n".join([f"| test set | {measure} | 95 % interval |", "|---|---|---|", *lines])
