"""The report: comparison tables in; one HTML page, its tables (CSV, Markdown, LaTeX) and curves (SVG) out.

It reads `<name>.parquet` of one comparison directory, `context.json` (`study.report.inputs.context.Context`) and
`qualitative/` (`study.report.inputs.panels.Panels`). A file that is absent leaves its section out; a file that is there
must have these columns (more are ignored):

estimates     method fraction dataset metric estimate sd low high replicates reason
differences   method other fraction dataset metric difference low high p p_holm detectable equivalent
ranking       method fraction mean_rank low high p_best
stability, selection_stability   fraction varied setting tau best same_best
roc           method fraction dataset fpr tpr
calibration   method fraction dataset predicted observed images
robustness    method fraction dataset drop low high
operating_points     method fraction dataset point measure estimate low high own threshold
operating_point_differences   method other fraction dataset point measure difference low high p p_holm
operating_point_shift         method fraction dataset point measure change low high p
calibration_measures          method fraction dataset reading measure estimate low high
decision_curves      method fraction dataset reading threshold net_benefit low high treat_all
score_distribution   method fraction dataset class quantile score
per_class     method fraction dataset class metric estimate low high images reason
confusion     method fraction dataset class predicted share low high images
class_differences    method other fraction dataset class metric difference low high p_holm
subgroups     method fraction dataset attribute group metric estimate low high images positives small reason
gaps          method fraction dataset attribute metric gap low high
gap_differences      method other fraction dataset attribute metric best worst difference low high p_holm
design_differences   method other fraction configurations difference low high better
difficulty    method fraction trials near_best spread epochs_to_95
budget_curves method fraction iid trials value low high
importance    method fraction parameter importance
trials        method fraction cell number state value, and `param.<name>`
curves        method fraction cell number epoch metric value
costs         method fraction parameters trained macs seconds
parity, ledger, edges   as `study.plan.fairness_rules` and `study.analysis.budget_ledger` make them
"""

from study.report.inputs.context import Context, ReportError
from study.report.write_report import write_report

__all__ = ["Context", "ReportError", "write_report"]
