"""Networks in bfloat16: only where they are faster, close to float32, and with their error on the card."""

from __future__ import annotations

import re

import pytest
import torch
from blueprints import CASES, CLOCKS, SHAPE, opened
from public_files import SIGMA, noisy

import resources
from geomodel.checkpoints import CheckpointError, load_checkpoint, save
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
    monkeypatch.setattr(half, "has_products", lambda device: True)
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


def test_a_processor_without_such_products_is_refused(clock, monkeypatch):
    clock(2.0, 1.0)
    monkeypatch.undo()
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False)
    with pytest.raises(CheckpointError, match="no instructions for bfloat16"):
        load_checkpoint(NETWORK, precision="bfloat16")
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    assert half.has_products(torch.device("cpu"))
    assert not half.has_products(torch.device("mps"))


@pytest.mark.parametrize(("architecture", "labelled"), CASES)
def test_every_architecture_is_near_float32(architecture, labelled, clock):
    clock(2.0, 1.0)
    model, x = opened(architecture, labelled=labelled), noisy(SHAPE)
    labels = [0] * len(x) if model.num_classes else None
    expected = model(x, SIGMA, labels)
    changed = half.in_bfloat16(model)
    found = changed(x, SIGMA, labels)
    off = (found - expected).abs().max() / expected.abs().max()
    assert 1e-6 < off < 0.05
    assert all(buffer.dtype == torch.float32 for buffer in changed.network.buffers())


def test_the_time_stays_exact(clock):
    """bfloat16 has no numbers between 996 and 1000, so two times of a table would be one."""
    clock(2.0, 1.0)
    model = half.in_bfloat16(opened("adm", clock=CLOCKS["rescaled table"]))
    asked = []
    model.network.register_forward_pre_hook(lambda module, given: asked.append(given[1]))
    levels = model.clock.levels
    model(noisy(SHAPE, torch.ones(2, dtype=torch.float64)), [levels[-2], levels[-3]])
    torch.testing.assert_close(asked[0], torch.tensor([999.5, 999.25]))


def test_seconds_are_the_best_after_a_first(monkeypatch):
    readings = iter([10.0, 13.0, 20.0, 22.0, 30.0, 34.0])  # 3, 2 and 4 seconds
    monkeypatch.setattr(half, "process_time", lambda: next(readings))
    assert half._seconds(opened("dit"), torch.zeros(1, *SHAPE), 2.0, None) == 2.0


def test_it_is_not_saved(clock, tmp_path):
    clock(2.0, 1.0)
    model = load_checkpoint(NETWORK, precision="bfloat16")
    with pytest.raises(CheckpointError, match="computes in bfloat16; open it in float32 to save it"):
        save(model, tmp_path / "a")
    assert not [*tmp_path.iterdir()]
