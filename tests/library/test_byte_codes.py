"""What the searched optimal denoiser is made of: exact products of bytes, digits, distances, lower bounds."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from byte_bases import BASES, NAMES, use

from geomodel.datasets.points import Points, converted
from geomodel.denoisers.optimal import byte_codes, byte_grid, byte_products, byte_tables, file_codes, finding, pruning
from geomodel.denoisers.optimal.posterior import Rows

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


@pytest.fixture(params=BASES, ids=NAMES)
def base(request, monkeypatch):
    use(request.param, monkeypatch)
    return request.param


def _random_digits(base, random, shape):
    return torch.from_numpy(random.integers(0, 1 << base.bits, shape, dtype=np.uint8))


def test_one_base_is_exact_here():
    assert byte_products.packs(byte_products.NARROW) or byte_products.packs(byte_products.WIDE)
    assert byte_products.base_of(CPU) in BASES


def test_digits_are_the_number(base):
    most = byte_products.LARGEST
    whole = torch.tensor([[0, 1, -1, 127, 128, -128, -129], [most, -most, 2**23, -(2**23), 255, 65535, -65536]])
    found = base.digits(whole, base.places)
    assert (found.dtype, found.shape) == (torch.uint8, (2, base.places, 7))
    assert int(found.max()) < 1 << base.bits
    worth = byte_products.powers(base, base.places, base.places, CPU)
    assert (worth @ (found.double() - base.offset) == whole).all()
    signed = base.signed(found)
    assert (worth @ signed.double() == whole).all()
    lesser = worth[:2] @ (found[:, :2].double() - base.offset)
    assert lesser.abs().max() <= base.cut
    greater = byte_products.powers(base, base.places - 2, base.places, CPU) @ base.greater(signed).double()
    assert (greater + lesser == whole).all()


def test_digits_of_shares_are_the_number(base):
    random = np.random.default_rng(3)
    for places in base.share_places:
        most = base.parts(places)
        edges = [0, 1, 63, 64, 127, 128, 255, 2**15, 2**15 - 1, 2**21 - 1, most // 2, most - 1, most]
        whole = torch.from_numpy(np.concatenate([edges, random.integers(0, int(most) + 1, 10_000)]))[None].double()
        found = base.digits(whole, places)
        worth = byte_products.powers(base, places, places, CPU)
        assert (found.dtype, found.shape) == (torch.uint8, (1, places, whole.shape[1]))
        assert int(found.max()) < 1 << base.bits
        assert (worth @ (found.double() - base.offset) == whole).all()
        assert most * 2**14 < 2**62  # sums of many shares are exact in float64 but for their last bits


@pytest.mark.parametrize("kind", ["packed", "plain"])
def test_tables_multiply_exactly_from_both_sides(kind, base, monkeypatch):
    monkeypatch.setattr(byte_tables, "_SHORT", 48)  # several pieces, as with more numbers
    monkeypatch.setattr(byte_tables, "_LONG", 64)
    monkeypatch.setattr(byte_tables, "_TALL", 96)
    monkeypatch.setattr(byte_products, "_NARROW_RUN", 40)
    random = np.random.default_rng(19)
    entries = torch.from_numpy(random.integers(-128, 128, (240, 112), dtype=np.int8))
    packed = kind == "packed"
    table = byte_tables.PackedTable(entries, base) if packed else byte_tables.PlainTable(entries, base, turned=True)
    for count in (1, 2, 4, 6, 18, 64, 96):
        rows = _random_digits(base, random, (count, 112))
        found = torch.cat([dots.double() for _, dots in table.along(rows)], dim=1)
        assert (found == (rows.double() - base.offset) @ entries.double().T).all()
        rows = _random_digits(base, random, (count, 240))
        sums, error = table.across(rows)
        assert (sums == (rows.double() - base.offset) @ entries.double()).all()
        assert (error == 0).all()


def test_narrow_products_are_exact_at_the_largest_sums():
    """Runs of the most extreme numbers, whose sums reach 2²⁴, and random ones of every length."""
    random = np.random.default_rng(40)
    for length in (1, 63, 2047, 2048, 2049, 5000):
        bytes_ = torch.from_numpy(random.integers(-128, 128, (40, length), dtype=np.int8))
        digits = torch.from_numpy(random.integers(-64, 64, (length, 7), dtype=np.int8))
        bytes_[::4], digits[:, ::3] = -128, -64
        bytes_[1::4], digits[:, 1::3] = 127, 63
        found = byte_products.narrow_product(bytes_, digits)
        assert (found == bytes_.double() @ digits.double()).all()
        assert (byte_products.narrow_product(digits.T, bytes_.T) == found.T).all()


def test_picked_rows_of_a_table_are_multiplied_exactly(base):
    random = np.random.default_rng(20)
    entries = torch.from_numpy(random.integers(-128, 128, (240, 112), dtype=np.int8))
    table = byte_tables.PlainTable(entries, base, turned=False)
    rows = _random_digits(base, random, (2, 112))
    for count in (1, 15, 16, 17, 33, 240):
        index = torch.from_numpy(random.permutation(240)[:count])
        assert (table.picked(index, rows) == (rows.double() - base.offset) @ entries[index].double().T).all()


def test_sums_too_large_for_float32_are_off_by_what_is_said(base):
    """10,000 sums over 2¹⁵ rows, of random and of the most extreme digits and bytes."""
    random, count = np.random.default_rng(21), 2**15
    entries = torch.from_numpy(random.integers(-128, 128, (count, 128), dtype=np.int8))
    entries[:, ::3], entries[:, 1::6] = 127, -128
    rows = _random_digits(base, random, (80, count))
    rows[::3], rows[1::6] = (1 << base.bits) - 1, 0
    rows[2::6] -= rows[2::6] // 3  # far from even
    sums, error = byte_tables.PackedTable(entries, base).across(rows)
    off = (sums - (rows.double() - base.offset) @ entries.double()).abs()
    assert off.numel() >= 10_000
    assert (off.norm(dim=1) <= error).all()
    assert 0 < (error > 0).double().mean() < 1
    assert (off.norm(dim=1) / error.clamp(min=1)).max() > 0.1  # a bound, not a platitude


def test_distances_are_rather_too_large_and_close():
    random = np.random.default_rng(18)
    stored = random.integers(0, 256, (90, 60)).astype(np.float32)
    stored[0, 0], stored[-1, -1] = 0, 255  # the range says what a byte is
    points = stored / np.float32(127.5) - np.float32(1)
    codes = byte_codes.Codes.build(torch.from_numpy(points), lambda _: [slice(0, 90)], torch.ones(90).double(), CPU)
    for sigma in (0.0, 1e-9, 1e-6, 1e-3, 1.0, 1e4, 1e8):
        x = torch.from_numpy(points[:40].astype(np.float64) + sigma * random.standard_normal((40, 60)))
        query = codes.query(x)
        base = codes.base
        worth = byte_products.powers(base, base.places, base.places, CPU)
        whole = (worth @ (query.digits.double() - base.offset))[:, :60]
        bytes_of_points = torch.from_numpy(stored[:40] - 128).double()
        coded = query.middle[:, None] + query.step[:, None] * whole - bytes_of_points
        exact = codes.scale * coded.norm(dim=1)
        gap, rounding = codes.gaps(query)
        found = codes.distance(query, gap[:, :40].diagonal(), rounding)
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
        closer = torch.stack([heads.closer(row, torch.arange(500)) for row in x])
        some = torch.arange(0, 500, 7)
        assert torch.allclose(heads.closer(x[3], some), closer[3, some], rtol=1e-6, atol=float(room[3]))
        for found, count in ((lower, pruning._LEADING), (closer, pruning._COMPONENTS)):
            assert (found.double() <= half + room[:, None]).all()
            if sigma < 1:  # the rest is what the outer parts' angles hide: at most 2 t t'
                inside = ((points - centre) @ heads._directions[:, :count]).square().sum(1)
                tail = (norms.square() - inside).clamp(min=0).sqrt()
                assert (half - found <= 2 * tail * (tail[:20, None] + sigma * 120**0.5) + room[:, None]).all()


def bytes_of(kind, count=90, dimension=60):
    random = np.random.default_rng(24)
    stored = random.integers(0, 256, (count, dimension), dtype=np.uint8)
    match kind:
        case "one colour each":
            stored = np.repeat(stored[:, :1], dimension, axis=1)
        case "black and white":
            stored = (stored > 127).astype(np.uint8) * np.uint8(255)
        case "nearly the same":
            stored = stored[:1] + random.integers(0, 2, stored.shape, dtype=np.uint8)
        case "one point":
            stored = stored[:1]
    return stored


def _lower(heads, x):
    return heads.lower(x)[0]


def _closer(heads, x):
    return torch.stack([heads.closer(row, torch.arange(len(heads._all))) for row in x])


KINDS = ("random", "one colour each", "black and white", "nearly the same", "one point")


@pytest.mark.parametrize("kind", KINDS)
def test_sums_of_stored_bytes_are_those_of_their_points(kind):
    stored = bytes_of(kind)
    points, grid = torch.from_numpy(converted(stored)), byte_grid.Grid.between(-1.0, 1.0)
    blocks = [slice(start, min(start + 17, len(stored))) for start in range(0, len(stored), 17)]
    codes, guards = torch.zeros(2, *stored.shape, dtype=torch.int8)
    wanted, found = byte_grid.Sums.room(len(stored)), byte_grid.Sums.room(len(stored) + 3)
    wanted.add_points(grid, points, blocks, codes, guards)
    found.add_bytes(grid, stored.reshape(-1, 3, 4, 5), blocks, file_codes.values())
    assert not any(total[len(stored) :].any() for total in found)
    found = byte_grid.Sums(*(total[: len(stored)] for total in found))
    for name in ("whole", "guard", "squares"):  # whole numbers
        assert getattr(found, name).tolist() == getattr(wanted, name).tolist()
    for name, most in (("across", 128.0), ("errors", 2.0**-46), ("finer", 2.0**-60)):  # as large as a term may be
        torch.testing.assert_close(getattr(found, name), getattr(wanted, name), rtol=0, atol=60 * most * 1e-15)
    assert torch.equal(codes, torch.from_numpy((stored ^ np.uint8(128)).view(np.int8)))
    filled = file_codes.FileCodes(stored, (len(stored), 64))
    assert torch.equal(filled[0 : len(stored)][:, :60], codes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("parts", [1, 5])
def test_lower_bounds_from_codes_are_below_and_close(kind, parts, monkeypatch):
    """Against exact distances, and against bounds from the points themselves."""
    stored = bytes_of(kind)
    monkeypatch.setattr(byte_tables, "BYTES_AT_ONCE", 64 * (-(-128 // parts) // 16 * 16))
    points = Rows(Points(stored))
    whole = points[:].double()
    centre = whole.mean(0) + 0.01
    norms = (whole - centre).norm(dim=1)
    everything = [slice(0, len(stored))]
    codes = byte_codes.Codes.build(points, lambda _: everything, norms, CPU, stored)
    assert codes is not None
    random, calls = np.random.default_rng(25), []
    plain = pruning.Heads(points, everything, centre, norms)
    heads = pruning.Heads(points, everything, centre, norms, codes, calls.append)
    assert len(calls) >= parts - 1
    assert torch.equal(heads._directions, plain._directions)
    for sigma in (0.0, 1e-6, 1e-3, 0.2, 5.0, 1e4):
        x = whole[:20] + sigma * torch.from_numpy(random.standard_normal((min(20, len(stored)), 60)))
        half = ((x[:, None] - whole) ** 2).sum(2) / 2 - (x - centre).square().sum(1, keepdim=True) / 2
        length, error = (x - centre).norm(dim=1, keepdim=True), heads._error
        _, room = heads.lower(x)
        for ask in (_lower, _closer):
            found = ask(heads, x).double()
            assert (found <= half + room[:, None]).all(), sigma
            # what the codes leave out of a point, and what is allowed for it, move its t by this at the worst
            tail = (2 * (2 * norms + error) * error).sqrt()
            assert (found >= ask(plain, x) - length * (tail + error) - room[:, None]).all(), sigma


@pytest.mark.parametrize("longer", [True, False])
def test_lower_bounds_hold_where_products_with_directions_are_off(longer):
    """By as much as is said, along each point's own head: the worst, because its t seems smaller or larger."""
    error, random = 0.05, np.random.default_rng(26)
    points = torch.from_numpy(random.standard_normal((300, 40)) * np.linspace(1, 0.001, 40) ** 4)  # hardly any t
    centre = points.mean(0)
    norms = (points - centre).norm(dim=1)

    def along(directions, centre):
        head = ((points - centre) @ directions).T
        off = head / head.norm(dim=0) * (error if longer else -error)
        return iter([(slice(0, 300), head + off)]), 0.0

    heads = pruning.Heads(points, [slice(0, 300)], centre, norms, SimpleNamespace(error=error, along=along))
    x = points[:50] + 0.3 * torch.from_numpy(random.standard_normal((50, 40)))
    half = ((x[:, None] - points) ** 2).sum(2) / 2 - (x - centre).square().sum(1, keepdim=True) / 2
    _, room = heads.lower(x)
    for ask in (_lower, _closer):
        assert (ask(heads, x).double() <= half + room[:, None]).all()


def test_products_with_directions_are_those_of_the_codes():
    stored = bytes_of("random")
    codes = byte_codes.Codes.build(Rows(Points(stored)), lambda _: [slice(0, 90)], torch.ones(90).double(), CPU, stored)
    directions = torch.linalg.qr(torch.randn(60, 7, generator=torch.Generator().manual_seed(1)).double()).Q
    centre = torch.full((60,), 0.3, dtype=torch.float64)
    parts, written = codes.along(directions, centre)
    found = torch.cat([part for _, part in parts], dim=1)
    coded = codes.origin + codes.scale * (torch.from_numpy(stored).double() - 128)
    off = (found - ((coded - centre) @ directions).T).norm(dim=0)
    assert 0 < written < 1e-7
    assert (off <= written + 1e-13).all()
    assert float(off.max()) > written / 1000  # a bound, not a platitude


def test_the_leading_components_come_first():
    """Components sorted by what they hold, so that the first few hold most: against the covariance's eigenvalues."""
    points = torch.from_numpy(np.random.default_rng(22).standard_normal((4000, 60)) * np.linspace(3, 0.1, 60))
    points = points - points.mean(0)
    directions = pruning.Heads(points, [slice(0, 4000)], torch.zeros(60), points.norm(dim=1))._directions
    held = (points @ directions).square().mean(0)
    values = torch.linalg.eigvalsh(points.T @ points / 4000).flip(0)
    # the subspace holds the leading directions nearly exactly after three rounds from 48 of 60 dimensions
    assert torch.allclose(held[:12], values[:12], rtol=0.01)


def test_numbers_are_found_as_torch_finds_them():
    random = np.random.default_rng(31)
    for dtype in (torch.float32, torch.float64, torch.int32):
        rows = torch.from_numpy(random.integers(-9, 9, (4, 500))).to(dtype)
        if dtype.is_floating_point:
            rows[1, ::3] = torch.inf
        for limit in (-10, -9, 0, 8):
            for row in rows:
                torch.testing.assert_close(finding.at_most(row, limit), (row <= limit).nonzero()[:, 0])
        assert (rows.gather(1, finding.least(rows)[:, None]) == rows.amin(1, keepdim=True)).all()


def test_the_heaviest_points_leave_as_little_weight_as_asked():
    """What the points that are not chosen miss is within the factor to which weights are told apart, and few are."""
    random, chosen = np.random.default_rng(32), []
    points = torch.from_numpy(random.integers(0, 256, (700, 30)).astype(np.float32) / np.float32(127.5) - 1)
    codes = byte_codes.Codes.build(points, lambda _: [slice(0, 700)], points.double().norm(dim=1), CPU)
    squares = codes._moments[2]
    for trial in range(200):
        gap = torch.from_numpy(random.exponential(10.0 ** random.uniform(-2, 3), len(squares)))
        gap[700:], sigma = torch.inf, float(10.0 ** random.uniform(-1, 1))
        gap -= gap.min()
        weights = torch.exp(-gap / sigma**2)
        allowed = float(squares[:700].mean()) * 10.0 ** random.uniform(-5, 0)
        index = codes.heaviest(gap, sigma, allowed)
        chosen.append(len(index))
        others = torch.ones(len(gap), dtype=torch.bool)
        others[index] = False
        assert (weights[others] * squares[others]).sum() <= 1.7 * allowed * weights.sum()
        assert len(index) == 0 or weights[index].min() >= weights[others].max(), trial
    assert len(set(chosen)) > 50
