"""The blocks that networks share, each against NumPy float64. Tolerances: sums of some tens of float32 products."""

from __future__ import annotations

import numpy as np
import numpy_layers as ours
import pytest
import torch
from torch import Tensor, nn

from geomodel.networks import blocks

CLOSE = {"rtol": 1e-5, "atol": 2e-6}
RNG = np.random.default_rng(3)


def random(*shape: int) -> Tensor:
    return torch.as_tensor(RNG.normal(size=shape), dtype=torch.float32)


def same(found: Tensor, expected) -> None:
    np.testing.assert_allclose(found.detach().numpy(), expected, **CLOSE)


@pytest.mark.parametrize("sine_first", [True, False])
@pytest.mark.parametrize("last", [3, 4])
def test_embeddings_of_time(last, sine_first):
    time = np.array([0.0, 1.5, 999.0])
    sines, cosines = ours.positions(time, 8, last)
    expected = np.hstack([sines, cosines] if sine_first else [cosines, sines])
    found = blocks.positional_embedding(torch.as_tensor(time).float(), 8, last=last, sine_first=sine_first)
    np.testing.assert_allclose(found, expected, atol=1e-4)  # angles of 999 in float32


def test_a_class_is_a_one_hot_vector_and_the_row_after_the_last_is_none():
    layer = nn.Linear(3, 5)
    hot = np.vstack([np.eye(3), np.zeros(3)])
    same(blocks.class_embedding(layer, torch.arange(4)), ours.linear(ours.arrays(layer), hot))
    bare = nn.Linear(3, 5, bias=False)
    same(blocks.class_embedding(bare, torch.arange(4)), ours.linear(ours.arrays(bare), hot))


@pytest.mark.parametrize("heads", [1, 2, 3])
@pytest.mark.parametrize("order", ["new", "legacy", "interleaved"])
def test_attention_with_every_order_of_q_k_and_v(order, heads):
    x, ask, answer = random(2, 6, 3, 2), nn.Conv1d(6, 18, 1), nn.Conv2d(6, 6, 1)
    rows = (
        ours.tokens_of(x.double().numpy()) @ ask.weight.detach().double().numpy()[..., 0].T + ask.bias.detach().numpy()
    )
    size, parts = 6 // heads, []
    for head in range(heads):
        if order == "new":
            places = [6 * part + head * size + np.arange(size) for part in range(3)]
        elif order == "legacy":
            places = [3 * size * head + part * size + np.arange(size) for part in range(3)]
        else:
            places = [3 * (head * size + np.arange(size)) + part for part in range(3)]
        parts.append(ours.attend(*(rows[..., place] for place in places)))
    weights = ours.arrays(answer)
    expected = ours.conv(weights, ours.image_of(np.concatenate(parts, -1), x.numpy()))
    with torch.no_grad():
        if order != "new":
            for parameter in (ask.weight, ask.bias):
                parameter.copy_(blocks.rows_by_part(parameter, heads, interleaved=order == "interleaved"))
        same(blocks.image_attention(x, ask, answer, heads), expected)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # torch's own, at its first jvp
def test_attention_can_be_differentiated_in_every_way():
    query, key, value, tangent = (random(1, 2, 4, 3) for _ in range(4))

    def answer(q: Tensor) -> Tensor:
        return blocks.attention(q, key, value)

    step = 1e-2
    expected = (answer(query + step * tangent) - answer(query - step * tangent)) / (2 * step)
    forward = torch.func.jvp(answer, (query,), (tangent,))[1]
    np.testing.assert_allclose(forward, expected, atol=2e-4)  # float32 over a step of 1e-2
    query.requires_grad_()
    (gradient,) = torch.autograd.grad(answer(query).square().sum(), query, create_graph=True)
    assert torch.autograd.grad(gradient.sum(), query)[0].isfinite().all()


def test_halves_and_doubles():
    x = random(2, 3, 4, 6)
    same(blocks.halved(x), ours.halved(x.numpy()))
    same(blocks.doubled(x), ours.doubled(x.numpy()))


@pytest.mark.parametrize("taps", [(1.0, 1.0), (1.0, 3.0, 3.0, 1.0)])
def test_filters(taps):
    x, kernel, padding = random(2, 3, 4, 6), blocks.filter_kernel(taps), (len(taps) - 1) // 2
    same(blocks.filtered_half(x, kernel, padding), ours.filtered_half(x.numpy(), taps))
    same(blocks.filtered_double(x, kernel, padding), ours.filtered_double(x.numpy(), taps))
    if taps == (1.0, 1.0):
        same(blocks.filtered_half(x, kernel, 0), ours.halved(x.numpy()))
        same(blocks.filtered_double(x, kernel, 0), ours.doubled(x.numpy()))


@pytest.mark.parametrize("scale_shift", [True, False])
@pytest.mark.parametrize("change", [None, "halved", "doubled"])
def test_the_residual_branch(scale_shift, change):
    layers = nn.ModuleList(
        [nn.GroupNorm(2, 4), nn.Conv2d(4, 6, 3, padding=1), nn.GroupNorm(3, 6, eps=1e-6), nn.Conv2d(6, 6, 3, padding=1)]
    )
    ours.randomised(layers)
    x, rows = random(2, 4, 4, 4), random(2, 12 if scale_shift else 6)
    weights = [ours.part(ours.arrays(layers), str(index)) for index in range(4)]
    h = ours.silu(ours.group_norm(weights[0], x.double().numpy(), 2, 1e-5))
    h = ours.conv(weights[1], getattr(ours, change)(h) if change else h)
    numbers = rows.double().numpy()[:, :, None, None]
    if scale_shift:
        h = ours.group_norm(weights[2], h, 3, 1e-6) * (1 + numbers[:, :6]) + numbers[:, 6:]
    else:
        h = ours.group_norm(weights[2], h + numbers, 3, 1e-6)
    expected = ours.conv(weights[3], ours.silu(h))
    resample = getattr(blocks, change) if change else None
    same(blocks.residual_branch(x, rows, *layers, scale_shift=scale_shift, resample=resample), expected)


def test_only_the_outputs_that_are_wanted():
    layer, x = nn.Conv2d(3, 4, 3, padding=1), random(2, 3, 5, 5)
    same(blocks.first_outputs(layer, x, 2), layer(x)[:, :2].detach())
