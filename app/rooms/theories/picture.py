"""Makes the theories view's picture from a run and what the theories answered. Pure functions."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import Any, cast

import numpy as np

from app.plotting.pens_and_numbers import Kind
from app.plotting.values import Curve, MeasurePlot, Panel
from app.rooms.theories.messages import Asked
from app.session.facts import DRIVER_NAMES, UNDEFINED
from app.session.state import Run
from geomodel import images
from geomodel.arrays import Array, Integers
from geomodel.datasets.dataset import Dataset
from geomodel.experiments import Explained
from geomodel.number_text import fixed
from geomodel.theories import refusal

FORMULA = "1 − R² = Σ‖D − D_theory‖² / Σ‖D − ȳ‖², over the samples, at the points of the run"
NEIGHBOURS = 10
# The quick ones come first, because each is shown as soon as it is known.
LINE_UP: tuple[Asked, ...] = (
    Asked("D*", "optimal"),
    Asked("Gaussian", "gaussian"),
    Asked("Class Gaussians", "classes"),
    Asked("Patches 3", "local", (("patch", 3),)),
    Asked("Patches 7", "local", (("patch", 7),)),
    Asked("Wiener-local", "wiener-local"),
)
FOR_POINTS: tuple[Asked, ...] = (
    *LINE_UP[:3],
    Asked("D*(x; 1.5 σ)", "bandwidth", (("factor", 1.5),)),
    Asked(f"{NEIGHBOURS} nearest", "nearest", (("k", NEIGHBOURS),)),
)


def line_up(dataset: Dataset) -> tuple[Asked, ...]:
    """The theories that can be made from the data."""
    wanted = LINE_UP if dataset.kind == "images" else FOR_POINTS
    left_out = {"nearest"} if len(dataset) < NEIGHBOURS else set()
    return tuple(asked for asked in wanted if asked.name not in left_out and not refusal(asked.name, dataset))


def levels_of(run: Run, most: int) -> Integers:
    """The levels at which theories are asked: at most so many, evenly spread, above 0 and with a D of the run."""
    assert run.trajectory is not None
    count = min(len(run.trajectory.denoised), int((run.sigmas > 0).sum()))
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int))


def samples_of(run: Run, most: int) -> Integers:
    """The first samples whose x and D are finite, at most so many."""
    assert run.trajectory is not None
    whole = np.isfinite(run.trajectory.x).all(axis=_but_samples(run.trajectory.x))
    whole &= np.isfinite(run.trajectory.denoised).all(axis=_but_samples(run.trajectory.denoised))
    return np.flatnonzero(whole)[:most]


def _but_samples(values: Array) -> tuple[int, ...]:
    return tuple(axis for axis in range(values.ndim) if axis != 1)


def undefined(run: Run) -> str:
    """Why a run cannot be compared with theories; empty where it can."""
    if not run.complete or run.trajectory is None:
        return f"{UNDEFINED} the run has not ended."
    if run.source is None or not run.linked:
        return run.caption or f"{UNDEFINED} the run has no reference data."
    if run.settings.label >= 0:
        return f"{UNDEFINED} the run asks for one class, and theories are made from all data."
    return "" if len(samples_of(run, 1)) else f"{UNDEFINED} no sample is finite."


def plot_of(titles: tuple[str, ...], found: Explained, levels: Integers) -> MeasurePlot:
    """The unexplained shares over σ, and that of x itself, below which no theory need be at small σ."""

    def curve(kind: Any, label: str, r2: Array) -> Curve:
        left = 1 - r2
        shown = np.where((left > 0) & (left <= 1), left, np.nan)  # worse than the data mean is off the plot
        return Curve(kind=kind, label=label, values=shown[:, None], measured=levels)

    curves = [curve(f"runs.{at}", title, found.r2[at]) for at, title in enumerate(titles)]
    floor = curve("reference", "x itself", found.itself)
    return MeasurePlot(
        name="unexplained", title="Unexplained share", unit="1 − R²", formula=FORMULA, curves=(*curves, floor)
    )


def legend_of(found: Explained, levels: Integers, index: int) -> tuple[str, ...]:
    """The number of each curve at the playhead, and of how many samples the theory is the nearest."""
    at = _row(levels, index)
    left, wins = 1 - found.r2[:, at], found.wins[:, at]
    shares = [f"{fixed(share, 2)}, nearest to {own} of {wins.sum()}" for share, own in zip(left, wins, strict=True)]
    return (*shares, fixed(1 - found.itself[at], 2))


def _row(levels: Integers, index: int) -> int:
    return int(np.clip(np.searchsorted(levels, index, side="right") - 1, 0, len(levels) - 1))


def caption_of(run: Run, found: Explained, samples: Integers) -> str:
    """How the numbers were made, and which theory is best where."""
    named = [name if share > 0 else "" for name, share in zip(found.best, found.r2.max(axis=0), strict=True)]
    spans = []
    for name, group in groupby(zip(named, found.sigmas.tolist(), strict=True), key=itemgetter(0)):
        levels = [sigma for _, sigma in group]
        if name:
            to = f" to {fixed(levels[-1], 2)}" if len(levels) > 1 else ""
            spans.append(f"{name} at σ {fixed(levels[0], 2)}{to}")
    driver = DRIVER_NAMES[run.settings.driver]
    counted = f"{len(samples)} sample{'s' * (len(samples) > 1)}"
    return f"{counted} of {driver} at {len(found.sigmas)} levels. Best: {', '.join(spans) or 'none'}"


def shares_of(ends: Array, own: Array, mean: Array) -> Array:
    """R² of each sample's end (B,), against the run's own end and about the data mean."""
    apart = np.square(ends - own).reshape(len(own), -1).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):  # an end on the mean leaves nothing to explain
        return np.asarray(1 - apart / np.square(own - mean).reshape(len(own), -1).sum(axis=1))


def drives_of(run: Run, titles: tuple[str, ...], ends: Array, samples: Integers) -> str:
    """How near the end of each theory's own run is to the driver's, from the same noise."""
    assert run.source is not None
    own = np.asarray(run.x[run.committed - 1, samples], np.float64)
    mean = run.source.dataset.mean
    medians = [float(np.median(shares_of(found, own, mean))) for found in ends]
    parts = [f"{title} {fixed(median, 2)}" for title, median in zip(titles, medians, strict=False)]
    return f"Ends from the same noise, {len(run.sigmas) - 1} Euler steps, median R² to the run's: {', '.join(parts)}"


def ends_of(
    run: Run, titles: tuple[str, ...], ends: Array, samples: Integers, sample: int
) -> tuple[str, tuple[Panel, ...]]:
    """The end of the selected sample and those to which each theory drives its noise."""
    assert run.source is not None
    if sample not in samples or run.source.dataset.kind != "images":
        return "", ()
    k = int(np.flatnonzero(samples == sample)[0])
    own = np.asarray(run.x[run.committed - 1, sample], np.float64)
    pixels = images.pixels(np.concatenate([own[None], ends[:, k]]))
    panels = [Panel(caption=DRIVER_NAMES[run.settings.driver], kind="sampling", image=pixels[0], note="end of the run")]
    for number, (title, image, end) in enumerate(zip(titles, pixels[1:], ends[:, k], strict=False)):
        share = float(shares_of(end[None], own[None], run.source.dataset.mean)[0])
        kind = cast("Kind", f"runs.{number}")
        panels.append(Panel(caption=title, kind=kind, image=image, note=f"R² {fixed(share, 2)}"))
    return f"Where each theory drives sample {sample}", tuple(panels)


def panels_of(
    run: Run, titles: tuple[str, ...], guesses: Array, levels: Integers, samples: Integers, index: int, sample: int
) -> tuple[str, tuple[Panel, ...]]:
    """D of the driver and of each theory for the selected sample, from the last computed level at the playhead."""
    assert run.trajectory is not None
    assert run.source is not None
    row = _row(levels, index)
    at = f"σ {fixed(float(run.sigmas[levels[row]]), 3)}"
    if sample not in samples:
        return f"Sample {sample} is not among those compared, which are the first {len(samples)}", ()
    if run.source.dataset.kind != "images":
        return "", ()
    k = int(np.flatnonzero(samples == sample)[0])
    own = np.asarray(run.trajectory.denoised[levels[row], sample], np.float64)
    others = guesses[:, row, k]
    spread = float(np.square(own - run.source.dataset.mean).sum())
    pixels = images.pixels(np.concatenate([own[None], others]))
    panels = [Panel(caption=DRIVER_NAMES[run.settings.driver], kind="sampling", image=pixels[0], note="D of the run")]
    for number, (title, image, other) in enumerate(zip(titles, pixels[1:], others, strict=True)):
        share = 1 - float(np.square(own - other).sum()) / spread if spread else np.nan
        kind = cast("Kind", f"runs.{number}")
        panels.append(Panel(caption=title, kind=kind, image=image, note=f"R² {fixed(share, 2)}"))
    return f"D of sample {sample} at {at}", tuple(panels)
