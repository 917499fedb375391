"""What the searched optimal denoiser is made of: exact products of bytes, digits, distances, lower bounds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from geomodel.denoisers.optimal import byte_codes, byte_products, pruning

CPU = torch.device("cpu")
pytestmark = pytest.mark.skipif(not byte_products.exact_products(CPU), reason="no exact byte products here")


@pytest.mark.parametrize("count", [1, 3, 4, 8, 12, 64])
def test_products_of_bytes_are_exact(count):
    random = np.random.default_rng(10)
    for shape in ((96, 64), (32, 800), (32, 2**16)):
        codes, columns = (
            torch.from_numpy(random.integers(-128, 128, s, dtype=np.int8)) for s in (shape, (shape[1], count))
        )
        found = byte_products.product(codes, columns)
        assert (found.double() == codes.double() @ columns.double()).all()


def test_digits_are_the_number():
    most = byte_products.LARGEST
    whole = torch.tensor([[0, 1, -1, 127, 128, -128, -129], [most, -most, 2**23, -(2**23), 255, 65535, -65536]])
    digits = byte_products.digits(whole)
    assert (digits.dtype, digits.shape) == (torch.int8, (2, 7, 4))
    assert (digits.double() @ byte_products.powers(4, CPU) == whole).all()


def test_distances_are_rather_too_large_and_close():
    random = np.random.default_rng(18)
    stored = random.integers(0, 256, (90, 60)).astype(np.float32)
    stored[0, 0], stored[-1, -1] = 0, 255  # the range says what a byte is
    points = stored / np.float32(127.5) - np.float32(1)
    codes = byte_codes.Codes.build(torch.from_numpy(points), lambda: [slice(0, 90)], torch.ones(90).double(), CPU)
    for sigma in (0.0, 1e-9, 1e-6, 1e-3, 1.0, 1e4, 1e8):
        x = torch.from_numpy(points[:40].astype(np.float64) + sigma * random.standard_normal((40, 60)))
        query = codes.query(x)
        whole = (query.digits.double() @ byte_products.powers(4, CPU))[:, :60]
        coded = query.middle[:, None] + query.step[:, None] * whole - codes._codes[:40, :60].double()
        exact = codes.scale * coded.norm(dim=1)
        gap, rounding = codes.gaps(query)
        found = codes.distance(query, gap[:40].diagonal(), rounding)
        assert (found >= exact * (1 - 1e-14)).all(), sigma
        # near a point, the root of what cancels: 2 · 20 · 2e-10 of the query's last digit
        assert (found <= exact * (1 + 1e-9) + 2e-4).all() or sigma > 1, sigma


def test_lower_bounds_are_below_and_close():
    random = np.random.default_rng(13)
    scales = np.linspace(3, 0.05, 120)  # some directions lead
    points = torch.from_numpy(random.standard_normal((500, 120)) * scales)
    centre = points.mean(0)
    norms = (points - centre).norm(dim=1)
    heads = pruning.Heads(points, [slice(0, 300), slice(300, 500)], centre, norms)
    for sigma in (1e-3, 0.2, 5.0, 1e4):
        x = points[:20] + sigma * torch.from_numpy(random.standard_normal((20, 120)))
        lower, room = heads.lower(x)
        half = ((x[:, None] - points) ** 2).sum(2) / 2 - (x - centre).square().sum(1, keepdim=True) / 2
        assert (lower.double() <= half + room[:, None]).all()
        if sigma < 1:  # the rest is what the outer parts' angles hide: at most 2 t t'
            tail = (norms.square() - ((points - centre) @ heads._directions).square().sum(1)).clamp(min=0).sqrt()
            assert (half - lower <= 2 * tail * (tail[:20, None] + sigma * 120**0.5) + room[:, None]).all()
