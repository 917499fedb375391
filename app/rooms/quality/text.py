"""The quality of samples in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator

from app.plotting.sigma_axis import sigma_text
from app.rooms.quality.messages import Jumps
from app.rooms.quality.pictures import QualityPicture
from geomodel.number_text import fixed
from geomodel.quality import QUALITIES, Quality, QualityRow

CLAIM = 2_000  # samples from which a difference may be claimed
NOISE = (
    "x carries its noise: at σ it is about σ√d away from all data, so the curve of x says how noisy x is and not how "
    "good the samples would become. Compare D with the control."
)
Line = tuple[str, Quality]  # whose numbers, and the numbers


def quality_row(name: str) -> QualityRow:
    """The row of the table of this name."""
    return next(row for row in QUALITIES if row.name == name)


def jump_lines(jumps: Jumps, level: int) -> tuple[Line, ...]:
    """The jump that is picked, the run that goes to σ_min, and the control."""
    last = len(jumps.sigmas) - 1
    whole = (f"No jump (σ {sigma_text(jumps.sigmas[last])})", jumps.qualities[last])
    picked = (f"Jump at σ {sigma_text(jumps.sigmas[level])}", jumps.qualities[level])
    control = (f"Control: {jumps.control.count:,} held-out data", jumps.control)
    return (picked, whole, control)


def few(count: int) -> str:
    """A sentence about how much so many samples show; empty where they are enough."""
    return f"{count:,} samples are a quick look; a claim needs {CLAIM:,}." if count < CLAIM else ""


def describe(picture: QualityPicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(filter(None, _sentences(picture)))


def _sentences(picture: QualityPicture) -> Iterator[str]:
    yield picture.message
    yield picture.working
    yield picture.reason
    if picture.jumps is not None:
        yield picture.caption
        for whose, found in jump_lines(picture.jumps, picture.level):
            yield f"{whose}: {numbers(found)}."
        yield picture.jumps.note
    yield picture.run_reason
    if picture.run is not None:
        at = min(picture.index, len(picture.run.sigmas) - 1)
        sigma = sigma_text(picture.run.sigmas[at])
        yield picture.run_caption
        yield f"The run at σ {sigma}: x {numbers(picture.run.x[at])}; D {numbers(picture.run.denoised[at])}."
        yield f"Held-out data: {numbers(picture.run.control)}."
        yield picture.run.note


def numbers(found: Quality) -> str:
    """Every number of a cloud with its name."""
    return ", ".join(f"{row.title.lower()} {fixed(getattr(found, row.name), 3)}" for row in QUALITIES)
