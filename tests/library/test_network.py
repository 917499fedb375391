"""Networks as denoisers: preconditioning, labels, pieces, and the bundled checkpoints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoint_files import CONFIG, DESCRIPTION, LABELLED, build, saved
from torch import Tensor, nn

import geomodel as gm
import resources
from geomodel import networks
from geomodel.checkpoints import load_checkpoint
from geomodel.checkpoints.native import save_checkpoint
from geomodel.denoisers import clocks
from geomodel.denoisers import network as network_module
from geomodel.denoisers.network import NetworkDenoiser, measure_pace, piece_rows


@pytest.fixture
def labelled(tmp_path: Path) -> NetworkDenoiser:
    saved(tmp_path / "labelled.safetensors", LABELLED)
    return load_checkpoint(tmp_path / "labelled.safetensors")


def test_limits_of_the_noise_level(tmp_path: Path) -> None:
    saved(tmp_path / "a")
    model = load_checkpoint(tmp_path / "a")
    x = torch.randn(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert torch.equal(model(x, 0.0), x)
    # |D − x| ≤ (1 − c_skip)|x| + c_out |F|: of the order of σ, and |F| < 100 for these weights.
    assert (model(x, 1e-9) - x).abs().max() < 1e-7
    # c_skip x → d² x/σ² = 2e-8: what is left is c_out F with c_out → d.
    c = clocks.edm(sigma_data=1.5).coefficients(torch.tensor([1e4], dtype=torch.float64))
    assert c.c_skip < 3e-8
    assert c.c_out == pytest.approx(1.5, rel=1e-7)
    assert model(x, 1e200).isfinite().all()


def test_fresh_network_is_the_denoiser_of_a_gaussian(tmp_path: Path) -> None:
    """F starts at 0, and D = d²/(σ² + d²) x is the exact denoiser of N(0, d² I)."""
    save_checkpoint(tmp_path / "a", networks.build("mlp", CONFIG, (2,), 0), DESCRIPTION)
    model = load_checkpoint(tmp_path / "a")
    x = torch.randn(4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    sigma = np.array([0.01, 0.5, 3.0, 70.0])
    expected = x * torch.as_tensor(1.5**2 / (sigma**2 + 1.5**2))[:, None]
    torch.testing.assert_close(model(x, sigma), expected, rtol=1e-14, atol=0)  # float64 roundings only


class Recorder(nn.Module):
    """Answers 1 and remembers what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, noise: Tensor, labels: Tensor | None) -> Tensor:
        self.given = (x, noise, labels)
        return torch.ones_like(x)


def test_what_the_network_is_given(tmp_path: Path) -> None:
    recorder = Recorder()
    model = NetworkDenoiser(recorder, save_checkpoint(tmp_path / "a", build(LABELLED), LABELLED))
    x = torch.tensor([[3.0, 4.0], [-1.0, 0.5]], dtype=torch.float64)
    denoised = model(x, torch.tensor([2.0, 0.1]), labels=[2, -1])
    inputs, noise, labels = recorder.given
    assert inputs.dtype == noise.dtype == torch.float32
    # Tolerances: one rounding to float32 in, none in the sum.
    root = (torch.tensor([2.0, 0.1], dtype=torch.float64) ** 2 + 1.5**2).sqrt()
    torch.testing.assert_close(inputs.double(), x / root[:, None], rtol=1e-7, atol=0)
    torch.testing.assert_close(noise.double(), torch.tensor([2.0, 0.1]).double().log() / 4, rtol=1e-7, atol=0)
    assert labels is not None
    assert labels.tolist() == [2, 3]  # the null class is the last row
    sigma = torch.tensor([2.0, 0.1]).double()  # 0.1 came as float32
    expected = (1.5 / root) ** 2
    torch.testing.assert_close(denoised, x * expected[:, None] + (sigma * 1.5 / root)[:, None], rtol=1e-7, atol=0)


def test_labels(labelled: NetworkDenoiser, tmp_path: Path) -> None:
    x = torch.ones(2, 2, dtype=torch.float64)
    assert labelled.num_classes == 3
    assert torch.equal(labelled(x, 1.0), labelled(x, 1.0, labels=[-1, -1]))
    assert not torch.equal(labelled(x, 1.0, labels=[0, 0]), labelled(x, 1.0, labels=[1, 1]))
    for wrong in ([0, 3], [-2, 0]):
        with pytest.raises(ValueError, match="0 to 2"):
            labelled(x, 1.0, labels=wrong)
    saved(tmp_path / "plain")
    plain = load_checkpoint(tmp_path / "plain")
    assert plain.num_classes == 0
    assert torch.equal(plain(x, 1.0), plain(x, 1.0, labels=[-1, -1]))
    with pytest.raises(ValueError, match="no classes"):
        plain(x, 1.0, labels=[0, -1])
    saved(tmp_path / "strict", replace(LABELLED, has_null_class=False))
    strict = load_checkpoint(tmp_path / "strict")
    assert strict(x, 1.0, labels=[0, 2]).shape == (2, 2)
    for missing in (None, [0, -1]):
        with pytest.raises(ValueError, match="no null class"):
            strict(x, 1.0, labels=missing)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16])
def test_dtype_and_kind_come_back(dtype: torch.dtype, labelled: NetworkDenoiser) -> None:
    x = torch.ones(3, 2, dtype=dtype)
    denoised = labelled(x, 1.0)
    assert (denoised.dtype, denoised.device, denoised.shape) == (x.dtype, x.device, x.shape)
    array = labelled(x.numpy(), np.float64(1.0))
    assert isinstance(array, np.ndarray)
    np.testing.assert_array_equal(array, denoised.numpy())


@pytest.mark.cuda_only
def test_network_on_cuda_answers_on_the_cpu(tmp_path: Path) -> None:
    saved(tmp_path / "a")
    x = torch.ones(3, 2, dtype=torch.float64)
    here, there = (load_checkpoint(tmp_path / "a", device=device) for device in ("cpu", "cuda"))
    denoised = there(x, 1.0)
    assert (denoised.device.type, there.info.device) == ("cpu", "cuda")
    torch.testing.assert_close(denoised, here(x, 1.0), rtol=1e-3, atol=1e-3)  # TF32 may be allowed there


def test_attributes(labelled: NetworkDenoiser) -> None:
    assert labelled.shape == (2,)
    assert (labelled.sigma_min, labelled.sigma_max, labelled.sigma_recommended) == (0.003, 150.0, (0.003, 15.0))
    assert labelled.round_sigma(1.234) == 1.234
    assert not labelled.analytic
    assert labelled.piece is None
    assert labelled.calls_at(1.0) == 1


def test_gradients_flow_to_x_and_not_to_weights(labelled: NetworkDenoiser) -> None:
    x = torch.ones(1, 2, dtype=torch.float64, requires_grad=True)
    labelled(x, 1.0).sum().backward()
    # float32 differences: a step of 1e-2 leaves an error of about 1e-4 (second order) + 1e-7/1e-2 (rounding).
    step = torch.tensor([[1e-2, 0.0]], dtype=torch.float64)
    with torch.no_grad():
        difference = (labelled(x + step, 1.0) - labelled(x - step, 1.0)).sum() / 2e-2
    assert x.grad is not None
    assert x.grad[0, 0].item() == pytest.approx(difference.item(), abs=1e-3)
    assert all(weight.grad is None for weight in labelled.network.parameters())


def test_pieces_give_the_same_answer(labelled: NetworkDenoiser) -> None:
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(37, 2, dtype=torch.float64, generator=generator)
    sigma = torch.rand(37, dtype=torch.float64, generator=generator) + 0.1
    labels = torch.arange(37) % 4 - 1
    whole = labelled(x, sigma, labels)
    hooks: list[int] = []
    labelled.piece, labelled.between_pieces = 8, lambda: hooks.append(1)
    # float32 sums of 8 to 70 terms may be added in another order for another batch: 1e-5 of values of about 1.
    torch.testing.assert_close(labelled(x, sigma, labels), whole, rtol=1e-5, atol=1e-5)
    assert len(hooks) == 4  # before each of the 5 pieces but the first


@pytest.mark.parametrize(("seconds", "asked"), [(0.01, [1, 1, 8, 8]), (0.3, [1, 1])])
def test_the_pace_of_a_network_is_measured_with_few_rows(labelled, monkeypatch, seconds, asked):
    now, rows = 0.0, []

    class Slow(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x, noise, labels):
            nonlocal now
            rows.append(len(x))
            now += seconds * len(x)
            return torch.zeros_like(x)

    monkeypatch.setattr(network_module, "perf_counter", lambda: now)
    # 1e-9: sums of the pretended clock
    assert measure_pace(NetworkDenoiser(Slow(), labelled.info)) == pytest.approx(seconds, rel=1e-9)
    assert rows == asked


@pytest.mark.parametrize(
    ("pace", "rows"), [(0.0, 65536), (1e-9, 65536), (0.0045, 32), (0.25, 1), (0.0625, 4), (0.063, 2), (9.0, 1)]
)
def test_a_piece_takes_a_quarter_of_a_second_at_most(pace, rows):
    assert piece_rows(pace) == rows


# --- the bundled ones ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["two-moons", "spiral"])
def test_bundled_checkpoints_know_their_data(name: str) -> None:
    path = resources.path("checkpoints", f"{name}.safetensors")
    assert path.stat().st_size <= 1_000_000
    model = load_checkpoint(path)
    data = gm.datasets.load(name, count=1000, seed=0)
    assert (model.info.data_name, model.info.data_count) == (name, 1000)
    assert model.info.data_fingerprint == data.fingerprint
    assert model.info.sigma_data == data.std
    assert model.shape == data.shape


@pytest.mark.parametrize("name", ["two-moons", "spiral"])
def test_bundled_checkpoints_are_near_the_optimal_denoiser(name: str) -> None:
    """RMS ‖D_θ − D*‖ over samples of p_σ, in units of the data's scale; D* is a plain softmax over all points.

    The limits are about twice what was measured after training. Neither network was trained to follow D* itself.
    """
    model = load_checkpoint(resources.path("checkpoints", f"{name}.safetensors"))
    data = gm.datasets.load(name)
    points = torch.as_tensor(data.points)
    noise = torch.randn(points.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    for relative, limit in ((0.03, 0.03), (0.3, 0.025), (1.0, 0.04), (10.0, 0.04), (40.0, 0.03)):
        sigma = relative * data.std
        x = points + sigma * noise
        weights = torch.softmax(-torch.cdist(x, points).square() / (2 * sigma**2), dim=1)
        difference = (model(x, sigma) - weights @ points).square().sum(1).mean().sqrt().item() / data.std
        assert difference < limit, (relative, difference)
