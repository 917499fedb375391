"""How much of a network's time its convolutions take, and what folding its weights saves.

    python benchmarks/networks.py            about four minutes on one core

Each row sets the processor time of a network's answer against that of its bare convolutions: the same kernels over
inputs of the same shapes, one after the other. The two are measured in turn in one run, so a busy machine slows both.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from time import process_time
from typing import Any

import common  # noqa: F401  (first: it puts the repository on the path)
import torch
from common import line
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear
from torch.overrides import TorchFunctionMode

from geomodel.networks import Blueprint, assemble, fold
from geomodel.networks.configs import DhariwalConfig, EDM2Config, SongConfig

CIFAR = SongConfig(outputs=3, multipliers=(2, 2, 2))
SMALL = SongConfig(outputs=3, channels=32, multipliers=(1, 2), blocks=2, attention=(8,))
NETWORKS: dict[str, tuple[Blueprint, dict[int, float | None]]] = {
    "DDPM++ for CIFAR-10, 56 M weights": (
        Blueprint(architecture="song", config=CIFAR, shape=(3, 32, 32)),
        {1: 1.12, 4: 1.12, 16: 1.12},
    ),
    "DDPM++ of 1 M weights at 16 × 16": (
        Blueprint(architecture="song", config=SMALL, shape=(3, 16, 16)),
        {1: 2.0, 16: 1.7, 64: 1.7},
    ),
    "ADM of EDM, 19 M weights at 32 × 32": (
        Blueprint(
            architecture="dhariwal",
            config=DhariwalConfig(outputs=3, channels=64, multipliers=(1, 2, 3), blocks=2, attention=(16, 8)),
            shape=(3, 32, 32),
        ),
        {1: None, 16: None},
    ),
    "EDM2, 30 M weights at 32 × 32": (
        Blueprint(
            architecture="edm2",
            config=EDM2Config(channels=96, multipliers=(1, 2, 3), noise_channels=96, embedding=288, blocks=2),
            shape=(3, 32, 32),
        ),
        {1: None, 16: None},
    ),
}

Call = Callable[[], Any]


class _Recorder(TorchFunctionMode):
    """Notes every convolution and every linear layer over tokens, with inputs of the same shape to repeat it on."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        options = options or {}
        if function is conv2d or (function is linear and arguments[0].ndim == 3):
            given = (torch.randn(arguments[0].shape), *arguments[1:])
            self.calls.append(lambda: function(*given, **options))
        return function(*arguments, **options)


def made(blueprint: Blueprint) -> nn.Module:
    torch.manual_seed(1)
    network = assemble(blueprint)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(
                torch.randn(parameter.shape) * max(parameter[0].numel() if parameter.ndim else 1, 1) ** -0.5
            )
    fold(network)
    return network.eval()


def seconds(call: Call) -> float:
    begin = process_time()
    call()
    return process_time() - begin


def ratio(network: nn.Module, shape: tuple[int, ...], batch: int, rounds: int) -> tuple[float, float]:
    """Seconds of an answer, and over those of its convolutions: medians of pairs measured in turn."""
    x, time = torch.randn(batch, *shape), torch.full((batch,), 0.3)
    with _Recorder() as recorder:
        network(x, time)

    def answer() -> Tensor:
        found: Tensor = network(x, time)
        return found

    def bare() -> None:
        for call in recorder.calls:
            call()

    answer(), bare()
    pairs = [(seconds(answer), seconds(bare)) for _ in range(rounds)]
    return statistics.median(whole for whole, _ in pairs), statistics.median(whole / part for whole, part in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the small network alone")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    line("network, against its bare convolutions", ("batch", "ms", "ratio", "budget"))
    for name, (blueprint, budgets) in NETWORKS.items():
        network = made(blueprint)
        count = sum(parameter.numel() for parameter in network.parameters())
        if quick and count > 5e6:
            continue
        for batch, budget in budgets.items():
            rounds = 5 if count * batch > 2e8 else 15 if count * batch > 2e7 else 41
            whole, over = ratio(network, blueprint.shape, batch, rounds)
            line(name, (f"{batch}", f"{1e3 * whole:.1f}", f"{over:.3f}", "" if budget is None else f"{budget:g}"))


if __name__ == "__main__":
    main()
