"""A network knows its data about their mean and in their unit: D(x; σ) = m + u D_F((x − m)/u; σ/u).

The same weights are saved once with mean 0 and unit 1, which is D_F itself, and once with a mean and a unit.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoint_files import DESCRIPTION, LABELLED, saved, unpack
from hypothesis import given, settings
from hypothesis import strategies as st

import geomodel as gm
import resources
from geomodel.checkpoints import inspect, load_checkpoint
from geomodel.checkpoints.native import Description
from geomodel.denoisers.base import Denoiser
from geomodel.denoisers.blend import Blend
from geomodel.denoisers.network import NetworkDenoiser
from geomodel.denoisers.network_jacobian import network_jacobian
from geomodel.finite_differences import true_derivative

repeated = settings(max_examples=30, deadline=None, derandomize=True, database=None)
whole = st.integers(-(2**22), 2**22)  # about 4·10⁶, a map grid in metres
powers = st.integers(-20, 30)


def moved(description: Description, mean: tuple[float, ...], unit: float) -> Description:
    """The same network for data that lie about `mean`, `unit` times as far apart."""
    low, high = description.sigma_recommended
    return replace(
        description,
        mean=mean,
        unit=unit,
        sigma_data=unit * description.sigma_data,
        sigma_min=unit * description.sigma_min,
        sigma_max=unit * description.sigma_max,
        sigma_recommended=(unit * low, unit * high),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("networks")


def opened(folder: Path, description: Description) -> NetworkDenoiser:
    saved(folder / "net.safetensors", description)
    return load_checkpoint(folder / "net.safetensors")


def grid(seed: int) -> torch.Tensor:
    """Nine points whose coordinates are multiples of 2⁻¹⁰, so that moving and scaling them is exact."""
    y = np.random.default_rng(seed).normal(size=(9, 2)) * 3
    return torch.as_tensor(np.round(y * 1024) / 1024)


# --- moving and scaling --------------------------------------------------------------------------------------------


@repeated
@given(first=whole, second=whole, power=powers, level=st.integers(-8, 8), seed=st.integers(0, 99))
def test_a_network_moves_and_grows_with_its_data(
    folder: Path, first: int, second: int, power: int, level: int, seed: int
) -> None:
    """x − m and its quotient by a power of two are exact here, so D_F gets the same bits."""
    unit, sigma, y = 2.0**power, 2.0**level, grid(seed)
    mean = unit * torch.tensor([first, second], dtype=torch.float64)
    plain, other = opened(folder, DESCRIPTION), opened(folder, moved(DESCRIPTION, tuple(mean.tolist()), unit))
    expected, found = plain(y, sigma), other(mean + unit * y, unit * sigma)
    # One rounding of the sum m + u D, half a unit in its last place.
    assert torch.equal(found, mean + unit * expected)
    assert torch.equal(other.center, mean)


@repeated
@given(
    mean=st.tuples(*[st.floats(-1e7, 1e7)] * 2),
    unit=st.floats(1e-6, 1e9),
    sigma=st.floats(0.01, 100),
    seed=st.integers(0, 99),
)
def test_any_mean_and_any_unit(folder: Path, mean: tuple[float, float], unit: float, sigma: float, seed: int) -> None:
    y, m = grid(seed), torch.tensor(mean, dtype=torch.float64)
    plain, other = opened(folder, DESCRIPTION), opened(folder, moved(DESCRIPTION, mean, unit))
    found = (other(m + unit * y, unit * sigma) - m) / unit
    # The point itself is rounded to 2⁻⁵³ |x|, which D may stretch some ten times (measured 4); the network works in
    # float32, in which its input may be rounded to the neighbouring number: 10⁻⁶ of its numbers, times c_out ≤ 1.5.
    tolerance = 20 * 2.0**-53 * (m.abs().max().item() / unit + 12) + 1.5e-5
    torch.testing.assert_close(found, plain(y, sigma), rtol=0, atol=tolerance)


def test_only_what_is_left_of_x_is_made_float32(folder: Path) -> None:
    """In metres of a map grid: float32 numbers lie 0.5 apart there, ten times the spread of the data."""
    mean, unit = (450_000.25, 5_800_000.125), 0.05
    plain, far = opened(folder, DESCRIPTION), opened(folder, moved(DESCRIPTION, mean, unit))
    y, m = grid(1), torch.tensor(mean, dtype=torch.float64)
    found = (far(m + unit * y, unit * 0.3) - m) / unit
    # 2⁻⁵³ · 5.8e6 / 0.05 = 1.3e-8 is how exactly x is known, in units; float32's 1e-6 in the network is more.
    torch.testing.assert_close(found, plain(y, 0.3), rtol=0, atol=1e-5)
    rounded = (far((m + unit * y).float(), unit * 0.3).double() - m) / unit
    assert (rounded - plain(y, 0.3)).abs().max() > 0.5  # nothing can be right of x that came as float32


def test_float32_points_near_the_mean_keep_their_digits(folder: Path) -> None:
    mean = (52.5, 13.375)  # exact in float32, as are the points
    far, plain = opened(folder, moved(DESCRIPTION, mean, 0.0625)), opened(folder, DESCRIPTION)
    x = (torch.tensor(mean) + 0.0625 * grid(2)).float()
    y = (x.double() - torch.tensor(mean, dtype=torch.float64)) / 0.0625
    found = (far(x, 0.03125).double() - torch.tensor(mean, dtype=torch.float64)) / 0.0625
    # One rounding of 52.5 to float32, 2⁻¹⁹, in units of 2⁻⁴; and float32 sums of numbers of about 10.
    torch.testing.assert_close(found, plain(y, 0.5), rtol=0, atol=2.0**-15 + 1e-5)


@repeated
@given(seed=st.integers(0, 99), order=st.permutations(range(9)))
def test_rows_may_come_in_any_order_and_twice(folder: Path, seed: int, order: list[int]) -> None:
    model, x = opened(folder, moved(DESCRIPTION, (52.5, 13.4), 0.05)), torch.tensor([52.5, 13.4]) + 0.05 * grid(seed)
    sigma = 0.05 * torch.logspace(-2, 2, 9, dtype=torch.float64)
    answers, rows = model(x, sigma), [*order, *order]
    # float32 sums may be taken in another order in another batch: 1e-5 of values of about 1 unit.
    torch.testing.assert_close(model(x[rows], sigma[rows]), answers[rows], rtol=0, atol=0.05 * 1e-5)


# --- what is built on networks -------------------------------------------------------------------------------------


def test_guidance_and_blends_move_with_the_data(folder: Path) -> None:
    mean, unit = (450_000.25, 5_800_000.125), 0.0625
    m, y = torch.tensor(mean, dtype=torch.float64), grid(3)
    labels = torch.tensor([0, 1, 2] * 3)
    plain, far = opened(folder, LABELLED), opened(folder, moved(LABELLED, mean, unit))
    answer = (gm.Guided(far, 2.5)(m + unit * y, unit * 0.7, labels) - m) / unit
    # Three sums of numbers of 5.8e6, in units of 1/16: 3 · 2⁻⁵³ · 5.8e6 · 16 = 3e-8.
    torch.testing.assert_close(answer, gm.Guided(plain, 2.5)(y, 0.7, labels), rtol=0, atol=1e-7)
    points = grid(4)
    near = Blend(plain, gm.OptimalDenoiser(points, [0, 1, 2] * 3), 0.3)
    there = Blend(far, gm.OptimalDenoiser(m + unit * points, [0, 1, 2] * 3), 0.3)
    answer = (there(m + unit * y, unit * 0.7, labels) - m) / unit
    # D* is within 1e-9 nats of exact, see its bound.
    torch.testing.assert_close(answer, near(y, 0.7, labels), rtol=0, atol=1e-6)


def test_derivatives_are_those_of_the_centred_network(folder: Path) -> None:
    """∂D/∂x does not depend on where and in which unit: ∂(m + u D_F((x − m)/u))/∂x = ∂D_F/∂y."""
    mean, unit = (450_000.25, 5_800_000.125), 0.0625
    m, y = torch.tensor(mean, dtype=torch.float64), grid(5)[:1]
    plain, far = opened(folder, DESCRIPTION), opened(folder, moved(DESCRIPTION, mean, unit))
    expected, found = network_jacobian(plain, y[0], 0.7), network_jacobian(far, m + unit * y[0], unit * 0.7)
    np.testing.assert_array_equal(found.values, expected.values)
    assert (found.trace, found.method) == (expected.trace, "jvp")
    here = torch.func.jacrev(lambda x: plain(x[None], 0.7)[0])(y[0])
    there = torch.func.jacrev(lambda x: far(x[None], unit * 0.7)[0])(m + unit * y[0])
    # A product and a quotient by 1/16 are exact, so that nothing is rounded otherwise.
    assert torch.equal(there, here)


class Cut(Denoiser):
    """A network whose graph is cut, so that forward differentiation silently gives zeros."""

    analytic = False

    def __init__(self, model: NetworkDenoiser) -> None:
        self.model, self.shape, self.center = model, model.shape, model.center

    def _denoise(self, x: torch.Tensor, sigma: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        answer: torch.Tensor = self.model(x.detach(), sigma.detach())
        return answer


def test_a_derivative_that_is_silently_zero_is_noticed_far_away_too(folder: Path) -> None:
    """What float32 rounds is a share of D − m, not of D, whose 5.8e6 would excuse any error."""
    mean, unit = (450_000.25, 5_800_000.125), 0.0625
    y = grid(6)[:3]
    plain, far = opened(folder, DESCRIPTION), opened(folder, moved(DESCRIPTION, mean, unit))
    for model, x, sigma in ((plain, y, 0.7), (far, torch.tensor(mean, dtype=torch.float64) + unit * y, unit * 0.7)):
        expected, found = true_derivative(model, x, sigma), true_derivative(Cut(model), x, sigma)
        assert (expected.method, found.method) == ("jvp", "central difference")
        # A central difference over σ/50 in float32: its own second-order error and 1e-7/0.02 of rounding.
        torch.testing.assert_close(found.value, expected.value, rtol=1e-2, atol=1e-3)


# --- files ---------------------------------------------------------------------------------------------------------


def written(path: Path) -> dict[str, object]:
    description: dict[str, object] = json.loads(unpack(path.read_bytes())[0]["__metadata__"]["geomodel"])
    return description


def test_the_mean_and_the_unit_are_kept_bit_by_bit(tmp_path: Path) -> None:
    mean = (0.1, -5_800_000.1)
    saved(tmp_path / "a.safetensors", moved(DESCRIPTION, mean, 1 / 3))
    info = inspect(tmp_path / "a.safetensors")
    assert (info.mean, info.unit) == (mean, 1 / 3)
    model = load_checkpoint(tmp_path / "a.safetensors")
    assert (model.info.mean, model.info.unit) == (mean, 1 / 3)
    assert model.center.tolist() == list(mean)


@pytest.mark.parametrize(
    ("mean", "unit", "version"), [((), 1.0, 1), ((0.0, 0.0), 1.0, 1), ((0.0, 1e-9), 1.0, 2), ((), 2.0, 2)]
)
def test_the_version_rises_only_where_older_programs_would_misread(
    mean: tuple[float, ...], unit: float, version: int, tmp_path: Path
) -> None:
    """A program that reads version 1 takes the mean for 0 and the unit for 1, and refuses every other version."""
    saved(tmp_path / "a.safetensors", moved(DESCRIPTION, mean, unit))
    assert written(tmp_path / "a.safetensors")["version"] == version


def test_a_mean_of_images_has_one_number_a_colour() -> None:
    info = replace(
        inspect(resources.path("checkpoints", "fashion-mnist.safetensors")), shape=(2, 4, 4), mean=(0.5, -1.0)
    )
    np.testing.assert_array_equal(info.mean_point[0], np.full((4, 4), 0.5))
    np.testing.assert_array_equal(info.mean_point[1], np.full((4, 4), -1.0))
    assert replace(info, mean=()).mean_point.shape == (2, 4, 4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["two-moons", "spiral"])
def test_networks_of_before_answer_the_same_bits(name: str, dtype: torch.dtype) -> None:
    """The formula of version 1, written out: c_skip x + c_out F(c_in x, ln(σ)/4), with float64 coefficients."""
    path = resources.path("checkpoints", f"{name}.safetensors")
    model = load_checkpoint(path)
    assert "mean" not in written(path)
    assert (model.info.mean, model.info.unit, written(path)["version"]) == ((), 1.0, 1)
    generator = torch.Generator().manual_seed(1)
    sigma = torch.tensor([0.003, 0.7, 60.0], dtype=torch.float64)
    x = torch.randn(3, *model.shape, generator=generator, dtype=dtype) * 3
    d = model.info.sigma_data
    total = torch.hypot(sigma, torch.tensor(d, dtype=torch.float64))
    each = [
        c.to(dtype).reshape(-1, *[1] * len(model.shape)) for c in ((d / total) ** 2, sigma * (d / total), 1 / total)
    ]
    labels = torch.full((3,), model.num_classes) if model.num_classes else None
    with torch.no_grad():
        answer = model.network((each[2] * x).float(), (sigma.log() / 4).float(), labels)
    assert torch.equal(model(x, sigma), each[0] * x + each[1] * answer.to(dtype))
