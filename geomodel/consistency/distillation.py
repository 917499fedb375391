"""Distils a consistency function from a denoiser, over the points of a data set."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from geomodel import networks
from geomodel.arrays import Integers
from geomodel.consistency.function import ConsistencyFunction, relative
from geomodel.consistency.settings import ConsistencyProgress, ConsistencySettings, refusal
from geomodel.denoisers.network import column
from geomodel.recipe import TrainError
from geomodel.training_start import TrainingData

SOFTENING = 1e-4  # of the pseudo-Huber loss, in units of s²
SMOOTHING = 0.01

Teacher = Callable[[Tensor, Tensor], Any]  # x (B, d), sigma (B,), float64 -> D(x; sigma)


def train(
    data: TrainingData,
    model: Teacher | None = None,
    settings: ConsistencySettings | None = None,
    *,
    progress: Callable[[ConsistencyProgress], None] | None = None,
) -> ConsistencyFunction:
    """Distil a consistency function from a denoiser, D* of the data by default. See `Distillation`.

    `progress` is called after every iteration; whatever it raises stops the training. Nothing is written to a file.
    Raises TrainError where data, teacher or settings do not fit.
    """
    distillation = Distillation(data, model, settings or ConsistencySettings())
    while not distillation.finished:
        distillation.advance()
        if progress is not None:
            progress(distillation.progress)
    return distillation.function()


class Distillation:
    """A distillation in progress. `advance` does one iteration, and `function` is the function so far.

    Minimises, over points y of the data, z ~ N(0, I) and neighbours τ' < τ of the settings' levels (in units of s),

        E √(‖f(x_τ, τ) − f̄(x_τ', τ')‖² + 10⁻⁴) − 10⁻²,   x_τ = y + τz,

    with x_τ' one Heun step of the teacher from x_τ, and f̄ the function with the average of the weights, through which
    no gradient flows. Adam. f is that of `ConsistencyFunction`; `function` has the average of the weights. Data, noise
    and teacher are seen in the data's own coordinates, so that moved or scaled data train alike.

    model: called with x (B, d) and sigma (B,), float64 tensors in data units; None is D* of the data. rows: those of
    the data from which y is drawn, such as one class; None: all. Raises TrainError for images and for a single point.
    Source: Song et al. 2023 (arXiv 2303.01469), algorithm 2; the loss: Song and Dhariwal 2023 (arXiv 2310.14189).
    """

    def __init__(
        self, data: TrainingData, model: Teacher | None, settings: ConsistencySettings, rows: Integers | None = None
    ) -> None:
        if why := refusal(data):
            raise TrainError(why)
        if model is None:
            from geomodel.denoisers.optimal import OptimalDenoiser

            model = OptimalDenoiser(data.points)
        self.settings, self._model = settings, model
        self._mean, self._scale = np.asarray(data.mean, np.float64), float(data.std)
        chosen = data.points if rows is None else data.points[rows]
        self._points = torch.from_numpy((np.asarray(chosen, np.float64) - self._mean) / self._scale)
        self._center = torch.from_numpy(self._mean)
        self._levels = torch.from_numpy(settings.relative)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self._network = networks.build("mlp", networks.MLPConfig(), data.points.shape[1:], 0)
        self._average = copy.deepcopy(self._network).requires_grad_(False)
        self._optimizer = torch.optim.Adam(self._network.parameters(), lr=settings.learning_rate)
        self._random = torch.Generator().manual_seed(settings.seed)
        self.iteration, self.loss = 0, 0.0

    @property
    def finished(self) -> bool:
        """Whether every iteration is done."""
        return self.iteration >= self.settings.iterations

    @property
    def progress(self) -> ConsistencyProgress:
        """Where it stands."""
        return ConsistencyProgress(self.iteration, self.settings.iterations, self.loss)

    def function(self) -> ConsistencyFunction:
        """The function with the average of the weights so far, which later iterations do not change."""
        return ConsistencyFunction(copy.deepcopy(self._average), self.settings, self._mean, self._scale, self.iteration)

    def advance(self) -> None:
        """One iteration. If the teacher raises, such as for a cancel, the distillation is as it was before."""
        state = self._random.get_state()
        try:
            x, high, following, low = self._pairs()
        except BaseException:
            self._random.set_state(state)
            raise
        loss = self._learned(x, high, following, low)
        self.iteration += 1
        self.loss += max(SMOOTHING, 1 / self.iteration) * (loss - self.loss)

    @torch.enable_grad()  # the caller's thread may have turned it off
    def _learned(self, x: Tensor, high: Tensor, following: Tensor, low: Tensor) -> float:
        """One step of Adam and of the average; the loss before it."""
        settings = self.settings
        with torch.no_grad():
            target = relative(self._average, settings, following, low)
        away = (relative(self._network, settings, x, high) - target).square().sum(dim=1)
        loss = ((away + SOFTENING).sqrt() - math.sqrt(SOFTENING)).mean()
        if not bool(torch.isfinite(loss)):
            raise TrainError(f"The loss is not finite at iteration {self.iteration + 1}; try a smaller step size.")
        for group in self._optimizer.param_groups:
            group["lr"] = settings.learning_rate * 0.5 * (1 + math.cos(math.pi * self.iteration / settings.iterations))
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        with torch.no_grad():
            for mean, value in zip(self._average.parameters(), self._network.parameters(), strict=True):
                mean.lerp_(value, 1 - settings.keep)
        return loss.item()

    def _pairs(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """x and τ, and one Heun step of the teacher further down: x' and τ'."""
        batch, random = self.settings.batch, self._random
        rows = torch.randint(len(self._points), (batch,), generator=random)
        pair = torch.randint(len(self._levels) - 1, (batch,), generator=random)
        noise = torch.randn(batch, self._points.shape[1], generator=random, dtype=torch.float64)
        high, low = self._levels[pair], self._levels[pair + 1]
        x = self._points[rows] + column(high, noise) * noise
        step, ratio = column(low - high, x), column(low / high, x)
        denoised = self._taught(x, high)
        euler = denoised + ratio * (x - denoised)
        slope = (x - denoised) / column(high, x) + (euler - self._taught(euler, low)) / column(low, x)
        return x, high, x + step * slope / 2, low

    def _taught(self, y: Tensor, tau: Tensor) -> Tensor:
        """The teacher's D in the data's own coordinates."""
        with torch.no_grad():
            answer = self._model(self._center + self._scale * y, self._scale * tau)
        denoised = torch.as_tensor(answer).detach().to(device="cpu", dtype=torch.float64)
        if denoised.shape != y.shape:
            raise TrainError(f"The teacher returned shape {tuple(denoised.shape)}; expected {tuple(y.shape)}.")
        return (denoised - self._center) / self._scale
