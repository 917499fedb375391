"""Draws runs, races and schedules with matplotlib, in the papers' line styles: the optional extra ``geomodel[plot]``.

Each function draws on the axes that it is given, or on new ones, and returns the artists. Sampling is blue and solid,
denoising is red and dashed with dots at the steps, D* is green, data are grey. Over σ, noise is at the left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel import images, solvers
from geomodel.arrays import Array, Floats
from geomodel.compared import of_settings, worded
from geomodel.curves import Curves
from geomodel.measures import MEASURES, band
from geomodel.measures import compute as measured
from geomodel.projection import Basis, basis_name, identity_basis, principal_components
from geomodel.schedules import custom

if TYPE_CHECKING:
    from geomodel.datasets import Dataset
    from geomodel.experiments import Comparison, Sweep
    from geomodel.trajectory import Trajectory

SAMPLING, DENOISING, OPTIMAL, DATA = "#0072B2", "#D55E00", "#009E73", "#8C8C8C"
HUES = (SAMPLING, DENOISING, OPTIMAL, "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # of lanes and schedules
SIGMA = "noise level σ"
# curve of a measure → its label and its style
STYLES: dict[str, tuple[str, dict[str, Any]]] = {
    "x": ("x", {"color": SAMPLING, "linestyle": "-"}),
    "denoised": ("D", {"color": DENOISING, "linestyle": "--", "marker": ".", "markersize": 4}),
    "exact": ("on the exact run", {"color": DATA, "linestyle": ":"}),
    "": ("", {"color": OPTIMAL, "linestyle": "-"}),
}
MISSING = 'gm.plot draws with matplotlib, which is not installed: pip install "geomodel[plot]".'
STRIP_LEVELS = 9  # that a strip shows
EDM_SCALE = 0.5  # σ_data of images


def plane(run: Trajectory, ax: Any = None, *, data: Dataset | None = None) -> list[Any]:
    """Both trajectories of every sample, in the plane of the first two principal components of the data, or in that of
    the run's own points where no data are given; points of two numbers are drawn as they are.

    data: drawn in grey, of the shape of the samples. Returns the data's points, where there are any, a line for each
    sample's x, and one for each sample's D.
    """
    axes = _axes(ax)
    basis, whose = _basis(run, data)
    drawn: list[Any] = []
    if data is not None:
        drawn.append(axes.scatter(*basis.project(data.points).T, s=2, color=DATA, linewidths=0, zorder=0, label="data"))
    curves, named = Curves.of(run), list(drawn)
    for curve in ("x", "denoised"):
        first, second = basis.project(getattr(curves, curve)).transpose(2, 0, 1)
        label, style = STYLES[curve]
        lines = axes.plot(first, second, linewidth=0.6, **{**style, "markersize": 2})
        lines[0].set_label(label)
        drawn += lines
        named.append(lines[0])
    names = ("x₁", "x₂") if basis.whole else ("first component", "second component")
    axes.set(aspect="equal", xlabel=names[0], ylabel=names[1], title="" if basis.whole else whose)
    axes.legend(handles=named, frameon=False)
    return drawn


def measures(run: Trajectory, names: str | Sequence[str], ax: Any = None) -> list[Any]:
    """Measures of `geomodel.measures.MEASURES` over σ: the median of the samples as a line, 10 to 90 % as a band.

    names: one or several, each with axes of its own. ax: the axes, one or as many as names. Returns the lines and the
    bands. ValueError for an unknown name, for one that this run does not have, and for another number of axes.
    """
    wanted, compared = [names] if isinstance(names, str) else list(names), of_settings(run.settings)
    found = {name: measured(name, run) for name in wanted}
    if missing := [name for name, curves in found.items() if not curves]:
        raise ValueError(f"This run has no values of {', '.join(missing)}.")
    drawn: list[Any] = []
    for name, axes in zip(wanted, _several(ax, len(wanted)), strict=True):
        row = next(row for row in MEASURES if row.name == name).named(compared)
        for curve, values in found[name].items():
            label, style = STYLES[curve]
            label = worded(label, compared)
            sigmas, (middle, low, high) = run.sigmas[: len(values)], band(values)
            drawn += axes.plot(sigmas, middle, label=label, **style)
            drawn.append(axes.fill_between(sigmas, low, high, color=style["color"], alpha=0.15, linewidth=0))
        _over_sigma(axes, run.sigmas)
        axes.set(title=row.title, ylabel=row.unit)
        if len(found[name]) > 1:
            axes.legend(frameon=False)
    return drawn


def strip(run: Trajectory, *, sample: int = 0, levels: int = STRIP_LEVELS, scale: float = EDM_SCALE) -> list[Any]:
    """One sample of a run of images as a strip in a new figure: x above, shrunk to the contrast of the data, and D
    under it, with σ.

    levels: how many, spread evenly over the steps. scale: of the data, see `geomodel.images.shrunk`. Returns the
    pictures, the row of x first. ValueError where the samples are no images of one or three channels.
    """
    if run.x.ndim != 5:
        raise ValueError(f"A strip shows images; the samples of this run have shape {tuple(run.x.shape[2:])}.")
    curves = Curves.of(run)
    shown = np.unique(np.linspace(0, len(curves.denoised) - 1, levels).round().astype(int))
    x = images.pixels(images.shrunk(curves.x[shown, sample], run.sigmas[shown], scale))
    denoised = images.pixels(curves.denoised[shown, sample])
    _, axes = _pyplot().subplots(2, len(shown), squeeze=False, figsize=(len(shown), 2.3), layout="constrained")
    drawn = [
        place.imshow(pixels, cmap="gray", vmin=0, vmax=255)
        for row, pictures in zip(axes, (x, denoised), strict=True)
        for place, pixels in zip(row, pictures, strict=True)
    ]
    for place in axes.flat:
        place.set(xticks=(), yticks=())
    for place, sigma in zip(axes[1], run.sigmas[shown], strict=True):
        place.set_xlabel(f"σ {sigma:.3g}")
    axes[0, 0].set_ylabel("x")
    axes[1, 0].set_ylabel("D")
    return drawn


def compare(race: Comparison, ax: Any = None) -> list[Any]:
    """How far each lane of a race is from the ODE's own trajectory over σ, on average over the samples: a line a lane.

    The first level is left out, where all lanes are the same. The legend has the evaluations of each lane.
    """
    axes = _axes(ax)
    drawn: list[Any] = []
    for index, result in enumerate(race.lanes):
        label = f"{result.lane.name}: {int(result.evaluations.max())} evaluations"
        style = {"color": HUES[index % len(HUES)], "linestyle": ":" if _draws_noise(result.lane.solver) else "-"}
        errors = result.errors.mean(axis=1)[1:]
        drawn += axes.plot(result.trajectory.sigmas[1:], errors, marker=".", label=label, **style)
    _over_sigma(axes, race.sigmas)
    axes.set(yscale="log", ylabel="‖x − x of the ODE‖ in data units")
    axes.legend(frameon=False)
    return drawn


def sweep(found: Sweep, ax: Any = None) -> list[Any]:
    """How far solvers end from the ODE's end over their evaluations: the median of the samples as a line, 10 to 90 % as
    a band. The legend has the slope of each line, which for a rule of order p comes near −p. Returns lines and bands.
    """
    axes, drawn = _axes(ax), list[Any]()
    for index, line in enumerate(found.lines):
        color, stochastic = HUES[index % len(HUES)], _draws_noise(line.solver)
        middle, low, high = band(line.errors)
        label = line.solver if np.isnan(line.order) else f"{line.solver}: slope {-line.order:.1f}".replace("-", "−")
        style = {"color": color, "linestyle": ":" if stochastic else "-", "marker": "."}
        drawn += axes.plot(line.evaluations, middle, label=label, **style)
        drawn.append(axes.fill_between(line.evaluations, low, high, color=color, alpha=0.15, linewidth=0))
    axes.set(xscale="log", yscale="log", xlabel="evaluations", ylabel="‖x − x of the ODE‖ at the end, data units")
    axes.legend(frameon=False)
    return drawn


def schedule(levels: ArrayLike | Mapping[str, ArrayLike], ax: Any = None) -> list[Any]:
    """Noise levels over the steps, in log σ: one list, or several by their names. Returns a line for each.

    A level 0 is not drawn, because log σ has none. ValueError where the levels do not descend.
    """
    axes, drawn = _axes(ax), []
    named = levels if isinstance(levels, Mapping) else {"": levels}
    for index, (name, own) in enumerate(named.items()):
        sigmas = custom(own)
        shown = np.where(sigmas > 0, sigmas, np.nan)
        drawn += axes.plot(np.arange(len(sigmas)), shown, marker=".", label=name, color=HUES[index % len(HUES)])
    axes.set(yscale="log", xlabel="step", ylabel=SIGMA)
    if any(named):
        axes.legend(frameon=False)
    return drawn


def _pyplot() -> Any:
    try:
        return import_module("matplotlib.pyplot")
    except ImportError as error:
        raise ImportError(MISSING) from error


def _axes(ax: Any) -> Any:
    return _pyplot().subplots(layout="constrained")[1] if ax is None else ax


def _several(ax: Any, count: int) -> list[Any]:
    if ax is None:
        return list(_pyplot().subplots(count, squeeze=False, figsize=(6, 2.6 * count), layout="constrained")[1][:, 0])
    found = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(found) != count:
        raise ValueError(f"There are {count} measures and {len(found)} axes; give one each.")
    return found


def _basis(run: Trajectory, data: Dataset | None) -> tuple[Basis, str]:
    shape = tuple(run.x.shape[2:])
    if data is not None:
        basis = data.principal_plane()
        return basis, basis_name(basis)
    if shape == (2,):
        return identity_basis(2), ""
    points: Array = run.x.reshape(-1, *shape)
    return principal_components(points), "the run's own first two principal components"


def _over_sigma(axes: Any, sigmas: Floats) -> None:
    """σ falls to the right, as in the papers. Where the last level is 0, it stands beyond the smallest one above it."""
    smallest = float(sigmas[sigmas > 0].min())
    if sigmas[-1] > 0:
        axes.set_xscale("log")
    else:
        axes.set_xscale("symlog", linthresh=smallest, linscale=0.5)
        first, last = (int(np.floor(np.log10(sigma))) for sigma in (sigmas[0], smallest))
        axes.set_xticks([*(10.0**power for power in range(first, last, -1)), 0.0])  # those below would touch the 0
    axes.set(xlabel=SIGMA, xlim=(float(sigmas[0]) * 1.1, float(sigmas[-1]) * 0.9))


def _draws_noise(solver: str) -> bool:
    return solvers.row(solver).stochastic
