"""Experiments, which run many trajectories and end in a table."""

from __future__ import annotations

from geomodel.experiments.branch import Branch, branch
from geomodel.experiments.commitment import Commitment, class_commitment, commitment
from geomodel.experiments.compare import Comparison, Lane, LaneResult, compare
from geomodel.experiments.convergence import Convergence, convergence
from geomodel.experiments.quality import Jump, QualityOverSigma, jump, quality_over_sigma
from geomodel.experiments.votes import nearest_classes

__all__ = [
    "Branch",
    "Commitment",
    "Comparison",
    "Convergence",
    "Jump",
    "Lane",
    "LaneResult",
    "QualityOverSigma",
    "branch",
    "class_commitment",
    "commitment",
    "compare",
    "convergence",
    "jump",
    "nearest_classes",
    "quality_over_sigma",
]
