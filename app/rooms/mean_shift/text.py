"""The mean shift in words: the denoisers at the point, and what D* is made of."""

from __future__ import annotations

import math
from collections.abc import Iterator

from app.plotting.values import Panel
from app.rooms.mean_shift.pictures import MeanShiftPicture
from geomodel.number_text import fixed, percent

SPOKEN = 5  # neighbours and classes that a description names; the picture has the others


def describe(picture: MeanShiftPicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture))


def _sentences(picture: MeanShiftPicture) -> Iterator[str]:
    if not picture.panels:
        yield picture.message
        return
    yield f"{picture.title[:1].upper()}{picture.title[1:]}, σ = {fixed(picture.sigma)}."
    yield f"{_panels(picture.panels)}."
    if not math.isnan(picture.effective_neighbours):
        yield f"Effective neighbours {fixed(picture.effective_neighbours)} of {picture.total:,}."
    if picture.weights is not None:
        names = picture.labels or ("",) * len(picture.weights)
        heaviest = list(zip(names, picture.weights, strict=True))[:SPOKEN]
        yield f"Nearest data: {', '.join(f'{name} {percent(float(weight))}'.strip() for name, weight in heaviest)}."
    if picture.classes:
        yield f"Classes: {', '.join(f'{name} {percent(share)}' for name, share in picture.classes[:SPOKEN])}."
    if picture.along is not None:
        yield f"Along σ over {len(picture.along.sigmas)} levels: {picture.along.note or 'no named level'}."
    if picture.steps:
        yield f"Mean shift rests after {len(picture.steps)} iterations, the last of which {picture.steps[-1].note}."
    if picture.annealed.ode:
        yield f"Annealed mean shift beside the ODE at {len(picture.annealed.ode)} levels: {picture.annealed.note}."
    if picture.jacobian:
        yield f"Jacobian: {_panels(picture.jacobian)}. {picture.jacobian_note}."


def _panels(panels: tuple[Panel, ...]) -> str:
    return "; ".join(f"{panel.caption} {panel.note}".strip() for panel in panels)
