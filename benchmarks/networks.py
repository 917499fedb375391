"""How much of a network's time its convolutions take, and what folding its weights saves.

    python benchmarks/networks.py            about four minutes on one core

Each row sets the processor time of a network's answer against that of its bare convolutions, and of all its layers with
weights (convolutions, linear layers and norms): the same kernels over inputs of the same shapes and layout, one after
the other. All are measured in turn in one run, so a busy machine slows all.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from functools import partial
from time import process_time
from typing import Any

import common  # noqa: F401  (first: it puts the repository on the path)
import torch
from common import line
from torch import Tensor, nn
from torch.nn.functional import conv2d, group_norm, linear
from torch.overrides import TorchFunctionMode

import geomodel
import resources
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
    """Notes every layer with weights, with inputs of the same shape and layout to repeat it on."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions: list[Call] = []  # and linear layers over tokens, which are convolutions of width 1
        self.layers: list[Call] = []

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        options = options or {}
        if function in (conv2d, linear, group_norm):
            given = (torch.randn_like(arguments[0]), *arguments[1:])
            call = partial(function, *given, **options)
            self.layers.append(call)
            if function is conv2d or (function is linear and arguments[0].ndim == 3):
                self.convolutions.append(call)
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


def ratios(network: nn.Module, given: tuple[Tensor, ...], rounds: int) -> tuple[float, float, float]:
    """Seconds of an answer, over those of its convolutions, and over those of its layers: medians of calls in turn."""
    with _Recorder() as recorder:
        network(*given)

    def all_of(calls: list[Call]) -> Call:
        return lambda: [call() for call in calls]

    calls = (partial(network, *given), all_of(recorder.convolutions), all_of(recorder.layers))
    for call in calls:
        call()
    rows = [[seconds(call) for call in calls] for _ in range(rounds)]
    whole, bare, layers = (
        statistics.median(row)
        for row in zip(*((whole, whole / bare, whole / every) for whole, bare, every in rows), strict=True)
    )
    return whole, bare, layers


def bundled() -> tuple[str, nn.Module]:
    network = geomodel.load_checkpoint(resources.path("checkpoints", "fashion-mnist.safetensors")).network
    return "the bundled U-Net, 1.65 M weights at 28 × 28", network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the small networks alone")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    line("network", ("batch", "ms", "× convolutions", "budget", "× layers", "budget"))
    name, network = bundled()
    for batch in (1, 4, 16, 64):
        given = (torch.randn(batch, 1, 28, 28), torch.full((batch,), 0.3), torch.zeros(batch, dtype=torch.int64))
        whole, bare, layers = ratios(network, given, 11 if batch == 64 else 41)
        line(name, (f"{batch}", f"{1e3 * whole:.1f}", f"{bare:.3f}", "", f"{layers:.3f}", "1.15"))
    for name, (blueprint, budgets) in NETWORKS.items():
        network = made(blueprint)
        count = sum(parameter.numel() for parameter in network.parameters())
        if quick and count > 5e6:
            continue
        for batch, budget in budgets.items():
            rounds = 5 if count * batch > 2e8 else 15 if count * batch > 2e7 else 41
            given = torch.randn(batch, *blueprint.shape), torch.full((batch,), 0.3)
            whole, bare, layers = ratios(network, given, rounds)
            asked = "" if budget is None else f"{budget:g}"
            line(name, (f"{batch}", f"{1e3 * whole:.1f}", f"{bare:.3f}", asked, f"{layers:.3f}", ""))


if __name__ == "__main__":
    main()
