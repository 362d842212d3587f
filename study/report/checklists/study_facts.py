"""What a study's own records say of its design and data: one sentence or two a fact, empty where they do not say."""

from __future__ import annotations

from study.report.formatting import count, listing, percent, plural
from study.report.inputs.context import DataSet
from study.report.inputs.loaded_tables import ReportData
from study.report.sections.checks import leaked, peeked


def technology(data: ReportData) -> str:
    """The kind of model."""
    models = f"neural networks ({data.context.backbone})" if data.context.backbone else "models"
    return f"Deep learning: {models} that classify images, {plural(len(data.methods), 'method')} of adapting them."


def question(data: ReportData) -> str:
    """The spec's question."""
    return f"“{data.context.question}”" if data.context.question else ""


def goal(data: ReportData) -> str:
    """What kind of study it is."""
    baseline = f", with {data.baseline} as the baseline" if data.baseline else ""
    return (
        f"A comparison of {listing(list(data.methods))}{baseline}: every method is tuned, trained anew and tested "
        "under the same rules (development and evaluation)."
    )


def design(data: ReportData) -> str:
    """Retrospective."""
    return (
        "Retrospective: all images had been collected and labelled before the study." if data.context.datasets else ""
    )


def sources(data: ReportData) -> str:
    """Every data set."""
    return " ".join(_source(item) for item in data.context.datasets)


def excluded(data: ReportData) -> str:
    """What of each source was left out."""
    said = [
        f"{item.name}: {count(item.left_out)} images without a label of the task or in no part of a split were left out"
        for item in data.context.datasets
        if item.left_out
    ]
    notes = [f"{item.name}: {note}" for item in data.context.datasets for note in item.notes]
    if not data.context.datasets:
        return ""
    return f"{'; '.join(said) or 'No image of the sources was left out'}." + (f" {'; '.join(notes)}." if notes else "")


def preprocessing(data: ReportData) -> str:
    """Size and views."""
    size = f"Images were resized to {data.context.image_size} pixels a side" if data.context.image_size else ""
    copies = f"test scores are means over {data.context.scored_on}" if data.context.scored_on else ""
    found = "; ".join(part for part in (size, copies) if part)
    return f"{found[0].upper()}{found[1:]}." if found else ""


def fractions(data: ReportData) -> str:
    """Which shares of the training images were used."""
    shares = listing([percent(share, 1 if share < 0.01 else 0) for share in data.fractions])
    return f"Methods were trained on {shares} of the training images, drawn by label." if data.fractions else ""


def missing_data(data: ReportData) -> str:
    """Unknown groups, and unknown characteristics."""
    said = [
        f"{item.name}: lesion known for {count(item.lesions_known)}, patient for {count(item.patients_known)} of "
        f"{count(item.images)} images"
        for item in data.context.datasets
        if item.lesions_known is not None
    ]
    rest = "Images without a known age, sex, site or skin tone are in no group of that attribute; nothing was imputed."
    return f"{'; '.join(said)}. {rest}" if said else ""


def classes(data: ReportData) -> str:
    """The labels of the task."""
    names = next((item.classes for item in data.context.datasets if item.classes), ())
    positive = f"; the positive one is {names[-1]}" if len(names) == 2 else ""
    return f"The outcome has {len(names)} classes, {listing(list(names))}{positive}." if names else ""


def reads(data: ReportData) -> str:
    """How test labels were kept apart."""
    found = [read for read in data.context.test_reads if read.event == "read"]
    return (
        f"Labels of test sets were read {plural(len(found), 'time')}, each logged. {peeked(data).text}" if found else ""
    )


def parts(data: ReportData) -> str:
    """Images and positives of each part."""
    rows = [part for item in data.context.datasets for part in item.parts]
    said = [
        f"{percent(row.fraction)} {row.part} {count(row.images)}"
        + ("" if row.positives is None else f" ({count(row.positives)} positive)")
        for row in rows
    ]
    if not said:
        return ""
    drawn = f"Replicates were trained on {plural(data.context.replicates or 0, 'further split')}." if rows else ""
    return f"Split of the search, by training fraction: {'; '.join(said)}. {drawn}"


def disjoint(data: ReportData) -> str:
    """The audit's answer."""
    return leaked(data).text if data.context.audited else ""


def sizes(data: ReportData) -> str:
    """Images of each data set."""
    said = [
        f"{item.name} ({item.role}): {count(item.images)} images"
        + ("" if item.positives is None else f", {count(item.positives)} positive")
        for item in data.context.datasets
    ]
    return f"{'; '.join(said)}." if said else ""


def _source(item: DataSet) -> str:
    groups = [
        f"{count(number)} {name}" for name, number in (("lesions", item.lesions), ("patients", item.patients)) if number
    ]
    known = f" of {listing(groups)}" if groups else ""
    return f"{item.name} ({item.role}): source {item.source}, {count(item.images)} images{known}, digest {item.digest}."
