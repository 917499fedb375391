"""Makes the strip's picture from a run and a selection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from app.plotting.values import ImageRow
from app.rooms.strip.messages import NeighboursAnswer
from app.rooms.strip.pictures import SheetPicture, StripPicture
from app.session.facts import DRIVER_NAMES, about, data_count, plane_title
from app.session.state import Run, Selection
from geomodel import images
from geomodel.arrays import Array
from geomodel.compared import NAMES
from geomodel.curves import some_levels
from geomodel.datasets import DataError
from geomodel.latents import preview
from geomodel.settings import MAX_LEVELS

SheetRow = Literal["x", "D"]
COLOURS = (1, 3)  # channels of an image
SCALES = {"": 0.5, "sd": 1.0, "edm2": 0.5}  # the spread of images and of latents, where no data say it
NEIGHBOURS = 12  # the most images of nearest data


class StripRows:
    """The rows of one sample. They are made anew only if the run has grown or another sample is selected."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._rows: tuple[ImageRow, ...] = ()

    def of(self, run: Run, sample: int) -> tuple[ImageRow, ...]:
        """Rows of x, D and what D is compared with, with all levels that exist, or with those of `shown_levels`."""
        key = (run.id, run.committed, run.status, run.source is None, sample)
        if key != self._key:
            self._key, self._rows = key, _rows(run, sample)
        return self._rows


def shown_levels(run: Run) -> Array | None:
    """The levels that have images: some, evenly spread, where there are more than a form can ask for; None for all."""
    return some_levels(len(run.sigmas), 1) if len(run.sigmas) > MAX_LEVELS else None


def _rows(run: Run, k: int) -> tuple[ImageRow, ...]:
    n, driver, final = run.committed, DRIVER_NAMES[run.settings.driver], _final(run)
    levels, chosen = np.arange(n), shown_levels(run)
    if chosen is not None:
        levels = chosen[chosen < n]
    evaluated = levels[levels < n - 1]
    scale = run.source.dataset.std if run.source is not None else SCALES[run.latents]
    denoised = run.denoised[evaluated, k]
    if final is not None:
        denoised = np.concatenate([denoised, final[None, k]])
    shrunk = _pixels(run, images.shrunk(run.x[levels, k], run.sigmas[levels], scale))
    left_out = "" if chosen is None else f"{len(chosen):,} of {len(run.sigmas):,} levels · "
    rows = [
        ImageRow(caption="x", kind="sampling", images=shrunk, note=f"{left_out}x · s/√(s² + σ²)"),
        ImageRow(caption=f"{driver}(x; σ)", kind="denoising", images=_pixels(run, denoised)),
    ]
    compared = run.settings.compared_with
    if compared in run.extras:
        rows.append(
            ImageRow(
                caption=f"{NAMES[compared].symbol}(xₙ)",
                kind="optimal" if compared == "optimal" else "reference",
                images=_pixels(run, run.extras[compared][evaluated, k]),
                note="on this trajectory",
            )
        )
    return tuple(rows)


def _pixels(run: Run, values: Array) -> Array:
    """Images of any number of channels as pixels, latents as their linear preview."""
    if run.latents:
        values = preview(values, run.latents)
    return images.pixels(values if values.shape[1] in COLOURS else images.side_by_side(values))


def _seen(run: Run) -> str:
    """What the pixels are, if they are not the colours of an image."""
    channels = run.x.shape[2]
    if run.latents:
        return "latent preview"
    return "" if channels in COLOURS else f"{channels} channels, side by side"


def _final(run: Run) -> Array | None:
    return run.trajectory.final_denoised if run.trajectory is not None else None


def strip_picture(
    run: Run | None, selection: Selection, answer: NeighboursAnswer | None, rows: StripRows | None = None
) -> StripPicture:
    """The strip of the selected sample, every sample's D at the playhead, and the data with the largest weights."""
    shape = run.x.shape[2:] if run is not None and run.committed else ()
    if run is None or len(shape) != 3:
        return StripPicture(message="The strip shows image data. Choose Fashion-MNIST in the model panel.")
    samples, name = _samples(run, selection.index)
    clipped = f"clipped {100 * images.clipped_share(samples[selection.sample]):.3g} %"
    return StripPicture(
        sigmas=run.sigmas,
        rows=(rows or StripRows()).of(run, selection.sample),
        levels=shown_levels(run),
        denoised_note=_seen(run) or (clipped if name != "x" else ""),
        index=selection.index,
        samples=_pixels(run, samples),
        sample=selection.sample,
        samples_note=f"{name} at σ {run.sigmas[selection.index]:.3g}",
        **_neighbours(run, selection, answer),
    )


def _samples(run: Run, i: int) -> tuple[Array, str]:
    """D of every sample at a level; x itself at the last level if D was not evaluated there."""
    final = _final(run)
    name = f"{DRIVER_NAMES[run.settings.driver]}(x; σ)"
    if i < min(run.committed - 1, len(run.denoised)):
        return run.denoised[i], name
    return (run.x[i], "x") if final is None or i < len(run.sigmas) - 1 else (final, name)


def sheet_picture(run: Run, samples: Sequence[int], levels: Sequence[int], shows: SheetRow) -> SheetPicture:
    """Samples of a finished run of images at some of its levels: x, scaled to one grey range, or D. The last level has
    no D where it was not evaluated there, and shows x.
    """
    at, k = np.asarray(levels), np.asarray(samples)
    driver, final = DRIVER_NAMES[run.settings.driver], _final(run)
    if shows == "x":
        scale = run.source.dataset.std if run.source is not None else SCALES[run.latents]
        values = images.shrunk(run.x[at][:, k], run.sigmas[at], scale)
        caption = "x · s/√(s² + σ²)"
    else:
        last = run.x[-1] if final is None else final
        values = np.stack([run.denoised[i, k] if i < len(run.denoised) else last[k] for i in levels])
        caption = f"{driver}(x; σ)"
    shown = np.stack([_pixels(run, values[:, row]) for row in range(len(k))])
    return SheetPicture(
        images=shown,
        sigmas=tuple(run.sigmas[at].tolist()),
        samples=tuple(samples),
        title=plane_title(run),
        caption=" · ".join(filter(None, (caption, _seen(run), "one row a sample"))),
    )


def _neighbours(run: Run, selection: Selection, answer: NeighboursAnswer | None) -> dict[str, Any]:
    if run.source is None or not run.compared:
        return {"neighbours_note": run.caption or "The nearest data need the reference data to be open."}
    answer = about(answer, run)
    if answer is None:
        return {}
    dataset, asked = run.source.dataset, answer.request
    stale = (asked.index, asked.sample) != (selection.index, selection.sample)  # another answer is on its way
    of = f" (sample {asked.sample}, σ {run.sigmas[asked.index]:.3g})" if stale else ""
    nearest = answer.indices[:NEIGHBOURS]
    try:
        neighbours = images.pixels(dataset.points[nearest])
    except DataError as error:  # the file behind a large set has changed
        return {"neighbours_note": str(error)}
    labels = () if dataset.labels is None else tuple(dataset.labels[nearest])
    return {
        "neighbours": neighbours,
        "neighbour_weights": answer.weights[:NEIGHBOURS],
        "neighbour_labels": tuple(dataset.class_name(int(label)) for label in labels),
        "neighbours_note": f"effective neighbours {answer.effective_neighbours:.4g} of {data_count(run):,}{of}",
    }
