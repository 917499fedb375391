"""The table of measures over small runs: loops by hand, growing records, bands, the CSV file."""

from __future__ import annotations

import csv
import math
from dataclasses import replace

import numpy as np
import pytest

from geomodel import measures
from geomodel.measures import MEASURES, Curves, compute
from geomodel.trajectory import Trajectory

LEVELS, BATCH, SHAPE = 6, 3, (1, 2, 2)
NAMES = [row.name for row in MEASURES]


def make_run(**changes) -> Trajectory:
    rng = np.random.default_rng(7)
    fields = {
        "x": rng.standard_normal((LEVELS, BATCH, *SHAPE)),
        "denoised": rng.standard_normal((LEVELS - 1, BATCH, *SHAPE)),
        "sigmas": np.array([10.0, 5.0, 2.0, 1.0, 0.3, 0.1]),
        "evaluations": 9,
        "evaluations_at": np.array([0, 2, 4, 6, 8, 9]),
        "network_calls": 9,
        "looks": 1,
        "final_denoised": rng.standard_normal((BATCH, *SHAPE)),
        "seeds": np.array([11, 12, 13]),
        "extras": {
            "effective_neighbours": rng.uniform(1, 9, (LEVELS - 1, BATCH)),
            "denoiser_difference": rng.uniform(0, 1, (LEVELS - 1, BATCH)),
            "denoiser_difference_exact": rng.uniform(0, 1, (LEVELS - 1, BATCH)),
            "exact_distance_x": rng.uniform(0, 1, (LEVELS, BATCH)),
            "exact_distance_denoised": rng.uniform(0, 1, (LEVELS - 1, BATCH)),
            "nearest_x": rng.uniform(0, 1, (LEVELS - 1, BATCH)),
            "nearest_denoised": rng.uniform(0, 1, (LEVELS - 1, BATCH)),
            "turning_exact": rng.uniform(0, 1, (LEVELS - 1, BATCH)),
            "information": rng.uniform(0, 1, (LEVELS - 1, BATCH)),
            "gain_x": rng.normal(0, 9, (LEVELS - 1, BATCH)),
            "gain_denoised": rng.normal(0, 9, (LEVELS - 1, BATCH)),
        },
    }
    return Trajectory(**{**fields, **changes})


def by_hand(run: Trajectory, name: str, curve: str) -> list[list[float]]:
    """One measure by loops over levels and samples, from the definitions."""
    x = run.x.reshape(LEVELS, BATCH, -1)
    d = np.concatenate([run.denoised, run.final_denoised[None]]).reshape(LEVELS, BATCH, -1)
    a = d if curve == "denoised" else x

    def turning(n: int, k: int) -> float:
        """The parabola in ln σ through three levels by numpy's fit, and its slope across x − D."""
        if n == 0:
            return math.nan
        t = np.log(run.sigmas[n - 1 : n + 2])
        change = np.polyfit(t - t[1], d[n - 1 : n + 2, k], 2)[1]
        away = x[n, k] - d[n, k]
        return np.linalg.norm(change - change @ away / (away @ away) * away) / np.linalg.norm(away)

    def value(n: int, k: int) -> float:
        slope = (x[n, k] - d[n, k]) / run.sigmas[n]
        offset, chord = a[n, k] - a[-1, k], a[0, k] - a[-1, k]
        match name:
            case "norm":
                return math.sqrt(sum(a[n, k] ** 2))
            case "slope":
                return math.sqrt(sum(slope**2) / 4)
            case "step_length":
                return math.sqrt(sum((a[n + 1, k] - a[n, k]) ** 2))
            case "distance_to_end":
                return math.sqrt(sum(offset**2))
            case "deviation":
                along = offset @ chord / math.sqrt(chord @ chord)
                return math.sqrt(max(offset @ offset - along**2, 0.0))
            case "cosine_to_end":
                return math.nan if n == LEVELS - 1 else slope @ offset / math.sqrt((slope @ slope) * (offset @ offset))
            case "gap":
                return math.dist(d[n, k], x[-1, k])
            case "turning" if curve == "x":
                return turning(n, k)
            case "clipped":
                return 100 * sum(abs(v) > 1 + 0.5 / 127.5 for v in a[n, k]) / 4
        return float(run.extras[extra][n, k])

    extra = f"{name}_{curve}" if curve else name
    levels = len(run.extras[extra]) if extra in run.extras else LEVELS - (name in ("step_length", "turning"))
    return [[value(n, k) for k in range(BATCH)] for n in range(levels)]


@pytest.mark.parametrize("name", NAMES)
def test_every_measure_by_hand(name):
    run = make_run()
    row = next(row for row in MEASURES if row.name == name)
    found = compute(name, run)
    assert tuple(found) == row.curves
    for curve, values in found.items():
        assert values.dtype == np.float64
        # 1e-7: the loops subtract squares for the deviation, and its ends are the root of a rounding of 1e-15
        np.testing.assert_allclose(values, by_hand(run, name, curve), atol=1e-7)


def test_the_table_is_complete_and_in_words():
    assert len(set(NAMES)) == len(MEASURES) == 15
    columns = [row.column(curve) for row in MEASURES for curve in row.curves]
    assert len(set(columns)) == len(columns)
    for row in MEASURES:
        assert row.title
        assert row.formula
        assert "arXiv" in row.source or row.name == "clipped"
        assert set(row.curves) <= {"x", "denoised", "", "exact"}


@pytest.mark.parametrize("name", [row.name for row in MEASURES if not row.needs_end])
@pytest.mark.parametrize("committed", [0, 1, 3, LEVELS - 1])
def test_a_growing_record_has_the_beginning_of_the_finished_run(name, committed):
    run = make_run()
    unread = {"x": run.x.copy(), "denoised": run.denoised.copy()}
    unread["x"][committed:] = 1e300
    unread["denoised"][max(committed - 1, 0) :] = 1e300
    extras = {key: values.copy() for key, values in run.extras.items()}
    for values in extras.values():
        values[max(committed - (len(values) < LEVELS), 0) :] = 1e300
    partial = compute(name, Curves(unread["x"], unread["denoised"], run.sigmas, extras), committed)
    for curve, whole in compute(name, run).items():
        known = committed if (curve == "x" and name in ("norm", "exact_distance")) else max(committed - 1, 0)
        known = max(known - 1, 0) if (name, curve) in (("step_length", "denoised"), ("turning", "x")) else known
        assert partial[curve].shape == (known, BATCH)
        np.testing.assert_array_equal(partial[curve], whole[:known])


@pytest.mark.parametrize("name", [row.name for row in MEASURES if row.needs_end])
def test_what_needs_the_end_waits_for_it(name):
    run = make_run()
    with pytest.raises(ValueError, match="needs the end of the run; 4 of 6 levels"):
        compute(name, run, committed=4)
    for curve, values in compute(name, run, committed=LEVELS).items():
        np.testing.assert_array_equal(values, compute(name, run)[curve])


def test_an_unknown_measure_is_named():
    with pytest.raises(ValueError, match=r"no measure 'speed'; there are distance_to_end, deviation"):
        compute("speed", make_run())


def test_without_a_look_at_the_end_the_denoising_curve_is_shorter():
    run = make_run(final_denoised=None, extras={}, sigmas=np.array([10.0, 5.0, 2.0, 1.0, 0.3, 0.0]))
    assert compute("norm", run)["denoised"].shape == (LEVELS - 1, BATCH)
    assert compute("deviation", run)["denoised"][-1].tolist() == [0.0] * BATCH
    assert compute("slope", run)["x"].shape == (LEVELS - 1, BATCH)
    assert compute("cosine_to_end", run)["x"].shape == (LEVELS, BATCH)
    assert compute("effective_neighbours", run) == {}


def test_points_that_were_not_evaluated_stay_unknown():
    run = make_run()
    denoised = run.denoised.copy()
    denoised[2] = np.nan
    run = replace(run, denoised=denoised)
    for name in ("norm", "slope", "cosine_to_end", "deviation"):
        values = list(compute(name, run).values())[-1]
        assert np.isnan(values[2]).all()
        assert np.isfinite(values[1]).all()


def test_there_is_no_slope_at_zero():
    values = compute("slope", make_run(sigmas=np.array([10.0, 5.0, 2.0, 1.0, 0.3, 0.0])))["x"]
    assert np.isnan(values[-1]).all()
    assert np.isfinite(values[:-1]).all()


def test_a_diverged_run_is_quiet():
    run = make_run()
    run.x[3:], run.denoised[3:] = np.inf, np.inf
    for name in NAMES:
        compute(name, run)


# ---------------------------------------------------------------- bands


def test_band_is_numpys_quantile_without_what_is_not_a_number():
    rng = np.random.default_rng(3)
    values = rng.standard_normal((5, 37))
    values[rng.uniform(size=values.shape) < 0.3] = np.nan
    for found, share in zip(measures.band(values), (0.5, 0.1, 0.9), strict=True):
        np.testing.assert_allclose(found, np.nanquantile(values, share, axis=1), rtol=1e-14)
    np.testing.assert_array_equal(measures.band(values.T, axis=0), measures.band(values))


def test_band_of_nothing_one_and_infinity():
    median, low, high = measures.band([[np.nan] * 3, [2.0, np.nan, np.nan], [np.inf, 1.0, 2.0]])
    np.testing.assert_array_equal(median, [np.nan, 2.0, 2.0])
    np.testing.assert_array_equal(low, [np.nan, 2.0, 1.2])
    np.testing.assert_array_equal(high, [np.nan, 2.0, np.inf])


# ---------------------------------------------------------------- the file


def test_csv_holds_every_number(tmp_path):
    run = make_run()
    path = tmp_path / "mesures été.csv"
    measures.write_csv(run, path)
    with path.open(encoding="utf-8", newline="") as file:
        header, *table = csv.reader(file)
    assert header[:6] == [
        "level",
        "sigma [data units]",
        "sample",
        "seed",
        "evaluations",
        "distance_to_end_x [data units]",
    ]
    assert "cosine_to_end_x" in header
    assert "effective_neighbours [points]" in header
    assert len(table) == LEVELS * BATCH
    assert "nan" not in path.read_text(encoding="utf-8")  # an empty cell is what every reader understands
    assert [row[:5] for row in table[3:5]] == [["1", "5.0", "0", "11", "2"], ["1", "5.0", "1", "12", "2"]]
    names = [row.column(curve) for row in MEASURES for curve in row.curves]
    assert [title.split(" ")[0] for title in header[5:]] == names
    for row in MEASURES:
        for curve, values in compute(row.name, run).items():
            column = 5 + names.index(row.column(curve))
            cells = [line[column] for line in table]
            expected = np.full((LEVELS, BATCH), np.nan)
            expected[: len(values)] = values
            back = np.array([float(cell) if cell else np.nan for cell in cells]).reshape(LEVELS, BATCH)
            np.testing.assert_array_equal(back, expected)  # every bit: floats are written in full
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_csv_of_an_adaptive_run_without_seeds():
    spent = np.arange(LEVELS * BATCH).reshape(LEVELS, BATCH)
    header, table = measures.rows(make_run(seeds=None, evaluations_at=spent, extras={}))
    lines = list(table)
    assert "effective_neighbours [points]" not in header
    assert [line[3:5] for line in lines] == [[None, count] for count in range(LEVELS * BATCH)]
    assert all(len(line) == len(header) for line in lines)


def test_a_csv_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "run.csv"
    path.write_text("before")
    with pytest.raises(ValueError):
        measures.write_csv(make_run(evaluations_at=np.zeros((LEVELS, 2))), path)
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["run.csv"]
