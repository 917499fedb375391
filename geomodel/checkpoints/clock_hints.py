"""The clock of a network whose file holds weights alone: what a person says of its diffusion."""

from __future__ import annotations

from typing import cast

from geomodel.checkpoints.hints import Hints
from geomodel.denoisers import clocks
from geomodel.denoisers.clock import Clock, Prediction
from geomodel.denoisers.noise_tables import named_levels

SCHEDULES = ("linear", "cosine", "sigmoid", "scaled_linear")
TABLE_PREDICTIONS = ("epsilon", "v", "sample")
WEIGHTS_ALONE = "the weights are the same whatever the noise was"
WHATEVER_PREDICTED = "the weights are the same whatever was predicted"
OTHERWISE_USUAL = "without it, the usual one of the schedule is taken"
PUBLISHED = "the file does not say it, and this is the number of the published networks"


def table(diffusion: Hints, *, rescales: bool = False) -> Clock | None:
    """A table of trained levels from the hints; None where they do not say enough.

    rescales: whether the code by default tells the network 1000 t/steps, which only other numbers of steps show.
    """
    schedule = diffusion.ask("noise_schedule", str, reason=WEIGHTS_ALONE, choices=SCHEDULES)
    steps = diffusion.ask("steps", int, reason=WEIGHTS_ALONE)
    start = diffusion.ask("beta_start", float, reason=OTHERWISE_USUAL, optional=True)
    end = diffusion.ask("beta_end", float, reason=OTHERWISE_USUAL, optional=True)
    prediction = diffusion.ask(
        "prediction", str, reason=WHATEVER_PREDICTED, default="epsilon", choices=TABLE_PREDICTIONS
    )
    rescaled = _rescaled(diffusion, steps, rescales)
    if schedule is None or steps is None or rescaled is None:
        return None
    levels = named_levels(schedule, steps, start, end)
    return clocks.discrete(levels, cast(Prediction, prediction), rescaled=rescaled)


def _rescaled(diffusion: Hints, steps: int | None, rescales: bool) -> bool | None:
    reason = "the network was told the step itself or 1000 t/steps, and its weights do not say which"
    if rescales and steps != 1000:
        return diffusion.ask("rescale_timesteps", bool, reason=reason, choices=(True, False))
    return diffusion.ask("rescale_timesteps", bool, reason=reason, default=rescales, choices=(True, False))


def flow(diffusion: Hints, *, path: str | None, time_of_data: int | None) -> Clock | None:
    """Flow matching, on the path and with the direction of time that the family has or the hints name."""
    diffusion.confirm(prediction="velocity")
    if path is None:
        path = diffusion.ask("path", str, reason=WEIGHTS_ALONE, choices=("linear", "gvp"))
    else:
        diffusion.confirm(path=path)
    if time_of_data is None:
        reason = "time may run from the noise to the data or back"
        time_of_data = diffusion.ask("time_of_data", int, reason=reason, choices=(0, 1))
    else:
        diffusion.confirm(time_of_data=time_of_data)
    return None if path is None or time_of_data is None else clocks.flow(path, data_at_end=time_of_data == 1)


def consistency_models(diffusion: Hints) -> Clock | None:
    """OpenAI's consistency_models: EDM's denoisers (`edm_`) or consistency functions (`cd_`, `ct_`)."""
    reason = "a denoiser (edm_…) and a consistency function (cd_…, ct_…) have the same weights"
    prediction = diffusion.ask("prediction", str, reason=reason, choices=("edm", "consistency"))
    low = diffusion.ask("sigma_min", float, reason=PUBLISHED, default=0.002)
    high = diffusion.ask("sigma_max", float, reason=PUBLISHED, default=80.0)
    data = diffusion.ask("sigma_data", float, reason=PUBLISHED, default=0.5)
    return None if prediction is None else clocks.consistency_models(prediction == "consistency", low, high, data)
