"""The exact tilt of a mixture beside the plug-in guidance towards the same reward, from the same noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from geomodel import schedules
from geomodel.arrays import Floats

if TYPE_CHECKING:
    from geomodel.denoisers.mixture import MixtureDenoiser
    from geomodel.denoisers.tilted import TiltedMixture

WIDEST, NARROWEST = 50.0, 0.05  # the first level over the widest deviation, the last over the narrowest component's


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TiltedEnds:
    """Where one denoiser takes the noise, and what a reward says of it.

    Attributes:
        points: (B, *shape), the ends.
        reward, error: the mean of r over the ends and its standard error (NaN for one end), in units of r.
        shares: (K,): the mean responsibilities of p at the ends, the shares of its components.
        least_kl: the least KL(q‖p), in nats, that a density q with this mean reward can have
            (`TiltedMixture.least_kl`); of the ends of the exact tilt it estimates the KL itself.
    """

    points: Floats
    reward: float
    error: float
    shares: Floats
    least_kl: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tilting:
    """One tilt: what is known in closed form, and three sets of ends from the same noise.

    Attributes:
        exact: p e^{r/β}/Z, with its mean reward, KL and shares.
        untilted: the control, ends of p itself.
        tilted: ends of the exact denoiser.
        plug_in: ends of `PlugInTilt`.
    """

    exact: TiltedMixture
    untilted: TiltedEnds
    tilted: TiltedEnds
    plug_in: TiltedEnds


class Tilts:
    """Samples of a mixture p, of its exact tilts and of the plug-in guidance, all from one noise.

    They go down the ODE by Heun's method over Karras levels (ρ = 7), from 50 times the root mean square distance of p
    from its mean to a twentieth of its narrowest deviation, and start at the mean of p plus σz.

    Args:
        mixture: p.
        seeds: one a sample; the noise of a sample depends on its seed alone.
        steps: of Heun.

    Attributes:
        sigmas: (steps + 1,), the levels.
        untilted: (B, *shape), the ends of p itself.

    Raises:
        ValueError: no seeds, or fewer than one step.
    """

    def __init__(self, mixture: MixtureDenoiser, *, seeds: Sequence[int] = range(256), steps: int = 18) -> None:
        from geomodel.randomness import noise

        if not len(seeds):
            raise ValueError("There are no seeds; give one for each sample.")
        away = mixture.means - mixture.center
        variances = mixture.variances.expand_as(away)
        spread = float(mixture.weights @ (away**2 + variances).flatten(1).sum(1))
        self.mixture = mixture
        self.sigmas = schedules.karras(
            steps, sigma_min=NARROWEST * math.sqrt(float(variances.min())), sigma_max=WIDEST * math.sqrt(spread)
        )
        drawn = noise(list(seeds), mixture.shape, float(self.sigmas[0])).numpy()
        self._start = np.asarray(mixture.center) + drawn

    @cached_property
    def untilted(self) -> Floats:
        return self._ends(self.mixture)

    def at(self, linear: Any = None, quadratic: float = 0.0, beta: float = 1.0) -> Tilting:
        """The tilt by r(x) = a·x − c‖x‖²/2 at β. Arguments and errors are those of `tilted`."""
        from geomodel.denoisers.plug_in import PlugInTilt
        from geomodel.denoisers.tilted import tilted

        exact = tilted(self.mixture, linear, quadratic, beta)
        plug_in = PlugInTilt(self.mixture, linear, beta, quadratic=quadratic)
        return Tilting(
            exact=exact,
            untilted=ends_of(exact, self.untilted),
            tilted=ends_of(exact, self._ends(exact)),
            plug_in=ends_of(exact, self._ends(plug_in)),
        )

    def _ends(self, model: Any) -> Floats:
        from geomodel.sampling import sample

        return np.asarray(sample(model, self._start, self.sigmas, display="off", record="float64").x[-1])


def ends_of(exact: TiltedMixture, points: Floats) -> TiltedEnds:
    """What a reward says of points (B, *shape) that are meant to be of its tilt."""
    rewards = exact.reward(points)
    mean = float(rewards.mean())
    count = len(rewards)
    return TiltedEnds(
        points=points,
        reward=mean,
        error=float(rewards.std(ddof=1)) / math.sqrt(count) if count > 1 else math.nan,
        shares=exact.original.responsibilities(points, 0.0).mean(axis=0),
        least_kl=exact.least_kl(mean),
    )
