"""The geometry of trajectories: lengths and angles, bending, coordinates in a subspace, shapes, and information.

A curve is an array (levels, B, *shape) with the positions of B samples at successive noise levels, from noise to data.
Everything here is float64 NumPy and loads no torch.
"""

from __future__ import annotations

from geomodel.geometry.bending import curvature, torsion, turning, turning_rate
from geomodel.geometry.coordinates import Subspace, placed, subspace
from geomodel.geometry.curves import arc_length, cosine_to_end, deviation, distance_to_end, norm, step_length
from geomodel.geometry.frames import Frenet, frenet
from geomodel.geometry.posteriors import information
from geomodel.geometry.procrustes import Alignment, align
from geomodel.geometry.shapes import Shape, shape, shape_distance
from geomodel.geometry.straightness import off_straight, straightness

__all__ = [
    "Alignment",
    "Frenet",
    "Shape",
    "Subspace",
    "align",
    "arc_length",
    "cosine_to_end",
    "curvature",
    "deviation",
    "distance_to_end",
    "frenet",
    "information",
    "norm",
    "off_straight",
    "placed",
    "shape",
    "shape_distance",
    "step_length",
    "straightness",
    "subspace",
    "torsion",
    "turning",
    "turning_rate",
]
