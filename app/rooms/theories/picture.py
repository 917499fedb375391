"""Makes the theories view's picture from a run and what the theories answered. Pure functions."""

from __future__ import annotations

from itertools import groupby
from typing import cast

import numpy as np

from app.plotting.pens_and_numbers import Kind
from app.plotting.values import Curve, MeasurePlot, Panel
from app.rooms.theories.messages import Asked, PatchAnswer, Stages
from app.rooms.theories.pictures import Ends
from app.session.facts import DRIVER_NAMES, UNDEFINED
from app.session.state import Run
from geomodel import images
from geomodel.arrays import Array, Integers
from geomodel.datasets.dataset import Dataset
from geomodel.experiments import Explained, explained_of
from geomodel.number_text import fixed
from geomodel.theories import refusal

FORMULA = "1 − R² = Σ‖D − D_theory‖² / Σ‖D − ȳ‖², over the samples, at the points of the run"
NEIGHBOURS = 10
IN_TURN = "Best in turn"  # the theories that explain most at each level hand over to each other
# The quick ones come first, because each is shown as soon as it is known.
LINE_UP: tuple[Asked, ...] = (
    Asked("D*", "optimal"),
    Asked("Gaussian", "gaussian"),
    Asked("Class Gaussians", "classes"),
    Asked("Patches 3", "local", (("patch", 3),)),
    Asked("Patches 7", "local", (("patch", 7),)),
    Asked("Patches 13", "local", (("patch", 13),)),
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
    """The unexplained shares over σ, and that of x itself, below which no theory need be at small σ. The axis has the
    hue of the theory that explains most.
    """

    def curve(kind: Kind, label: str, r2: Array) -> Curve:
        left = 1 - r2
        shown = np.where((left > 0) & (left <= 1), left, np.nan)  # worse than the data mean is off the plot
        return Curve(kind=kind, label=label, values=shown[:, None], measured=levels)

    curves = [curve(kind_of(at), title, found.r2[at]) for at, title in enumerate(titles)]
    floor = curve("reference", "x itself", found.itself)
    return MeasurePlot(
        name="unexplained",
        title="Unexplained share",
        unit="1 − R²",
        formula=FORMULA,
        curves=(*curves, floor),
        tints=tuple((kind_of(titles.index(name)), high, low) for name, high, low in spans(found) if name),
    )


def kind_of(number: int) -> Kind:
    """The hue of a theory, by its place in the line-up."""
    return cast("Kind", f"runs.{number}")


def spans(found: Explained) -> list[tuple[str, float, float]]:
    """Which theory explains most, from which σ to which. Two of them meet half way between their levels, by log σ. The
    name is empty where none explains more than the data mean.
    """
    named = [name if share > 0 else "" for name, share in zip(found.best, found.r2.max(axis=0), strict=True)]
    edges = np.concatenate(
        [found.sigmas[:1], np.sqrt(found.sigmas[:-1] * found.sigmas[1:]), found.sigmas[-1:]]
    ).tolist()
    joined = []
    for name, group in groupby(range(len(named)), key=named.__getitem__):
        rows = list(group)
        joined.append((name, edges[rows[0]], edges[rows[-1] + 1]))
    return joined


def legend_of(found: Explained, levels: Integers, index: int) -> tuple[str, ...]:
    """The numbers of each curve at the playhead: pooled, of the median sample, and of how many it is the nearest."""
    at = row_at(levels, index)
    left, median, wins = 1 - found.r2[:, at], 1 - found.median[:, at], found.wins[:, at]
    shares = [
        f"{fixed(share, 2)}, median {fixed(middle, 2)}, nearest to {own} of {wins.sum()}"
        for share, middle, own in zip(left, median, wins, strict=True)
    ]
    return (*shares, fixed(1 - found.itself[at], 2))


def row_at(levels: Integers, index: int) -> int:
    """Which of the levels stands at the playhead, or is the last before it."""
    return int(np.clip(np.searchsorted(levels, index, side="right") - 1, 0, len(levels) - 1))


def caption_of(run: Run, found: Explained, samples: Integers) -> str:
    """How the numbers were made, and which theory is best where."""
    best = [f"{name} from σ {fixed(high, 2)} to {fixed(low, 2)}" for name, high, low in spans(found) if name]
    driver = DRIVER_NAMES[run.settings.driver]
    counted = f"{len(samples)} sample{'s' * (len(samples) > 1)}"
    return f"{counted} of {driver} at {len(found.sigmas)} levels. Best: {', '.join(best) or 'none'}"


def drives_in_turn(dataset: Dataset, titles: tuple[str, ...], found: Explained) -> tuple[tuple[str, Stages], ...]:
    """What drives the noise, one after the other: each theory alone, and those that explain most in turn."""
    known = {asked.title: asked for asked in line_up(dataset)}
    alone = tuple((title, ((0.0, known[title]),)) for title in titles)
    best = [(name, low) for name, _, low in spans(found) if name]
    if len(best) < 2:
        return alone
    levels = [*(low for _, low in best[:-1]), 0.0]
    return (*alone, (IN_TURN, tuple((level, known[name]) for (name, _), level in zip(best, levels, strict=True))))


def shares_of(own: Array, others: Array, mean: Array) -> Explained:
    """How much of own (B, *shape) each of others (T, B, *shape) explains, about the data mean."""
    names = tuple(map(str, range(len(others))))
    return explained_of(names, np.ones(1), own[None], others[:, None], own[None], mean)


def drives_of(run: Run, titles: tuple[str, ...], ends: Array, samples: Integers) -> tuple[str, tuple[Ends, ...]]:
    """How near the ends of each theory's own run are to the driver's, from the same noise: in words, and for images as
    the rows of the line-up.
    """
    assert run.source is not None
    own = np.asarray(run.x[run.committed - 1, samples], np.float64)
    found = shares_of(own, ends, run.source.dataset.mean)
    notes = [
        f"{fixed(median, 2)} ({fixed(pooled, 2)}; {wins})"
        for median, pooled, wins in zip(found.median[:, 0], found.r2[:, 0], found.wins[:, 0], strict=True)
    ]
    meaning = (
        f"Ends from the same noise, {len(run.sigmas) - 1} Euler steps. Median R² to the run's (pooled R²; nearest to "
        f"how many of {len(samples)})"
    )
    if run.source.dataset.kind != "images":
        named = (f"{title} {note}" for title, note in zip(titles, notes, strict=True))
        return f"{meaning}: {', '.join(named)}", ()
    with np.errstate(divide="ignore", invalid="ignore"):  # an end at the data mean has nothing to explain
        scales = np.square(own - run.source.dataset.mean).sum(axis=(1, 2, 3))
        each = 1 - np.square(found.errors[:, 0]) / scales
    first = Ends(
        caption=DRIVER_NAMES[run.settings.driver],
        images=images.pixels(own),
        note="the run itself",
        shares=("",) * len(own),
    )
    rows = [
        Ends(caption=title, images=images.pixels(row), note=note, shares=tuple(f"R² {fixed(r2, 2)}, " for r2 in shares))
        for title, row, note, shares in zip(titles, ends, notes, each.tolist(), strict=True)
    ]
    return meaning, (first, *rows)


def panels_of(
    run: Run, titles: tuple[str, ...], guesses: Array, levels: Integers, samples: Integers, index: int, sample: int
) -> tuple[str, tuple[Panel, ...]]:
    """D of the driver and of each theory for the selected sample, from the last computed level at the playhead."""
    assert run.trajectory is not None
    assert run.source is not None
    row = row_at(levels, index)
    at = f"σ {fixed(float(run.sigmas[levels[row]]), 3)}"
    if sample not in samples:
        return f"Sample {sample} is not among those compared, which are the first {len(samples)}", ()
    if run.source.dataset.kind != "images":
        return "", ()
    k = int(np.flatnonzero(samples == sample)[0])
    own = np.asarray(run.trajectory.denoised[levels[row], sample], np.float64)
    return f"D of sample {sample} at {at}", _beside(run, own, "D of the run", titles, guesses[:, row, k])


def panel_of_patch(answer: PatchAnswer | None, patch: int, shape: tuple[int, ...]) -> Panel:
    """The image of the patches that a person picks; grey until it is known."""
    if answer is None:
        grey, note = np.zeros((1, *shape)), "computing"
    else:
        grey, note, patch = answer.denoised[None], f"R² {fixed(answer.share, 2)}, picked", answer.request.patch
    return Panel(caption=f"Patches {patch}", kind="reference", image=images.pixels(grey)[0], note=note)


def _beside(run: Run, own: Array, note: str, titles: tuple[str, ...], others: Array) -> tuple[Panel, ...]:
    """The driver's image, and those of the theories with the share of it that they explain."""
    assert run.source is not None
    pixels = images.pixels(np.concatenate([own[None], others]))
    shares = shares_of(own[None], others[:, None], run.source.dataset.mean).r2[:, 0]
    panels = [Panel(caption=DRIVER_NAMES[run.settings.driver], kind="sampling", image=pixels[0], note=note)]
    for number, (title, image, share) in enumerate(zip(titles, pixels[1:], shares, strict=False)):
        kind = kind_of(number) if title != IN_TURN else "reference"
        panels.append(Panel(caption=title, kind=kind, image=image, note=f"R² {fixed(float(share), 2)}"))
    return tuple(panels)
