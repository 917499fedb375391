"""The strip in words: what stands in the rows, and the data that weigh most at the playhead."""

from __future__ import annotations

from collections.abc import Iterator

from app.rooms.strip.pictures import StripPicture
from geomodel.number_text import fixed, percent

SPOKEN = 5  # neighbours that a description names; the picture has the others


def describe(picture: StripPicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture))


def _sentences(picture: StripPicture) -> Iterator[str]:
    if picture.sigmas is None:
        yield picture.message
        return
    at = picture.index
    clipped = f", D {picture.denoised_note}" if picture.denoised_note else ""
    sigma = fixed(float(picture.sigmas[at]))
    yield f"Sample {picture.sample} at level {at} of {len(picture.sigmas) - 1}, σ = {sigma}{clipped}."
    yield f"Rows of images: {', '.join(f'{row.caption} at {len(row.images)} levels' for row in picture.rows)}."
    if picture.levels is not None:
        yield f"They are evenly chosen from {len(picture.sigmas):,} levels."
    if picture.samples is not None:
        yield f"{len(picture.samples)} samples: {picture.samples_note}."
    if picture.neighbours_note:
        yield f"{picture.neighbours_note[0].upper()}{picture.neighbours_note[1:].rstrip('.')}."
    if picture.neighbour_weights is not None:
        names = picture.neighbour_labels or ("",) * len(picture.neighbour_weights)
        heaviest = list(zip(names, picture.neighbour_weights, strict=True))[:SPOKEN]
        yield f"Nearest data: {', '.join(f'{name} {percent(float(weight))}'.strip() for name, weight in heaviest)}."
