"""The U-Net: its sizes, what it computes, and its checkpoints."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoint_files import described
from torch import Tensor, nn

import geomodel as gm
import resources
from geomodel import memory, networks
from geomodel.checkpoints import CheckpointError, inspect, load_checkpoint
from geomodel.checkpoints.native import Description, save_checkpoint
from geomodel.denoisers.network import NetworkDenoiser
from geomodel.networks import UNetConfig
from geomodel.networks.unet import UNet, _Attention

CONFIG = UNetConfig(width=8, depth=1, embedding=6, noise_features=3)
SHAPE = (1, 12, 16)
CLASSES = 3
DESCRIPTION = Description(
    architecture="unet",
    config=asdict(CONFIG),
    shape=SHAPE,
    sigma_data=0.5,
    sigma_min=0.002,
    sigma_max=80.0,
    sigma_recommended=(0.002, 80.0),
    classes=CLASSES,
    label_names=("a", "b", "c"),
    has_null_class=True,
)


def random_network(config: UNetConfig = CONFIG, shape: tuple[int, ...] = SHAPE, label_rows: int = CLASSES + 1) -> UNet:
    """Every weight random: layers that start at zero would hide what stands before them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = networks.build("unet", config, shape, label_rows)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    assert isinstance(network, UNet)
    return network.eval()


def pictures(count: int, shape: tuple[int, ...] = SHAPE) -> Tensor:
    return torch.randn(count, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))


@pytest.fixture
def model(tmp_path: Path) -> NetworkDenoiser:
    save_checkpoint(tmp_path / "unet.safetensors", random_network(), DESCRIPTION)
    return load_checkpoint(tmp_path / "unet.safetensors")


# --- sizes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 12, 12), (3, 32, 16), (4, 12, 64), (2, 28, 28)])
@pytest.mark.parametrize("depth", [1, 3])
def test_the_answer_has_the_shape_of_the_question(shape: tuple[int, ...], depth: int) -> None:
    config = replace(CONFIG, depth=depth)
    assert networks.configure("unet", asdict(config), shape) == config
    x = pictures(2, shape).float()
    assert random_network(config, shape, 0)(x, torch.zeros(2)).shape == x.shape


@pytest.mark.parametrize("values", [{}, {"width": 512, "depth": 1}, {"depth": 8, "width": 8, "embedding": 1024}])
def test_the_size_is_known_before_anything_is_built(values: dict[str, int]) -> None:
    config = UNetConfig(**values)
    with torch.device("meta"):
        network = networks.build("unet", config, (3, 64, 64), 0)
    # What grows with width × depth; the embedding itself and the picture of places are not part of the promise.
    weights = sum(
        value.numel()
        for name, value in network.named_parameters()
        if name.split(".")[0] not in ("embed", "mix", "place")
    )
    assert weights <= config.weights <= 3 * weights


@pytest.mark.parametrize(
    ("values", "fragment"),
    [
        ({"width": 10**9}, "limits"),
        ({"width": 12}, "limits"),
        ({"width": 0}, "limits"),
        ({"width": 8.5}, "limits"),
        ({"depth": 9}, "limits"),
        ({"embedding": 10**9}, "limits"),
        ({"noise_features": -1}, "limits"),
        ({"point_scale": 2.0}, "unknown entries: point_scale"),
    ],
)
def test_a_config_outside_the_limits(values: dict[str, Any], fragment: str) -> None:
    with pytest.raises(ValueError, match=fragment):
        networks.configure("unet", {**asdict(CONFIG), **values}, SHAPE)


def test_networks_and_images_are_bounded_by_the_free_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {**asdict(CONFIG), "width": 64, "depth": 1}
    weights = 2 * 64 * (119 * 64 + 8 * values["embedding"])
    for free, shape, fragment in (
        (4 * weights, (1, 40, 40), ""),
        (4 * weights - 1, (1, 40, 40), "network of this width, depth and embedding takes"),
        (16 * (400 * 400 // 16) ** 2 - 1, (1, 400, 400), "an image of 400 × 400 takes 1.6 GB of memory"),
    ):
        monkeypatch.setattr(memory, "available", lambda free=free: free)
        if fragment:
            with pytest.raises(ValueError, match=fragment):
                networks.configure("unet", values, shape)
        else:
            networks.configure("unet", values, shape)


@pytest.mark.parametrize(
    "shape", [(2,), (28, 28), (1, 8, 8), (1, 28, 30), (1, 68, 66), (5, 28, 28), (0, 28, 28), (1, 1, 28, 28), (1, 0, 28)]
)
def test_shapes_that_do_not_halve_twice(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"multiples of 4 from 12 on, not samples of shape"):
        networks.configure("unet", asdict(CONFIG), shape)


def test_images_fit_the_unet_and_points_the_mlp() -> None:
    assert networks.fitting((1, 28, 28)) == "unet"
    assert networks.fitting((2,)) == "mlp"


def test_a_file_that_claims_more_than_it_holds(tmp_path: Path) -> None:
    """Its tensors are compared with the shapes of an empty network: no memory is asked for."""
    path = tmp_path / "a"
    save_checkpoint(path, random_network(), DESCRIPTION)
    good = path.read_bytes()
    for values, fragment in (
        ({"width": 512}, "its config asks for"),
        ({"width": 520}, "limits"),
        ({"depth": 2}, "lacks"),
        ({"width": 512, "depth": 8}, "lacks 224 of the network's tensors"),
    ):
        path.write_bytes(described(good, config={**asdict(CONFIG), **values}))
        with pytest.raises(CheckpointError, match=fragment):
            load_checkpoint(path)


# --- what it computes ----------------------------------------------------------------------------------------------


def test_attention_is_the_usual_one() -> None:
    """The same weights in PyTorch's own multi-head attention, whose layout of query, key and value is ours."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        ours, theirs = _Attention(16), nn.MultiheadAttention(16, 4, batch_first=True)
        nn.init.normal_(ours.answer.weight)
        nn.init.normal_(ours.answer.bias)
    theirs.load_state_dict(
        {
            "in_proj_weight": ours.ask.weight,
            "in_proj_bias": ours.ask.bias,
            "out_proj.weight": ours.answer.weight,
            "out_proj.bias": ours.answer.bias,
        }
    )
    x = pictures(2, (16, 3, 5)).float()
    tokens = ours.norm(x).flatten(2).transpose(1, 2)
    expected = x + theirs(tokens, tokens, tokens, need_weights=False)[0].transpose(1, 2).reshape(x.shape)
    torch.testing.assert_close(ours(x), expected, rtol=1e-5, atol=1e-5)  # sums of 16 float32 products


def test_every_weight_matters() -> None:
    network = random_network()
    labels = torch.arange(CLASSES + 1)
    network(pictures(CLASSES + 1).float(), torch.linspace(-1, 1, CLASSES + 1), labels).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_each_block_of_the_way_up_sees_its_partner() -> None:
    network = random_network(replace(CONFIG, depth=2))
    down: list[Tensor] = []
    up: list[Tensor] = []
    for block in network.down:
        block.register_forward_hook(lambda _, __, answer: down.append(answer))
    for block in network.up:
        block.register_forward_hook(lambda _, given, __: up.append(given[0][:, CONFIG.width :]))
    network(pictures(2).float(), torch.zeros(2), torch.zeros(2, dtype=torch.int64))
    assert len(down) == len(up) == 2
    assert all(torch.equal(first, second) for first, second in zip(down, reversed(up), strict=True))


def test_samples_do_not_see_each_other(model: NetworkDenoiser) -> None:
    x, sigma, labels = pictures(4), torch.tensor([0.01, 0.5, 3.0, 50.0]), [0, -1, 2, 1]
    together = model(x, sigma, labels=labels)
    for row in range(4):
        alone = model(x[row : row + 1], sigma[row : row + 1], labels=labels[row : row + 1])
        torch.testing.assert_close(together[row : row + 1], alone, rtol=1e-4, atol=1e-5)  # float32, other kernels


def test_fresh_network_is_the_denoiser_of_a_gaussian(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "a", networks.build("unet", CONFIG, SHAPE, CLASSES + 1), DESCRIPTION)
    model, x = load_checkpoint(tmp_path / "a"), pictures(3)
    sigma = torch.tensor([0.01, 0.5, 70.0], dtype=torch.float64)
    expected = x * (0.25 / (sigma**2 + 0.25))[:, None, None, None]
    torch.testing.assert_close(model(x, sigma), expected, rtol=1e-14, atol=0)  # F = 0: float64 roundings only


def test_limit_of_no_noise(model: NetworkDenoiser) -> None:
    x = pictures(3)
    assert torch.equal(model(x, 0.0), x)
    # |D − x| ≤ σ²/d² |x| + σ |F|: of the order of σ, and |F| < 100 for these weights.
    for sigma in (1e-9, 1e-6):
        assert (model(x, sigma) - x).abs().max() < 100 * sigma
    assert model(x, 1e200).isfinite().all()


def test_gradients_reach_x_and_no_weight(model: NetworkDenoiser) -> None:
    x = pictures(2).requires_grad_()
    model(x, 0.5).sum().backward()
    assert x.grad is not None
    assert x.grad.abs().min() > 0
    assert all(parameter.grad is None for parameter in model.network.parameters())


# --- labels, pieces, files -----------------------------------------------------------------------------------------


def test_labels_and_the_null_class(model: NetworkDenoiser) -> None:
    x = pictures(4)
    answers = [model(x, 0.5, labels=torch.full((4,), label)) for label in (-1, 0, 1, 2)]
    for first in range(4):
        for second in range(first):
            assert not torch.allclose(answers[first], answers[second], atol=1e-4)
    assert torch.equal(model(x, 0.5), answers[0])
    mixed = model(x, 0.5, labels=[2, -1, 0, 1])
    for row, answer in enumerate((3, 0, 1, 2)):
        assert torch.equal(mixed[row], answers[answer][row])
    for label in (3, -2):
        with pytest.raises(ValueError, match="0 to 2; -1 is unconditional"):
            model(x, 0.5, labels=[0, 0, 0, label])


def test_a_network_without_null_class_or_classes_says_so(tmp_path: Path) -> None:
    only = replace(DESCRIPTION, has_null_class=False)
    save_checkpoint(tmp_path / "only", random_network(label_rows=CLASSES), only)
    with pytest.raises(ValueError, match="no null class"):
        load_checkpoint(tmp_path / "only")(pictures(1), 0.5)
    none = replace(only, classes=0, label_names=())
    save_checkpoint(tmp_path / "none", random_network(label_rows=0), none)
    model = load_checkpoint(tmp_path / "none")
    assert model(pictures(1), 0.5, labels=[-1]).isfinite().all()
    with pytest.raises(ValueError, match="no classes"):
        model(pictures(1), 0.5, labels=[0])


def test_pieces_are_one_evaluation(model: NetworkDenoiser) -> None:
    x, labels, between = pictures(5), torch.tensor([0, 1, 2, -1, 0]), []
    whole = model(x, 0.7, labels=labels)
    model.piece, model.between_pieces = 2, lambda: between.append(1)
    torch.testing.assert_close(model(x, 0.7, labels=labels), whole, rtol=1e-4, atol=1e-5)  # float32, other kernels
    assert len(between) == 2


def test_round_trip_bit_by_bit(tmp_path: Path) -> None:
    network, path = random_network(), tmp_path / "a.safetensors"
    info = save_checkpoint(path, network, DESCRIPTION)
    model = load_checkpoint(path)
    stored, own = model.network.state_dict(), network.state_dict()
    assert stored.keys() == own.keys()
    for key, value in own.items():
        assert torch.equal(stored[key], value), key
    x, labels = pictures(3), torch.tensor([0, 2, -1])
    assert torch.equal(model(x, 0.5, labels=labels), NetworkDenoiser(network, info)(x, 0.5, labels=labels))
    assert model.info == info == replace(inspect(path), device="cpu", sha256=info.sha256)
    assert (info.architecture, info.shape, info.label_names) == ("unet", SHAPE, ("a", "b", "c"))
    save_checkpoint(tmp_path / "b.safetensors", model.network, DESCRIPTION)
    assert (tmp_path / "b.safetensors").read_bytes() == path.read_bytes()


# --- the bundled one -----------------------------------------------------------------------------------------------

BUNDLED = resources.path("checkpoints", "fashion-mnist.safetensors")


def test_the_bundled_network_knows_its_data() -> None:
    assert BUNDLED.stat().st_size <= 8_000_000
    info, data = inspect(BUNDLED), gm.datasets.load("fashion-mnist")
    assert (info.data_name, info.data_count, info.data_fingerprint) == ("fashion-mnist", 10_000, data.fingerprint)
    assert (info.shape, info.sigma_recommended) == (data.shape, (0.002, 80.0))
    assert info.sigma_data == pytest.approx(data.std, rel=2.0**-52, abs=0)  # it was summed with rounding when trained
    assert (info.classes, info.label_names, info.has_null_class) == (10, data.label_names, True)


def test_the_bundled_network_draws_what_is_asked_for() -> None:
    """Two samples of each class, judged by their ten nearest points. benchmarks/checkpoint_quality.py does more."""
    model, data = load_checkpoint(BUNDLED), gm.datasets.load("fashion-mnist")
    labels, seeds = np.arange(20) % 10, range(20)
    sigmas = gm.schedules.karras(steps=18, final_zero=True)
    run = gm.sample(model, gm.noise(seeds, model.shape, 80.0), sigmas, labels=labels, seeds=seeds, display="off")
    points = torch.as_tensor(data.points).flatten(1)
    nearest = torch.cdist(torch.as_tensor(run.x[-1]).flatten(1), points).topk(10, largest=False).indices
    votes = torch.as_tensor(data.labels)[nearest].mode(dim=1).values.numpy()
    assert (votes == labels).mean() >= 0.6


def test_the_network_can_be_differentiated_forwards():
    """dD/dσ along the ODE needs a Jacobian–vector product; the central difference is the independent check."""
    from geomodel.finite_differences import true_derivative

    model = gm.load_checkpoint(resources.path("checkpoints", "fashion-mnist.safetensors"))
    x = gm.noise([0], (1, 28, 28), 2.5)
    found = true_derivative(model, x, 2.5)
    assert found.method == "jvp"
    slope, h = (x - model(x, 2.5)) / 2.5, 0.025
    central = (model(x + h * slope, 2.5 + h) - model(x - h * slope, 2.5 - h)) / (2 * h)
    # float32 weights: D of norm 20 is right to 1e-6 of it, over 2h.
    assert (found.value - central).norm() < 1e-2 * central.norm() + 1e-3
