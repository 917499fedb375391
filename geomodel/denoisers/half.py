"""A network with its products in bfloat16, where that is faster."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter, process_time

import torch
from torch import Tensor, nn

from geomodel.denoisers.network import NetworkDenoiser

_ROWS, _ROUNDS = 2, 3


class HalfNetwork(nn.Module):
    """The network with its products in bfloat16 and all else (times, embeddings of time, norms' weights) in float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, time: Tensor, labels: Tensor | None = None) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            answer: Tensor = self.network(x, time, labels)
        return answer.float()


def in_bfloat16(model: NetworkDenoiser) -> NetworkDenoiser:
    """The model with half the memory for its matrices, which changes it, and the error of D on its card.

    The error is the largest difference from float32 at three noise levels, over the largest of 1, σ and |D|. For a
    network that predicts the noise, D is off by σ times the error of the network. Raises ValueError (a sentence) where
    the processor has no such products, or where one answer does not take less time so, as in small networks.
    """
    if not has_products(model.device):
        raise ValueError("The processor has no instructions for bfloat16; open the network in float32.")
    half = NetworkDenoiser(HalfNetwork(model.network), model.info, model.clock, model.plan)
    low, high = model.sigma_recommended
    levels = (low, (low * high) ** 0.5, high)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(_ROWS, *model.shape, generator=generator)
    labels = torch.zeros(_ROWS, dtype=torch.int64) if model.num_classes else None
    with torch.no_grad():
        exact = [model(sigma * noise, sigma, labels) for sigma in levels]
        before = _seconds(model, noise, levels[1], labels)
        for parameter in model.network.parameters():
            if parameter.ndim > 1:
                parameter.data = parameter.data.to(torch.bfloat16)
        after = _seconds(half, noise, levels[1], labels)
        if after >= before:
            raise ValueError(
                f"bfloat16 is not faster for this network on this processor ({1e3 * after:.1f} ms instead of "
                f"{1e3 * before:.1f} ms for {_ROWS} samples); open it in float32."
            )
        pairs = zip(levels, exact, (half(sigma * noise, sigma, labels) for sigma in levels), strict=True)
        error = max(float((found - right).abs().max() / max(1.0, s, right.abs().max())) for s, right, found in pairs)
    remark = f"In bfloat16, D is off by up to {100 * error:.2g} % of the largest of 1, σ and |D| (measured)."
    half.info = replace(model.info, precision="bfloat16", remarks=(*model.info.remarks, remark))
    return half


def has_products(device: torch.device) -> bool:
    """Whether the device multiplies numbers of bfloat16 itself."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    asked = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")  # not in every version of torch
    return device.type == "cpu" and any(getattr(torch.cpu, name, bool)() for name in asked)


def _seconds(model: NetworkDenoiser, x: Tensor, sigma: float, labels: Tensor | None) -> float:
    """Of one answer, the best of some. On the processor its own time is taken, which other programs hardly change."""
    clock = process_time if model.device.type == "cpu" else perf_counter
    model(sigma * x, sigma, labels)  # the first call loads kernels
    times = []
    for _ in range(_ROUNDS):
        begin = clock()
        model(sigma * x, sigma, labels)
        times.append(clock() - begin)
    return min(times)
