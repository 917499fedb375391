"""Does a network denoise these data? Its error is compared with that of a shrink that knows their mean and spread."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from geomodel import number_text
from geomodel.arrays import Array, Floats, Integers
from geomodel.classes import of_data, of_network
from geomodel.collapse import noisy_data, source_indices
from geomodel.datasets.common import Progress, portion, silent

if TYPE_CHECKING:
    from geomodel.datasets import Dataset
    from geomodel.denoisers.base import Denoiser
    from geomodel.denoisers.optimal import OptimalDenoiser

SHARES = (0.1, 0.4, 1.0, 2.0, 6.0)  # noise levels in units of the data's standard deviation
MIDDLE = slice(1, 4)  # the levels that decide: at the ends D is near x, or near the mean, for most mistakes too
TOLERANCE = 0.01  # of a ratio, where the data are so near to a Gaussian that the shrink is nearly exact
POINTS, NUMBERS = 32, 4096  # at least so many points, and so many coordinates of them together
_NUMBERS_AT_ONCE = 24576  # 8 images of CIFAR, so that `progress` is called often
_MOST_COMPARED, _MOST_NUMBERS = 4096, 2**22  # points that D* is computed from
_NEAR = 0.1  # how far ‖x − D‖ may be from σ√d, relative
_HIGHEST = 80.0

Words = Literal["denoises these data", "knows other data, or is misread", "not judged: open its data"]
DENOISES: Words = "denoises these data"
MISREAD: Words = "knows other data, or is misread"
NOT_JUDGED: Words = "not judged: open its data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether a network denoises the data that are open.

    Attributes:
        words: one of three.
        sigmas: the five noise levels, rising, in units of the data; empty where it is not judged.
        ratios: at each level, the error of D over that of the shrink; empty where it is not judged.
        limits: below these ratios a denoiser knows the data; empty where it is not judged.
        sentence: what was measured.
    """

    words: Words
    sigmas: tuple[float, ...] = ()
    ratios: tuple[float, ...] = ()
    limits: tuple[float, ...] = ()
    sentence: str

    @property
    def decisive(self) -> tuple[float, float]:
        """Ratio and limit at the middle level where they are closest, or farthest on the wrong side; else NaN twice."""
        pairs = list(zip(self.ratios, self.limits, strict=True))[MIDDLE]
        return max(pairs, key=lambda pair: pair[0] / pair[1], default=(math.nan, math.nan))


def judge(model: Denoiser, data: Dataset | None, progress: Progress = silent) -> Judgement:
    """Compare a denoiser with the best isotropic shrink towards the mean of the data:

        ratio(σ) = Σ ‖D(x_0 + σz; σ) − x_0‖² / Σ ‖S(x_0 + σz; σ) − x_0‖²,    S(x; σ) = m + s²/(s² + σ²) (x − m)

    over the same points x_0 of the data and the same noise z, with m the mean of the data and s their standard
    deviation (`Dataset.mean`, `.std`), at σ = 0.1, 0.4, 1, 2 and 6 s, where the model's range of noise levels has them.
    S is D for a Gaussian of the same mean and spread, so its ratio is 1. A trained network of images had 0.11 to 0.34,
    an untrained one 1.0 to 1.8. Time, scale or range misread gave 0.5 to 4. The wrong number of heads or the wrong
    order of q, k and v gave 0.30 instead of 0.29, so this does not find them.

    The words are "denoises these data" where, at each of the middle three levels, the model is nearer to D* of the
    data than to S: its ratio is below (1 + r)/2, and r/100 more for data that are nearly a Gaussian. r is the ratio of
    D* over up to 4,096 of the points. For images r is about 0, so the limit is 0.5. For points in a plane even D* has
    a ratio of 0.7 to 1.

    Without data of the model's shape it is not judged. Then only this is looked at: at the highest recommended σ, D is
    finite and ‖x − D‖ is σ√d within 10 %, for x = m + σz. Networks that were misread pass that too.

    Args:
        model: any denoiser; a network's `sigma_min` and `sigma_max` bound the levels.
        data: N points of the model's shape, and their classes. A network with classes is asked for the class of each
            point: the one of the same name, or the one of the same number where the network's classes have no names
            and are as many. A point whose class the network lacks counts without class. Where the network has no null
            class, such a point is left out.
        progress: called with the share that is done before each evaluation of a few points. What it raises stops the
            work. At least 32 points and about 4,096 numbers are evaluated at each level, always the same ones.

    Returns:
        A `Judgement`. A D that is not finite counts as an infinite error.
    """
    if data is None or data.shape != tuple(model.shape):
        return _unjudged(model, progress)
    size = max(POINTS, NUMBERS // math.prod(data.shape))
    source = source_indices(len(data), size)
    labels = _labels(model, data, source)
    kept = labels >= 0 if labels is not None and _needs_class(model) else np.full(size, True)
    if not kept.any():
        return _unjudged(model, progress)
    clean = np.asarray(data.points[source[kept]], np.float64)
    low, high = getattr(model, "sigma_min", 0.0), getattr(model, "sigma_max", math.inf)
    sigmas = tuple(float(np.clip(share * data.std, low, high)) for share in SHARES)
    exact, classes = _exact(data, source, labels)
    ratios, limits = [], []
    for k, noisy in enumerate(noisy_data(data.points, sigmas, size)):
        x, sigma = noisy[kept], sigmas[k]
        part = portion(progress, k / len(sigmas), (k + 1) / len(sigmas))
        denoised = _denoised(model, x, sigma, None if labels is None else labels[kept], part)
        shrunk = _error(_shrunk(x, sigma, data), clean)
        if shrunk == 0:  # the squares of numbers such as 1e-300 vanish
            return _unjudged(model, progress)
        best = _error(exact(x, sigma, None if classes is None else classes[kept]), clean) / shrunk
        ratios.append(_error(denoised, clean) / shrunk)
        limits.append((1 + best) / 2 + TOLERANCE * best)
    return _judged(sigmas, tuple(ratios), tuple(limits))


def _shrunk(x: Floats, sigma: float, data: Dataset) -> Floats:
    variance = data.std**2
    return np.asarray(data.mean + variance / (variance + sigma**2) * (x - data.mean))


def _exact(data: Dataset, source: Integers, labels: Integers | None) -> tuple[OptimalDenoiser, Integers | None]:
    """D* over a part of the data that has the points from which the noisy ones start, and their classes there."""
    from geomodel.denoisers.optimal import OptimalDenoiser  # loads torch

    most = min(len(data), _MOST_COMPARED, max(1, _MOST_NUMBERS // math.prod(data.shape)))
    rows = np.union1d(source, np.linspace(0, len(data) - 1, most).astype(np.int64))
    if labels is None or data.labels is None:
        return OptimalDenoiser(data.points[rows]), None
    return OptimalDenoiser(data.points[rows], data.labels[rows]), np.where(labels < 0, -1, data.labels[source])


def _judged(sigmas: tuple[float, ...], ratios: tuple[float, ...], limits: tuple[float, ...]) -> Judgement:
    middle, first, last = ratios[MIDDLE], _text(sigmas[MIDDLE][0]), _text(sigmas[MIDDLE][-1])
    knows = all(ratio < limit for ratio, limit in zip(middle, limits[MIDDLE], strict=True))
    sentence = (
        f"From σ = {first} to {last} its error is {_range(middle)} times that of the best shrink towards the mean of "
        f"the data; with a network that knows them it is below {_range(limits[MIDDLE])}."
    )
    words = DENOISES if knows else MISREAD
    return Judgement(words=words, sigmas=sigmas, ratios=ratios, limits=limits, sentence=sentence)


def _unjudged(model: Denoiser, progress: Progress) -> Judgement:
    """What can be said without data."""
    sigma = getattr(model, "sigma_recommended", (0.0, _HIGHEST))[1]
    mean = np.zeros(model.shape) if model.center is None else model.center.numpy()
    x = next(noisy_data(mean[None], [sigma], POINTS))
    labels = np.zeros(POINTS, np.int64) if _needs_class(model) else None
    moved = math.sqrt(_error(_denoised(model, x, sigma, labels, progress), x) / x.size) / sigma
    at = f"At σ = {_text(sigma)}"
    if math.isinf(moved):
        sentence = f"{at} its D is not finite, so it is broken or misread."
    elif abs(moved - 1) > _NEAR:
        sentence = f"{at} ‖x − D‖ is {_text(moved)} σ√d, and about 1 is expected, so it is misread."
    else:
        sentence = f"{at} its D is finite and ‖x − D‖ is about σ√d, which a misread network may pass too."
    return Judgement(words=NOT_JUDGED, sentence=sentence)


def _labels(model: Any, data: Dataset, source: Integers) -> Integers | None:
    """The network's class of each point, −1 where it has none; None for a denoiser without classes."""
    if not model.num_classes or not hasattr(model, "info"):
        return None
    ours, theirs = of_data(data), of_network(model)
    if data.labels is None:
        return np.full(len(source), -1)
    if not theirs.names and theirs.count == ours.count:
        return data.labels[source]
    numbers = [theirs.number(ours.name(label)) for label in range(ours.count)]
    table = np.array([-1 if number is None else number for number in (*numbers, None)])  # the last is for class −1
    return np.asarray(table[data.labels[source]], np.int64)


def _needs_class(model: Any) -> bool:
    info = getattr(model, "info", None)
    return info is not None and info.classes > 0 and not info.has_null_class


def _denoised(model: Denoiser, x: Floats, sigma: float, labels: Integers | None, progress: Progress) -> Array:
    parts = []
    for rows in _rows(x):
        progress(rows.start / len(x))
        parts.append(model(x[rows], sigma, None if labels is None else labels[rows]))
    return np.concatenate(parts)


def _rows(x: Array) -> Iterator[slice]:
    size = max(1, _NUMBERS_AT_ONCE * len(x) // x.size)
    return (slice(start, start + size) for start in range(0, len(x), size))


def _error(points: Array, clean: Array) -> float:
    total = float(np.square(points - clean).sum())
    return total if math.isfinite(total) else math.inf


def _range(values: tuple[float, ...]) -> str:
    low, high = _text(min(values)), _text(max(values))
    return low if low == high else f"{low} to {high}"


def _text(value: float) -> str:
    return number_text.general(value, 2)
