"""Trains a denoiser on the points of a data set. A training that is killed can be resumed."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import numpy as np
import torch
from safetensors.torch import save as save_tensors
from torch import Tensor

from geomodel import files, networks
from geomodel.arrays import Floats
from geomodel.checkpoints.described import DataSource
from geomodel.checkpoints.info import CheckpointInfo
from geomodel.checkpoints.native import Description, save_checkpoint
from geomodel.checkpoints.state_dicts import flat
from geomodel.datasets.common import blocks
from geomodel.denoisers import clocks
from geomodel.denoisers.network import column
from geomodel.inert import contents, numbers
from geomodel.inert.values import Contents, InertFault
from geomodel.recipe import TrainError, TrainProgress, TrainSettings, from_options

# Noise levels in units of the data's standard deviation, because a training is the same for data in metres and in
# kilometres. They are drawn from a wider range than a checkpoint allows: a network is worst at the edge of what it saw.
DRAWN = (0.001, 200.0)
ALLOWED = {"mlp": (0.002, 100.0), "unet": (0.002, 160.0)}
LOWEST = {"mlp": 0.002, "unet": 0.004}  # recommended; images: EDM's 0.002 to 80, whose images have the deviation 0.5
WIDTHS = 10.0  # the highest level recommended for points, in units of their deviation along their widest direction
BETAS = (0.9, 0.99)
SMOOTHING = 0.01
COPIES = 5  # of every weight: itself, its gradient, its average and Adam's two moments


class TrainingData(Protocol):
    """The part of a data set that training uses."""

    @property
    def points(self) -> Any: ...
    @property
    def labels(self) -> Any: ...
    @property
    def label_names(self) -> Any: ...
    @property
    def name(self) -> str: ...
    @property
    def mean(self) -> Any: ...
    @property
    def std(self) -> float: ...
    @property
    def largest_deviation(self) -> float: ...
    @property
    def fingerprint(self) -> str: ...


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
) -> CheckpointInfo:
    """Train a network on the data's points and write the average of its weights to `out`.

    Minimises E λ(σ) ‖D(y + σz; σ) − y‖² / dim over the points y, z ~ N(0, I) and σ (see `TrainSettings`), with
    λ = (σ² + d²)/(σ d)², d the data's standard deviation; the optimal denoiser D* over the points is its minimum.
    Adam with a linear warm-up and a cosine decay; the checkpoint holds the exponential average of the weights.
    Source: Karras et al. (2206.00364), eq. 8 and Table 1.

    `progress` is called after every iteration; whatever it raises stops the training. With `state_path`, the state is
    written there every `save_every` seconds and when `progress` raises. If the file exists, its training is continued,
    bit for bit; it is removed at the end. `preview` is a checkpoint of the average so far, written as often as the
    state. Points are learned by an MLP, images by a U-Net. Raises TrainError where settings, data or state do not fit.
    """
    run = _Run(data, from_options(asdict(settings)), device)
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


class _Run:
    """A training in progress: the network, its average, Adam's state and the number of iterations done."""

    def __init__(self, data: TrainingData, settings: TrainSettings, device: str) -> None:
        self.data, self.settings, self.device = data, settings, device
        self.shape = tuple(data.points.shape[1:])
        self.architecture = networks.fitting(self.shape)
        self.config = _config(self.architecture, settings, self.shape)
        self.points, self.labels = _points(data, settings.conditional)
        self.scale, self.mean = float(data.std), _mean(data)
        self.names = _class_names(data, self.labels)
        self.classes = len(self.names)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            network = networks.build(self.architecture, self.config, self.shape, self.classes + bool(self.classes))
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
            group["lr"] = settings.learning_rate * _pace(self.iteration, settings)
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

    def _loss(self) -> Tensor:
        """The loss of a batch, with data and noise levels in the network's coordinates: (y − mean)/d and σ/d."""
        settings = self.settings
        generator = _generator(settings.seed, self.iteration)
        rows = torch.randint(len(self.points), (settings.batch,), generator=generator)
        sigma = _relative_levels(settings, generator)
        # Only the rows of a batch are read, so that a large set stays in its file.
        stored = np.array(self.points[rows.numpy()], np.float64)
        clean = torch.from_numpy((stored - self.mean) / self.scale)
        x = clean + column(sigma, clean) * torch.randn(clean.shape, generator=generator, dtype=torch.float64)
        labels = None
        if self.labels is not None:
            dropped = torch.rand(settings.batch, generator=generator) < settings.label_dropout
            labels = torch.where(dropped, self.classes, self.labels[rows]).to(self.device)
        coefficients = clocks.edm(sigma_data=1.0).coefficients(sigma)
        c_skip, c_out, c_in = (column(coefficient, clean) for coefficient in coefficients[:3])
        # λ ‖D − y‖² = ‖F − (y − c_skip x)/c_out‖², because λ = 1/c_out²; this target has unit scale at every σ.
        inputs = (c_in * x, coefficients.c_noise, (clean - c_skip * x) / c_out)
        x_in, noise, target = (value.float().to(self.device) for value in inputs)
        half = torch.autocast(target.device.type, torch.bfloat16) if settings.bfloat16 else nullcontext()
        with half:
            answer: Tensor = self.network(x_in, noise, labels)
        return (answer.float() - target).square().mean()

    def write(self, out: Path) -> CheckpointInfo:
        """Write the checkpoint of the averaged weights. The training itself does not change."""
        known, recommended = _levels(self.architecture, self.data)
        description = Description(
            architecture=self.architecture,
            config=asdict(self.config),
            shape=self.shape,
            sigma_data=self.scale,
            mean=tuple(self.mean.ravel().tolist()),
            unit=self.scale,
            sigma_min=known[0],
            sigma_max=known[1],
            sigma_recommended=recommended,
            classes=self.classes,
            label_names=self.names,
            has_null_class=bool(self.classes),
            data=DataSource(name=self.data.name, fingerprint=self.data.fingerprint, count=len(self.points)),
            recipe={**asdict(self.settings), "loss": self.loss},
        )
        averaged = copy.deepcopy(self.network)
        averaged.load_state_dict(self.average)
        return save_checkpoint(out, averaged, description)

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Every tensor of the state with its name. `load` copies into these tensors."""
        yield from ((f"network.{key}", value) for key, value in self.network.state_dict().items())
        yield from ((f"average.{key}", value) for key, value in self.average.items())
        for index, parameter in enumerate(self.network.parameters()):
            moments = self.optimizer.state[parameter]
            if not moments:  # Adam makes them at its first step; before it they are zero
                zeros = torch.zeros_like(parameter, memory_format=torch.preserve_format)
                moments.update(step=torch.tensor(0.0), exp_avg=zeros, exp_avg_sq=zeros.clone())
            yield from ((f"adam.{index}.{key}", moments[key]) for key in ("step", "exp_avg", "exp_avg_sq"))

    def _identity(self) -> dict[str, Any]:
        return {**asdict(self.settings), "data": self.data.fingerprint, "coordinates": "centred"}

    def save(self, path: Path) -> None:
        """Write the state, all or nothing."""
        progress = {"iteration": self.iteration, "loss": self.loss}
        metadata = {"geomodel-training": json.dumps({"identity": self._identity(), **progress})}
        tensors = {key: value.detach().cpu().contiguous() for key, value in self._tensors()}
        try:
            files.write_bytes(path, save_tensors(tensors, metadata))
        except OSError as error:
            raise TrainError(f"The training state {files.write_error(path, error)}") from error

    def load(self, path: Path) -> None:
        """Continue from a state that `save` wrote. TrainError where it is of other settings or data."""
        try:
            stored = contents.read(path)
            values = json.loads(stored.metadata["geomodel-training"])
            identity, iteration, loss = values["identity"], int(values["iteration"]), float(values["loss"])
            mine = self._identity()
            different = sorted(key for key in mine.keys() | identity.keys() if mine.get(key) != identity.get(key))
        except (InertFault, OSError) as error:
            raise TrainError(f"The training state {path.name} cannot be continued: {error}.") from error
        except (LookupError, TypeError, ValueError, OverflowError, AttributeError, RecursionError) as error:
            raise TrainError(f"{path.name} is not a training state; remove it or choose another output.") from error
        if different:
            raise TrainError(
                f"{path.name} belongs to another training: it differs in {', '.join(different)}; "
                "use the same settings, or remove it to start anew."
            )
        self._fill(path.name, stored)
        self.iteration, self.loss = iteration, loss

    def _fill(self, name: str, stored: Contents) -> None:
        """Take over the numbers of a stored state. TrainError where they are not those of this training."""
        own, tensors = dict(self._tensors()), flat(stored.value)
        if {key: value.shape for key, value in tensors.items()} != {
            key: tuple(value.shape) for key, value in own.items()
        }:
            raise TrainError(f"{name} holds other tensors than this network; remove it to start anew.")
        found = {key: torch.empty(value.shape, dtype=value.dtype) for key, value in own.items()}
        wanted = [numbers.Wanted(key, tensors[key], value.numpy()) for key, value in found.items()]
        try:
            numbers.fill(wanted, stored.sources, lambda fraction: None)
        except (InertFault, OSError) as error:
            raise TrainError(f"The training state cannot be continued: {error}.") from error
        with torch.no_grad():
            for key, value in own.items():
                value.copy_(found[key])


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


def _mean(data: TrainingData) -> Floats:
    """The mean about which the network sees the data: (d,) for points; for images (C, 1, 1), one number a colour."""
    mean = np.asarray(data.mean, np.float64)
    return np.asarray(mean.mean(axis=tuple(range(1, mean.ndim)), keepdims=True))


def _levels(architecture: str, data: TrainingData) -> tuple[tuple[float, float], tuple[float, float]]:
    """The noise levels that the checkpoint allows, and those that it recommends; both lie inside `DRAWN`."""
    low, high = (data.std * relative for relative in ALLOWED[architecture])
    top = high if architecture == "unet" else min(high, WIDTHS * data.largest_deviation)
    return (low, high), (data.std * LOWEST[architecture], top)


def _pace(iteration: int, settings: TrainSettings) -> float:
    """The factor of the learning rate: a linear warm-up times half a cosine that ends at 0."""
    warm = min(1.0, (iteration + 1) / (settings.warmup + 1))
    return warm * 0.5 * (1 + math.cos(math.pi * iteration / settings.iterations))


def _generator(seed: int, iteration: int) -> torch.Generator:
    """The random numbers of an iteration, which a resumed run repeats: they depend on seed and iteration alone."""
    state = np.random.SeedSequence((seed, iteration)).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


def _relative_levels(settings: TrainSettings, generator: torch.Generator) -> Tensor:
    """sigma / sigma_data for a batch, float64."""
    low, high = (math.log(relative) for relative in DRAWN)
    uniform = low + (high - low) * torch.rand(settings.batch, generator=generator, dtype=torch.float64)
    normal = settings.p_mean + settings.p_std * torch.randn(settings.batch, generator=generator, dtype=torch.float64)
    first = torch.arange(settings.batch) < round(settings.uniform_share * settings.batch)
    return torch.where(first, uniform, normal.clamp(low, high)).exp()
