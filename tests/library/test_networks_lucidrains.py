"""The U-Net of denoising-diffusion-pytorch against NumPy float64, with the weights as its files have them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy_layers as ours
import pytest
import torch
from scipy.special import erf

from geomodel.networks.configs import LucidrainsConfig
from geomodel.networks.lucidrains import LucidrainsUNet

SIZE = 4
TIME = np.array([0.0, 12.5, 99.0])
X = np.random.default_rng(5).normal(size=(3, 3, SIZE, SIZE)).astype(np.float32)
CONFIG = LucidrainsConfig(
    outputs=3, embedding=8, widths=(8, 8, 16), full=(False, True), heads=((2, 4), (2, 4)), memory=3
)
CONFIGS = {
    "usual": CONFIG,
    "variance, self-condition, random frequencies": replace(CONFIG, outputs=6, self_condition=True, frequencies=5),
    "full before linear, heads by level": replace(
        CONFIG, widths=(12, 8, 16), full=(True, False), heads=((3, 2), (1, 8))
    ),
}


def norm(weights, x):
    return weights["g"] * np.sqrt(x.shape[1]) * x / np.sqrt((x**2).sum(1, keepdims=True))


def block(weights, x, embedding):
    sub = lambda name: ours.part(weights, name)  # noqa: E731
    rows = ours.linear(sub("mlp.1"), ours.silu(embedding))[:, :, None, None]
    scale, shift = np.split(rows, 2, axis=1)
    h = norm(sub("block1.norm"), ours.conv(sub("block1.proj"), x))
    h = ours.silu(h * (1 + scale) + shift)
    h = ours.silu(norm(sub("block2.norm"), ours.conv(sub("block2.proj"), h)))
    return h + (ours.conv(sub("res_conv"), x) if sub("res_conv") else x)


def attention(weights, x, full):
    """q, k, v (B, N, d) of each head; the learned keys and values stand before those of the places."""
    memory, parts = (
        weights["mem_kv"],
        np.split(ours.conv(ours.part(weights, "to_qkv"), norm(ours.part(weights, "norm"), x)), 3, 1),
    )
    heads, answers = memory.shape[1], []
    for head in range(heads):
        q, k, v = (ours.tokens_of(np.split(part, heads, axis=1)[head]) for part in parts)
        own = [part[head] if full else part[head].T for part in memory]
        k, v = (
            np.concatenate([np.broadcast_to(a, (len(x), *a.shape)), b], 1) for a, b in zip(own, (k, v), strict=True)
        )
        if full:
            answers.append(ours.attend(q, k, v))
        else:
            q = ours.softmax(q) / np.sqrt(q.shape[-1])
            k = ours.softmax(k.swapaxes(1, 2))  # over the places
            answers.append(q @ (k @ v))
    answer = ours.image_of(np.concatenate(answers, -1), x)
    if full:
        return x + ours.conv(ours.part(weights, "to_out"), answer)
    return x + norm(ours.part(weights, "to_out.1"), ours.conv(ours.part(weights, "to_out.0"), answer))


def by_definition(weights, config, x, time):
    sub = lambda name: ours.part(weights, name)  # noqa: E731
    if config.frequencies:
        angles = 2 * np.pi * time[:, None] * weights["time_mlp.0.weights"]
        waves = np.hstack([time[:, None], np.sin(angles), np.cos(angles)])
    else:
        waves = np.hstack(ours.positions(time, config.embedding, config.embedding // 2 - 1))
    h = ours.linear(sub("time_mlp.1"), waves)
    embedding = ours.linear(sub("time_mlp.3"), h * (1 + erf(h / np.sqrt(2))) / 2)
    x = np.concatenate([np.zeros_like(x), x], 1) if config.self_condition else x
    first = x = ours.conv(sub("init_conv"), x)
    skips, last = [], len(config.full) - 1
    for i, full in enumerate(config.full):
        x = block(sub(f"downs.{i}.0"), x, embedding)
        skips.append(x)
        x = attention(sub(f"downs.{i}.2"), block(sub(f"downs.{i}.1"), x, embedding), full)
        skips.append(x)
        if i < last:  # channel by channel: upper left, upper right, lower left, lower right
            corners = [x[:, :, row::2, column::2] for row in (0, 1) for column in (0, 1)]
            x = np.stack(corners, axis=2).reshape(len(x), -1, *corners[0].shape[2:])
        x = ours.conv(sub(f"downs.{i}.3.1") or sub(f"downs.{i}.3"), x)
    x = attention(sub("mid_attn"), block(sub("mid_block1"), x, embedding), True)
    x = block(sub("mid_block2"), x, embedding)
    for i, full in enumerate(reversed(config.full)):
        x = block(sub(f"ups.{i}.0"), np.concatenate([x, skips.pop()], 1), embedding)
        x = block(sub(f"ups.{i}.1"), np.concatenate([x, skips.pop()], 1), embedding)
        x = attention(sub(f"ups.{i}.2"), x, full)
        x = ours.conv(sub(f"ups.{i}.3.1") or sub(f"ups.{i}.3"), ours.doubled(x) if i < last else x)
    x = block(sub("final_res_block"), np.concatenate([x, first], 1), embedding)
    return ours.conv(sub("final_conv"), x)[:, :3]


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_lucidrains(config):
    network = ours.randomised(LucidrainsUNet(config, (3, SIZE, SIZE)))
    weights = ours.arrays(network)
    network.fold()
    with torch.no_grad():
        found = network(torch.as_tensor(X), torch.as_tensor(TIME).float()).numpy()
    expected = by_definition(weights, config, X.astype(np.float64), TIME)
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=5e-5)


def test_names_are_those_of_the_files():
    with torch.device("meta"):
        shapes = {name: tuple(t.shape) for name, t in LucidrainsUNet(CONFIG, (3, SIZE, SIZE)).state_dict().items()}
    for name, shape in {
        "init_conv.weight": (8, 3, 7, 7),
        "time_mlp.1.weight": (32, 8),
        "time_mlp.3.bias": (32,),
        "downs.0.0.mlp.1.weight": (16, 32),
        "downs.0.0.block1.norm.g": (1, 8, 1, 1),
        "downs.0.2.mem_kv": (2, 2, 4, 3),
        "downs.0.2.to_out.1.g": (1, 8, 1, 1),
        "downs.0.3.1.weight": (8, 32, 1, 1),
        "downs.1.2.mem_kv": (2, 2, 3, 4),
        "downs.1.3.weight": (16, 8, 3, 3),
        "mid_attn.to_qkv.weight": (24, 16, 1, 1),
        "ups.0.0.res_conv.weight": (16, 24, 1, 1),
        "ups.0.3.1.weight": (8, 16, 3, 3),
        "ups.1.3.weight": (8, 8, 3, 3),
        "final_conv.bias": (3,),
    }.items():
        assert shapes[name] == shape


def test_levels_that_do_not_fit():
    with pytest.raises(ValueError, match="different numbers of levels"):
        replace(CONFIG, full=(True,))
