"""Interpolated latents in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from app.rooms.interpolation.messages import Interpolation
from app.rooms.interpolation.pictures import InterpolationPicture
from geomodel.interpolation import KINDS
from geomodel.number_text import fixed

TITLES = {"linear": "Linear", "spherical": "Spherical", "in-distribution": "In-distribution"}
MANY = 16  # dimensions from which two latents are nearly at right angles
NAMES = (("norms", "norm/(σ√d)"), ("away", "‖x₀ − mean‖"), ("nearest", "nearest data"))


def meaning(dimension: int) -> str:
    """What to expect of the three ways in so many dimensions."""
    if dimension >= MANY:
        return (
            f"In {dimension:,} dimensions the spherical and the in-distribution way differ in pace only. The linear "
            "way comes nearer to the mean of the noise, so its ends come nearer to that of the data and lose detail."
        )
    dimensions = "dimension" if dimension == 1 else "dimensions"
    return (
        f"In {dimension} {dimensions} only the in-distribution way keeps the law of the noise. The spherical way may "
        "pass far outside where the latents are nearly opposite, and the linear way passes nearer to the centre."
    )


def numbers(found: Interpolation, kind: int, at: int) -> str:
    """The numbers of one way at one amount, with those of both ends as the control."""
    return " · ".join(f"{title} {fixed(float(getattr(found, name)[kind, at]), 3)}" for name, title in NAMES)


def ends(found: Interpolation) -> str:
    """The numbers of both ends, where all ways meet: what the middle is compared with."""
    both = ", ".join(
        f"{title} {fixed(float(getattr(found, name)[0, 0]), 3)} and {fixed(float(getattr(found, name)[0, -1]), 3)}"
        for name, title in NAMES
    )
    drawn = f" The ends are drawn in {found.plane}." if found.plane else ""
    return f"Control, the ends of all ways: {both}.{drawn}"


def lost(found: Interpolation, kind: int) -> str:
    """Why a way has no numbers; empty where it has."""
    if not np.isnan(found.norms[kind]).any():
        return ""
    return "undefined here because the latents are opposite, so no way is the shortest"


def describe(picture: InterpolationPicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(filter(None, _sentences(picture)))


def _sentences(picture: InterpolationPicture) -> Iterator[str]:
    yield picture.message
    yield picture.working
    yield picture.reason
    if (found := picture.found) is not None:
        yield f"{picture.caption}."
        yield f"Amount {found.amounts[picture.at]:.3g}."
        for kind, name in enumerate(KINDS):
            words = lost(found, kind) or _plainly(found, kind, picture.at)
            yield f"{TITLES[name]}: {words}."
        yield meaning(found.dimension)


def _plainly(found: Interpolation, kind: int, at: int) -> str:
    norm, away, nearest = (fixed(float(values[kind, at]), 3) for values in (found.norms, found.away, found.nearest))
    return f"{norm} of the expected norm, {away} from the mean, {nearest} from the nearest data"
