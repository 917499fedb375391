"""Experiments, which run many trajectories and end in a table."""

from __future__ import annotations

from geomodel.experiments.branch import Branch, branch
from geomodel.experiments.commitment import Commitment, class_commitment, commitment
from geomodel.experiments.compare import Comparison, Lane, LaneResult, compare, lane_of
from geomodel.experiments.controls import gaussian_curve, random_walk
from geomodel.experiments.convergence import Convergence, convergence
from geomodel.experiments.explain import Explained, explain, explained_of
from geomodel.experiments.ghosts import GHOSTS, Ghost, ghost
from geomodel.experiments.hand_over import HandedOver, hand_over
from geomodel.experiments.interpolation import Interpolated, interpolate
from geomodel.experiments.literature import Claim, claims
from geomodel.experiments.memorised import Scales, TwoScales, memorised
from geomodel.experiments.quality import Jump, QualityOverSigma, jump, jump_levels, quality_over_sigma
from geomodel.experiments.sweep import Sweep, SweepLine, sweep, sweep_of
from geomodel.experiments.tilting import TiltedEnds, Tilting, Tilts, ends_of
from geomodel.experiments.underfitting import Underfitting, underfitting
from geomodel.experiments.votes import nearest_classes

__all__ = [
    "GHOSTS",
    "Branch",
    "Claim",
    "Commitment",
    "Comparison",
    "Convergence",
    "Explained",
    "Ghost",
    "HandedOver",
    "Interpolated",
    "Jump",
    "Lane",
    "LaneResult",
    "QualityOverSigma",
    "Scales",
    "Sweep",
    "SweepLine",
    "TiltedEnds",
    "Tilting",
    "Tilts",
    "TwoScales",
    "Underfitting",
    "branch",
    "claims",
    "class_commitment",
    "commitment",
    "compare",
    "convergence",
    "ends_of",
    "explain",
    "explained_of",
    "gaussian_curve",
    "ghost",
    "hand_over",
    "interpolate",
    "jump",
    "jump_levels",
    "lane_of",
    "memorised",
    "nearest_classes",
    "quality_over_sigma",
    "random_walk",
    "sweep",
    "sweep_of",
    "underfitting",
]
