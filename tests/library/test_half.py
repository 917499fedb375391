"""Networks in bfloat16: only where they are faster, close to float32, and with their error on the card."""

from __future__ import annotations

import re

import pytest
import torch

import resources
from geomodel.checkpoints import CheckpointError, load_checkpoint
from geomodel.denoisers import half

NETWORK = resources.path("checkpoints", "fashion-mnist.safetensors")


@pytest.fixture
def clock(monkeypatch):
    """Seconds that the calls of float32 and bfloat16 pretend to take: `clock(float32, bfloat16)`."""
    speed: dict[bool, float] = {}

    def pretend(slow: float, fast: float) -> None:
        speed.update({False: slow, True: fast})

    def seconds(model, *arguments):
        return speed[isinstance(model.network, half.HalfNetwork)]

    monkeypatch.setattr(half, "_seconds", seconds)
    return pretend


def test_d_is_nearly_that_of_float32_and_the_card_says_how_nearly(clock):
    clock(2.0, 1.0)
    exact = load_checkpoint(NETWORK)
    model = load_checkpoint(NETWORK, precision="bfloat16")
    assert (exact.info.precision, model.info.precision) == ("float32", "bfloat16")
    x = torch.randn(3, *exact.shape, generator=torch.Generator().manual_seed(5))
    for sigma in (0.05, 1.0, 20.0):
        found, right = model(x * sigma, sigma, labels=[0, -1, 9]), exact(x * sigma, sigma, labels=[0, -1, 9])
        assert found.dtype == torch.float32
        # Eight bits for each product, some dozen layers deep.
        assert (found - right).abs().max() < 0.05 * max(1.0, sigma, float(right.abs().max()))
        assert not torch.equal(found, right)
    percent = float(re.search(r"off by up to ([\d.e-]+) %", model.info.remarks[-1])[1])
    assert 0 < percent < 5


def test_matrices_take_half_the_bytes(clock):
    clock(2.0, 1.0)
    model = load_checkpoint(NETWORK, precision="bfloat16")
    kinds = {parameter.dtype for parameter in model.network.parameters() if parameter.ndim > 1}
    assert kinds == {torch.bfloat16}


def test_what_is_not_faster_is_refused(clock):
    clock(0.001, 0.0012)
    with pytest.raises(
        CheckpointError, match=r"not faster .* \(1.2 ms instead of 1.0 ms for 2 samples\); open it in float32"
    ):
        load_checkpoint(NETWORK, precision="bfloat16")


def test_other_precisions_are_refused():
    with pytest.raises(CheckpointError, match="The precision is 'int8'; known are: float32, bfloat16"):
        load_checkpoint(NETWORK, precision="int8")
