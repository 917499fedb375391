"""The U-Net of the ADM codes against NumPy float64, with the weights as their files have them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy_layers as ours
import pytest
import torch

from geomodel.networks.adm import ADMUNet
from geomodel.networks.configs import ADMConfig

SIZE, CLASSES = 4, 3
CLOSE = {"rtol": 2e-5, "atol": 2e-5}
TIME = np.array([0.0, 12.5, 999.0])
ROWS = [2, 0, 1]
X = np.random.default_rng(5).normal(size=(3, 3, SIZE, SIZE)).astype(np.float32)
GUIDED = ADMConfig(
    outputs=6, embedding=32, widths=(32, 64), blocks=1, attention=(2,), head_channels=16, new_attention_order=True
)
CONFIGS = {
    "guided-diffusion": GUIDED,
    "guided-diffusion, legacy order": replace(GUIDED, new_attention_order=False),
    "improved-diffusion": replace(
        GUIDED, new_attention_order=False, head_channels=0, heads=4, resampling="convolutions", attention=(1, 2)
    ),
    "improved-diffusion, LSUN": replace(GUIDED, new_attention_order=False, head_channels=0, scale_shift=False),
    "consistency_models": replace(GUIDED, outputs=3, scale_shift=False, fused_axes=2, blocks=2),
    "flow_matching": replace(GUIDED, outputs=3, resampling="pooling", attention=()),
    "half as wide at first": replace(GUIDED, embedding=64),
}


def block(weights, x, embedding, scale_shift, resample=lambda x: x):
    h = ours.silu(ours.group_norm(ours.part(weights, "in_layers.0"), x, 32, 1e-5))
    h = ours.conv(ours.part(weights, "in_layers.2"), resample(h))
    rows = ours.linear(ours.part(weights, "emb_layers.1"), ours.silu(embedding))[:, :, None, None]
    norm = ours.part(weights, "out_layers.0")
    if scale_shift:
        h = ours.group_norm(norm, h, 32, 1e-5) * (1 + rows[:, : h.shape[1]]) + rows[:, h.shape[1] :]
    else:
        h = ours.group_norm(norm, h + rows, 32, 1e-5)
    skip = ours.part(weights, "skip_connection")
    x = resample(x)
    return (ours.conv(skip, x) if skip else x) + ours.conv(ours.part(weights, "out_layers.3"), ours.silu(h))


def attention(weights, x, heads, new):
    flat = {name: value.reshape(len(value), -1) if value.ndim > 1 else value for name, value in weights.items()}
    tokens = ours.tokens_of(ours.group_norm(ours.part(weights, "norm"), x, 32, 1e-5))
    rows, size, answers = ours.linear(ours.part(flat, "qkv"), tokens), x.shape[1] // heads, []
    for head in range(heads):
        if new:  # all q, all k, all v
            starts = [part * x.shape[1] + head * size for part in range(3)]
        else:  # head by head
            starts = [3 * size * head + part * size for part in range(3)]
        answers.append(ours.attend(*(rows[..., start : start + size] for start in starts)))
    return x + ours.image_of(ours.linear(ours.part(flat, "proj_out"), np.concatenate(answers, -1)), x)


def by_definition(weights, config, x, time, rows):
    sines, cosines = ours.positions(time, config.embedding, config.embedding // 2)
    embedding = ours.silu(ours.linear(ours.part(weights, "time_embed.0"), np.hstack([cosines, sines])))
    embedding = ours.linear(ours.part(weights, "time_embed.2"), embedding)
    if rows is not None:
        embedding = embedding + weights["label_emb.weight"][rows]

    def through(name, x, change=None):
        for layer in range(3):
            sub = ours.part(weights, f"{name}.{layer}")
            if "qkv.weight" in sub:
                heads = x.shape[1] // config.head_channels if config.head_channels else config.heads
                x = attention(sub, x, heads, config.new_attention_order)
            elif "in_layers.0.weight" in sub:
                # The last block of a stage resizes the picture where one does.
                resizes = change and config.resampling == "blocks" and f"{name}.{layer + 1}.norm.weight" not in weights
                resizes = resizes and (layer > 0 or change is ours.halved)
                x = block(sub, x, embedding, config.scale_shift, *([change] if resizes else []))
            elif "op.weight" in sub:
                x = ours.conv(ours.part(sub, "op"), x, stride=2)
            elif "conv.weight" in sub:
                x = ours.conv(ours.part(sub, "conv"), ours.doubled(x))
            elif not sub and layer == (0 if change is ours.halved else 1) and config.resampling == "pooling" and change:
                x = change(x)
        return x

    x = ours.conv(ours.part(weights, "input_blocks.0.0"), x)
    skips, number = [x], 1
    for level in range(len(config.widths)):
        for index in range(config.blocks + (level > 0)):
            x = through(f"input_blocks.{number}", x, ours.halved if level and not index else None)
            skips.append(x)
            number += 1
    x = through("middle_block", x)
    number = 0
    for level in reversed(range(len(config.widths))):
        for index in range(config.blocks + 1):
            x = np.concatenate([x, skips.pop()], axis=1)
            x = through(f"output_blocks.{number}", x, ours.doubled if level and index == config.blocks else None)
            number += 1
    x = ours.silu(ours.group_norm(ours.part(weights, "out.0"), x, 32, 1e-5))
    return ours.conv(ours.part(weights, "out.2"), x)[:, :3]


@pytest.mark.parametrize("labels", [False, True], ids=["unconditional", "labels"])
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_adm(config, labels):
    network = ours.randomised(ADMUNet(config, (3, SIZE, SIZE), CLASSES if labels else 0))
    weights = ours.arrays(network)
    network.fold()
    with torch.no_grad():
        found = network(torch.as_tensor(X), torch.as_tensor(TIME).float(), torch.tensor(ROWS) if labels else None)
    expected = by_definition(weights, config, X.astype(np.float64), TIME, ROWS if labels else None)
    assert found.shape == X.shape
    assert np.abs(expected).max() > 0.5
    # Sines of time 999 are off by 3e-5 in float32.
    np.testing.assert_allclose(found.numpy(), expected, rtol=2e-5, atol=5e-5)


def test_names_are_those_of_the_files():
    with torch.device("meta"):
        tensors = ADMUNet(GUIDED, (3, 8, 8), CLASSES).state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    for name, shape in {
        "time_embed.0.weight": (128, 32),
        "time_embed.2.bias": (128,),
        "label_emb.weight": (3, 128),
        "input_blocks.0.0.weight": (32, 3, 3, 3),
        "input_blocks.1.0.in_layers.0.weight": (32,),
        "input_blocks.2.0.in_layers.2.weight": (32, 32, 3, 3),
        "input_blocks.3.0.skip_connection.weight": (64, 32, 1, 1),
        "input_blocks.3.1.qkv.weight": (192, 64, 1),
        "middle_block.1.proj_out.bias": (64,),
        "middle_block.2.emb_layers.1.weight": (128, 128),
        "output_blocks.1.2.out_layers.3.weight": (64, 64, 3, 3),
        "out.0.weight": (32,),
        "out.2.weight": (6, 32, 3, 3),
    }.items():
        assert shapes[name] == shape
    with torch.device("meta"):
        improved = ADMUNet(replace(GUIDED, resampling="convolutions"), (3, 8, 8)).state_dict()
    assert {"input_blocks.2.0.op.weight", "output_blocks.1.2.conv.bias"} <= improved.keys()


def test_published_sizes():
    """64x64_diffusion.pt of guided-diffusion has 296 million weights, as counted by its code."""
    config = ADMConfig(
        outputs=6, embedding=192, widths=(192, 384, 576, 768), blocks=3, attention=(2, 4, 8), head_channels=64
    )
    with torch.device("meta"):
        network = ADMUNet(config, (3, 64, 64), 1000)
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(296e6, rel=2e-3)


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        ({"head_channels": 48}, "its 64 channels do not divide into heads of 48 channels"),
        ({"head_channels": 0, "heads": 7}, "its 64 channels do not divide into 7 heads"),
        ({"head_channels": 0, "heads": 100}, "100 heads"),
        ({"widths": (32, 48)}, "multiples of 32, not 48"),
    ],
)
def test_sizes_that_do_not_divide(change, fragment):
    with pytest.raises(ValueError, match=fragment), torch.device("meta"):
        ADMUNet(replace(GUIDED, **change), (3, 8, 8))
