"""Trains a denoiser on the points of a data set. A training that is killed can be resumed."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import torch
from torch import Tensor

from geomodel import networks, training_state
from geomodel.checkpoints.described import DataSource
from geomodel.checkpoints.info import CheckpointInfo
from geomodel.checkpoints.native import Description, clock_of, info_of, save_checkpoint
from geomodel.datasets.common import blocks
from geomodel.denoisers import clocks
from geomodel.denoisers.base import Denoiser
from geomodel.denoisers.network import NetworkDenoiser, column
from geomodel.recipe import TrainError, TrainProgress, TrainSettings, from_options
from geomodel.training_draws import generator_of, pace, relative_levels
from geomodel.training_start import Coordinates, TrainingData, levels_of, take_over
from geomodel.training_targets import ExactTargets

ALLOWED = {"mlp": (0.002, 100.0), "unet": (0.002, 160.0)}
LOWEST = {"mlp": 0.002, "unet": 0.004}  # recommended; images: EDM's 0.002 to 80, whose images have the deviation 0.5
WIDTHS = 10.0  # the highest level recommended for points, in units of their deviation along their widest direction
BETAS = (0.9, 0.99)
SMOOTHING = 0.01
COPIES = 5  # of every weight: itself, its gradient, its average and Adam's two moments


def train(
    data: TrainingData,
    settings: TrainSettings,
    *,
    out: str | Path,
    progress: Callable[[TrainProgress], None] | None = None,
    state_path: str | Path | None = None,
    device: str = "cpu",
    preview: str | Path | None = None,
    save_every: float = 300.0,
    start: NetworkDenoiser | None = None,
) -> CheckpointInfo:
    """Train a network on the data's points and write the average of its weights to `out`.

    Minimises E λ(σ) ‖D(y + σz; σ) − y‖² / dim over the points y, z ~ N(0, I) and σ (see `TrainSettings`), with
    λ = (σ² + d²)/(σ d)², d the data's standard deviation; the optimal denoiser D* over the points is its minimum.
    Adam with a linear warm-up and a cosine decay; the checkpoint holds the exponential average of the weights.
    Source: Karras et al. (2206.00364), eq. 8 and Table 1.

    `progress` is called after every iteration; whatever it raises stops the training. With `state_path`, the state is
    written there every `save_every` seconds and when `progress` raises. If the file exists, its training is continued,
    bit for bit; it is removed at the end. `preview` is a checkpoint of the average so far, written as often as the
    state. With `start`, a network that was trained by this program, its weights and its coordinates are the first ones.
    Points are learned by an MLP, images by a U-Net. Raises TrainError where settings, data, state or start do not fit.
    """
    run = Training(data, from_options(asdict(settings)), device, start)
    state = None if state_path is None else Path(state_path)
    if state is not None and state.exists():
        run.load(state)
    begin, first, saved = monotonic(), run.iteration, monotonic()
    while run.iteration < settings.iterations:
        run.advance()
        now = monotonic()
        if now - saved >= save_every:
            if state is not None:
                run.save(state)
            if preview is not None:
                run.write(Path(preview))
            saved = now
        if progress is not None:
            rate = (run.iteration - first) / max(now - begin, 1e-9)
            remaining = (settings.iterations - run.iteration) / rate
            try:
                progress(TrainProgress(run.iteration, settings.iterations, run.loss, rate, remaining))
            except BaseException:  # after a cancel or an interrupt the training can be continued from this state
                if state is not None:
                    run.save(state)
                raise
    info = run.write(Path(out))
    if state is not None:
        state.unlink(missing_ok=True)
    return info


class Training:
    """A training in progress, which its caller advances one iteration at a time, as `train` does.

    The state is the network, the exponential average of its weights, Adam's moments and the number of iterations done.
    Iteration k draws from the seed and k alone, so that a training that was left and continued gives the same weights,
    bit for bit, and so does one that was saved and loaded. Minimises what `train` does.

    Attributes:
        iteration: how many iterations are done.
        loss: smoothed over about 100 iterations; a network that always answers the mean has 1.

    Raises:
        TrainError: data, settings or device do not fit.
    """

    def __init__(
        self, data: TrainingData, settings: TrainSettings, device: str = "cpu", start: NetworkDenoiser | None = None
    ) -> None:
        self.data, self.settings, self.device = data, settings, device
        self.shape = tuple(data.points.shape[1:])
        self.architecture = networks.fitting(self.shape)
        self.config = _config(self.architecture, settings, self.shape)
        self.points, self.labels = _points(data, settings.conditional)
        self.coordinates = Coordinates.of_data(data) if start is None else Coordinates.of_network(start)
        self.levels = _levels(self.architecture, data) if start is None else levels_of(start)
        self.names = _class_names(data, self.labels)
        self.classes = len(self.names)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            network = networks.build(self.architecture, self.config, self.shape, self.classes + bool(self.classes))
        self.exact = ExactTargets(data.points, self.labels, self.coordinates) if settings.exact_above else None
        self.start = "" if start is None else take_over(network, start, self.classes, self.shape)
        try:
            self.network = network.to(device)
        except (RuntimeError, AssertionError) as error:  # a build without CUDA raises an AssertionError
            raise TrainError(f"The device {device!r} cannot be used here: {str(error).splitlines()[0]}.") from error
        self.average = {key: value.clone() for key, value in self.network.state_dict().items()}
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate, betas=BETAS)
        self.iteration = 0
        self.loss = 1.0

    def advance(self) -> None:
        """One optimisation step."""
        settings = self.settings
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * pace(self.iteration, settings)
        with torch.enable_grad():  # the caller's thread may compute without gradients
            loss = self._loss()
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
        if settings.clip:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), settings.clip)
        self.optimizer.step()
        self.iteration += 1
        # The average follows closely at first, so that it forgets the start.
        keep = min(0.5 ** (1 / settings.half_life), self.iteration / (self.iteration + 10))
        with torch.no_grad():
            for key, value in self.network.state_dict().items():
                self.average[key].lerp_(value, 1 - keep)
        self.loss += max(SMOOTHING, 1 / self.iteration) * (loss.item() - self.loss)

    def _draw(self, iteration: int) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """The batch of an iteration in the network's coordinates: target, σ, y + σz and the labels."""
        settings, seen = self.settings, self.coordinates
        generator = generator_of(settings.seed, iteration)
        rows = torch.randint(len(self.points), (settings.batch,), generator=generator)
        sigma = relative_levels(settings, generator) * seen.sigma_data
        # Only the rows of a batch are read, so that a large set stays in its file.
        stored = np.array(self.points[rows.numpy()], np.float64)
        clean = torch.from_numpy((stored - seen.mean) / seen.unit)
        x = clean + column(sigma, clean) * torch.randn(clean.shape, generator=generator, dtype=torch.float64)
        labels = None
        if self.labels is not None:
            dropped = torch.rand(settings.batch, generator=generator) < settings.label_dropout
            labels = torch.where(dropped, self.classes, self.labels[rows])
        if self.exact is not None:
            high = sigma > settings.exact_above * seen.sigma_data
            clean[high] = self.exact(x[high], sigma[high], None if labels is None else labels[high])
        return clean, sigma, x, None if labels is None else labels.to(self.device)

    def _loss(self) -> Tensor:
        """The loss of the present iteration's batch."""
        clean, sigma, x, labels = self._draw(self.iteration)
        coefficients = clocks.edm(sigma_data=self.coordinates.sigma_data).coefficients(sigma)
        c_skip, c_out, c_in = (column(coefficient, clean) for coefficient in coefficients[:3])
        # λ ‖D − y‖² = ‖F − (y − c_skip x)/c_out‖², because λ = 1/c_out²; this target has unit scale at every σ.
        inputs = (c_in * x, coefficients.c_noise, (clean - c_skip * x) / c_out)
        x_in, noise, target = (value.float().to(self.device) for value in inputs)
        half = torch.autocast(target.device.type, torch.bfloat16) if self.settings.bfloat16 else nullcontext()
        with half:
            answer: Tensor = self.network(x_in, noise, labels)
        return (answer.float() - target).square().mean()

    def floor(self, optimal: Denoiser, batches: int = 16) -> float:
        """The loss of the optimal denoiser D* of the data, below which no network can come on average:

            mean of λ(σ) ‖D*(y + σz; σ) − y‖² / dim over the draws of the first `batches` iterations.

        It is not 0, because data at a distance of about σ cannot be told apart. TrainError for a training with classes,
        whose floor would be that of each class.
        """
        if self.labels is not None:
            raise TrainError("The loss of D* is that of a training without classes.")
        losses = []
        for iteration in range(batches):
            clean, sigma, x, _ = self._draw(iteration)
            denoised = self.coordinates.seen(optimal, x, sigma)
            weights = sigma**-2 + self.coordinates.sigma_data**-2  # λ
            losses.append((column(weights, clean) * (denoised - clean).square()).mean())
        return float(torch.stack(losses).mean())

    def denoiser(self) -> NetworkDenoiser:
        """The denoiser of the average so far, which a later iteration does not change. It is what `write` writes."""
        description, network = self._description(), self._averaged()
        info = info_of(description, network, f"{self.data.name}, {self.iteration} iterations")
        return NetworkDenoiser(network, info, clock_of(description))

    def write(self, out: Path) -> CheckpointInfo:
        """Write the checkpoint of the averaged weights. The training itself does not change."""
        return save_checkpoint(out, self._averaged(), self._description())

    def _averaged(self) -> torch.nn.Module:
        averaged = copy.deepcopy(self.network)
        averaged.load_state_dict(self.average)
        return averaged

    def _description(self) -> Description:
        known, recommended = self.levels
        seen, begun = self.coordinates, {"start": self.start} if self.start else {}
        done = {} if self.iteration >= self.settings.iterations else {"done": self.iteration}
        return Description(
            architecture=self.architecture,
            config=asdict(self.config),
            shape=self.shape,
            sigma_data=seen.sigma_data * seen.unit,
            mean=tuple(seen.mean.ravel().tolist()),
            unit=seen.unit,
            sigma_min=known[0],
            sigma_max=known[1],
            sigma_recommended=recommended,
            classes=self.classes,
            label_names=self.names,
            has_null_class=bool(self.classes),
            data=DataSource(name=self.data.name, fingerprint=self.data.fingerprint, count=len(self.points)),
            recipe={**asdict(self.settings), "loss": self.loss, **done, **begun},
        )

    def identity(self) -> dict[str, Any]:
        """Everything that decides the weights; a state is continued only where all of it is the same."""
        begun = {"start": self.start} if self.start else {"coordinates": "centred"}
        return {**asdict(self.settings), "data": self.data.fingerprint, **begun}

    def save(self, path: Path) -> None:
        """Write the state, all or nothing. TrainError where the file cannot be written."""
        training_state.save(self, path)

    def load(self, path: Path) -> None:
        """Continue from a state that `save` wrote. TrainError where it is of other settings or data."""
        self.iteration, self.loss = training_state.load(self, path)


def _points(data: TrainingData, conditional: bool) -> tuple[Any, Tensor | None]:
    points = data.points
    parts = blocks(len(points), math.prod(points.shape[1:]))
    if len(points) == 0 or not all(bool(np.isfinite(points[rows]).all()) for rows in parts):
        raise TrainError(f"The data {data.name!r} hold no points, or points that are not finite.")
    if not conditional:
        return points, None
    if data.labels is None:
        raise TrainError(f"The data {data.name!r} have no labels; train without --conditional.")
    return points, torch.as_tensor(np.array(data.labels), dtype=torch.int64)


def _class_names(data: TrainingData, labels: Tensor | None) -> tuple[str, ...]:
    """The names of the classes that are trained; where the data give none, their numbers are their names."""
    if labels is None:
        return ()
    return tuple(map(str, data.label_names or range(int(labels.max()) + 1)))


def _config(architecture: str, settings: TrainSettings, shape: tuple[int, ...]) -> networks.Config:
    try:
        values = {"width": settings.width, "depth": settings.depth}
        config = networks.ARCHITECTURES[architecture].config(**values)
        networks.check_room("training a network of this width and depth", COPIES * config.weights)
        return networks.configure(architecture, asdict(config), shape)
    except ValueError as error:
        raise TrainError(f"This network cannot be trained: {error}.") from error


def _levels(architecture: str, data: TrainingData) -> tuple[tuple[float, float], tuple[float, float]]:
    """The noise levels that the checkpoint allows, and recommends; all lie inside the range that is drawn."""
    low, high = (data.std * relative for relative in ALLOWED[architecture])
    top = high if architecture == "unet" else min(high, WIDTHS * data.largest_deviation)
    return (low, high), (data.std * LOWEST[architecture], top)
