"""EDM's networks against NumPy float64, with the weights as their files have them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy_layers as ours
import pytest
import torch

from geomodel.networks.configs import DhariwalConfig, SongConfig
from geomodel.networks.dhariwal import DhariwalUNet
from geomodel.networks.song import SongUNet

SIZE, CLASSES = 8, 3
CLOSE = {"rtol": 2e-5, "atol": 2e-5}
TIME = np.array([-1.3, 0.2, 2.0, 0.7])
ROWS = [0, 2, 1, CLASSES]  # the last one is no label
X = np.random.default_rng(5).normal(size=(4, 3, SIZE, SIZE)).astype(np.float32)

DDPMPP = SongConfig(outputs=3, channels=8, multipliers=(1, 2), blocks=1, attention=(4,))
NCSNPP = replace(
    DDPMPP, noise_multiplier=2, embedding="fourier", encoder="residual", resample_filter=(1.0, 3.0, 3.0, 1.0)
)
SONGS = {
    "DDPM++": DDPMPP,
    "DDPM++ attention at all, two blocks": replace(DDPMPP, attention=(8, 4), blocks=2, outputs=6),
    "NCSN++": NCSNPP,
    "skip encoder and decoder": replace(NCSNPP, encoder="skip", decoder="skip"),
    "box filter, skip decoder": replace(DDPMPP, decoder="skip", encoder="skip"),
}
ADM = DhariwalConfig(outputs=6, channels=64, multipliers=(1, 2), blocks=1, attention=(4,))


def norm(weights, x, eps):
    return ours.group_norm(weights, x, max(min(32, x.shape[1] // 4), 1), eps)


def block(weights, x, embedding, *, song, heads=1, change="", taps=(1, 1)):
    """A block by its definition: the last convolution and the skip are added, then both are scaled."""
    sub = lambda name: ours.part(weights, name)  # noqa: E731
    box = tuple(taps) == (1, 1)
    resample = {
        "": lambda x: x,
        "up": lambda x: ours.doubled(x) if box else ours.filtered_double(x, taps),
        "down": lambda x: ours.halved(x) if box else ours.filtered_half(x, taps),
    }[change]
    eps, scale = (1e-6, np.sqrt(0.5)) if song else (1e-5, 1.0)
    h = ours.conv(sub("conv0"), resample(ours.silu(norm(sub("norm0"), x, eps))))
    rows = ours.linear(sub("affine"), embedding)[:, :, None, None]
    if song:
        h = norm(sub("norm1"), h + rows, eps)
    else:
        h = norm(sub("norm1"), h, eps) * (1 + rows[:, : h.shape[1]]) + rows[:, h.shape[1] :]
    kept = resample(x)
    kept = ours.conv(sub("skip"), kept) if "skip.weight" in weights else kept
    x = (ours.conv(sub("conv1"), ours.silu(h)) + kept) * scale
    if "qkv.weight" in weights:
        rows = ours.tokens_of(ours.conv(sub("qkv"), norm(sub("norm2"), x, eps)))
        size, answers = x.shape[1] // heads, []
        for head in range(heads):
            first = 3 * (head * size + np.arange(size))  # q, k, v of a channel lie side by side
            answers.append(ours.attend(rows[..., first], rows[..., first + 1], rows[..., first + 2]))
        x = (ours.conv(sub("proj"), ours.image_of(np.concatenate(answers, -1), x)) + x) * scale
    return x


def one_hot():
    return np.vstack([np.eye(CLASSES), np.zeros(CLASSES)])[ROWS]


def song(weights, config, x, time, hot=None):
    if config.embedding == "fourier":
        angles = 2 * np.pi * time[:, None] * weights["map_noise.freqs"]
        embedding = np.hstack([np.sin(angles), np.cos(angles)])
    else:
        width = config.channels * config.noise_multiplier
        embedding = np.hstack(ours.positions(time, width, width // 2 - 1))
    if hot is not None:
        embedding = embedding + ours.linear(ours.part(weights, "map_label"), hot * np.sqrt(CLASSES))
    for name in ("map_layer0", "map_layer1"):
        embedding = ours.silu(ours.linear(ours.part(weights, name), embedding))
    taps = config.resample_filter

    def run(name, x, change=""):
        return block(ours.part(weights, name), x, embedding, song=True, change=change, taps=taps)

    aux, skips, sides = x, [], [SIZE >> level for level in range(len(config.multipliers))]
    for side in sides:
        if side == SIZE:
            x = ours.conv(ours.part(weights, f"enc.{side}x{side}_conv"), x)
        else:
            x = run(f"enc.{side}x{side}_down", x, "down")
        skips.append(x)
        if side < SIZE and config.encoder == "skip":
            aux = ours.filtered_half(aux, taps)
            x = skips[-1] = x + ours.conv(ours.part(weights, f"enc.{side}x{side}_aux_skip"), aux)
        if side < SIZE and config.encoder == "residual":
            wide = ours.conv(ours.part(weights, f"enc.{side}x{side}_aux_residual"), aux, padding=2)
            aux = (x + ours.each_channel(wide, ours.kernel_of(taps), stride=2)) / np.sqrt(2)
            x = skips[-1] = aux
        for index in range(config.blocks):
            x = run(f"enc.{side}x{side}_block{index}", x)
            skips.append(x)
    grown = None
    for side in reversed(sides):
        if side == sides[-1]:
            x = run(f"dec.{side}x{side}_in1", run(f"dec.{side}x{side}_in0", x))
        else:
            x = run(f"dec.{side}x{side}_up", x, "up")
        for index in range(config.blocks + 1):
            x = run(f"dec.{side}x{side}_block{index}", np.concatenate([x, skips.pop()], 1))
        if config.decoder == "skip" or side == SIZE:
            picture = norm(ours.part(weights, f"dec.{side}x{side}_aux_norm"), x, 1e-6)
            picture = ours.conv(ours.part(weights, f"dec.{side}x{side}_aux_conv"), ours.silu(picture))
            grown = picture if grown is None else ours.filtered_double(grown, taps) + picture
    return grown[:, :3]


def dhariwal(weights, config, x, time, hot=None):
    sines, cosines = ours.positions(time, config.channels, config.channels // 2)
    embedding = ours.silu(ours.linear(ours.part(weights, "map_layer0"), np.hstack([cosines, sines])))
    embedding = ours.linear(ours.part(weights, "map_layer1"), embedding)
    if hot is not None:
        embedding = embedding + ours.linear(ours.part(weights, "map_label"), hot)
    embedding = ours.silu(embedding)

    def run(name, x, change=""):
        sub = ours.part(weights, name)
        return block(sub, x, embedding, song=False, heads=len(sub["conv1.bias"]) // 64, change=change)

    skips, sides = [], [SIZE >> level for level in range(len(config.multipliers))]
    for side in sides:
        if side == SIZE:
            x = ours.conv(ours.part(weights, f"enc.{side}x{side}_conv"), x)
        else:
            x = run(f"enc.{side}x{side}_down", x, "down")
        skips.append(x)
        for index in range(config.blocks):
            x = run(f"enc.{side}x{side}_block{index}", x)
            skips.append(x)
    for side in reversed(sides):
        if side == sides[-1]:
            x = run(f"dec.{side}x{side}_in1", run(f"dec.{side}x{side}_in0", x))
        else:
            x = run(f"dec.{side}x{side}_up", x, "up")
        for index in range(config.blocks + 1):
            x = run(f"dec.{side}x{side}_block{index}", np.concatenate([x, skips.pop()], 1))
    x = ours.silu(norm(ours.part(weights, "out_norm"), x, 1e-5))
    return ours.conv(ours.part(weights, "out_conv"), x)[:, :3]


def compared(network, by_definition, config, labels):
    weights = ours.arrays(ours.randomised(network))
    network.fold()
    with torch.no_grad():
        rows = torch.tensor(ROWS) if labels else None
        found = network(torch.as_tensor(X), torch.as_tensor(TIME).float(), rows).numpy()
    expected = by_definition(weights, config, X.astype(np.float64), TIME, one_hot() if labels else None)
    assert found.shape == X.shape
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(found, expected, **CLOSE)


@pytest.mark.parametrize("labels", [False, True], ids=["unconditional", "labels"])
@pytest.mark.parametrize("config", SONGS.values(), ids=SONGS.keys())
def test_song(config, labels):
    compared(SongUNet(config, (3, SIZE, SIZE), CLASSES + 1 if labels else 0), song, config, labels)


@pytest.mark.parametrize("labels", [False, True], ids=["unconditional", "labels"])
@pytest.mark.parametrize(
    "config", [ADM, replace(ADM, channels=16, outputs=3)], ids=["with heads", "too narrow for heads"]
)
def test_dhariwal(config, labels):
    compared(DhariwalUNet(config, (3, SIZE, SIZE), CLASSES + 1 if labels else 0), dhariwal, config, labels)


def test_names_are_those_of_the_files():
    """A few of each kind, written down from files of the public code."""
    with torch.device("meta"):
        names = SongUNet(NCSNPP, (3, SIZE, SIZE), 4).state_dict().keys()
    for name in (
        "map_noise.freqs",
        "map_label.weight",
        "map_label.bias",
        "map_layer0.weight",
        "enc.8x8_conv.weight",
        "enc.8x8_block0.affine.weight",
        "enc.4x4_down.conv0.resample_filter",
        "enc.4x4_down.skip.resample_filter",
        "enc.4x4_down.skip.weight",
        "enc.4x4_aux_residual.weight",
        "enc.4x4_aux_residual.resample_filter",
        "enc.4x4_block0.qkv.weight",
        "dec.4x4_in0.norm2.bias",
        "dec.8x8_aux_norm.weight",
        "dec.8x8_aux_conv.bias",
    ):
        assert name in names
    with torch.device("meta"):
        names = DhariwalUNet(ADM, (3, SIZE, SIZE), 4).state_dict().keys()
    assert {"enc.4x4_down.skip.resample_filter", "out_norm.weight", "out_conv.bias", "map_label.weight"} <= names
    assert not {"map_label.bias", "enc.4x4_down.skip.weight"} & names


def test_published_sizes():
    """Counted by NVIDIA's code: 55.7 million weights for CIFAR-10, 296 million for ImageNet-64."""
    with torch.device("meta"):
        cifar = SongUNet(SongConfig(outputs=3, multipliers=(2, 2, 2)), (3, 32, 32))
        imagenet = DhariwalUNet(DhariwalConfig(outputs=3), (3, 64, 64), 1001)
    assert sum(p.numel() for p in cifar.parameters()) == pytest.approx(55.7e6, rel=2e-3)
    assert sum(p.numel() for p in imagenet.parameters()) == pytest.approx(295.9e6, rel=2e-3)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # torch's own, at its first jvp
def test_derivatives_of_the_network():
    network = ours.randomised(SongUNet(DDPMPP, (3, SIZE, SIZE)))
    network.fold()
    network.requires_grad_(False)
    x, tangent = torch.as_tensor(X[:1]), torch.as_tensor(X[1:2])
    answer = lambda x: network(x, torch.zeros(1))  # noqa: E731
    forward = torch.func.jvp(answer, (x,), (tangent,))[1]
    expected = (answer(x + 1e-2 * tangent) - answer(x - 1e-2 * tangent)) / 2e-2
    np.testing.assert_allclose(forward, expected, atol=1e-3)  # float32 over a step of 1e-2
