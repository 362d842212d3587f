"""Images: where the winners look, what they get wrong most confidently, what they find similar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from study.report.figures.maps import feature_map
from study.report.formatting import fraction, number
from study.report.inputs.loaded_tables import ReportData
from study.report.inputs.panels import Cams, Errors, Neighbours, Panels, Shown, data_uri, read_panels, read_points
from study.report.page import Section, bullets, fold, panels


def qualitative(data: ReportData) -> Section | None:
    """Grad-CAM panels open, the rest folded; from `qualitative/` beside the tables."""
    where = data.directory / "qualitative"
    found = read_panels(where)
    if found is None:
        return None
    body = Markup("")
    if found.cams:
        body += Markup("<h3>Where the winners look (Grad-CAM)</h3>")
        body += Markup("").join(_cams(found, where, data, item) for item in found.cams)
    if found.errors:
        shown = Markup("").join(_errors(found, where, item) for item in found.errors)
        body += fold("Most confident errors by test set and method", shown)
    if found.neighbours:
        shown = Markup("").join(_neighbours(found, where, item) for item in found.neighbours)
        body += fold("Nearest training images in feature space", shown)
    if found.maps:
        maps = [
            figure
            for item in found.maps
            for figure in feature_map(item.method, item.kind, read_points(where / item.points), found.classes)
        ]
        body += fold("Maps of the features by test set and class", panels(maps))
    if found.notes:
        body += bullets(found.notes)
    return Section(
        id="images",
        title="What the models see",
        lead=f"Winners trained on {fraction(found.fraction)}. Numbers below images are scores: the probability of "
        f"{_scored_class(found)}, mean over all copies and re-trained models.",
        body=body,
        sources=("qualitative/panels.json",),
    )


def _scored_class(found: Panels) -> str:
    if len(found.classes) > 2:
        return "the image's own class"
    return found.classes[-1] if found.classes else "the positive class"


def _tile(source: Path, alt: str, caption: str, strong: bool = False) -> Markup:
    text = Markup("<b>{}</b>").format(caption) if strong else caption
    tile = Markup('<figure class="tile"><img src="{}" alt="{}" loading="lazy"><figcaption>{}</figcaption></figure>')
    return tile.format(data_uri(source), alt, text)


def _row(title: object, tiles: Sequence[Markup]) -> Markup:
    return Markup('<div class="strip"><p>{}</p><div class="tiles">{}</div></div>').format(title, Markup("").join(tiles))


def _cams(found: Panels, where: Path, data: ReportData, item: Cams) -> Markup:
    shown = item.shown
    label = found.name(shown.label)
    tiles = [_tile(where / shown.image, f"{label} {shown.image_id} of {shown.dataset}", label, strong=True)]
    for method in (m for m in data.methods if m in item.overlays):
        score = number(item.scores.get(method), 2)
        alt = f"Grad-CAM of {method} on {shown.image_id}: score {score}"
        tiles.append(_tile(where / item.overlays[method], alt, f"{method} {score}"))
    return _row(Markup("<b>{}</b> · {}").format(shown.dataset, item.why), tiles)


def _scored(found: Panels, where: Path, shown: Shown) -> Markup:
    label = found.name(shown.label)
    score = "" if shown.score is None else f" {number(shown.score, 2)}"
    return _tile(where / shown.image, f"{label} {shown.image_id} of {shown.dataset}{score}", f"{label}{score}")


def _errors(found: Panels, where: Path, item: Errors) -> Markup:
    title = Markup("<b>{}</b> · {}").format(item.dataset, item.method)
    return _row(title, [_scored(found, where, shown) for shown in item.errors])


def _neighbours(found: Panels, where: Path, item: Neighbours) -> Markup:
    title = Markup("<b>{}</b> · {}: the test image, then its nearest training images").format(
        item.query.dataset, item.method
    )
    return _row(title, [_scored(found, where, shown) for shown in (item.query, *item.found)])
