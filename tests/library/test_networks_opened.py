"""What holds for every network that other programs train: rows apart, derivatives, sizes, no memory too early."""

from __future__ import annotations

import numpy_layers as ours
import pytest
import torch

from geomodel.networks import OPENED, Blueprint, assemble, fold
from geomodel.networks.configs import (
    ADMConfig,
    DhariwalConfig,
    DiffusersDiTConfig,
    DiTConfig,
    EDM2Config,
    LucidrainsConfig,
    SongConfig,
    UNet2DConfig,
)

EDM = {"outputs": 3, "multipliers": (1, 2), "blocks": 1, "attention": (4,)}
LEVEL = {"full": (False, True), "heads": ((2, 4), (2, 4))}
CONFIGS = {
    "song": SongConfig(**EDM, channels=8),
    "dhariwal": DhariwalConfig(**EDM, channels=64),
    "adm": ADMConfig(outputs=3, embedding=32, widths=(32, 64), blocks=1, attention=(2,), heads=2),
    "unet2d": UNet2DConfig(
        down_block_types=("SkipDownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "SkipUpBlock2D"),
        block_out_channels=(32, 32),
        layers_per_block=1,
    ),
    "edm2": EDM2Config(
        channels=8, multipliers=(1, 2), noise_channels=8, embedding=8, blocks=1, attention=(4,), channels_per_head=8
    ),
    "lucidrains": LucidrainsConfig(outputs=3, embedding=8, widths=(8, 8, 16), **LEVEL),
    "dit": DiTConfig(outputs=3, width=16, depth=2, heads=2, hidden=8),
    "diffusers-dit": DiffusersDiTConfig(out_channels=3, num_attention_heads=2, attention_head_dim=8, num_layers=2),
}
SHAPE, ROWS = (3, 8, 8), 4


def blueprint(name: str, shape: tuple[int, ...] = SHAPE) -> Blueprint:
    rows = 0 if name == "lucidrains" else ROWS
    return Blueprint(architecture=name, config=CONFIGS[name], shape=shape, label_rows=rows)


@pytest.fixture(params=OPENED)
def network(request):
    made = ours.randomised(assemble(blueprint(request.param)))
    fold(made)
    made.labels = lambda count: None if request.param == "lucidrains" else torch.arange(count) % ROWS
    return made.requires_grad_(False)


def random(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(7))


def test_rows_of_a_batch_do_not_see_each_other(network):
    x, time, labels = random(3, *SHAPE), torch.tensor([0.1, 0.7, 3.0]), network.labels(3)
    together = network(x, time, labels)
    for row in range(3):
        part = slice(row, row + 1)
        alone = network(x[part], time[part], None if labels is None else labels[part])
        # Other kernels for another batch: some roundings of float32.
        torch.testing.assert_close(together[part], alone, rtol=1e-4, atol=1e-4)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # torch's own, at its first jvp
def test_derivatives_forwards_backwards_and_twice(network):
    x, time, tangent, labels = random(1, *SHAPE), torch.tensor([0.7]), random(1, *SHAPE).flip(2), network.labels(1)

    def answer(x, time=time):
        return network(x, time, labels)

    h = 5e-3
    expected = (answer(x + h * tangent) - answer(x - h * tangent)) / (2 * h)
    size = expected.abs().max()
    forward = torch.func.jvp(answer, (x,), (tangent,))[1]
    torch.testing.assert_close(forward, expected, rtol=0, atol=0.02 * float(size))  # float32 over a step of 5e-3
    both = torch.func.jvp(answer, (x, time), (tangent, torch.ones(1)))[1]
    assert both.isfinite().all()
    x.requires_grad_()
    u = torch.zeros_like(x, requires_grad=True)
    (pulled,) = torch.autograd.grad(answer(x), x, u, create_graph=True)
    twice = torch.autograd.grad(pulled, u, tangent)[0]
    torch.testing.assert_close(twice, forward, rtol=0, atol=1e-3 * float(size))


def test_the_input_stays_as_it_was(network):
    x = random(2, *SHAPE)
    kept = x.clone()
    network(x, torch.tensor([0.1, 2.0]), network.labels(2))
    assert torch.equal(x, kept)


@pytest.mark.parametrize("name", OPENED)
def test_a_blueprint_takes_no_memory(name):
    with torch.device("meta"):
        made = assemble(blueprint(name))
    assert all(tensor.is_meta for key, tensor in made.state_dict().items() if "resample_filter" not in key)
    assert blueprint(name).config.depth_in_all <= len(made.state_dict())


@pytest.mark.parametrize("name", OPENED)
@pytest.mark.parametrize("shape", [(3, 7, 7), (3, 8), (3, 0, 0), (3, -8, -8), (8,)])
def test_images_that_cannot_be_halved(name, shape):
    with pytest.raises(ValueError, match=r"whose sides are multiples of 2, not samples of shape"):
        blueprint(name, shape)


@pytest.mark.parametrize("name", ["song", "dhariwal", "edm2"])
def test_images_that_are_not_square(name):
    with pytest.raises(ValueError, match="takes square images"):
        blueprint(name, (3, 8, 12))
