"""How each layer looks: its colour, its opacity and its place from back to front. Pure functions of a picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.session.plane_options import PINNED, USUAL, LayerLook, usual_order

SHARED = ("sampling", "denoising")  # hues that other layers use too, because hue says whose a curve is
HUES: Mapping[str, str] = {  # the field of the theme that a layer is drawn with; basins have one for each class
    "density": "density",
    "data": "data",
    "field": "text",
    "weights": "optimal",
    "denoising": "denoising",
    "sampling": "sampling",
    "segment": "text",
    "probe": "optimal",
    "branch": "branch",
}
BAND = 100.0  # between the heights of two bands of layers; within one, items have their usual heights

Tint = tuple[tuple[str, str], ...]  # fields of the theme and the colours in their place


def look(looks: Mapping[str, LayerLook], layer: str) -> LayerLook:
    """How a layer looks."""
    return looks.get(layer, USUAL)


def tint(looks: Mapping[str, LayerLook], layer: str) -> Tint:
    """What differs from the theme where a layer is drawn."""
    found = [(HUES[name], look(looks, name).color) for name in SHARED]
    if layer in HUES:
        found.append((HUES[layer], look(looks, layer).color))
    return tuple((field, color) for field, color in found if color)


def bands(order: Iterable[str]) -> dict[str, float]:
    """What is added to the usual heights of each layer's items so that the layers lie as they are ordered.

    Layers that follow each other as usual share a band. There the parts of several layers lie between one another, such
    as the selected denoising trajectory above all thin sampling trajectories. A layer that was moved begins a new one.
    """
    names = tuple(order)
    usual = usual_order([name for name in names if name.startswith(PINNED)])
    found, band, highest = {}, 0.0, -1
    for name in names:
        place = usual.index(name)
        if place < highest:
            band += BAND
        highest = place
        found[name] = band
    return found
