"""What a study's own records say of its models, their search and selection, and its protocol: one sentence or two a
fact, empty where the records do not say."""

from __future__ import annotations

from study.comparison.operating_points.rules import point_label
from study.report.formatting import listing, metric, plural
from study.report.inputs.loaded_tables import ReportData
from study.report.sections.scores import variances


def model(data: ReportData) -> str:
    """Encoder and backbone of each method."""
    found = [
        f"{item.method}: encoder {item.encoder}, {item.backbone}, {item.image_size} px"
        for item in data.context.encoders
    ]
    return f"{'; '.join(found)}. In: one image; out: a probability for each class." if found else ""


def initialisation(data: ReportData) -> str:
    """What each encoder was pre-trained on."""
    found = [f"{item.method}: {item.pretrained_on} (licence: {item.licence})" for item in data.context.encoders]
    return f"Initial weights: {'; '.join(found)}." if found else ""


def software(data: ReportData) -> str:
    """Versions."""
    return ", ".join(f"{name} {version}" for name, version in data.context.versions.items())


def search(data: ReportData) -> str:
    """The search of every cell."""
    budget = data.context.budget
    if not budget.trials:
        return ""
    repeats = f", divided over {budget.repeats} independent searches" if budget.repeats > 1 else ""
    design = f" The first {budget.shared_design} of a search are one quasi-random design for all methods."
    epochs = plural(budget.max_epochs or 0, "epoch")
    return (
        f"Each method at each fraction was tuned by {plural(budget.trials, 'trial')} of at most {epochs}{repeats} "
        f"(sampler {budget.sampler}, scheduler {budget.scheduler}, objective {budget.objective})."
        f"{design if budget.shared_design else ''} The search spaces are in the spec."
    )


def precision(data: ReportData) -> str:
    """Arithmetic."""
    return f"Arithmetic: {data.context.precision}." if data.context.precision else ""


def selection(data: ReportData) -> str:
    """How and when winners were chosen."""
    found = data.context.selection
    if not found.winners:
        return ""
    pairs, searches = data.context.replicates or 0, data.context.budget.repeats
    anew = f" Each was trained anew on {plural(pairs, '(split, seed) pair')}." if pairs else ""
    if pairs and searches > 1:
        anew = f" Those of each search were trained anew on {pairs // searches} of {pairs} (split, seed) pairs."
    return (
        f"{plural(len(found.winners), 'winner')} by rule {found.rule}, from validation images alone, frozen at "
        f"{found.time[:16].replace('T', ' ')} UTC (digest {found.digest}).{anew}"
    )


def winners(data: ReportData) -> str:
    """The chosen hyperparameters."""
    return "; ".join(
        f"{winner.cell}: " + ", ".join(f"{name} {_plain(value)}" for name, value in winner.params.items())
        for winner in data.context.selection.winners
    )


def ensembling(data: ReportData) -> str:
    """None, but for augmented copies."""
    views = data.context.scored_on
    return (
        f"No ensemble of models: scores are means over {views}, and trained models are compared one by one."
        if views
        else ""
    )


def protocol(data: ReportData) -> str:
    """The sealed protocol, and how the study left it."""
    sealed = data.context.protocol
    if sealed is None:
        return ""
    left = " ".join(data.context.deviations)
    return (
        f"Spec, splits, margin and metrics were sealed at {sealed.time[:16].replace('T', ' ')} UTC (digest "
        f"{sealed.digest}). {left or 'There was no deviation.'}"
    )


def availability(data: ReportData) -> str:
    """Code and licences."""
    sealed = data.context.protocol
    code = f"Code {sealed.code}; spec {data.context.spec_digest}." if sealed else ""
    licences = sorted({item.licence for item in data.context.encoders if item.licence})
    return f"{code} Licences of the initial weights: {listing(licences)}.".strip() if licences or code else ""


def predictors(data: ReportData) -> str:
    """The image alone."""
    return "The image alone; no clinical variable is given to the models."


def imbalance(data: ReportData) -> str:
    """Balanced batches."""
    chosen = [winner.params["balanced"] for winner in data.context.selection.winners if "balanced" in winner.params]
    if not chosen:
        return ""
    return (
        f"Whether batches are balanced over the classes is a hyperparameter: {sum(map(bool, chosen))} of {len(chosen)} "
        "winners train so, and their scores are then too high for the prevalence of the test set."
    )


def updating(data: ReportData) -> str:
    """None."""
    return "No model was updated after its evaluation."


def limitations(data: ReportData) -> str:
    """What intervals leave out, and what could not be checked."""
    return f"Intervals are for {variances(data)}"


def output(data: ReportData) -> str:
    """Probabilities, and where they are cut."""
    table = data.table("operating_points", "point")
    chosen = "" if table is None else (
        " Thresholds chosen on each model's validation images and frozen before any test label was read: "
        f"{listing([point_label(str(point)) for point in table['point'].drop_duplicates()])}."
    )  # fmt: skip
    return (
        "A probability for each class. Balanced accuracy calls an image positive from a probability of 0.5 on, fixed "
        f"before any test label was read.{chosen} Main metric: {metric(data.context.metric)}."
    )


def _plain(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
