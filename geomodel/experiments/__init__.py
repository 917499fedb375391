"""Experiments, which run many trajectories and end in a table."""

from __future__ import annotations

from geomodel.experiments.compare import Comparison, Lane, LaneResult, compare
from geomodel.experiments.controls import gaussian_curve, random_walk
from geomodel.experiments.convergence import Convergence, convergence
from geomodel.experiments.interpolation import Interpolated, interpolate
from geomodel.experiments.literature import Claim, claims
from geomodel.experiments.quality import Jump, QualityOverSigma, jump, quality_over_sigma

__all__ = [
    "Claim",
    "Comparison",
    "Convergence",
    "Interpolated",
    "Jump",
    "Lane",
    "LaneResult",
    "QualityOverSigma",
    "claims",
    "compare",
    "convergence",
    "gaussian_curve",
    "interpolate",
    "jump",
    "quality_over_sigma",
    "random_walk",
]
