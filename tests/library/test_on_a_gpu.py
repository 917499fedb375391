"""Every path of an accelerator against the CPU. The same comparisons run between the CPU and itself, which checks these
tests where there is no accelerator.
"""

from __future__ import annotations

from dataclasses import replace

import blueprints
import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch.autograd import forward_ad

import geomodel as gm
import resources
from geomodel.denoisers.half import in_bfloat16
from geomodel.denoisers.network import NetworkDenoiser
from geomodel.denoisers.optimal.sharded import ShardedOptimalDenoiser
from geomodel.recipe import TrainSettings
from geomodel.training import Training

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.cuda_only)]
TRAINING = TrainSettings(iterations=6, batch=16, width=16, depth=1, warmup=2, half_life=2.0)
DATA = gm.datasets.load("two-moons", count=60)

pytestmark = pytest.mark.parametrize("device", DEVICES)


def bundled(name, device):
    return gm.load_checkpoint(str(resources.path("checkpoints", f"{name}.safetensors")), device=device)


def close(found, wanted, tolerance=1e-3):
    """Within a thousandth of the largest: a GPU may multiply in TF32, which has ten bits."""
    assert found.device.type == "cpu"
    torch.testing.assert_close(found, wanted, rtol=0, atol=tolerance * float(wanted.abs().max()))


@pytest.mark.parametrize("name", ["fashion-mnist", "two-moons"])
def test_bundled_networks(device, name):
    here, there = bundled(name, "cpu"), bundled(name, device)
    x = gm.noise(range(3), here.shape, 2.0)
    labels = [0, -1, 3] if here.num_classes else None
    close(there(x, 2.0, labels=labels), here(x, 2.0, labels=labels))


@pytest.mark.parametrize(("name", "labelled"), blueprints.CASES)
def test_networks_of_other_programs(device, name, labelled):
    here = blueprints.opened(name, labelled=labelled)
    x = gm.noise(range(2), here.shape, 2.0)
    labels = [0, 2] if labelled else None
    with torch.no_grad():
        wanted = here(x, 2.0, labels=labels)
        there = NetworkDenoiser(here.network.to(device), here.info, here.clock)
        close(there(x, 2.0, labels=labels), wanted)


def test_a_network_in_bfloat16(device):
    here = bundled("fashion-mnist", "cpu")
    try:
        there = in_bfloat16(bundled("fashion-mnist", device))
    except ValueError as refusal:
        pytest.skip(str(refusal))
    x = gm.noise(range(8), here.shape, 2.0)
    with torch.no_grad():
        close(there(x, 2.0), here(x, 2.0), 0.03)  # bfloat16 has eight bits


@pytest.mark.parametrize("solver", ["heun", "ipndm"])
def test_a_run(device, solver):
    here, there = bundled("two-moons", "cpu"), bundled("two-moons", device)
    sigmas = gm.schedules.karras(steps=6, sigma_min=0.01, sigma_max=10)
    x = gm.noise(range(4), (2,), 10.0)
    one, other = (gm.sample(model, x, sigmas, solver=solver, display="off") for model in (here, there))
    np.testing.assert_allclose(other.x, one.x, rtol=0, atol=0.02 * np.abs(one.x[-1]).max())  # it adds up over the steps


@pytest.mark.filterwarnings("ignore:.*jit.script:DeprecationWarning")  # torch's own, in its first forward product
def test_derivatives(device):
    """Products with the Jacobian of D, backwards and forwards."""
    here, there = bundled("fashion-mnist", "cpu"), bundled("fashion-mnist", device)
    x, v = gm.noise(range(2), here.shape, 2.0).float(), gm.noise(range(5, 7), here.shape, 1.0).float()
    products = []
    for model in (here, there):
        given = x.clone().requires_grad_()
        with torch.enable_grad():
            (back,) = torch.autograd.grad((model(given, 2.0) * v).sum(), given)
        with forward_ad.dual_level():
            ahead = forward_ad.unpack_dual(model(forward_ad.make_dual(x, v), 2.0)).tangent
        products.append((back, ahead))
    for one, other in zip(*products, strict=True):
        close(other, one, 0.01)


def test_a_training_and_its_continuation(device, tmp_path):
    """It learns what the CPU learns, and a continued training gives the same weights to the bit."""
    here, there, broken = (Training(DATA, TRAINING, where) for where in ("cpu", device, device))
    for _ in range(3):
        broken.advance()
    broken.save(tmp_path / "state")
    continued = Training(DATA, TRAINING, device)
    continued.load(tmp_path / "state")
    for training in (here, there, continued):
        while training.iteration < TRAINING.iterations:
            training.advance()
    assert there.loss == pytest.approx(here.loss, rel=0.02)
    for name, value in there.average.items():
        torch.testing.assert_close(continued.average[name], value, rtol=0, atol=0)


def test_a_training_of_images_towards_exact_targets(device):
    data = gm.datasets.load("fashion-mnist")
    data = replace(data, stored=data.stored[:200], labels=data.labels[:200])
    settings = TrainSettings(
        iterations=2, batch=4, width=16, depth=1, warmup=1, conditional=True, exact_above=3.0, uniform_share=1.0
    )
    losses = []
    for where in ("cpu", device):
        training = Training(data, settings, where)
        training.advance()
        training.advance()
        losses.append(training.loss)
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


def test_the_optimal_denoiser_of_bytes(device):
    """Codes on the device, with and without classes: as near as both bounds allow."""
    points = gm.datasets.load("fashion-mnist").points[:1300].reshape(1300, -1)
    labels = np.arange(1300) % 3
    here, there = gm.OptimalDenoiser(points, labels), gm.OptimalDenoiser(points, labels, device=device)
    here, there = here.searched, there.searched
    assert there._search is not None
    random = np.random.default_rng(0)
    for sigma in (0.05, 1.0, 5.0, 80.0):
        x = points[:20] + sigma * random.standard_normal((20, 784))
        for asked in (None, labels[:20]):
            one, other = here.posterior(x, sigma, asked), there.posterior(x, sigma, asked)
            assert ((one.mean - other.mean).norm(dim=1) <= one.bound + other.bound + 1e-9).all()


def test_the_optimal_denoiser_of_split_data(device, tmp_path):
    """One process sends its messages to itself, over NCCL or gloo. No sum is computed on the device: to the bound."""
    points, x = np.random.default_rng(2).normal(size=(200, 6)), gm.noise(range(5), (6,), 0.5)
    dist.init_process_group("nccl" if device == "cuda" else "gloo", f"file://{tmp_path}/met", rank=0, world_size=1)
    try:
        found = ShardedOptimalDenoiser(points).merged(
            x := gm.noise(range(5), (6,), 0.5), torch.full((5,), 0.5).double()
        )
    finally:
        dist.destroy_process_group()
    known = gm.OptimalDenoiser(points).posterior(x, 0.5)
    assert bool(((found.mean - known.mean).norm(dim=1) <= found.bound + known.bound).all())
