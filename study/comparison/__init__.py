"""Statistics over prediction tables and trials: tables in, tables out. Knows nothing of training.

`compare` turns predictions into

estimates        method fraction dataset metric estimate sd low high replicates models sd_models df covers reason
differences      method other fraction dataset metric difference low high p p_holm detectable equivalent p_equivalent
                 bound df replicates covers family reason
replicate_values method fraction dataset metric replicate value collapsed
ranking          method fraction mean_rank low high p_best datasets
stability        fraction varied setting tau best same_best
roc              method fraction dataset fpr tpr
calibration      method fraction dataset predicted observed images
robustness       method fraction dataset drop low high p df replicates covers reason
subgroups        method fraction dataset attribute group metric estimate sd low high images positives small …
gaps             method fraction dataset attribute metric gap low high p best worst groups
gap_differences  method other fraction dataset attribute metric best worst difference low high p p_holm

score_distribution  method fraction dataset class quantile score images

with, where predictions say what each model was given beforehand (`operating_points`),

operating_points             method fraction dataset point measure estimate sd low high own threshold own_threshold …
operating_point_differences  method other fraction dataset point measure difference low high p p_holm replicates …
operating_point_shift        method fraction dataset point measure change low high p replicates covers reason
calibration_measures         method fraction dataset reading measure estimate sd low high replicates covers reason
decision_curves              method fraction dataset reading threshold net_benefit low high treat_all replicates …

with, for three classes and more,

per_class            method fraction dataset class metric estimate sd low high images replicates covers reason
class_differences    method other fraction dataset class metric difference low high p p_holm replicates covers
class_subgroups      method fraction dataset attribute group class metric estimate sd low high images positives …
class_gap_differences  method other fraction dataset attribute class metric best worst difference low high p p_holm
confusion            method fraction dataset class predicted share low high images replicates covers

and `optimisation` turns trials into

difficulty           method fraction trials near_best spread epochs_to_95 reached best reason
design_differences   method other fraction configurations difference low high better epochs
selection_stability  fraction varied setting tau best same_best
budget_curves        method fraction iid trials value low high

Intervals are 95 %; what is undefined is NaN with the reason beside it. `p_holm` and `detectable` are corrected for all
comparisons of a family, `p` and the intervals are for one comparison read alone.
"""

from study.comparison.compare_predictions import compare
from study.comparison.errors import ComparisonError
from study.comparison.optimisation import optimisation

__all__ = ["ComparisonError", "compare", "optimisation"]
