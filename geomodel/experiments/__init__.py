"""Experiments, which run many trajectories and end in a table."""

from __future__ import annotations

from geomodel.experiments.compare import Comparison, Lane, LaneResult, compare
from geomodel.experiments.convergence import Convergence, convergence

__all__ = ["Comparison", "Convergence", "Lane", "LaneResult", "compare", "convergence"]
