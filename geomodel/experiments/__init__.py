"""Experiments, which run many trajectories and end in a table."""

from __future__ import annotations

from geomodel.experiments.compare import Comparison, Lane, LaneResult, compare
from geomodel.experiments.convergence import Convergence, convergence
from geomodel.experiments.literature import Claim, claims
from geomodel.experiments.quality import Jump, QualityOverSigma, jump, quality_over_sigma

__all__ = [
    "Claim",
    "Comparison",
    "Convergence",
    "Jump",
    "Lane",
    "LaneResult",
    "QualityOverSigma",
    "claims",
    "compare",
    "convergence",
    "jump",
    "quality_over_sigma",
]
