"""Projects a run to the plane, level by level as it grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.rooms.plane.pictures import PlaneCurves
from app.session.state import Run
from geomodel.arrays import Array


@dataclass(slots=True)
class Projected:
    """A run in the plane, projected level by level as it grows, and where its data lie there."""

    basis: Any
    sampling: Array
    denoising: Array
    scale: float = 1.0
    center: tuple[float, float] = (0.0, 0.0)
    levels: int = 0
    _shown: PlaneCurves | None = None

    @classmethod
    def of(cls, run: Run, basis: Any) -> Projected:
        """Make room for the whole schedule."""
        levels, batch = len(run.sigmas), run.x.shape[1]
        found = cls(basis, np.full((levels, batch, 2), np.nan), np.full((levels - 1, batch, 2), np.nan))
        if run.source is not None:
            points = run.source.plane_points
            found.scale = float(points.std(0).mean()) or 1.0
            found.center = (float(points[:, 0].mean()), float(points[:, 1].mean()))
        else:
            x, y = basis.project(run.center)
            found.center = (float(x), float(y))
        return found

    def curves(self, run: Run) -> PlaneCurves:
        """The run's curves, the same ones until the run has grown. New levels are projected now."""
        committed, done = run.committed, self.levels
        if committed > done:
            self.sampling[done:committed] = self.basis.project(run.x[done:committed])
            first = max(done - 1, 0)
            self.denoising[first : committed - 1] = self.basis.project(run.denoised[first : committed - 1])
            self.levels = committed
        final = run.trajectory.final_denoised if run.trajectory is not None else None
        found = self._shown
        if found is None or found.committed != committed or (found.final_denoised is None) != (final is None):
            found = self._shown = PlaneCurves(
                sampling=self.sampling,
                denoising=self.denoising,
                sigmas=run.sigmas,
                committed=committed,
                final_denoised=None if final is None else self.basis.project(final),
            )
        return found
