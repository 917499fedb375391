"""Computes samples of a mixture, of its exact tilt and of plug-in guidance."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from app.engine.context import Answers, Context, Tasks
from app.engine.contract import frozen
from app.rooms.tilt.messages import TiltAnswer, TiltRequest, TiltRow
from geomodel.arrays import Array
from geomodel.denoisers.mixture import MixtureDenoiser
from geomodel.denoisers.tilted import TiltedMixture
from geomodel.experiments.tilting import TiltedEnds, Tilting, Tilts
from geomodel.projection import Basis

MOST, FEWER = 256, 96  # samples in the plane, and in more dimensions, where each takes longer
LEAST_SHARE = 0.01  # of a component that is outlined
POINTS = 65  # of an outline


@lru_cache(maxsize=1)
def _tilts(mixture: MixtureDenoiser) -> Tilts:
    """The samples that all tilts of these data start from."""
    return Tilts(mixture, seeds=range(MOST if mixture.shape == (2,) else FEWER))


def tilt(request: TiltRequest, at: Context) -> TiltAnswer:
    """The tilt of the mixture behind the run's data. A reward without one is answered by a sentence."""
    assert at.data is not None
    assert at.job.data is not None
    mixture, plane = at.job.data.mixture, at.data.opened.plane
    assert mixture is not None
    linear = (np.asarray(request.linear) @ plane.vectors).reshape(mixture.shape)
    tilts = _tilts(mixture)
    try:
        found = tilts.at(linear, request.quadratic, request.beta)
    except ValueError as error:
        return TiltAnswer(request=request, message=str(error))
    sampled = (found.untilted, found.tilted, found.plug_in)
    return TiltAnswer(
        request=request,
        rows=_rows(found),
        ends=tuple(frozen(plane.project(ends.points)) for ends in sampled),
        outlines=frozen(_outlines(found.exact, plane)),
        dimension=mixture.means[0].numel(),
        levels=len(tilts.sigmas) - 1,
    )


def _rows(found: Tilting) -> tuple[TiltRow, ...]:
    exact = found.exact
    closed = TiltRow(reward=exact.mean_reward, error=np.nan, kl=exact.kl, shares=frozen(exact.weights.numpy()))
    return _row(found.untilted, kl=0.0), closed, _row(found.tilted), _row(found.plug_in)


def _row(ends: TiltedEnds, kl: float | None = None) -> TiltRow:
    least = ends.least_kl if kl is None else kl
    return TiltRow(reward=ends.reward, error=ends.error, kl=least, shares=frozen(ends.shares))


def _outlines(exact: TiltedMixture, plane: Basis) -> Array:
    """Ellipses two deviations about each component that has a share, in the plane, (m, K', 2)."""
    seen = exact.weights >= LEAST_SHARE
    means = plane.project(exact.means[seen].numpy())
    variances: Any = exact.variances.expand_as(exact.means)[seen].flatten(1).numpy()
    covariances = np.einsum("id,kd,jd->kij", plane.vectors, variances, plane.vectors)
    values, vectors = np.linalg.eigh(covariances)
    angle = np.linspace(0, 2 * np.pi, POINTS)
    circle = np.stack([np.cos(angle), np.sin(angle)], -1)
    return np.asarray(means + 2 * np.einsum("mj,kj,kij->mki", circle, np.sqrt(values.clip(0)), vectors))


ANSWERS: Answers = {TiltRequest: tilt}
TASKS: Tasks = {}
