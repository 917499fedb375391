"""One perceptually uniform map of colours for noise levels, from noise to data, wherever a colour means σ."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor

from app.plotting.sigma_axis import positions
from app.plotting.theme import Theme
from geomodel.arrays import Array

SHADES = 16
_STOPS = (  # viridis
    (68, 1, 84),
    (72, 40, 120),
    (62, 73, 137),
    (49, 104, 142),
    (38, 130, 142),
    (31, 158, 137),
    (53, 183, 121),
    (110, 206, 88),
    (181, 222, 43),
    (253, 231, 37),
)
# The part that stands out from the ground of the theme. The data's end stands out most, because curves meet there.
_PART = {"dark": (0.25, 1.0)}
_ON_WHITE = (0.82, 0.0)


def sigma_colours(theme: Theme) -> list[QColor]:
    """`SHADES` colours from noise to data."""
    at = np.linspace(*_PART.get(theme.name, _ON_WHITE), SHADES)
    stops = np.array(_STOPS, np.float64)
    channels = [np.interp(at, np.linspace(0, 1, len(stops)), stops[:, channel]) for channel in range(3)]
    return [QColor(*rgb) for rgb in np.round(np.stack(channels, axis=1)).astype(int).tolist()]


def shade_of(sigmas: Array) -> Array:
    """The number of each level's colour, by its place on an axis of log σ."""
    places = positions(sigmas)
    span = float(np.ptp(places))
    part = (places - places[0]) / span if span > 0 else np.zeros(len(places))
    return np.minimum((part * SHADES).astype(np.intp), SHADES - 1)
