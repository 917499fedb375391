"""The theories view in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator

from app.rooms.theories.pictures import TheoriesPicture
from geomodel.theories import THEORIES

PANELS = (
    "The driver's D of the selected sample beside that of each theory, at the same x. R² is that of this sample. The "
    "last image is that of the patch that the slider picks."
)

ENDS = (
    "The same noise driven to the end by the run and by each theory, in Euler steps: a row each, a column for each "
    "sample. Click a sample, or press Up and Down, to select it. R² compares an end with the run's end of the same "
    "sample: 1 is the same image, 0 is as far off as the data mean. A few samples that end in another class decide the "
    "pooled R², so the median and the counts stand beside it."
)


def describe(picture: TheoriesPicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture))


def _sentences(picture: TheoriesPicture) -> Iterator[str]:
    yield from filter(None, (picture.message, picture.words and f"{picture.words}."))
    if picture.plot is not None:
        yield f"{picture.caption}. Unexplained share at the playhead:"
        yield "; ".join(
            f"{curve.label} {text}" for curve, text in zip(picture.plot.curves, picture.legend, strict=True)
        )
    yield from (f"{panel.caption}: {panel.note}." for panel in picture.panels)
    if picture.drives:
        yield f"{picture.drives}."
    yield from (f"{row.caption}: {row.note}." for row in picture.ends)
    if (over := picture.hand_over).plot is not None:
        yield f"Hand-over, {over.plot.curves[0].label}: {over.caption}. {over.title}."
        yield from (f"{panel.caption}: {panel.note}." for panel in over.panels)
    if (taught := picture.taught).plots:
        yield f"Where the network was taught: {taught.caption}. {taught.now}."


def formulas() -> str:
    """Every theory with its formula and source, for the tooltip of the plot."""
    return "\n".join(f"{row.title}: {row.formula}. {row.source}." for row in THEORIES)
