"""Networks in bfloat16: only where that is faster, with the measured error of D on the card."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from blueprints import CASES, CLOCKS, SHAPE, opened
from checkpoint_files import saved
from public_files import SIGMA, noisy

from geomodel.checkpoints import CheckpointError, load_checkpoint, save
from geomodel.denoisers import bfloat16
from geomodel.denoisers.bfloat16 import lowered
from geomodel.denoisers.network import NetworkDenoiser


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor that has the instructions, on which the second measurement takes half of the time."""
    monkeypatch.setattr(bfloat16, "seconds", lambda model, x, sigma: 0.5 if model.info.precision == "bfloat16" else 1.0)
    monkeypatch.setattr(bfloat16, "has_instructions", lambda device: True)


def labels(model: NetworkDenoiser, count: int) -> list[int] | None:
    return [0] * count if model.num_classes else None


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize(("architecture", "labelled"), CASES)
def test_every_architecture_is_near_float32(architecture: str, labelled: bool) -> None:
    """8 bits of precision in each of some tens of layers: the output is off by a few hundredths of its size."""
    model = opened(architecture, labelled=labelled, clock=CLOCKS["edm"])
    x = noisy(SHAPE)
    expected = model(x, SIGMA, labels(model, len(x)))
    new = lowered(model)
    found = new(x, SIGMA, labels(new, len(x)))
    off = (found - expected).abs().max() / expected.abs().max()
    assert 1e-6 < off < 0.05
    assert found.dtype == x.dtype
    matrices = [parameter for parameter in new.network.parameters() if parameter.ndim > 1]
    assert {parameter.dtype for parameter in matrices} == {torch.bfloat16}
    assert all(buffer.dtype == torch.float32 for buffer in new.network.buffers())


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("name", ["edm", "table", "edm_vp"])
def test_the_error_on_the_card_is_that_of_d(name: str) -> None:
    model = opened("song", clock=CLOCKS[name])
    low, high = model.sigma_recommended
    levels = [low, math.sqrt(low * high), high]
    generator = [torch.Generator().manual_seed(0) for _ in levels]
    points = [
        math.hypot(sigma, 0.5) * torch.randn(SHAPE, generator=own, dtype=torch.float64)[None]
        for sigma, own in zip(levels, generator, strict=True)
    ]
    before = [model(x, sigma) for x, sigma in zip(points, levels, strict=True)]
    new = lowered(model)
    after = [new(x, sigma) for x, sigma in zip(points, levels, strict=True)]
    errors = [float((a - b).abs().max() / b.abs().max()) for a, b in zip(after, before, strict=True)]
    assert new.info.precision_error == pytest.approx(max(errors))
    assert f"up to {100 * max(errors):.2g} %" in new.info.remarks[-1]
    if name != "edm":  # D = x − σ ε: the error of ε counts σ times, and D is small beside x
        assert errors[2] > 10 * errors[0]
        assert f"(at σ = {high:.3g})" in new.info.remarks[-1]


@pytest.mark.usefixtures("fast")
def test_the_time_stays_exact() -> None:
    """bfloat16 has no numbers between 996 and 1000, so two times of a table would be one."""
    model = lowered(opened("adm", clock=CLOCKS["rescaled table"]))
    asked: list[torch.Tensor] = []
    model.network.register_forward_pre_hook(lambda module, given: asked.append(given[1]))
    levels = model.clock.levels
    model(noisy(SHAPE, torch.ones(2, dtype=torch.float64)), [levels[-2], levels[-3]])
    torch.testing.assert_close(asked[0], torch.tensor([999.5, 999.25]))


def test_a_small_network_is_refused_because_it_is_slower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path / "a")
    monkeypatch.setattr(bfloat16, "has_instructions", lambda device: True)
    monkeypatch.setattr(bfloat16, "seconds", lambda model, x, sigma: 1.5 if model.info.precision == "bfloat16" else 1.0)
    sentence = "a is not opened in bfloat16, because its network takes 1.5 times as long in bfloat16 as in float32"
    with pytest.raises(CheckpointError, match=sentence):
        load_checkpoint(tmp_path / "a", precision="bfloat16")


def test_a_processor_without_instructions_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path / "a")
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False)
    with pytest.raises(CheckpointError, match="no instructions for bfloat16; open it in float32"):
        load_checkpoint(tmp_path / "a", precision="bfloat16")
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    assert bfloat16.has_instructions(torch.device("cpu"))
    assert not bfloat16.has_instructions(torch.device("mps"))


@pytest.mark.usefixtures("fast")
def test_it_is_chosen_by_a_keyword_and_not_saved(tmp_path: Path) -> None:
    saved(tmp_path / "a")
    assert load_checkpoint(tmp_path / "a", precision="float32").info.precision == "float32"
    model = load_checkpoint(tmp_path / "a", precision="bfloat16")
    assert model.info.precision == "bfloat16"
    assert 0 < model.info.precision_error < 0.1
    with pytest.raises(CheckpointError, match="computes in bfloat16; open it in float32 to save it"):
        save(model, tmp_path / "b")
    with pytest.raises(CheckpointError, match="'half' is unknown; known are: float32, bfloat16"):
        load_checkpoint(tmp_path / "a", precision="half")  # type: ignore[arg-type]


def test_seconds_are_the_best_of_three_after_a_first(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([0.0, 0.1, 10.0, 13.0, 20.0, 22.0, 30.0, 34.0])  # 0.1, 3, 2 and 4 seconds
    monkeypatch.setattr(bfloat16, "process_time", lambda: next(readings))
    model = opened("dit")
    asked: list[object] = []
    model.network.register_forward_pre_hook(lambda module, given: asked.append(given))
    assert bfloat16.seconds(model, torch.zeros(1, *SHAPE), 2.0) == 2.0
    assert len(asked) == 4
