"""Where a network was taught: its distance from D* on noisy training data and on its own run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Array, Floats, plain
from geomodel.collapse import noisy_data
from geomodel.experiments.progress import Progress
from geomodel.experiments.votes import nearest_rows
from geomodel.formulas import Levels

SUPERVISION, EXTRAPOLATION, UNSEEN = range(3)  # the parts, as `progress` numbers them


@dataclass(frozen=True, slots=True, eq=False)
class Underfitting:
    """How far a model is from D* where it was trained and where it is used, as `underfitting` measures it.

    Attributes:
        sigmas: (L,), as given.
        supervision: (L,): the mean of ‖D_θ − D*‖ on noisy training data y + σz, in data units.
        extrapolation: (L,): the same on the run.
        unseen: (L,): the same on noisy data that the model has not seen; None where there are none.
        shell_supervision, shell_extrapolation, shell_unseen: (L,): the mean of minᵢ ‖x − yᵢ‖/(σ√d) at the same points.
            In many dimensions noisy training data lie within about 1/√(2d) of 1, and beyond that nothing was taught.
    """

    sigmas: Levels
    supervision: Floats
    extrapolation: Floats
    shell_supervision: Floats
    shell_extrapolation: Floats
    unseen: Floats | None = None
    shell_unseen: Floats | None = None


def underfitting(
    model: Any,
    optimal: Any,
    data: Any,
    x: ArrayLike,
    sigmas: ArrayLike,
    count: int = 48,
    seed: int = 0,
    *,
    unseen: Any = None,
    progress: Progress | None = None,
) -> Underfitting:
    """The distance of a model from D* on noisy training data and on its own run, with how far both are from the data.

        supervision(σ) = mean ‖D_θ(y + σz; σ) − D*(y + σz; σ)‖,  extrapolation(σ) = mean ‖D_θ(x_σ; σ) − D*(x_σ; σ)‖
        shell ratio = mean minᵢ ‖x − yᵢ‖/(σ√d)

    The loss of denoising is taken on the shells ‖x − yᵢ‖ ≈ σ√d alone. A network that agrees with D* there and not on
    its run underfits selectively: it does not copy, because its run leaves the shells before D* would have fixed it on
    a data point.

    Args:
        model: the denoiser, called as model(x, sigma).
        optimal: D* of the same data, called likewise.
        data: a data set of `geomodel.datasets`, or its points (N, *shape).
        x: (L, B, *shape): the points of the run at each level.
        sigmas: (L,), above 0.
        count: how many noisy data points each level has. They are the same y and z at every level.
        seed: of y and z.
        unseen: data of the same shape that the model was not trained on, for a third curve; like `data`.
        progress: progress(0 for the training data, 1 for the run, 2 for what is unseen, share of the levels done) is
            called before every evaluation; an exception from it cancels.

    Raises:
        ValueError: there are no levels, samples or data, a level is not above 0, or shapes do not fit.

    Source: Song et al. 2025, selective underfitting (arXiv 2510.01378).
    """
    points, levels, batches = _points(data), np.asarray(plain(sigmas), np.float64), np.asarray(plain(x))
    if levels.ndim != 1 or batches.ndim < 3 or len(batches) != len(levels) or 0 in batches.shape:
        raise ValueError(f"x has the shape {batches.shape} for {levels.size} levels; expected (levels, samples, ...).")
    if not (np.isfinite(levels) & (levels > 0)).all():
        raise ValueError(f"The distance from D* is compared at noise levels above 0; got {levels.tolist()}.")
    if count < 1:
        raise ValueError(f"Each level needs at least one noisy data point; got {count}.")
    others = None if unseen is None else _points(unseen)
    for name, given in (("The data", points), ("The unseen data", others)):
        if given is not None and (not len(given) or tuple(given.shape[1:]) != batches.shape[2:]):
            raise ValueError(f"{name} have the shape {tuple(given.shape)}; the run has {batches.shape[2:]}.")

    def measured(part: int, queries: Any) -> tuple[Floats, Floats]:
        rows = []
        for at, (sigma, batch) in enumerate(zip(levels.tolist(), queries, strict=True)):
            answers = []
            for denoiser in (model, optimal):
                if progress is not None:
                    progress(part, at / len(levels))
                answers.append(_flat(denoiser(batch, sigma), len(batch)))
            apart, away = np.linalg.norm(answers[0] - answers[1], axis=1), _to_nearest(points, batch)
            rows.append((apart.mean(), away.mean() / (sigma * math.sqrt(math.prod(batch.shape[1:])))))
        differences, shells = np.array(rows).T
        return differences, shells

    supervision, shell_supervision = measured(SUPERVISION, noisy_data(points, levels, count, seed))
    extrapolation, shell_extrapolation = measured(EXTRAPOLATION, batches)
    third, shell_third = (None, None)
    if others is not None:
        third, shell_third = measured(UNSEEN, noisy_data(others, levels, count, seed))
    return Underfitting(
        sigmas=levels,
        supervision=supervision,
        extrapolation=extrapolation,
        shell_supervision=shell_supervision,
        shell_extrapolation=shell_extrapolation,
        unseen=third,
        shell_unseen=shell_third,
    )


def _points(data: Any) -> Any:
    """The points of a data set, or the points that were given."""
    points = plain(getattr(data, "points", data))
    return points if hasattr(points, "shape") else np.asarray(points)


def _flat(values: Any, count: int) -> Floats:
    return np.asarray(plain(values), np.float64).reshape(count, -1)


def _to_nearest(points: Any, x: Array) -> Floats:
    """The distance of each x (B, *shape) to the nearest point, (B,)."""
    queries = _flat(x, len(x))
    rows = nearest_rows(points, queries, 1)[:, 0]
    return np.asarray(np.linalg.norm(queries - _flat(points[rows], len(rows)), axis=1))
