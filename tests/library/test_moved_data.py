"""Where data lie, in which unit, in which order and how often each point occurs: nothing that reads data may care.

Every consumer of data is a row of CONSUMERS: it returns places, which move and scale with the data, lengths, which
scale, and plain numbers, which stay. Points are multiples of 2⁻¹⁰ and moves are whole numbers, so moved points are
exact, and only the run's own arithmetic rounds: to 2⁻⁵² of the largest coordinate in each operation. A trajectory of
D* carries such an error on, here by less than a factor of a few thousand, because its σ min is a fifth of the spread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import geomodel as gm
from geomodel import basins, collapse, density, measures, runs
from geomodel.datasets.dataset import Dataset
from geomodel.denoisers.mixture import MixtureDenoiser
from geomodel.designed import gits_table, teacher_run
from geomodel.experiments import Lane, compare
from geomodel.experiments.exact import solve
from geomodel.finite_differences import true_derivative
from geomodel.projection import principal_components
from geomodel.settings import RunSettings
from geomodel.solvers import SOLVERS

GROWTH = 1e4  # how much a rounding error may grow along a run; see above
LEVELS = np.geomspace(64.0, 0.25, 13)  # in units of the data
SEEDS = range(5)


@dataclass(frozen=True)
class Frame:
    """Where a set lies: p is shown at scale (p + move)."""

    move: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0

    def place(self, points: object) -> np.ndarray:
        return self.scale * (np.asarray(points) + self.move)

    def back(self, points: object) -> np.ndarray:
        return np.asarray(points) / self.scale - self.move

    def rect(self, x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
        left, bottom = self.place((x, y)).tolist()
        return left, bottom, self.scale * width, self.scale * height


Found = dict[str, tuple[str, np.ndarray]]  # name → (what it is, its values)


def cloud(seed: int) -> np.ndarray:
    """60 points in a wide band, whose mean is not 0."""
    random = np.random.default_rng(seed)
    return np.round((random.normal(size=(60, 2)) * [3.0, 1.0] + [1.0, -2.0]) * 1024) / 1024


def dataset(points: np.ndarray) -> Dataset:
    labels = (np.arange(len(points)) % 2).astype(np.int64)
    return Dataset(name="cloud", kind="points", stored=points, labels=labels, label_names=("even", "odd"))


def run_settings(frame: Frame, **changes: object) -> RunSettings:
    levels = tuple((frame.scale * LEVELS).tolist())
    return replace(runs.with_levels(RunSettings(data="cloud", count=5, beside=False), levels), **changes)


def run(solver: str, **changes: object) -> Callable[[Dataset, Frame], Found]:
    def consumer(data: Dataset, frame: Frame) -> Found:
        found = runs.compute(run_settings(frame, solver=solver, **changes), data)
        lengths = {name: ("length", found.extras[name]) for name in ("nearest_x", "nearest_denoised")}
        curves = {"x": ("place", found.x), "D": ("place", found.denoised)}
        return curves | lengths | {"N_eff": ("number", found.extras["effective_neighbours"])}

    return consumer


def every_measure(data: Dataset, frame: Frame) -> Found:
    found = runs.compute(run_settings(frame), data)
    plain = {"effective_neighbours", "slope", "cosine_to_end", "turning", "information"}
    return {
        f"{row.name} {curve}": ("number" if row.name in plain else "length", values)
        for row in measures.MEASURES
        for curve, values in measures.compute(row.name, found).items()
    }


def noise_levels(data: Dataset, frame: Frame) -> Found:
    return {
        "scale": ("length", np.array([data.std, data.largest_deviation, data.scale])),
        "mean": ("place", data.mean),
        "PCA": ("length", np.sqrt(principal_components(data.points).variances)),
    }


def density_picture(data: Dataset, frame: Frame) -> Found:
    rect, found = frame.rect(-8.0, -6.0, 16.0, 8.0), {}
    for sigma in (0.01, 0.5, 8.0):
        image = density.density_image(data.points, 0.0, None, frame.scale * sigma, rect, (24, 12))
        found[f"σ {sigma}"] = ("float32", image)
    grid = density.grid_points(rect, 6, 4)
    return found | {"grid": ("place", grid), "D": ("place", gm.OptimalDenoiser(data.points)(grid, 0.5 * frame.scale))}


def basin_picture(data: Dataset, frame: Frame) -> Found:
    optimal, rect = gm.OptimalDenoiser(data.points), frame.rect(-8.0, -6.0, 16.0, 8.0)
    ends = basins.carried(optimal, density.grid_points(rect, 6, 4), 4.0 * frame.scale, 0.25 * frame.scale)
    return {"ends": ("place", ends), "data": ("place", data.points[basins.nearest(data.points, ends)])}


def neighbours(data: Dataset, frame: Frame) -> Found:
    optimal, sigmas = gm.OptimalDenoiser(data.points), frame.scale * LEVELS
    x = [frame.place(np.random.default_rng(7).normal(size=(4, 2)) * sigma) for sigma in LEVELS]
    found = collapse.neighbours_over_sigma(optimal, sigmas, x)
    level = np.array(np.nan if found.collapse_sigma is None else found.collapse_sigma)
    return {
        "N_eff": ("number", found.effective),
        "collapse": ("length", level),
        "speciation": ("length", np.array(collapse.speciation_sigma(data.points))),
    }


def posterior(data: Dataset, frame: Frame) -> Found:
    found = gm.OptimalDenoiser(data.points).posterior(frame.place([[0.5, 0.25], [-3.0, 1.0]]), 0.5 * frame.scale)
    shift = 2 * np.log(frame.scale)  # a density per area
    return {"mean": ("place", found.mean.numpy()), "density": ("number", found.log_density.numpy() + shift)}


def mixture(data: Dataset, frame: Frame) -> Found:
    model = MixtureDenoiser(data.points[:5], (0.5 * frame.scale) ** 2)
    x = frame.place(LEVELS[0] * np.random.default_rng(3).normal(size=(4, 2)))
    found = gm.sample(model, x, frame.scale * LEVELS, solver="rk4")
    return {"x": ("place", found.x), "D": ("place", found.denoised)}


def race(data: Dataset, frame: Frame) -> Found:
    sigmas = frame.scale * LEVELS
    x = frame.place(LEVELS[0] * np.random.default_rng(3).normal(size=(4, 2)))
    lanes = [Lane("Heun", "heun", sigmas), Lane("DPM++", "dpmpp_2m", sigmas)]
    model = gm.OptimalDenoiser(data.points)
    found = compare(model, x, lanes)
    return {lane.lane.name: ("length", lane.errors) for lane in found.lanes} | {
        "ODE": ("place", solve(model, x, sigmas, labels=None, reference=None))
    }


def designed(data: Dataset, frame: Frame) -> Found:
    sigmas, model = frame.scale * np.geomspace(64.0, 0.25, 31), gm.OptimalDenoiser(data.points)
    x = frame.place(LEVELS[0] * np.random.default_rng(3).normal(size=(4, 2)))
    table = gits_table(model, x, fine=sigmas)
    tors = gm.schedules.tors(model, x, 6, fine=sigmas)
    teacher = teacher_run(model, x, fine=sigmas, teacher="ipndm")
    return {
        "costs": ("length", table.cost[:-1, -1]),
        "GITS": ("length", table.levels(6)),
        "TORS": ("length", tors),
        "teacher": ("place", teacher.x),
    }


def derivatives(data: Dataset, frame: Frame) -> Found:
    x = torch.as_tensor(frame.place([[0.5, 0.25], [-3.0, 1.0]]))
    found = true_derivative(gm.OptimalDenoiser(data.points), x, frame.scale)
    return {"dD/dσ": ("number", found.value.numpy())}


CONSUMERS: dict[str, Callable[[Dataset, Frame], Found]] = {
    **{f"run {name}": run(name) for name in gm.solvers.names()},
    "run of data + noise": run("heun", start="data", start_index=3),
    "run with a jump": run("heun", jump_at=6),
    "run with an analytic first step": run("heun", options={"analytic_first_step": True}),
    "measures": every_measure,
    "noise levels": noise_levels,
    "density": density_picture,
    "basins": basin_picture,
    "neighbours": neighbours,
    "posterior": posterior,
    "mixture": mixture,
    "race": race,
    "designed schedules": designed,
    "derivatives": derivatives,
}
UNIT_BOUND = {  # a run of these is another one where the unit is another
    **{
        f"run {row.name}": "its noise is a path indexed by σ²"
        for row in SOLVERS
        if row.stochastic and row.name != "churn"
    },
    "run deis_tab": "its time is that of a process for data of unit scale",
}
ADAPTIVE = ("run rk45", "run dop853")  # a rounding error may change which steps they take, within their tolerance


def found(name: str, points: np.ndarray, frame: Frame) -> Found:
    with torch.no_grad():
        return CONSUMERS[name](dataset(points), frame)


@cache
def unmoved(name: str, seed: int) -> Found:
    return found(name, cloud(seed), Frame())


def compare_found(name: str, plain: Found, other: Found, frame: Frame, growth: float = GROWTH) -> None:
    rounding = growth * 2.0**-52 * (8 + np.abs(frame.move).max())  # in units of the data before scaling
    allowed = max(rounding, 1e-4 if name in ADAPTIVE else 0.0)
    assert plain.keys() == other.keys()
    for key, (kind, values) in other.items():
        if kind == "place":
            values = frame.back(values)
        elif kind == "length":
            values = values / frame.scale
        wanted = plain[key][1]
        least = max(allowed, 1e-4) if kind == "float32" else allowed
        np.testing.assert_allclose(values, wanted, rtol=least, atol=least, err_msg=f"{name}, {key}")


@pytest.mark.parametrize("name", CONSUMERS)
@settings(max_examples=2, deadline=None, derandomize=True, database=None)
@given(move=st.tuples(*[st.integers(-(2**23), 2**23)] * 2), seed=st.integers(0, 3))
def test_data_may_lie_anywhere(name, move, seed):
    points, frame = cloud(seed), Frame(tuple(map(float, move)))
    compare_found(name, unmoved(name, seed), found(name, points + frame.move, frame), frame)


@pytest.mark.parametrize("name", [name for name in CONSUMERS if name not in UNIT_BOUND])
@settings(max_examples=2, deadline=None, derandomize=True, database=None)
@given(power=st.integers(-60, 60), seed=st.integers(0, 3))
def test_data_may_have_any_unit(name, power, seed):
    points, frame = cloud(seed), Frame(scale=2.0**power)
    compare_found(name, unmoved(name, seed), found(name, points * frame.scale, frame), frame)


@pytest.mark.parametrize("name", [name for name in CONSUMERS if name != "run of data + noise"])
@settings(max_examples=2, deadline=None, derandomize=True, database=None)
@given(order=st.permutations(range(60)), seed=st.integers(0, 3))
def test_the_order_of_the_data_does_not_matter(name, order, seed):
    if name == "mixture":
        order = [*range(5), *order]  # of the points it has the first five
    points = cloud(seed)
    compare_found(name, unmoved(name, seed), found(name, points[list(order)], Frame()), Frame())


@pytest.mark.parametrize("name", [name for name in CONSUMERS if name not in ("run of data + noise", "mixture")])
def test_every_point_twice_is_the_same_data(name):
    points = cloud(1)
    compare_found(name, unmoved(name, 1), found(name, np.repeat(points, 2, axis=0), Frame()), Frame())
