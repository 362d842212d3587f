"""What a study's own tables say of its results: one sentence or two a fact, empty where there is no such table."""

from __future__ import annotations

from study.report.formatting import count, interval, listing, metric, missing, number, percent, plural
from study.report.inputs.loaded_tables import ReportData, records
from study.report.inputs.results import results
from study.report.sections.headline import headlines


def headline(data: ReportData) -> str:
    """The answer of every fraction."""
    return " ".join(
        f"Trained on {percent(head.fraction)}: {head.say.striptags()}" for head in headlines(data, results(data))
    )


def performance(data: ReportData) -> str:
    """The main metric of every method on every test set."""
    found = results(data)
    said = [
        f"{method} at {percent(share)} on {name}: {number(e.value)} {interval(e.low, e.high)}"
        for share in data.fractions
        for method in data.methods
        for name in data.sets
        if (e := found.estimate(method, share, name)) is not None and not missing(e.value)
    ]
    return f"{metric(data.context.metric)}: {'; '.join(said)}. All metrics: tables/." if said else ""


def metrics(data: ReportData) -> str:
    """All that was measured."""
    table = data.table("estimates", "metric")
    if table is None:
        return ""
    names = [metric(str(name)) for name in table["metric"].drop_duplicates()]
    return f"Main metric: {metric(data.context.metric)}. Measured: {listing(names)}."


def statistics(data: ReportData) -> str:
    """Intervals, tests and corrections."""
    table = data.table("estimates", "replicates")
    if table is None or data.table("differences") is None:
        return ""
    counts = sorted({int(value) for value in table["replicates"]})
    unit = "searches" if data.context.budget.repeats > 1 else "replicates"
    margin = f" Equivalence: two one-sided tests within ±{data.context.margin:g}." if data.context.margin else ""
    return (
        f"95 % intervals over {listing([str(value) for value in counts])} {unit} (readers) and over lesions or "
        "patients (cases), after Obuchowski and Rockette; differences paired by image and by (split, seed); p-values "
        f"corrected by Holm over all comparisons with the baseline.{margin}"
    )


def detectable(data: ReportData) -> str:
    """What the study could have shown."""
    table = data.table("differences", "metric", "other", "detectable")
    if table is None:
        return ""
    here = table[(table["metric"] == data.context.metric) & (table["other"] == data.baseline)]["detectable"].dropna()
    if here.empty:
        return "No true difference would have been shown with 80 % power."
    low, high = number(here.min()), number(here.max())
    size = low if low == high else f"{low} to {high}, by test set and fraction"
    return f"Smallest true difference shown with 80 % power after correction: {size}."


def spent(data: ReportData) -> str:
    """What tuning cost."""
    table = data.table("ledger", "complete", "pruned", "failed", "epochs")
    if table is None:
        return ""
    trials = int(table[["complete", "pruned", "failed"]].sum().sum())
    return f"{plural(trials, 'trial')} and {count(table['epochs'].sum())} epochs were spent on tuning."


def costs(data: ReportData) -> str:
    """Size of the models."""
    table = data.table("costs", "method", "parameters", "macs")
    if table is None:
        return ""
    rows = {str(row["method"]): row for row in records(table) if not missing(row["parameters"])}
    said = [
        f"{name} {row['parameters'] / 1e6:.1f} M parameters, {row['macs'] / 1e9:.2g} GMACs an image"
        for name, row in rows.items()
    ]
    return f"{'; '.join(said)}." if said else ""


def stability(data: ReportData) -> str:
    """How often the same method stayed best."""
    table = data.table("stability", "varied", "same_best")
    if table is None:
        return ""
    same, all_ = int(table["same_best"].sum()), len(table)
    drop = (
        " Loss against the in-distribution test set: section Out of distribution."
        if data.table("robustness") is not None
        else ""
    )
    return f"The best method stays best in {same} of {all_} rankings without a replicate, test set or winner.{drop}"


def explainability(data: ReportData) -> str:
    """Grad-CAM."""
    return "Grad-CAM maps and nearest training images of the winners: section Images." if _looked(data) else ""


def failures(data: ReportData) -> str:
    """The worst errors."""
    confusion = " Confusion matrices of every method." if data.table("confusion") is not None else ""
    return (
        f"The most confident errors of the winners: section Images.{confusion}" if _looked(data) else confusion.strip()
    )


def internal(data: ReportData) -> str:
    """The held-out part."""
    return f"{data.home}, the held-out part of the training source." if data.home in data.sets else ""


def external(data: ReportData) -> str:
    """All other test sets."""
    others = [name for name in data.sets if name != data.home]
    table = data.table("robustness", "dataset", "drop")
    change = ""
    if table is not None and len(table):
        means = table.groupby("dataset", sort=False)["drop"].mean()
        change = (
            f" Mean loss against {data.home}: "
            + "; ".join(f"{name} {number(drop)}" for name, drop in means.items())
            + "."
        )
    return f"{listing(others)}: other sources, never trained on.{change}" if others else ""


def clusters(data: ReportData) -> str:
    """Images of one patient."""
    return (
        "Images of one lesion or patient are one case in every interval." if data.table("estimates") is not None else ""
    )


def demographics(data: ReportData) -> str:
    """Sizes of the groups of each test set."""
    table = data.table("subgroups", "dataset", "attribute", "group", "images")
    if table is None:
        return ""
    rows = table.drop_duplicates(["dataset", "attribute", "group"])
    rows = rows[rows["attribute"] != "diagnosis"]
    found: dict[tuple[str, str], list[str]] = {}
    for row in records(rows):
        found.setdefault((str(row["dataset"]), str(row["attribute"])), []).append(
            f"{row['group']} {count(row['images'])}"
        )
    said = [
        f"{name}, {attribute.replace('_', ' ')}: {', '.join(groups)}" for (name, attribute), groups in found.items()
    ]
    return f"Test images by group: {'; '.join(said)}." if said else ""


def fairness(data: ReportData) -> str:
    """Gaps between groups."""
    table = data.table("gaps", "attribute", "metric", "gap")
    if table is None:
        return ""
    here = table[table["metric"] == "auroc"]
    names = [str(name).replace("_", " ") for name in here["attribute"].drop_duplicates()]
    if here.empty:
        return ""
    return (
        f"Measures by {listing(names)} with intervals; the largest gap in AUC between two groups is "
        f"{number(here['gap'].max())}; gaps are compared between methods with Holm's correction."
    )


def _looked(data: ReportData) -> bool:
    return any(name.endswith("panels.json") for name in data.digests)
