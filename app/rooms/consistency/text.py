"""The consistency view in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator

from app.rooms.consistency.pictures import ConsistencyPicture
from geomodel.number_text import fixed

GAP = (
    "The mean of ‖f(xₙ, σₙ) − x₀‖ over the samples and levels of the run. x₀ is where the exact ODE ends. A "
    "consistency function has 0. The line is the same for D, which is no consistency function."
)
CURVES = (
    "f(xₙ, σₙ) of each sample, one point a level, over the data. While f learns, each curve shrinks to the ring at its "
    "end. Filled dots stand at the playhead; the selected sample is thick."
)
SHOW_D = "Draw D(xₙ, σₙ), the denoising trajectories of the run, which do not shrink"
CLOUDS = (
    "The same noise at the highest level, led to the end in three ways. Beside each: "
    "√[(1/R) Σᵣ ∫ (F⁻¹ − F_data⁻¹)² du], the sliced Wasserstein distance to the data. "
    "Its control is that of held-out data."
)
FIELD = (
    "Each cell has the colour of the data point where dx/dσ = (x − D)/σ ends that starts there at this σ. Borders of "
    "basins are drawn in the colour of text: there the exact f is discontinuous."
)


def describe(picture: ConsistencyPicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture))


def _sentences(picture: ConsistencyPicture) -> Iterator[str]:
    yield from filter(None, (picture.message, picture.words and _ended(picture.words)))
    if picture.gap is not None:
        gap = picture.gap
        yield f"{picture.caption}."
        yield (
            f"Mean gap of f {fixed(gap.gaps[-1], 3)} after {gap.iterations[-1]:,} iterations, {fixed(gap.gaps[0], 3)} "
            f"at first; of D {fixed(gap.control, 3)}."
        )
        yield f"{picture.level_words}."
        yield from (f"{cloud.title}: {cloud.words}." for cloud in picture.clouds)
        yield f"{picture.clouds_words}."
    if picture.field.words:
        yield f"Ends of the exact ODE: {picture.field.words}."


def _ended(words: str) -> str:
    return words if words.endswith(".") else f"{words}."
