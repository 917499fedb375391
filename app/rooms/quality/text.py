"""The quality of samples in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from app.plotting.sigma_axis import sigma_text
from app.rooms.quality.messages import Jumps, RunQuality
from app.rooms.quality.pictures import QualityPicture
from geomodel.number_text import fixed
from geomodel.quality import QUALITIES, Quality, QualityRow

CLAIM = 2_000  # samples from which a difference may be claimed
NEAR = 1.1  # times the control, within which so many samples show no difference
TITLES = {"sliced": "Sliced distance", "frechet": "Fréchet distance", "spread": "Spread", "nearest": "Nearest data"}
NOISE = (
    "x carries its noise: at σ it is about σ√d away from all data, so the curve of x says how noisy x is and not how "
    "good the samples would become. Compare D with the control."
)
Line = tuple[str, str, Quality]  # whose numbers, in short and in full, and the numbers


def quality_row(name: str) -> QualityRow:
    """The row of the table of this name."""
    return next(row for row in QUALITIES if row.name == name)


def jump_lines(jumps: Jumps, level: int) -> tuple[Line, ...]:
    """The jump that is picked, the run that goes to σ_min, and the control."""
    picked, whole, control = jumps.qualities[level], jumps.qualities[-1], jumps.control
    return (
        ("Jump", f"Jump at σ {sigma_text(jumps.sigmas[level])}", picked),
        ("No jump", f"No jump (σ {sigma_text(jumps.sigmas[-1])})", whole),
        ("Held-out data", f"Control: {control.count:,} held-out data", control),
    )


def gain(jumps: Jumps, level: int, name: str) -> str:
    """How much nearer to the data the picked jump ends than the run without one, and whether that can be seen."""
    jump, whole, control = (
        getattr(found, name) for found in (jumps.qualities[level], jumps.qualities[-1], jumps.control)
    )
    if not (isfinite(jump) and isfinite(whole) and whole > 0) or level == len(jumps.sigmas) - 1:
        return ""
    share = 100 * (1 - jump / whole)
    words = f"{abs(share):.0f} % {'nearer to' if share >= 0 else 'farther from'} the data than without a jump."
    if max(jump, whole) < NEAR * control:
        return f"{words} Both are as near as held-out data, so take more samples before you conclude."
    return words


def jump_note(jumps: Jumps, level: int) -> str:
    """In which directions the numbers and the pictures are, and what was left out."""
    planar = jumps.held_out.points is not None and jumps.plane
    drawn = f"The ends are drawn in {jumps.plane}." if planar else ""
    return " ".join(
        filter(None, (f"Fréchet distance in {jumps.basis}.", drawn, jumps.note, jumps.qualities[level].note))
    )


def run_note(run: RunQuality, index: int) -> str:
    """What was left out at the playhead."""
    at = min(index, len(run.sigmas) - 1)
    wrong = (f"{of}: {found.note}" for of, found in (("x", run.x[at]), ("D", run.denoised[at])) if found.note)
    return " ".join(filter(None, (run.note, *wrong)))


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
        for _, whose, found in jump_lines(picture.jumps, picture.level):
            yield f"{whose}: {numbers(found)}."
        yield gain(picture.jumps, picture.level, picture.name)
        yield jump_note(picture.jumps, picture.level)
    yield picture.run_reason
    if picture.run is not None:
        at = min(picture.index, len(picture.run.sigmas) - 1)
        sigma = sigma_text(picture.run.sigmas[at])
        yield picture.run_caption
        yield f"The run at σ {sigma}: x {numbers(picture.run.x[at])}; D {numbers(picture.run.denoised[at])}."
        yield f"Held-out data: {numbers(picture.run.control)}."
        yield run_note(picture.run, picture.index)


def numbers(found: Quality) -> str:
    """Every number of a cloud with its name."""
    return ", ".join(f"{TITLES[row.name]} {fixed(getattr(found, row.name), 3)}" for row in QUALITIES)
