"""Sums over patches against loops, whichever product makes them, and the bound of their rounding."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import geomodel as gm
from geomodel.denoisers import patch_sums
from geomodel.denoisers.patch_sums import PatchSums

HEIGHT, WIDTH = 9, 7


def ragged(share, seed=0):
    """Patches of random shape; each holds its own place."""
    found = torch.rand(HEIGHT * WIDTH, HEIGHT * WIDTH, generator=torch.manual_seed(seed)) < share
    return found | torch.eye(HEIGHT * WIDTH, dtype=torch.bool)


def blobs(radius):
    """Discs, of which neighbours differ in little."""
    place = torch.stack(torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij"), -1).view(-1, 2)
    return torch.cdist(place.double(), place.double()) <= radius


PATCHES = {
    "alone": torch.eye(HEIGHT * WIDTH, dtype=torch.bool),
    "few": ragged(0.03),
    "half": ragged(0.5),
    "all": torch.ones(HEIGHT * WIDTH, HEIGHT * WIDTH, dtype=torch.bool),
    "small discs": blobs(1.5),
    "large discs": blobs(5.0),
}


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("chained", [True, False])
@pytest.mark.parametrize("name", PATCHES)
def test_sums_are_those_of_loops(name, chained, sparse, monkeypatch):
    """Correctly rounded sums by math.fsum, and the bound that the docstring states."""
    monkeypatch.setattr(patch_sums, "sparse_products", lambda: sparse)
    patches = PATCHES[name]
    values = torch.rand(HEIGHT * WIDTH, 5, dtype=torch.float64, generator=torch.manual_seed(1)) ** 8 * 100
    found = PatchSums(patches, HEIGHT, chained=chained)(values)
    wanted = torch.tensor(
        [[math.fsum(column[seen].tolist()) for column in values.T] for seen in patches], dtype=torch.float64
    )
    links = HEIGHT + WIDTH
    numbers = links * int((patches[1:] != patches[:-1]).sum(1).max() + patches[0].sum())
    error = (found - wanted).abs()
    assert bool((error <= (2 * numbers + links) * 2.0**-53 * wanted.amax(0)).all())
    if not chained:  # then nothing outside the patch counts
        assert bool((error <= patches.sum(1)[:, None] * 2.0**-53 * wanted).all())


def test_sums_are_chained_where_that_saves_numbers():
    assert PatchSums(PATCHES["large discs"], HEIGHT)._chained
    assert not PatchSums(PATCHES["large discs"], HEIGHT, chained=False)._chained
    assert not PatchSums(PATCHES["few"], HEIGHT)._chained
    assert PatchSums(PATCHES["few"], HEIGHT)._matrix.layout == torch.sparse_csr
    assert PatchSums(PATCHES["half"], HEIGHT)._matrix.layout == torch.strided


@pytest.mark.parametrize("sigma", [0.05, 0.5, 3.0])
def test_wiener_local_is_the_same_by_dense_products(sigma, monkeypatch):
    """Smooth images have large patches; sums in another order, 1e-12 each, over σ²."""
    random = np.random.default_rng(0)
    points = random.normal(size=(80, 1, 12, 12)).cumsum(axis=2).cumsum(axis=3) / 8
    x = points[:2] + sigma * random.normal(size=(2, 1, 12, 12))
    found = gm.WienerLocalDenoiser(points, 0.1)(x, sigma)
    monkeypatch.setattr(patch_sums, "sparse_products", lambda: False)
    monkeypatch.setattr(patch_sums, "_DIRECT", math.inf)
    np.testing.assert_allclose(found, gm.WienerLocalDenoiser(points, 0.1)(x, sigma), rtol=1e-9, atol=1e-11)


def test_at_a_small_level_nothing_outside_a_patch_counts():
    """An image that is near in a patch and 10⁶ away beside it; a chain of sums would lose six more digits."""
    random = np.random.default_rng(0)
    points = random.normal(size=(40, 1, 8, 8)).cumsum(axis=2).cumsum(axis=3)
    model = gm.WienerLocalDenoiser(points)
    for sigma, allowed in ((0.01 * model._deviation, False), (model._deviation, True)):
        made = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "geomodel.denoisers.wiener_local.PatchSums",
                lambda *given, chained, made=made: made.append(chained) or PatchSums(*given, chained=chained),
            )
            model(points[:1], sigma)
        assert made == [allowed]


def test_points_that_change_later_change_no_answer():
    points = np.random.default_rng(0).normal(size=(10, 1, 4, 4))
    model, x = gm.LocalDenoiser(points, 3), points[:2].copy()
    before = model(x, 0.5)
    points[:] = 0
    np.testing.assert_array_equal(model(x, 0.5), before)
