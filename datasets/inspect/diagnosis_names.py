"""What a column's name says about the diagnoses in it: a reference, a diagnosis, a suspicion, or somebody else's."""

from __future__ import annotations

from enum import IntEnum

from datasets.inspect.cell_values import tokens
from datasets.inspect.word_sets import word_set


class Worth(IntEnum):
    """How much a column's name makes its diagnoses those of the pictures."""

    NONE = 0  # a relative's, an earlier one, or a model's opinion: never taken
    SUSPICION = 1  # before the histology was known
    UNNAMED = 2
    NAMED = 3
    REFERENCE = 4


_OTHERS = word_set(
    "history hx family familial relative relatives anamnese familie familienanamnese antecedent antecedents",
    "antecedentes comorbidity comorbidities predicted prediction predictions pred preds model ai ki algorithm",
    "classifier score probability prob confidence submission",
)
_SUSPICION = word_set(
    "clinical suspected suspicion referral referred previous prior preliminary initial provisional differential ddx",
    "verdacht verdachtsdiagnose klinisch klinische sospecha",
)
_REFERENCE = word_set("path gt truth groundtruth reference biopsy final gold ground")
_REFERENCE_STARTS = ("histo", "patholog", "isto", "anatomopat")
_NAMED = word_set(
    "diagnosis diagnoses dx diagnostic diagnose diagnostico diagnóstico diagnosi diagnostik befund label labels class",
    "target disease condition category klasse clase classe pathology 诊断 診断",
)
_NOT = word_set("confirm confirmed method id date code confidence source partition type")


def worth(name: str) -> Worth:
    """What a name says; of several words the one that speaks most against it counts."""
    said = set(tokens(name))
    if not _OTHERS.isdisjoint(said) or any(word.startswith("predict") for word in said):
        return Worth.NONE
    if not _SUSPICION.isdisjoint(said):
        return Worth.SUSPICION
    reference = not _REFERENCE.isdisjoint(said) or any(word.startswith(_REFERENCE_STARTS) for word in said)
    if reference and said.isdisjoint(_NOT - {"code"}):
        return Worth.REFERENCE
    return Worth.NAMED if not _NAMED.isdisjoint(said) and said.isdisjoint(_NOT) else Worth.UNNAMED


def is_of_a_model(file: str) -> bool:
    """Whether a table's file name is that of predictions."""
    said = set(tokens(file))
    return not said.isdisjoint({"submission", "pred", "preds", "ai", "model"}) or any(
        word.startswith("predict") for word in said
    )
