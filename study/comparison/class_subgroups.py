"""Groups of patients on test sets of many classes: a mean over the same classes in every group, and class by class.

A group has few images of the rare classes, and means over other classes in every group would compare nothing. So an
attribute's groups are compared over the classes of which each of them has enough patients or lesions, on the images of
these classes alone; what each class is by itself stands beside it, with its own size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from study.comparison.blocks import Block, ClassBlock
from study.comparison.cases import Bools
from study.comparison.gaps import PAIRED, gap_differences
from study.comparison.metrics import closed_form
from study.comparison.metrics.measure import Measured, joined_tables, measured, table
from study.comparison.metrics.metric import ClosedForm
from study.comparison.subgroups import COLUMNS, SMALL, Group, groups, subgroups

OF_CLASS: dict[str, ClosedForm] = {"auroc": closed_form.auroc, "sensitivity": closed_form.sensitivity}
MEAN = {"auroc": "auroc", "sensitivity": "balanced_accuracy"}
"""What the mean over classes of a class's measure is called."""
WITH_CLASS = (*COLUMNS[:5], "class", *COLUMNS[5:])
PAIRED_WITH_CLASS = (*PAIRED[:5], "class", *PAIRED[5:])
TOO_FEW = f"fewer than two classes have {SMALL} patients or lesions in this group"
NOT_SHARED = f"no two classes have {SMALL} patients or lesions in every group"


def mean_groups(block: ClassBlock) -> list[Group]:
    """Every attribute and group, by AUC and balanced accuracy over the classes that its groups share."""
    found: list[Group] = []
    for attribute, here in _attributes(block):
        enough = {name: _enough(block, chosen) for name, chosen in here.items()}
        able = [name for name, labels in enough.items() if len(labels) > 1]
        shared = sorted(set.intersection(*(enough[name] for name in able))) if able else []
        for name, chosen in here.items():
            reason = TOO_FEW if name not in able else NOT_SHARED if len(shared) < 2 else ""
            over = block.cases.present if reason else shared
            chosen = chosen & np.isin(block.cases.label, over)
            sizes = [int((chosen & (block.cases.label == label)).sum()) for label in over]
            for metric in OF_CLASS:
                found.append(
                    Group(
                        block=block, attribute=attribute, name=name, metric=MEAN[metric], images=int(chosen.sum()),
                        positives=min(sizes, default=0), small=bool(reason), reason=reason,
                        found=None if reason else _mean(block, metric, shared, chosen),
                        note=_over([block.classes[label] for label in shared], block),
                    )
                )  # fmt: skip
    return found


def class_groups(block: ClassBlock, label: int) -> list[Group]:
    """Every attribute and group, by how well one class is told from the rest in it."""
    return [
        _group(block, label, attribute, name, chosen, metric)
        for attribute, here in _attributes(block)
        for name, chosen in here.items()
        for metric in OF_CLASS
    ]


def class_subgroup_tables(blocks: Sequence[ClassBlock], baseline: str) -> dict[str, pd.DataFrame]:
    """`class_subgroups` and `class_gap_differences`, whose `p_holm` is uncorrected yet (see `gaps.correct`); block by
    block and class by class, because the errors of all groups at once would need more memory than all else."""
    single: list[pd.DataFrame] = [table([], WITH_CLASS)]
    paired: list[pd.DataFrame] = [table([], PAIRED_WITH_CLASS)]
    for block in blocks:
        for label in block.cases.present:
            found, name = class_groups(block, label), block.classes[label]
            single.append(subgroups(found).assign(**{"class": name})[list(WITH_CLASS)])
            gap = gap_differences(found, baseline=baseline)
            paired.append(gap.assign(**{"class": name})[list(PAIRED_WITH_CLASS)])
    return {"class_subgroups": joined_tables(single), "class_gap_differences": joined_tables(paired)}


def _attributes(block: ClassBlock) -> Iterator[tuple[str, dict[str, Bools]]]:
    """Attributes with their groups' images [n]; not the diagnosis, which is the class itself or finer than it."""
    found: dict[str, dict[str, Bools]] = {}
    for attribute, name, chosen in groups(block.cases.images):
        if attribute != "diagnosis":
            found.setdefault(attribute, {})[name] = chosen
    yield from found.items()


def _enough(block: ClassBlock, chosen: Bools) -> set[int]:
    """The classes of which these images [n] are at least `SMALL` patients or lesions, if there are others too."""
    cases = block.cases
    return {label for label in cases.present if cases.count(chosen & (cases.label == label)) >= SMALL}


def _view(block: ClassBlock, metric: str, label: int) -> Block:
    return block.against_rest(label) if metric == "auroc" else block.decided(label)


def _mean(block: ClassBlock, metric: str, labels: Sequence[int], chosen: Bools) -> Measured:
    each = [measured(_view(block, metric, label), MEAN[metric], OF_CLASS[metric], chosen) for label in labels]
    return Measured(
        block=block,
        metric=MEAN[metric],
        values=np.asarray(np.mean([one.values for one in each], axis=0)),
        errors=np.asarray(np.mean([one.errors for one in each], axis=0)),
        cases=min(block.cases.count(chosen & (block.cases.label == label)) for label in labels),
    )


def _group(block: ClassBlock, label: int, attribute: str, name: str, chosen: Bools, metric: str) -> Group:
    view = _view(block, metric, label)
    positive = view.cases.positive
    positives, images = int(positive[chosen].sum()), int(chosen.sum())
    reason = "no image of this class" if positives == 0 else ""
    reason = "no image of another class" if metric == "auroc" and positives == images else reason
    sides = [positive & chosen, *([~positive & chosen] if metric == "auroc" else [])]
    return Group(
        block=view, attribute=attribute, name=name, metric=metric, images=images, positives=positives,
        small=min(block.cases.count(side) for side in sides) < SMALL, reason=reason,
        found=None if reason else measured(view, metric, OF_CLASS[metric], chosen),
    )  # fmt: skip


def _over(names: Sequence[str], block: ClassBlock) -> str:
    return f"over {len(names)} of {len(block.classes)} classes: {', '.join(names)}"
