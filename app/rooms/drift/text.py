"""The words of the drift view."""

from __future__ import annotations

from collections.abc import Iterator

from app.plotting.pens_and_numbers import Kind
from app.rooms.drift.pictures import DriftPicture

FIELD = (
    "V(x) = D*_data(x; h) − D*_particles(x; h) = h²∇ log p_h − h²∇ log q_h: mean shift towards the data minus mean "
    "shift towards the particles. Each particle feels itself too, so that particles on the data are at rest. Arrows "
    "lead to the places of the next round."
)
DISTANCE = (
    "W² = mean over 64 directions of ∫ [F⁻¹_particles(u) − F⁻¹_data(u)]² du; control: the median of nine fresh samples "
    "of as many points"
)
WIDTH = "Bandwidth h of both mean shifts, in data units, spread by log h"
ANNEAL = "h falls from 4 h to 0.4 h in 200 rounds, evenly in log h, and then stays"
COUNT = "How many particles. Another number puts them back to where they begin."
LEGEND: tuple[tuple[Kind, str, str], ...] = (
    ("sampling", "particles", "They begin at ȳ + 2 s z, with the data's mean ȳ and deviation s"),
    ("optimal", "drift V", FIELD),
    ("reference", "fresh sample", "The control: the distance of as many independent draws"),
)


def describe(picture: DriftPicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture))


def _sentences(picture: DriftPicture) -> Iterator[str]:
    yield from filter(None, (picture.message,))
    if picture.particles is not None:
        yield f"{picture.numbers}."
        yield picture.caption
