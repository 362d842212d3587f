"""Budgets from which a new study chooses: methods, sizes and searches, as text of a spec."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """`what` in a phrase; `methods`, `split` (keys of `train`) and `search` are pieces of a spec."""

    what: str
    methods: str
    split: str
    search: str


BUDGETS = {
    "small": Budget(
        what="two methods with small encoders, to see that all works",
        methods="""
methods:                      # the first is the baseline
  - supervised:ft
  - simclr:ft
backbone: test_resnet         # small encoders that ship with the code, pre-trained on drawings: to see that all works
image_size: 64
augmentation: lesion
""".lstrip(),
        split="""
  splits: lesion_disjoint
  validation: 0.2
  test: 0.2
""".strip("\n"),
        search="""
search:
  sampler: tpe
  shared_design: 2
  trials: 4
  max_epochs: 4
  scheduler: {asha: {eta: 3, grace: 1}}
  objective: val_auc
select: {rule: best}
replicate: {pairs: 3}         # with fewer no difference can be shown; 5 narrow the intervals
evaluate: {copies: 5}
""".lstrip(),
    ),
    "laptop": Budget(
        what="three methods with small encoders, two training fractions",
        methods="""
methods:                      # the first is the baseline
  - supervised:ft
  - simclr:ft
  - byol:ft
backbone: test_resnet         # small encoders that ship with the code, pre-trained on drawings: to see that all works
image_size: 64
augmentation: lesion
""".lstrip(),
        split="""
  splits: lesion_disjoint
  validation: 0.15
  test: 0.2
  fractions: [1.0, 0.1]
  subsamples: 3
""".strip("\n"),
        search="""
search:
  sampler: tpe
  shared_design: 4
  trials: 12
  max_epochs: 12
  scheduler: {asha: {eta: 3, grace: 2}}
  objective: val_auc
select: {rule: best}
replicate: {pairs: 3}
evaluate: {copies: 10}
""".lstrip(),
    ),
    "cluster": Budget(
        what="ResNet-50 at 224 pixels on GPUs; its checkpoints in $SKIN_WEIGHTS",
        methods="""
methods:                      # the first is the baseline; `study encoders list` says where the weights come from
  - {encoder: supervised, weights: "${SKIN_WEIGHTS:-weights}/resnet50-0676ba61.pth"}
  - {encoder: simclr, weights: "${SKIN_WEIGHTS:-weights}/simclr_resnet50_1x.pth"}
  - {encoder: byol, weights: "${SKIN_WEIGHTS:-weights}/pretrain_res50x1.pth.tar"}
backbone: resnet50
image_size: 224
augmentation: published
""".lstrip(),
        split="""
  splits: lesion_disjoint
  validation: 0.1
  test: 0.2
  fractions: [1.0, 0.1]
  subsamples: 5
""".strip("\n"),
        search="""
search:
  sampler: tpe
  shared_design: 8
  trials: 32
  max_epochs: 60
  scheduler: {asha: {eta: 3, grace: 10}}
  objective: val_auc
select: {rule: best}
replicate: {pairs: 5}
evaluate: {copies: 50}
resources: {gpus_per_trial: 1}
""".lstrip(),
    ),
}
