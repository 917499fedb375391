"""Makes the rows of the inspector. Pure functions."""

from __future__ import annotations

import numpy as np

from app.plotting.values import MeasurePlot
from app.rooms.inspector.pictures import Row
from app.rooms.plane.messages import BasinsAnswer, ProbeAnswer
from app.session.state import Run, Selection
from geomodel.arrays import Array
from geomodel.compared import NAMES, Compared
from geomodel.number_text import general


def inspector_rows(run: Run, plots: tuple[MeasurePlot, ...], selection: Selection) -> tuple[Row, ...]:
    """Every number at the playhead."""
    i, k = selection.index, selection.sample
    last = len(run.sigmas) - 1
    rows = [
        Row("Playhead", "level", f"{i} of {last}", "index of the noise level; 0 is the noisiest"),
        Row("Playhead", "σ", f"{run.sigmas[i]:.6g}", "noise level"),
        Row("Playhead", "next σ", f"{run.sigmas[i + 1]:.6g}" if i < last else "—", "noise level after the next step"),
        Row("Playhead", "sample", f"{k} of {run.x.shape[1]}", "the selected sample"),
        Row("Playhead", "seed", str(run.settings.seed + k), "sample k starts from seed + k"),
        Row("Playhead", "evaluations", f"{run.spent(i):,}", "true denoiser evaluations up to this level"),
    ]
    rows += _counts(run)
    flat = run.x[i, k].reshape(-1)
    if len(flat) <= 3:
        rows.append(Row("Point", "x", _vector(flat), "the sampling trajectory"))
        if i < min(run.committed - 1, len(run.denoised)):
            rows.append(Row("Point", "D(x; σ)", _vector(run.denoised[i, k].reshape(-1)), "the denoising trajectory"))
    for plot in plots:
        for curve in plot.curves:
            value = curve.at(i, k)
            if np.isfinite(value):
                name = f"{plot.title} {curve.label}" if len(plot.curves) > 1 else plot.title
                unit = f" {plot.unit}" if plot.unit else ""
                rows.append(Row("Measures", name, f"{general(value, 6)}{unit}", plot.formula))
    return tuple(rows)


def _counts(run: Run) -> list[Row]:
    """The counts that other programs call steps, each in a row of its own."""
    made = run.trajectory or run.record
    assert made is not None
    levels = len(run.sigmas)
    return [
        Row("Run", "intervals (steps)", str(levels - 1), "pairs of noise levels; what “steps” means here"),
        Row("Run", "noise levels (timestamps)", str(levels), "one more than intervals"),
        Row("Run", "evaluations in all", f"{run.spent(run.committed - 1):,}", "answers of D for the whole batch"),
        Row(
            "Run",
            "network calls in all",
            f"{made.network_calls:,}",
            "forward passes; with guidance two for each evaluation",
        ),
        Row("Run", "display evaluations", f"{made.looks:,}", "evaluations for display and comparison only"),
    ]


def probe_rows(probe: ProbeAnswer | None, compared: Compared = "optimal") -> tuple[Row, ...]:
    """The numbers of the probe. compared: what the run is compared with."""
    if probe is None:
        return ()
    point, sigma = np.asarray(probe.request.point), probe.request.sigma
    rows = [
        Row("Probe", "x", _vector(point), "where the probe stands"),
        Row("Probe", "σ", f"{sigma:.6g}", "its noise level"),
    ]
    if probe.optimal is not None:
        shift, seen = probe.shift, float(np.linalg.norm(probe.optimal - point))
        rows += [
            Row("Probe", "D*(x; σ)", _vector(probe.optimal), "Σᵢ wᵢ yᵢ, w = softmax(−‖x − yᵢ‖²/(2σ²))"),
            Row("Probe", "mean shift ‖D* − x‖", general(shift, 6), "one step of mean shift with bandwidth σ"),
            Row(
                "Probe", "of it in the plane", f"{seen / shift:.0%}" if shift else "—", "share of ‖D* − x‖ that is seen"
            ),
            Row("Probe", "effective neighbours", f"{probe.effective_neighbours:.6g}", "exp(−Σ w ln w)"),
        ]
    if probe.network is not None:
        rows.append(Row("Probe", "Dθ(x; σ)", _vector(probe.network), "the network's answer"))
    symbol, title = NAMES[compared].symbol, NAMES[compared].title
    if probe.fitted is not None:
        rows.append(Row("Probe", f"{symbol}(x; σ)", _vector(probe.fitted), f"{title}, fitted to the data"))
    if probe.network is not None and np.isfinite(probe.difference):
        rows.append(Row("Probe", f"‖Dθ − {symbol}‖", general(probe.difference, 6), "denoiser difference at the probe"))
    rows.append(Row("Probe", "log p(x; σ)", f"{probe.log_density:.6g}", "log density of the noisy data, in nats"))
    if probe.path is not None:
        rows.append(Row("Probe", "mean-shift iterations", str(len(probe.path) - 1), "until the mode is reached"))
    return tuple(rows)


def basin_rows(answer: BasinsAnswer | None) -> tuple[Row, ...]:
    """The shares of the basins of attraction."""
    if answer is None or answer.basins is None:
        return ()
    rows, columns = answer.basins.known.shape
    tip = f"share of the view that dx/dσ = (x − D)/σ leads to this class, of {columns} × {rows} cells"
    sigma = Row("Basins", "σ", f"{answer.request.sigma:.6g}", "the noise level at which the points start")
    return (sigma, *(Row("Basins", area.name, f"{100 * area.share:.4g} %", tip) for area in answer.areas))


def _vector(values: Array) -> str:
    return "(" + ", ".join(general(float(value), 5) for value in values) + ")"
