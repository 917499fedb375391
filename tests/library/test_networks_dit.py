"""DiT against NumPy float64, and that of diffusers also against diffusers itself where it is installed."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import numpy_layers as ours
import pytest
import torch

from geomodel.networks.configs import DiffusersDiTConfig, DiTConfig
from geomodel.networks.dit import DiffusersDiT, DiT

SIZE, ROWS = 6, [2, 0, 3]
TIME = np.array([0.0, 0.73, 12.5])
X = np.random.default_rng(5).normal(size=(3, 4, SIZE, SIZE)).astype(np.float32)
CLOSE = {"rtol": 5e-5, "atol": 5e-5}
CONFIG = DiTConfig(outputs=8, width=24, depth=2, heads=3, hidden=32, patch=2)
DIFFUSERS = DiffusersDiTConfig(out_channels=8, num_attention_heads=3, attention_head_dim=8, num_layers=2)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def modulated(x, shift, scale, eps=1e-6):
    return ours.layer_norm(x, eps) * (1 + scale[:, None]) + shift[:, None]


def attention(q, k, v, heads):
    size = q.shape[-1] // heads
    places = [slice(size * head, size * (head + 1)) for head in range(heads)]
    return np.concatenate([ours.attend(q[..., at], k[..., at], v[..., at]) for at in places], -1)


def patches(weights, x, patch):
    """Each patch times the kernel of the projection."""
    b, c, h, w = x.shape
    parts = x.reshape(b, c, h // patch, patch, w // patch, patch).transpose(0, 2, 4, 1, 3, 5)
    return ours.linear(
        {"weight": weights["weight"].reshape(len(weights["bias"]), -1), "bias": weights["bias"]},
        parts.reshape(b, -1, c * patch * patch),
    )


def picture(tokens, patch, outputs):
    side = SIZE // patch
    parts = tokens.reshape(len(tokens), side, side, patch, patch, outputs)
    x = np.zeros((len(tokens), outputs, SIZE, SIZE))
    for row in range(patch):
        for column in range(patch):
            x[:, :, row::patch, column::patch] = parts[:, :, :, row, column].transpose(0, 3, 1, 2)
    return x[:, :4]


def original(weights, config, x, time, rows):
    sub = lambda name: ours.part(weights, name)  # noqa: E731
    sines, cosines = ours.positions(time, 256, 128)
    embedding = ours.linear(sub("t_embedder.mlp.0"), np.hstack([cosines, sines]))
    embedding = ours.linear(sub("t_embedder.mlp.2"), ours.silu(embedding))
    if rows is not None:
        embedding = embedding + weights["y_embedder.embedding_table.weight"][rows]
    embedding = ours.silu(embedding)
    x = patches(sub("x_embedder.proj"), x, config.patch) + weights["pos_embed"]
    for i in range(config.depth):
        rows = ours.linear(sub(f"blocks.{i}.adaLN_modulation.1"), embedding)
        shift, scale, gate, shift_mlp, scale_mlp, gate_mlp = np.split(rows, 6, axis=1)
        q, k, v = np.split(ours.linear(sub(f"blocks.{i}.attn.qkv"), modulated(x, shift, scale)), 3, axis=-1)
        answer = ours.linear(sub(f"blocks.{i}.attn.proj"), attention(q, k, v, config.heads))
        x = x + gate[:, None] * answer
        h = gelu(ours.linear(sub(f"blocks.{i}.mlp.fc1"), modulated(x, shift_mlp, scale_mlp)))
        x = x + gate_mlp[:, None] * ours.linear(sub(f"blocks.{i}.mlp.fc2"), h)
    shift, scale = np.split(ours.linear(sub("final_layer.adaLN_modulation.1"), embedding), 2, axis=1)
    return picture(ours.linear(sub("final_layer.linear"), modulated(x, shift, scale)), config.patch, config.outputs)


def of_diffusers(weights, config, x, time, rows):
    sub = lambda name: ours.part(weights, name)  # noqa: E731
    width, side = config.num_attention_heads * config.attention_head_dim, SIZE // config.patch_size
    waves = np.hstack(ours.positions(time, 256, 127)[::-1])
    places = np.zeros((side * side, width))
    for place in range(side * side):
        for half, number in enumerate((place % side, place // side)):  # the column, then the row
            angles = number * 10000.0 ** (-np.arange(width // 4) / (width / 4))
            places[place, half * width // 2 : (half + 1) * width // 2] = np.hstack([np.sin(angles), np.cos(angles)])
    x = patches(sub("pos_embed.proj"), x, config.patch_size) + places

    def embed(i):
        name = f"transformer_blocks.{i}.norm1.emb"
        h = ours.silu(ours.linear(sub(f"{name}.timestep_embedder.linear_1"), waves))
        h = ours.linear(sub(f"{name}.timestep_embedder.linear_2"), h)
        return ours.silu(h + weights[f"{name}.class_embedder.embedding_table.weight"][rows])

    for i in range(config.num_layers):
        name = f"transformer_blocks.{i}"
        parts = np.split(ours.linear(sub(f"{name}.norm1.linear"), embed(i)), 6, axis=1)
        shift, scale, gate, shift_mlp, scale_mlp, gate_mlp = parts
        h = modulated(x, shift, scale)
        q, k, v = (ours.linear(sub(f"{name}.attn1.to_{part}"), h) for part in "qkv")
        answer = ours.linear(sub(f"{name}.attn1.to_out.0"), attention(q, k, v, config.num_attention_heads))
        x = x + gate[:, None] * answer
        h = gelu(ours.linear(sub(f"{name}.ff.net.0.proj"), modulated(x, shift_mlp, scale_mlp, config.norm_eps)))
        x = x + gate_mlp[:, None] * ours.linear(sub(f"{name}.ff.net.2"), h)
    shift, scale = np.split(ours.linear(sub("proj_out_1"), embed(0)), 2, axis=1)
    tokens = ours.linear(sub("proj_out_2"), modulated(x, shift, scale))
    return picture(tokens, config.patch_size, config.out_channels)


@pytest.mark.parametrize("labels", [False, True], ids=["unconditional", "labels"])
@pytest.mark.parametrize(
    "config", [CONFIG, replace(CONFIG, patch=3, outputs=4, heads=4)], ids=["patch 2", "patch 3, no variance"]
)
def test_dit(config, labels):
    network = ours.randomised(DiT(config, (4, SIZE, SIZE), 4 if labels else 0))
    weights = ours.arrays(network)
    with torch.no_grad():
        given = torch.as_tensor(X), torch.as_tensor(TIME).float(), torch.tensor(ROWS) if labels else None
        found = network(*given).numpy()
    expected = original(weights, config, X.astype(np.float64), TIME, ROWS if labels else None)
    assert found.shape == X.shape
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(found, expected, **CLOSE)


@pytest.mark.parametrize("config", [DIFFUSERS, replace(DIFFUSERS, patch_size=3, norm_eps=0.1)], ids=["usual", "other"])
def test_dit_of_diffusers(config):
    network = ours.randomised(DiffusersDiT(config, (4, SIZE, SIZE), 4))
    weights = ours.arrays(network)
    given = torch.as_tensor(X), torch.as_tensor(TIME).float(), torch.tensor(ROWS)
    with torch.no_grad():
        found = network(*given).numpy()
    np.testing.assert_allclose(found, of_diffusers(weights, config, X.astype(np.float64), TIME, ROWS), **CLOSE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        diffusers = pytest.importorskip("diffusers", exc_type=ImportError)
        theirs = diffusers.DiTTransformer2DModel(
            in_channels=4,
            sample_size=SIZE,
            num_embeds_ada_norm=3,
            **{name: getattr(config, name) for name in config.__dataclass_fields__},
        ).eval()
    theirs.load_state_dict(network.state_dict())
    with torch.no_grad():
        expected = theirs(given[0], timestep=given[1], class_labels=given[2]).sample.numpy()[:, :4]
    np.testing.assert_allclose(found, expected, **CLOSE)


def test_names_and_sizes():
    """DiT-XL/2 has 675 million weights, as its paper says."""
    with torch.device("meta"):
        network = DiT(DiTConfig(outputs=8), (4, 32, 32), 1001)
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(675e6, rel=2e-3)
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    for name, shape in {
        "x_embedder.proj.weight": (1152, 4, 2, 2),
        "pos_embed": (1, 256, 1152),
        "t_embedder.mlp.0.weight": (1152, 256),
        "t_embedder.mlp.2.bias": (1152,),
        "y_embedder.embedding_table.weight": (1001, 1152),
        "blocks.27.attn.qkv.weight": (3456, 1152),
        "blocks.0.attn.proj.bias": (1152,),
        "blocks.0.mlp.fc1.weight": (4608, 1152),
        "blocks.0.mlp.fc2.bias": (1152,),
        "blocks.0.adaLN_modulation.1.weight": (6912, 1152),
        "final_layer.linear.weight": (32, 1152),
        "final_layer.adaLN_modulation.1.bias": (2304,),
    }.items():
        assert shapes[name] == shape


def test_heads_that_do_not_divide():
    with pytest.raises(ValueError, match="24 channels do not divide into 5 heads"):
        replace(CONFIG, heads=5)
