"""The settings of a training, with limits and help texts. Loads no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

from geomodel.settings import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings:
    """Everything but the data that decides the trained weights. With the same settings and data, on the same machine, a
    training gives the same weights, bit for bit.

    A share `uniform_share` of the noise levels is drawn log-uniformly from sigma_data × [0.001, 200]; for the rest,
    ln(sigma / sigma_data) is drawn from N(p_mean, p_std²) and clamped to that range. Where sigma / sigma_data exceeds
    `exact_above`, the target is D* of the data at the noisy point rather than the point itself.
    """

    iterations: Annotated[int, Meta(ge=1, le=10_000_000, description="optimisation steps")] = 8000
    batch: Annotated[int, Meta(ge=1, le=1 << 20, description="points in one step")] = 1024
    learning_rate: Annotated[float, Meta(gt=0, le=1, description="Adam's step size after the warm-up")] = 2e-3
    width: Annotated[int, Meta(ge=1, le=4096, description="numbers in each layer; channels for images")] = 128
    depth: Annotated[int, Meta(ge=1, le=64, description="residual blocks; on each resolution for images")] = 4
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1, description="seed of the weights and of every draw")] = 0
    warmup: Annotated[int, Meta(ge=0, le=1_000_000, description="steps until the full step size")] = 200
    half_life: Annotated[float, Meta(gt=0, le=1e6, description="half-life of the weights' average, in steps")] = 500.0
    p_mean: Annotated[float, Meta(ge=-20, le=20, description="mean of ln(σ/data's scale) in training")] = -1.0
    p_std: Annotated[float, Meta(gt=0, le=20, description="standard deviation of ln(σ/data's scale)")] = 1.2
    clip: Annotated[float, Meta(ge=0, le=1e6, description="largest norm of the gradient; 0 is no limit")] = 0.0
    bfloat16: Annotated[bool, Meta(description="multiply in bfloat16: faster where the processor has AMX")] = False
    uniform_share: Annotated[float, Meta(ge=0, le=1, description="share of log-uniform noise levels")] = 0.5
    conditional: Annotated[bool, Meta(description="train with the data's labels and a null class")] = False
    exact_above: Annotated[
        float, Meta(ge=0, le=1e6, description="σ/data's scale above which the target is D* of the data; 0 is never")
    ] = 0.0
    label_dropout: Annotated[float, Meta(ge=0, le=1, description="share of samples trained without label")] = 0.1


def limits(name: str) -> Limits:
    """Title, help text and limits of a field of `TrainSettings`, for a form."""
    meta = next(iter(get_type_hints(TrainSettings, include_extras=True)[name].__metadata__))
    return Limits(
        name.replace("_", " ").capitalize(), meta.description, meta.gt if meta.ge is None else meta.ge, meta.le
    )


@dataclass(frozen=True, slots=True)
class TrainProgress:
    """Where a training stands after an iteration."""

    iteration: int  # done so far
    iterations: int
    loss: float  # smoothed over about 100 iterations; a network that always answers the mean has 1
    rate: float  # iterations a second, since this process began
    remaining: float  # seconds


class TrainError(ValueError):
    """A training that cannot start or go on; the message is one sentence."""


# Settings for images, where they differ from the defaults, which are for points. The bundled Fashion-MNIST network was
# trained with them, and with `conditional` and `bfloat16`. The mean of EDM's ln(sigma) is -1.2 for data of scale 0.5,
# which is -0.5 relative to the scale; a small share of uniform levels keeps the network good at both ends.
IMAGES: Mapping[str, float] = {
    "iterations": 11_500,
    "batch": 64,
    "learning_rate": 1.5e-3,
    "width": 64,
    "depth": 2,
    "warmup": 300,
    "half_life": 300.0,
    "p_mean": -0.5,
    "uniform_share": 0.1,
    "clip": 1.0,
    "label_dropout": 0.15,
}


def from_options(options: Mapping[str, Any], *, images: bool = False) -> TrainSettings:
    """Settings from a mapping, with the defaults for points or images. TrainError where one is out of limits."""
    try:
        return msgspec.convert({**(IMAGES if images else {}), **options}, TrainSettings)
    except msgspec.ValidationError as error:
        raise TrainError(f"The training settings do not fit: {error}.") from error
