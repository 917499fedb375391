"""A clock says what a network must be given at a noise level, and how its answer becomes D.

    D(y; σ) = c_skip y + c_out F(c_in y, c_noise)

with σ = noise/signal and F the network, all in the units that the network knows; `NetworkDenoiser` maps ours to them.
The coefficients come from three tables: how much signal the input has (`PATHS`), what the output is (`PREDICTIONS`),
and which time the network is told (`TIMES`). Nothing is clipped: that belongs to samplers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from geomodel.arrays import Floats
from geomodel.denoisers.noise_tables import MAX_STEPS
from geomodel.families.table import rate_time

if TYPE_CHECKING:
    from torch import Tensor

SNAP = 1e-3  # relative; tables in float32 move a level by up to 1e-4
LOWEST = 1e-30  # stands for σ = 0 where a logarithm is taken, also in float32
RECOMMENDED = (0.002, 80.0)  # where a network knows every noise level
LARGEST_SQUARED = 1e150  # a float64 whose square is finite

Path = Literal["edm", "vp", "linear", "ve"]
Prediction = Literal["edm", "consistency", "epsilon", "score", "sample", "v", "velocity"]
Time = Literal["log", "vp", "sigma", "table", "nearest", "linear", "angle"]


class Coefficients(NamedTuple):
    """The four coefficients of a clock, each with the shape of sigma."""

    c_skip: Tensor
    c_out: Tensor
    c_in: Tensor
    c_noise: Tensor


@dataclass(frozen=True, kw_only=True)
class Clock:
    """What a network is given at a noise level and what its answer means. Noise levels are in the network's units.

    Attributes:
        path, prediction, time: rows of `PATHS`, `PREDICTIONS` and `TIMES`.
        sigma_min, sigma_max: the trained range; 0 and ∞ where the network has none.
        sigma_recommended: from where to where to sample.
        sigma_data: the standard deviation of the data for the path "edm".
        sigma_offset: the noise level at which a consistency function is the identity.
        time_scale, time_factor: the network time is time_scale · g(time_factor · σ).
        data_at_end: the network's time is 1 at the data and 0 at the noise.
        beta_d, beta_min: of the continuous time "vp".
        levels: trained σ in increasing order for the times "table" and "nearest". The index is the trained time; a
            level of 0 stands before time 0.

    Raises ValueError (a clause) where the settings contradict each other.
    """

    path: Path
    prediction: Prediction
    time: Time
    sigma_min: float = 0.0
    sigma_max: float = math.inf
    sigma_recommended: tuple[float, float] = RECOMMENDED
    sigma_data: float = 0.5
    sigma_offset: float = 0.0
    time_scale: float = 1.0
    time_factor: float = 1.0
    data_at_end: bool = False
    beta_d: float = 19.9
    beta_min: float = 0.1
    levels: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _check_known("path", self.path, PATHS)
        _check_known("prediction", self.prediction, PREDICTIONS)
        _check_known("time", self.time, TIMES)
        low, high = self.sigma_recommended
        if not self.sigma_min <= low < high <= self.sigma_max or not 0 < low < high < math.inf:
            raise ValueError(
                f"its recommended noise levels, {low:g} to {high:g}, are not inside its range, "
                f"{self.sigma_min:g} to {self.sigma_max:g}"
            )
        for name, number in (
            ("sigma_data", self.sigma_data),
            ("time_scale", self.time_scale),
            ("time_factor", self.time_factor),
            ("beta_d", self.beta_d),
            ("beta_min", self.beta_min),
        ):
            if not 0 < number < math.inf:
                raise ValueError(f"its {name} is {number:g}; a number above 0 is expected")
        if self.time in ("table", "nearest"):
            self._check_levels()

    def _check_levels(self) -> None:
        levels = self._table
        if not 2 <= len(levels) <= MAX_STEPS or not np.isfinite(levels).all() or not (np.diff(levels) > 0).all():
            raise ValueError("its trained noise levels do not rise")
        if levels[0] < 0 or (levels[0] == 0 and self.time == "table"):
            raise ValueError("its trained noise levels do not start above 0")

    @property
    def title(self) -> str:
        """What the network answers and which times it knows, for a card."""
        what = WORDS[self.prediction]
        if self.levels:
            return f"{what}, {np.count_nonzero(self._table):,} trained levels"
        return f"{what}, data at time {int(self.data_at_end)}" if self.prediction == "velocity" else what

    def coefficients(self, sigma: Tensor) -> Coefficients:
        """c_skip, c_out, c_in, c_noise for σ (b,) float64. Differentiable."""
        c_in = PATHS[self.path](self, sigma)
        c_skip, c_out = PREDICTIONS[self.prediction](self, sigma, c_in)
        return Coefficients(c_skip, c_out, c_in, self.network_time(sigma))

    def network_time(self, sigma: Tensor) -> Tensor:
        """The time that the network is told, with the shape of sigma. Times outside the trained ones are not told."""
        return self.time_scale * TIMES[self.time](self, self.time_factor * sigma)

    def round_sigma(self, sigma: Any) -> Any:
        """σ, or the nearest trained one where the network is told nothing in between; then D is a staircase in σ."""
        if self.time != "nearest":
            return sigma
        levels = self._table[::-1]  # of two that are as near, the higher one
        found = levels[np.abs(np.asarray(sigma, dtype=np.float64)[..., None] - levels).argmin(axis=-1)]
        return float(found) if found.ndim == 0 else found

    @cached_property
    def _table(self) -> Floats:
        return np.array(self.levels, dtype=np.float64)


def _check_known(kind: str, name: str, rows: Iterable[str]) -> None:
    if name not in rows:
        raise ValueError(f"its {kind} is {str(name)[:60]!r}; known are: {', '.join(rows)}")


# --- how much signal the input has: c_in, so that c_in y has a scale that the network knows --------------------------


def _edm_path(clock: Clock, sigma: Tensor) -> Tensor:
    return 1 / sigma.hypot(sigma.new_tensor(clock.sigma_data))


def _vp_path(clock: Clock, sigma: Tensor) -> Tensor:
    return 1 / sigma.hypot(sigma.new_tensor(1.0))


def _linear_path(clock: Clock, sigma: Tensor) -> Tensor:
    return 1 / (1 + sigma)


def _ve_path(clock: Clock, sigma: Tensor) -> Tensor:
    return sigma * 0 + 1


PATHS: dict[str, Callable[[Clock, Tensor], Tensor]] = {
    "edm": _edm_path,  # 1/√(σ² + d²): unit variance
    "vp": _vp_path,  # 1/√(1 + σ²) = √ᾱ, the share of data in x_t; also sin(πt/2) of the cosine flow
    "linear": _linear_path,  # 1/(1 + σ), the share of data in x_t on straight lines between data and noise
    "ve": _ve_path,  # x itself
}

# --- what the output is: (c_skip, c_out) from σ and c_in -------------------------------------------------------------


def _edm(clock: Clock, sigma: Tensor, c_in: Tensor) -> tuple[Tensor, Tensor]:
    share = clock.sigma_data / sigma.hypot(sigma.new_tensor(clock.sigma_data))  # exactly 1 at σ = 0, so that D = x
    return share.square(), sigma * share


def _consistency(clock: Clock, sigma: Tensor, c_in: Tensor) -> tuple[Tensor, Tensor]:
    above = sigma - clock.sigma_offset
    total = above.hypot(sigma.new_tensor(clock.sigma_data))
    return (clock.sigma_data / total).square(), above * (clock.sigma_data * c_in)


def _epsilon(clock: Clock, sigma: Tensor, c_in: Tensor) -> tuple[Tensor, Tensor]:
    return sigma * 0 + 1, -sigma


def _score(clock: Clock, sigma: Tensor, c_in: Tensor) -> tuple[Tensor, Tensor]:
    return sigma * 0 + 1, sigma


def _sample(clock: Clock, sigma: Tensor, c_in: Tensor) -> tuple[Tensor, Tensor]:
    return sigma * 0, sigma * 0 + 1


def _v(clock: Clock, sigma: Tensor, c_in: Tensor) -> tuple[Tensor, Tensor]:
    return c_in.square(), -sigma * c_in


def _velocity(clock: Clock, sigma: Tensor, c_in: Tensor) -> tuple[Tensor, Tensor]:
    """From D = (b′ x_t − b u)/(a b′ − a′ b) with u = a′ x_0 + b′ z and a = c_in, b = σ a; u changes sign with time."""
    toward_data = sigma * c_in if clock.data_at_end else -sigma * c_in
    if clock.path == "linear":  # a + b = 1
        return c_in, toward_data
    return c_in.square(), toward_data * (2 / math.pi)  # a² + b² = 1, an angle of π/2 in unit time


PREDICTIONS: dict[str, Callable[[Clock, Tensor, Tensor], tuple[Tensor, Tensor]]] = {
    "edm": _edm,  # Karras et al. (2206.00364), Table 1
    "consistency": _consistency,  # Song et al. (2303.01469), appendix C: the identity at sigma_offset
    "epsilon": _epsilon,  # the noise z: D = y − σ F
    "score": _score,  # σ times the score, −z: D = y + σ F
    "sample": _sample,  # D itself
    "v": _v,  # √ᾱ z − √(1 − ᾱ) x_0, Salimans and Ho (2202.00512)
    "velocity": _velocity,  # dx_t/dt of a flow
}

WORDS = {
    "edm": "EDM",
    "consistency": "EDM, consistency function",
    "epsilon": "noise",
    "score": "score",
    "sample": "data",
    "v": "v",
    "velocity": "velocity",
}

# --- which time the network is told ----------------------------------------------------------------------------------


def _log_time(clock: Clock, sigma: Tensor) -> Tensor:
    return sigma.clamp(min=LOWEST).log()


def _vp_time(clock: Clock, sigma: Tensor) -> Tensor:
    """t with σ² = exp(β_d t²/2 + β_min t) − 1."""
    total: Tensor = rate_time(sigma.clamp(max=LARGEST_SQUARED).square().log1p(), clock.beta_min, clock.beta_d)
    return total


def _sigma_time(clock: Clock, sigma: Tensor) -> Tensor:
    return sigma.clamp(min=LOWEST)  # the network takes its logarithm


def _table_time(clock: Clock, sigma: Tensor) -> Tensor:
    """The index of σ among the trained levels, with straight lines over ln σ in between, and the end levels' beyond.

    Within 0.1 % of a trained level it is that level's. The derivative is that of the lines.
    """
    import torch

    levels = torch.from_numpy(clock._table).log().to(sigma.device)
    log_sigma = sigma.clamp(min=LOWEST).log()
    above = torch.searchsorted(levels, log_sigma.detach()).clamp(1, len(levels) - 1)
    low, high = levels[above - 1], levels[above]
    index = (above - 1 + (log_sigma - low) / (high - low)).clamp(0, len(levels) - 1)
    nearest = torch.where(log_sigma.detach() - low < high - log_sigma.detach(), above - 1, above)
    snaps = (log_sigma - levels[nearest]).abs().detach() < SNAP
    return index + torch.where(snaps, nearest - index, torch.zeros_like(index)).detach()


def _nearest_time(clock: Clock, sigma: Tensor) -> Tensor:
    import torch

    levels = torch.from_numpy(clock._table).to(sigma.device).flip(0)  # of two that are as near, the higher one
    index = len(levels) - 1 - (sigma.detach()[..., None] - levels).abs().argmin(dim=-1)
    return sigma * 0 + index - int(clock.levels[0] == 0)


def _linear_time(clock: Clock, sigma: Tensor) -> Tensor:
    return 1 / (1 + sigma) if clock.data_at_end else sigma / (1 + sigma)


def _angle_time(clock: Clock, sigma: Tensor) -> Tensor:
    noise = sigma.arctan() / (math.pi / 2)
    return 1 - noise if clock.data_at_end else noise


TIMES: dict[str, Callable[[Clock, Tensor], Tensor]] = {
    "log": _log_time,  # ln σ
    "vp": _vp_time,  # the time of the variance-preserving process, Song et al. (2011.13456)
    "sigma": _sigma_time,  # σ
    "table": _table_time,  # index of a trained level, and between them
    "nearest": _nearest_time,  # index of the nearest trained level
    "linear": _linear_time,  # t of straight lines between data and noise
    "angle": _angle_time,  # t of the cosine path, σ = tan(πt/2)
}
