"""Makes the commitment view's picture from a run and what came back. Pure functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.plotting.values import Curve, MeasurePlot, Panel
from app.rooms.commitment.messages import Committed
from app.rooms.commitment.pictures import FanPicture
from app.session.facts import DRIVER_NAMES, over_data
from app.session.state import Run
from geomodel import images
from geomodel.arrays import Array, Integers
from geomodel.collapse import speciation_sigma
from geomodel.number_text import fixed

FORMULA = "x = end + σz, down the ODE again: the share that comes back to the class of its end"
DISTANCE = "mean of ‖end − what comes back‖"
LEAST = 0.1  # of the data's scale: under this σ nothing changes its class


def levels_of(run: Run, most: int) -> Integers:
    """The levels of a run that are gone back to, at most so many: those above a tenth of the data's scale."""
    assert run.source is not None
    chosen = np.flatnonzero(run.sigmas >= LEAST * run.source.dataset.std)
    if not len(chosen):
        chosen = np.zeros(1, np.int64)
    return np.asarray(chosen[np.unique(np.linspace(0, len(chosen) - 1, most).round().astype(int))])


def ends_of(run: Run, most: int) -> Integers:
    """The samples whose ends are taken: the first that are finite, at most so many."""
    last = run.x[run.committed - 1]
    return np.flatnonzero(np.isfinite(last.reshape(len(last), -1)).all(axis=1))[:most]


def parting_sigma(run: Run) -> float:
    """σ_S, where the classes begin to part."""
    assert run.source is not None
    return speciation_sigma(run.source.plane_points)  # the plane holds the direction of largest variance


def caption_of(run: Run, known: Committed) -> str:
    """How the numbers were made, and where the dotted line stands."""
    ends, draws = known.found.returned.shape[1:3]
    return (
        f"{ends} ends × {draws} draws, Heun, 12 steps. Class: vote of the 10 nearest data. "
        f"Dotted: σ_S = √Λ = {fixed(parting_sigma(run), 3)}"
    )


def plots_of(run: Run, levels: Array, known: Committed) -> tuple[MeasurePlot, ...]:
    """The shares and the distance over the run's noise levels, with the level where the classes part."""
    assert run.source is not None
    found, sigmas = known.found, run.sigmas
    parted = parting_sigma(run)
    lowest = float(sigmas[sigmas > 0][-1])
    regions: tuple[tuple[str, float, float], ...] = ()
    if lowest < parted < float(sigmas[0]):
        regions = (("mixed", float(sigmas[0]), parted), ("classes part", parted, lowest))

    def curve(kind: Any, label: str, values: Array) -> Curve:
        return Curve(kind=kind, label=label, values=values[:, None], measured=levels)

    shares = (
        curve("sampling", f"{DRIVER_NAMES[run.settings.driver]} back and down", found.same),
        curve("optimal", "posterior of D*", known.posterior),
        curve("reference", "chance", found.chance),
    )
    return (
        MeasurePlot(name="same", title="Same class", unit="", formula=FORMULA, curves=shares, regions=regions),
        MeasurePlot(
            name="distance",
            title="Distance of what comes back",
            unit="data units",
            formula=DISTANCE,
            curves=(curve("sampling", "distance", found.distance),),
            regions=regions,
        ),
    )


def fan_of(run: Run, known: Committed, levels: Array, samples: Array, index: int, sample: int) -> FanPicture:
    """What came back to a sample from the last level at or before the playhead."""
    found, dataset = known.found, run.source.dataset if run.source else None
    assert dataset is not None
    row = int(np.clip(np.searchsorted(levels, index, side="right") - 1, 0, len(levels) - 1))
    at = f"σ {fixed(float(found.sigmas[row]), 3)}"
    words = (
        f"{at}: same class {fixed(float(found.same[row]), 2)} ± {fixed(float(found.error[row]), 1)}, "
        f"posterior of D* {fixed(float(known.posterior[row]), 2)}, chance {fixed(float(found.chance[row]), 2)}"
    )
    if sample not in samples:
        title = f"Sample {sample} is not among the ends, which are {samples[0]} to {samples[-1]}"
        return FanPicture(title=title, words=words)
    k = int(np.flatnonzero(samples == sample)[0])
    own, others = int(found.classes[k]), found.returned_classes[row, k]
    same = (others == own) & (own >= 0)
    title = f"Back to sample {sample} from {at}: {int(same.sum())} of {len(same)} the same class"
    end, returned = run.x[run.committed - 1, sample], found.returned[row, k]

    def named(label: int) -> str:
        return dataset.class_name(label) if label >= 0 else "no class"

    if dataset.kind == "images":
        pixels = images.pixels(np.concatenate([end[None], returned]))
        panels = [Panel(caption="end", kind="sampling", image=pixels[0], note=named(own))]
        panels += [
            Panel(caption="same" if kept else "other", kind="sampling", image=image, note=named(int(label)))
            for image, kept, label in zip(pixels[1:], same, others, strict=True)
        ]
        return FanPicture(title=title, words=words, panels=tuple(panels))
    return FanPicture(title=title, words=words, scatter=over_data(run, end, returned[same], returned[~same]))
