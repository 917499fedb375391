"""Measures at some levels of a run are those of the whole run at these levels, in bounded memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from saved_runs import make_run

from geomodel import curves, geometry, measures
from geomodel.curves import LEAST_LEVELS, MOST_LEVELS, MOST_NUMBERS, Curves, some_levels
from geomodel.geometry import vectors

EXTRAS = ("effective_neighbours", "nearest_x", "nearest_denoised", "denoiser_difference", "exact_distance_x")


def long_run(levels=300, batch=3, shape=(1, 3, 4), final=True):
    rng = np.random.default_rng(0)
    return make_run(
        x=rng.standard_normal((levels, batch, *shape)),
        denoised=rng.standard_normal((levels - 1, batch, *shape)),
        sigmas=np.geomspace(80.0, 0.01, levels),
        evaluations_at=np.arange(levels),
        final_denoised=rng.standard_normal((batch, *shape)) if final else None,
        seeds=None,
        labels=None,
        settings={"center": rng.standard_normal(shape).tolist()},
        extras={name: rng.uniform(1, 2, (levels - k % 2, batch)) for k, name in enumerate(EXTRAS)},
    )


@pytest.mark.parametrize("final", [True, False])
@pytest.mark.parametrize(
    "levels",
    [np.arange(300), curves.ends(300), np.array([0, 1, 7, 100, 101, 297, 298, 299]), some_levels(300, 2**22)],
)
def test_a_measure_at_some_levels_is_that_of_the_whole(levels, final):
    run = long_run(final=final)
    some = Curves.of(run).at(levels)
    found = 0
    for row in measures.MEASURES:
        whole, part = measures.compute(row.name, run), measures.compute(row.name, some)
        assert whole.keys() == part.keys(), row.name
        for curve, values in whole.items():
            kept = levels[levels < len(values)]
            np.testing.assert_allclose(part[curve], values[kept], rtol=1e-12, atol=1e-12, err_msg=row.name)
            found += 1
    assert found == 18  # every measure but the difference along the exact run and D's distance to it


@pytest.mark.parametrize("batch", [1, 64, 4096, 10**6])
@pytest.mark.parametrize("levels", [2, 3, 64, 65, MOST_LEVELS, MOST_LEVELS + 1, 10_001, 50_000])
def test_some_levels_hold_the_ends_and_few_numbers(levels, batch):
    found = some_levels(levels, batch)
    assert found[0] == 0
    assert found[-1] == levels - 1
    assert {max(levels - 3, 0), max(levels - 2, 0)} <= set(found.tolist())
    assert (np.diff(found) > 0).all()
    assert len(found) <= max(LEAST_LEVELS, min(MOST_LEVELS, MOST_NUMBERS // batch))
    if levels <= LEAST_LEVELS or (levels <= MOST_LEVELS and levels * batch <= MOST_NUMBERS):
        assert len(found) == levels
    else:
        apart = np.diff(found)
        assert apart[:-3].max() - apart[:-3].min() <= 1  # evenly spread


def test_fifty_thousand_levels_are_measured_in_little_memory():
    run = make_run(
        x=np.ones((50_001, 4, 2)), denoised=np.ones((50_000, 4, 2)), sigmas=np.geomspace(80, 0.01, 50_001),
        evaluations_at=np.arange(50_001), final_denoised=None, seeds=None, labels=None, settings={}, extras={},
    )  # fmt: skip
    tracemalloc.start()
    some = Curves.of(run).at(some_levels(50_001, 4))
    for row in measures.MEASURES:
        for values in measures.compute(row.name, some).values():
            assert len(values) <= MOST_LEVELS
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < run.x.nbytes / 2


def test_levels_of_few_numbers_are_measured_together(monkeypatch):
    """A call for each level would take a hundred times as long as the arithmetic."""
    levels, calls, real = 50_001, [], np.einsum
    monkeypatch.setattr(np, "einsum", lambda *parts: calls.append(parts) or real(*parts))
    x, times = np.random.default_rng(0).standard_normal((levels, 4, 2)), np.geomspace(80, 0.01, levels)
    for measure in (
        geometry.norm(x), geometry.step_length(x), geometry.distance_to_end(x), geometry.deviation(x),
        geometry.cosine_to_end(x), geometry.turning_rate(x, x[::-1], times), geometry.off_straight(x, times),
        geometry.straightness(x, times)[None],
    ):  # fmt: skip
        assert measure.shape[1] == 4
        assert np.isfinite(measure).any()
    assert 8 <= len(calls) < levels / 20


@pytest.mark.parametrize("at_once", [1, 40, 10**6])
def test_pieces_change_no_bit(monkeypatch, at_once):
    rng = np.random.default_rng(0)
    x, d, times = rng.standard_normal((57, 3, 2, 4)), rng.standard_normal((57, 3, 2, 4)), np.geomspace(80, 0.01, 57)

    def measured():
        return (
            geometry.norm(x), geometry.step_length(x), geometry.distance_to_end(x), geometry.deviation(x),
            geometry.cosine_to_end(x, d[1:]), geometry.turning_rate(x, d, times), geometry.off_straight(x, times),
        )  # fmt: skip

    whole = measured()
    monkeypatch.setattr(vectors, "AT_ONCE", at_once)
    for one, other in zip(whole, measured(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_table_is_the_same_in_pieces(monkeypatch):
    run = long_run(levels=200)
    header, whole = measures.rows(run)
    whole = list(whole)
    monkeypatch.setattr(measures, "ROWS_AT_ONCE", 1)
    again, pieces = measures.rows(run)
    assert (again, list(pieces)) == (header, whole)
    assert len(whole) == 200 * 3
    norms = measures.compute("norm", run)["x"]
    at = header.index("norm_x [data units]")
    np.testing.assert_array_equal([row[at] for row in whole], norms.ravel())
    assert curves.LEAST_LEVELS < 200  # so that there are several pieces
