"""Networks that compute in bfloat16, where that is faster; how much it changes D is measured."""

from __future__ import annotations

import math
from dataclasses import replace
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from geomodel.denoisers.network import NetworkDenoiser
from geomodel.randomness import noise

if TYPE_CHECKING:
    from geomodel.checkpoints.info import CheckpointInfo

NAME = "bfloat16"


def lowered(model: NetworkDenoiser) -> NetworkDenoiser:
    """The denoiser with a network that multiplies in bfloat16. The weights change in place, so the old one is lost.

    bfloat16 has the range of float32 and 8 bits of precision. Weights of two axes and more become bfloat16, which takes
    half of their memory; convolutions, linear layers and attention work in it (torch.autocast). Biases, norms, Fourier
    frequencies, and the time that the network is told stay float32, as do c_skip x and c_out F. D = c_skip x + c_out F
    is off by c_out times the error of F, so for a network that predicts the noise by σ times that error.

    The largest difference of D relative to its largest value is measured at the lowest, the middle and the highest
    recommended σ, and the largest of the three is in `info.precision_error`.

    Raises ValueError (a clause) where the processor has no instructions for bfloat16, or where a batch of one takes as
    long as in float32 or longer, which is so for small networks.
    """
    if not has_instructions(model.device):
        raise ValueError("the processor has no instructions for bfloat16")
    points = _points(model.info)
    sigma, x = next(iter(points.items()))
    before = seconds(model, x, sigma)
    expected = [_denoised(model, x, sigma) for sigma, x in points.items()]
    with torch.no_grad():
        for parameter in model.network.parameters():
            if parameter.ndim > 1:
                parameter.data = parameter.data.to(torch.bfloat16)
    new = NetworkDenoiser(model.network, replace(model.info, precision=NAME), model.clock, model.plan)
    after = seconds(new, x, sigma)
    if after >= before:
        raise ValueError(f"its network takes {after / before:.2g} times as long in bfloat16 as in float32")
    errors = [
        float((_denoised(new, x, sigma) - exact).abs().max() / exact.abs().max())
        for (sigma, x), exact in zip(points.items(), expected, strict=True)
    ]
    new.info = replace(new.info, precision_error=max(errors), remarks=(*new.info.remarks, _remark(errors, points)))
    return new


def has_instructions(device: torch.device) -> bool:
    """Whether the device multiplies numbers of bfloat16 itself."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    asked = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return device.type == "cpu" and any(getattr(torch.cpu, name, bool)() for name in asked)


def seconds(model: NetworkDenoiser, x: Tensor, sigma: float) -> float:
    """Seconds that D of one point takes, the best of three times after one that loads kernels.

    On the processor its own time is taken, which other programs hardly change.
    """
    clock = process_time if model.device.type == "cpu" else perf_counter
    taken = []
    for _ in range(4):
        begin = clock()
        _denoised(model, x, sigma)
        taken.append(clock() - begin)
    return min(taken[1:])


def _points(info: CheckpointInfo) -> dict[float, Tensor]:
    """A point at each of three noise levels, as far from the mean as noisy data are."""
    low, high = info.sigma_recommended
    mean = torch.from_numpy(info.mean_point)
    return {
        sigma: mean + noise(0, info.shape, math.hypot(sigma, info.sigma_data))
        for sigma in (low, math.sqrt(low * high), high)
    }


def _denoised(model: NetworkDenoiser, x: Tensor, sigma: float) -> Tensor:
    labels = torch.zeros(1, dtype=torch.int64) if model.num_classes else None
    found: Tensor = model(x, sigma, labels)
    return found


def _remark(errors: list[float], points: dict[float, Tensor]) -> str:
    worst = max(range(len(errors)), key=errors.__getitem__)
    return (
        f"It computes in bfloat16: D differs from float32 by up to {100 * errors[worst]:.2g} % of its largest value "
        f"(at σ = {[*points][worst]:.3g})."
    )
