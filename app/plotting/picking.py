"""Finds what is near the mouse."""

from __future__ import annotations

import numpy as np

from geomodel.arrays import Array


def distance_to_segments(point: Array, starts: Array, ends: Array) -> Array:
    """The distances of a point (2,) to segments (…, 2) → (…, 2)."""
    along = ends - starts
    part = ((point - starts) * along).sum(-1) / np.maximum((along**2).sum(-1), 1e-300)
    found: Array = np.linalg.norm(starts + np.clip(part, 0, 1)[..., None] * along - point, axis=-1)
    return found
