"""The families view in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator

from app.rooms.families.pictures import FamiliesPicture
from geomodel.number_text import fixed

CLOCKS = (
    "N even times of each family as noise levels, and the levels of the run. Euler's errors: ‖x − x exact‖ at the last "
    "level, the median over the samples. In t: Euler for z at those times. In σ: Euler for x at the same noise levels, "
    "the control. Run: Euler for x at the levels of the run. All start from one point of the exact curve, at the first "
    "level inside the family. Click a row to pick its family."
)
STRAIGHT = (
    "S = ∫‖da/du − (a₁ − a₀)‖² du over the share u of the time, divided by ‖a₁ − a₀‖². It is 0 for a line at even "
    "speed, and its root is how far off straight the speed is. x = c + z/m and D at equal σ cannot change, so what "
    "changes with the family belongs to its clock and scale, not to the trajectory."
)
UNCHANGED = "x = c + z/m and D at equal σ are the same in every family."
LEFT_OUT = "Without clocks between these levels"
COLUMNS = ("in t", "in σ", "run")


def describe(picture: FamiliesPicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture))


def _sentences(picture: FamiliesPicture) -> Iterator[str]:
    yield from filter(None, (picture.message, picture.words and f"{picture.words}."))
    yield from (f"{text}." for text in (picture.formula, picture.caption) if text)
    if picture.paths is not None:
        yield f"{picture.here}. {picture.paths.prior}."
        yield f"{UNCHANGED} {picture.paths.straightness}."
    if picture.left_out:
        yield f"{LEFT_OUT}: {picture.left_out}."
    if picture.errors:
        yield f"{picture.errors}:"
        yield "; ".join(
            f"{row.title} {fixed(row.own, 3)} in t, {fixed(row.same, 3)} in σ at the same levels, "
            f"{fixed(row.run, 3)} at the levels of the run"
            for row in picture.rows
            if row.own == row.own
        )
