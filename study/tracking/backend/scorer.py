"""The code of a logged model: MLflow runs this file when it loads one, so that nothing is unpickled.

It travels with the model, together with `trainables` and `datasets`; the weights are a checkpoint that PyTorch reads
with `weights_only=True`.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext


class Scorer(PythonModel):
    """Scores images as `study evaluate` does: mean probabilities over augmented copies.

    Input: a table with a column `image` (the bytes of a picture file) and, optionally, `row` (the image's row in its
    data set, which names its random numbers; default: its place in the table). Parameters: `copies` and `seed`; one
    copy is the deterministic view. Output: columns `score` (of the positive class) and `score_sd`; of more than two
    classes `score.<class>` and `score_sd.<class>` of each.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Where the weights are."""
        self._checkpoint = context.artifacts["checkpoint"]
        self._short_side = int((context.model_config or {})["short_side"])

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Scores of a table of images."""
        from trainables.pictures import predict_pictures

        settings = params or {}
        scores = predict_pictures(
            self._checkpoint,
            model_input["image"].tolist(),
            short_side=self._short_side,
            copies=int(settings["copies"]),
            seed=int(settings["seed"]),
            rows=model_input["row"].tolist() if "row" in model_input else None,
        )
        return pd.DataFrame(scores.columns())


set_model(Scorer())
