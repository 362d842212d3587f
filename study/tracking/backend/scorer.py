"""The code of a logged model: MLflow runs this file when it loads one, so that nothing is unpickled.

It travels with the model, together with `trainables` and `datasets`; the weights are a checkpoint that PyTorch reads
with `weights_only=True`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext


class Scorer(PythonModel):
    """Scores images as `study evaluate` does: the mean probability of the positive class over augmented copies.

    Input: a table with a column `image` (the bytes of a picture file) and, optionally, `row` (the image's row in its
    data set, which names its random numbers; default: its place in the table). Parameters: `copies` and `seed`; one
    copy is the deterministic view. Output: columns `score` and `score_sd`.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Where the weights are."""
        self._checkpoint = context.artifacts["checkpoint"]
        self._short_side = int((context.model_config or {})["short_side"])

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Scores of a table of images."""
        from datasets.cache.build_store import resize
        from datasets.cache.decode import decode
        from trainables.predict import predict

        settings = params or {}
        rows = np.asarray(model_input["row"] if "row" in model_input else np.arange(len(model_input)), dtype=np.int64)
        pixels = [resize(decode(bytes(content)), self._short_side) for content in model_input["image"]]
        found = predict(
            self._checkpoint,
            _Rows(dict(zip(rows.tolist(), pixels, strict=True))),
            rows,
            copies=int(settings["copies"]),
            seed=int(settings["seed"]),
        )
        return pd.DataFrame({"score": found.mean, "score_sd": found.sd})


class _Rows:
    """Some rows of a data set, under their own numbers."""

    def __init__(self, pixels: Mapping[int, np.ndarray]) -> None:
        self._pixels = pixels

    def __len__(self) -> int:
        return max(self._pixels) + 1

    def __getitem__(self, index: int) -> np.ndarray:
        return self._pixels[index]


set_model(Scorer())
