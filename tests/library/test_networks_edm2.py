"""EDM2's network against NumPy float64, with the weights as its files have them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy_layers as ours
import pytest
import torch

from geomodel.networks.configs import EDM2Config
from geomodel.networks.edm2 import EDM2UNet

SIZE, CLASSES = 8, 3
TIME = np.array([-1.3, 0.2, 2.0, 0.7])
ROWS = [0, 2, 1, CLASSES]  # the last one is no label
X = np.random.default_rng(5).normal(size=(4, 3, SIZE, SIZE)).astype(np.float32)
PLAIN = EDM2Config(
    channels=8,
    multipliers=(1, 2),
    noise_channels=8,
    embedding=16,
    blocks=1,
    attention=(4,),
    channels_per_head=8,
)
CONFIGS = {
    "plain": PLAIN,
    "other balances and a filter": replace(
        PLAIN,
        blocks=2,
        label_balance=0.4,
        concat_balance=0.3,
        res_balance=0.2,
        attn_balance=0.6,
        clip=0.4,
        resample_filter=(1.0, 3.0, 3.0, 1.0),
        attention=(8, 4),
        channels_per_head=4,
    ),
    "no limit": replace(PLAIN, clip=None, noise_channels=6, embedding=10),
}


def normal(weight):
    flat = weight.reshape(len(weight), -1)
    root = np.sqrt(flat.shape[1])
    return (flat / (root * (1e-4 + np.linalg.norm(flat, axis=1, keepdims=True) / root))).reshape(weight.shape)


def silu(x):
    return ours.silu(x) / 0.596


def total(a, b, t):
    return ((1 - t) * a + t * b) / np.sqrt((1 - t) ** 2 + t**2)


def unit(x, axis):
    return x / (1e-4 + np.sqrt((x**2).mean(axis, keepdims=True)))


def conv(weights, name, x, gain=1.0):
    weight = normal(weights[f"{name}.weight"]) * gain
    return x @ weight.T if weight.ndim == 2 else ours.conv({"weight": weight}, x)


def block(weights, config, x, embedding, *, decodes, change=""):
    box = tuple(config.resample_filter) == (1.0, 1.0)
    if change == "up":
        x = ours.doubled(x) if box else ours.filtered_double(x, config.resample_filter)
    if change == "down":
        x = ours.halved(x) if box else ours.filtered_half(x, config.resample_filter)
    skips = "conv_skip.weight" in weights
    if not decodes:
        x = unit(conv(weights, "conv_skip", x) if skips else x, 1)
    rows = conv(weights, "emb_linear", embedding, weights["emb_gain"]) + 1
    y = conv(weights, "conv_res1", silu(conv(weights, "conv_res0", silu(x)) * rows[:, :, None, None]))
    x = total(conv(weights, "conv_skip", x) if decodes and skips else x, y, config.res_balance)
    if "attn_qkv.weight" in weights:
        rows, size, answers = ours.tokens_of(conv(weights, "attn_qkv", x)), config.channels_per_head, []
        for head in range(x.shape[1] // size):
            first = 3 * (head * size + np.arange(size))  # q, k, v of a channel lie side by side
            answers.append(ours.attend(*(unit(rows[..., first + part], -1) for part in range(3))))
        answer = ours.image_of(np.concatenate(answers, -1), x)
        x = total(x, conv(weights, "attn_proj", answer), config.attn_balance)
    return x if config.clip is None else x.clip(-config.clip, config.clip)


def by_definition(weights, config, x, time, hot):
    waves = np.sqrt(2) * np.cos(time[:, None] * weights["emb_fourier.freqs"] + weights["emb_fourier.phases"])
    embedding = conv(weights, "emb_noise", waves)
    if hot is not None:
        embedding = total(embedding, conv(weights, "emb_label", hot * np.sqrt(CLASSES)), config.label_balance)
    embedding = silu(embedding)

    def run(name, x, **kind):
        return block(ours.part(weights, name), config, x, embedding, **kind)

    x = np.concatenate([x, np.ones_like(x[:, :1])], 1)
    skips, sides = [], [SIZE >> level for level in range(len(config.multipliers))]
    for side in sides:
        name = f"enc.{side}x{side}"
        x = conv(weights, f"{name}_conv", x) if side == SIZE else run(f"{name}_down", x, decodes=False, change="down")
        skips.append(x)
        for index in range(config.blocks):
            x = run(f"{name}_block{index}", x, decodes=False)
            skips.append(x)
    for side in reversed(sides):
        name = f"dec.{side}x{side}"
        if side == sides[-1]:
            x = run(f"{name}_in1", run(f"{name}_in0", x, decodes=True), decodes=True)
        else:
            x = run(f"{name}_up", x, decodes=True, change="up")
        for index in range(config.blocks + 1):
            skip, t = skips.pop(), config.concat_balance
            a, b = x.shape[1], skip.shape[1]
            k = np.sqrt((a + b) / ((1 - t) ** 2 + t**2))
            x = np.concatenate([x * k * (1 - t) / np.sqrt(a), skip * k * t / np.sqrt(b)], 1)
            x = run(f"{name}_block{index}", x, decodes=True)
    return conv(weights, "out_conv", x, weights["out_gain"])


@pytest.mark.parametrize("labels", [False, True], ids=["unconditional", "labels"])
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_edm2(config, labels):
    network = ours.randomised(EDM2UNet(config, (3, SIZE, SIZE), CLASSES + 1 if labels else 0))
    with torch.no_grad():
        for gain in (parameter for name, parameter in network.named_parameters() if name.endswith("gain")):
            gain.fill_(0.7)
    weights = ours.arrays(network)
    network.fold()
    with torch.no_grad():
        rows = torch.tensor(ROWS) if labels else None
        found = network(torch.as_tensor(X), torch.as_tensor(TIME).float(), rows).numpy()
    hot = np.vstack([np.eye(CLASSES), np.zeros(CLASSES)])[ROWS] if labels else None
    expected = by_definition(weights, config, X.astype(np.float64), TIME, hot)
    assert np.abs(expected).max() > 0.2
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


def test_names_are_those_of_the_files():
    with torch.device("meta"):
        shapes = {name: tuple(t.shape) for name, t in EDM2UNet(PLAIN, (3, SIZE, SIZE), 4).state_dict().items()}
    for name, shape in {
        "emb_fourier.freqs": (8,),
        "emb_fourier.phases": (8,),
        "emb_noise.weight": (16, 8),
        "emb_label.weight": (16, 3),
        "enc.8x8_conv.weight": (8, 4, 3, 3),
        "enc.8x8_block0.emb_gain": (),
        "enc.4x4_block0.conv_skip.weight": (16, 8, 1, 1),
        "enc.4x4_block0.attn_qkv.weight": (48, 16, 1, 1),
        "dec.4x4_in0.attn_proj.weight": (16, 16, 1, 1),
        "dec.8x8_block0.conv_res0.weight": (8, 24, 3, 3),
        "out_conv.weight": (3, 8, 3, 3),
        "out_gain": (),
    }.items():
        assert shapes[name] == shape


def test_published_sizes():
    """Counted by NVIDIA's code: 280 million weights for ImageNet at 64 × 64 in size S, 125 for latents in size XS."""
    for config, shape, count in (
        (EDM2Config(channels=192, noise_channels=192, embedding=768), (3, 64, 64), 280e6),
        (EDM2Config(channels=128, noise_channels=128, embedding=512), (4, 64, 64), 125e6),
    ):
        with torch.device("meta"):
            network = EDM2UNet(config, shape, 1001)
        assert sum(p.numel() for p in network.parameters()) == pytest.approx(count, rel=5e-3)
