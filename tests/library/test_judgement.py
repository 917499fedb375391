"""Does it denoise? A network's error beside that of the best isotropic shrink, on data that are open."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import geomodel as gm
import resources
from geomodel import networks
from geomodel.checkpoints import load_checkpoint
from geomodel.collapse import noisy_data, source_indices
from geomodel.datasets import Dataset
from geomodel.denoisers.base import Denoiser
from geomodel.denoisers.network import NetworkDenoiser
from geomodel.judgement import DENOISES, MIDDLE, MISREAD, NOT_JUDGED, SHARES, judge

CHECKPOINTS = Path(str(resources.__file__)).parent / "checkpoints"


@pytest.fixture(scope="module")
def clothes() -> Dataset:
    return gm.datasets.load("fashion-mnist", count=1000)


@pytest.fixture(scope="module")
def trained() -> NetworkDenoiser:
    return load_checkpoint(CHECKPOINTS / "fashion-mnist.safetensors")


class Formula(Denoiser):
    """A denoiser given as a function of x and σ (b, 1, …)."""

    def __init__(self, shape: tuple[int, ...], formula: Callable[[Tensor, Tensor], Tensor]) -> None:
        self.shape, self._formula = shape, formula

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        return self._formula(x, sigma.reshape(-1, *[1] * len(self.shape)))


def shrink(data: Dataset) -> Formula:
    mean, variance = torch.from_numpy(data.mean), data.std**2
    return Formula(data.shape, lambda x, sigma: mean + variance / (variance + sigma**2) * (x - mean))


@pytest.mark.parametrize("name", ["two-moons", "fashion-mnist"])
def test_the_shrink_itself_has_ratio_1(name: str) -> None:
    data = gm.datasets.load(name, count=1000)
    found = judge(shrink(data), data)
    np.testing.assert_allclose(found.ratios, 1, rtol=1e-12)
    np.testing.assert_allclose(found.sigmas, np.array([0.1, 0.4, 1, 2, 6]) * data.std)
    assert found.words == MISREAD


def test_ratios_by_the_formula(clothes: Dataset) -> None:
    """D = x has the error ‖σz‖², and the shrink ‖(s² σ z − σ² (x_0 − m))/(s² + σ²)‖²."""
    found = judge(Formula(clothes.shape, lambda x, sigma: x), clothes)
    clean = np.asarray(clothes.points[source_indices(len(clothes), 32)], np.float64)
    s2 = clothes.std**2
    for sigma, noisy, ratio in zip(
        found.sigmas, noisy_data(clothes.points, found.sigmas, 32), found.ratios, strict=True
    ):
        noise = noisy - clean
        off = (s2 * noise - sigma**2 * (clean - clothes.mean)) / (s2 + sigma**2)
        assert ratio == pytest.approx(np.square(noise).sum() / np.square(off).sum(), rel=1e-9)


def test_exact_denoiser_is_far_below(clothes: Dataset) -> None:
    found = judge(gm.OptimalDenoiser(clothes.points), clothes)
    assert max(found.ratios[MIDDLE]) < 0.05
    np.testing.assert_allclose(found.limits[MIDDLE], 0.5, atol=0.02)
    assert found.words == DENOISES


def test_trained_network_of_images(clothes: Dataset, trained: NetworkDenoiser) -> None:
    found = judge(trained, clothes)
    assert min(found.ratios) > 0.08
    assert max(found.ratios[MIDDLE]) < 0.25
    assert found.words == DENOISES
    assert found == judge(trained, clothes)


@pytest.mark.parametrize("name", ["two-moons", "spiral"])
def test_trained_networks_of_points_are_nearly_exact(name: str) -> None:
    """In a plane even D* is not far below the shrink, so the limit is half the way to it."""
    data, model = gm.datasets.load(name), load_checkpoint(CHECKPOINTS / f"{name}.safetensors")
    found, best = judge(model, data), judge(gm.OptimalDenoiser(data.points), data)
    assert min(best.ratios[MIDDLE]) > 0.5
    np.testing.assert_allclose(found.ratios, best.ratios, atol=0.02)
    np.testing.assert_allclose(found.limits, 0.5 + 0.51 * np.array(best.ratios), atol=0.02)
    assert found.words == DENOISES
    other = gm.datasets.load("checkerboard")
    assert judge(model, other).words == MISREAD


def test_untrained_network() -> None:
    data = gm.datasets.load("two-moons")
    info = load_checkpoint(CHECKPOINTS / "two-moons.safetensors").info
    config = networks.MLPConfig(width=16, depth=1)
    network = networks.build("mlp", config, (2,), info.classes + info.has_null_class)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    found = judge(NetworkDenoiser(network, info), data)
    assert found.words == MISREAD
    assert max(found.ratios[MIDDLE]) > 1


MISTAKES: dict[str, Callable[[NetworkDenoiser], Denoiser]] = {
    "time of another code": lambda m: NetworkDenoiser(m.network, m.info, replace(m.clock, time_scale=1.0)),
    "time by a factor of σ": lambda m: NetworkDenoiser(m.network, m.info, replace(m.clock, time_factor=10.0)),
    "velocity taken for F": lambda m: NetworkDenoiser(m.network, m.info, replace(m.clock, prediction="velocity")),
    "noise taken for F": lambda m: NetworkDenoiser(m.network, m.info, replace(m.clock, prediction="epsilon")),
    "scale of the data": lambda m: NetworkDenoiser(m.network, m.info, replace(m.clock, sigma_data=0.1)),
    "data taken for [0, 1]": lambda m: Formula(m.shape, lambda x, s: 2 * m((x + 1) / 2, s.reshape(-1) / 2) - 1),
    "black and white exchanged": lambda m: Formula(m.shape, lambda x, s: m(-x, s.reshape(-1))),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_usual_mistakes(mistake: str, clothes: Dataset, trained: NetworkDenoiser) -> None:
    found = judge(MISTAKES[mistake](trained), clothes)
    assert found.words == MISREAD, found.ratios


class Oracle(nn.Module):
    """A network that knows one picture for each class, and answers it wherever it is asked for that class."""

    def __init__(self, pictures: Tensor) -> None:
        super().__init__()
        self.pictures = nn.Parameter(pictures)
        self.asked: list[Tensor] = []

    def forward(self, x: Tensor, time: Tensor, labels: Tensor) -> Tensor:
        self.asked.append(labels)
        return self.pictures[labels]


@pytest.fixture
def two_pictures() -> Dataset:
    pictures = np.stack([np.full((1, 12, 12), value, np.uint8) for value in (0, 255)])
    labels = np.arange(40) % 2
    return Dataset(name="two", kind="images", stored=pictures[labels], labels=labels, label_names=("dark", "light"))


def oracle(trained: NetworkDenoiser, data: Dataset, names: tuple[str, ...], *, null: bool) -> NetworkDenoiser:
    """`names[k]` is what it calls the k-th class; the dark picture is −1 and the light one 1."""
    known = {"dark": -1.0, "light": 1.0}
    values = [known.get(name, 0.0) for name in names] or [-1.0, 1.0]
    pictures = torch.tensor([*values, 0.0]).reshape(-1, 1, 1, 1).expand(-1, *data.shape)
    info = replace(
        trained.info, shape=data.shape, classes=len(values), label_names=names, has_null_class=null, mean=(), unit=1.0
    )
    return NetworkDenoiser(Oracle(pictures), info, replace(trained.clock, prediction="sample"))


def test_each_point_is_asked_for_with_its_class(two_pictures: Dataset, trained: NetworkDenoiser) -> None:
    for names in (("dark", "light"), ("light", "dark"), ()):
        found = judge(oracle(trained, two_pictures, names, null=False), two_pictures)
        assert max(found.ratios) < 1e-12
        assert found.words == DENOISES


def test_points_of_other_classes(two_pictures: Dataset, trained: NetworkDenoiser) -> None:
    half = oracle(trained, two_pictures, ("other", "other", "light"), null=False)
    assert max(judge(half, two_pictures).ratios) < 1e-12  # the dark ones are left out
    assert {*torch.cat(half.network.asked).tolist()} == {2}
    with_null = oracle(trained, two_pictures, ("other", "other", "light"), null=True)
    assert judge(with_null, two_pictures).words == MISREAD  # without class it answers grey
    assert {*torch.cat(with_null.network.asked).tolist()} == {2, 3}
    none = judge(oracle(trained, two_pictures, ("a", "b", "c"), null=False), two_pictures)
    assert none.words == NOT_JUDGED


def test_labels_of_no_class_and_data_without_labels(two_pictures: Dataset, trained: NetworkDenoiser) -> None:
    some = replace(two_pictures, labels=np.where(np.arange(40) < 20, two_pictures.labels, -1))
    model = oracle(trained, some, ("dark", "light"), null=True)
    judge(model, some)
    assert {*torch.cat(model.network.asked).tolist()} == {0, 1, 2}
    bare = replace(two_pictures, labels=None, label_names=None)
    assert judge(model, bare).words == MISREAD
    assert judge(oracle(trained, bare, ("dark", "light"), null=False), bare).words == NOT_JUDGED


def test_without_data(clothes: Dataset, trained: NetworkDenoiser) -> None:
    other = gm.datasets.load("two-moons", count=10)
    for data in (None, other):
        found = judge(trained, data)
        assert (found.words, found.sigmas, found.ratios) == (NOT_JUDGED, (), ())
        assert "finite" in found.sentence
    shape = clothes.shape
    away = judge(Formula(shape, lambda x, sigma: x / 2), None)
    assert "is 0.5 σ√d" in away.sentence
    broken = judge(Formula(shape, lambda x, sigma: x * math.nan), None)
    assert "not finite" in broken.sentence


def test_data_whose_squares_vanish_cannot_judge(tmp_path: Path) -> None:
    (tmp_path / "tiny.csv").write_text("1e-300,2e-300\n3e-300,1e-300\n")
    network = load_checkpoint(resources.path("checkpoints", "two-moons.safetensors"))
    assert judge(network, gm.datasets.load(str(tmp_path / "tiny.csv"))) == judge(network, None)


def test_numbers_that_are_not_finite(clothes: Dataset) -> None:
    found = judge(Formula(clothes.shape, lambda x, sigma: x * math.inf), clothes)
    assert found.words == MISREAD
    assert found.ratios == (math.inf,) * 5


def test_levels_stay_in_the_range_of_the_network(clothes: Dataset, trained: NetworkDenoiser) -> None:
    narrow = NetworkDenoiser(trained.network, trained.info, trained.clock)
    narrow.sigma_min, narrow.sigma_max = 0.2, 1.0
    assert judge(narrow, clothes).sigmas[:: len(SHARES) - 1] == (0.2, 1.0)


@pytest.mark.parametrize(("scale", "moved"), [(1e-3, 0.0), (1e6, 0.0), (1.0, 1e4)])
def test_unit_and_place_of_the_data_do_not_matter(scale: float, moved: float) -> None:
    here = gm.datasets.load("two-moons", count=300)
    there = replace(here, stored=here.points * scale + moved)
    expected = judge(gm.OptimalDenoiser(here.points), here)
    found = judge(gm.OptimalDenoiser(there.points), there)
    np.testing.assert_allclose(found.ratios, expected.ratios, rtol=1e-6)  # 1e4 has spacing 2e-12
    np.testing.assert_allclose(found.limits, expected.limits, rtol=1e-6)
    assert found.words == expected.words == DENOISES


def test_normal_data_are_denoised_by_the_shrink() -> None:
    points = np.random.default_rng(0).standard_normal((1000, 2))
    data = Dataset(name="normal", kind="points", stored=points)
    exact = Formula((2,), lambda x, sigma: x / (1 + sigma**2))
    assert judge(exact, data).words == DENOISES


def test_progress_is_called_between_evaluations_and_may_stop(clothes: Dataset, trained: NetworkDenoiser) -> None:
    shares: list[float] = []
    judge(trained, clothes, shares.append)
    assert shares == sorted(shares)
    assert len(shares) >= 5
    assert shares[0] == 0

    def stop(share: float) -> None:
        raise InterruptedError

    def never(*_: Any) -> Tensor:
        raise AssertionError

    for data in (None, clothes):
        with pytest.raises(InterruptedError):
            judge(Formula(clothes.shape, never), data, stop)
