"""Makes the picture of a hand-over from a run and where its samples ended. Pure functions."""

from __future__ import annotations

import numpy as np

from app.plotting.values import Curve, MeasurePlot, Panel, ScatterPicture
from app.session.facts import DRIVER_NAMES, over_data
from app.session.state import Run
from geomodel import images
from geomodel.arrays import Array, Integers
from geomodel.experiments import HandedOver
from geomodel.number_text import fixed

FORMULA = "mean of ‖end − the driver's own end‖ from the same noise, in Euler steps over the levels of the run"


def plot_of(run: Run, found: HandedOver, levels: Integers, theory: str, reverse: bool) -> MeasurePlot:
    """The distance of the ends over the level of the hand-over, beside that of two different samples."""
    driver = DRIVER_NAMES[run.settings.driver]
    label = f"{driver} above, {theory} below" if reverse else f"{theory} above, {driver} below"
    curves = [Curve(kind="sampling", label=label, values=found.distance[:, None], measured=levels)]
    if np.isfinite(found.between):
        control = np.full((len(levels), 1), found.between)
        curves.append(Curve(kind="reference", label="two samples", values=control, measured=levels))
    return MeasurePlot(
        name="hand_over", title="Distance of the ends", unit="data units", formula=FORMULA, curves=tuple(curves)
    )


def caption_of(run: Run, found: HandedOver) -> str:
    """How the numbers were made."""
    count = len(found.own)
    control = f". Two samples end {fixed(found.between)} apart" if np.isfinite(found.between) else ""
    return f"{count} sample{'s' * (count > 1)}, {len(run.sigmas) - 1} Euler steps{control}"


def ends_of(
    run: Run, found: HandedOver, samples: Array, at: int, sample: int, theory: str, reverse: bool
) -> tuple[str, tuple[Panel, ...], ScatterPicture | None]:
    """The driver's own end of the selected sample, beside that after the hand-over and that of the theory alone."""
    assert run.source is not None
    sigma = fixed(float(found.sigmas[at]), 3)
    if sample not in samples:
        return f"Sample {sample} is not among those handed over, which are {samples[0]} to {samples[-1]}", (), None
    k = int(np.flatnonzero(samples == sample)[0])
    driver = DRIVER_NAMES[run.settings.driver]
    above, below = (driver, theory) if reverse else (theory, driver)
    apart = fixed(float(found.distances[at, k]))
    title = f"Ends of sample {sample}: {above} down to σ {sigma}, then {below}: {apart} from the driver's own"
    own, end = found.own[k], found.ends[at, k]
    if run.source.dataset.kind != "images":
        alone = found.ends[-1:, k][: int(not reverse)]
        return title, (), over_data(run, own, end[None], alone)
    pixels = images.pixels(np.stack([own, end, found.ends[-1, k]]))
    panels = [
        Panel(caption=driver, kind="sampling", image=pixels[0], note="own end"),
        Panel(caption=f"{below} after σ {sigma}", kind="sampling", image=pixels[1], note=f"{apart} away"),
    ]
    if not reverse:
        away = f"{fixed(float(found.distances[-1, k]))} away"
        panels.append(Panel(caption=f"{theory} to the end", kind="sampling", image=pixels[2], note=away))
    return title, tuple(panels), None
