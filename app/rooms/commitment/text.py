"""The commitment view in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator

from app.plotting.pens_and_numbers import Kind
from app.rooms.commitment.pictures import CommitmentPicture

LEGEND: tuple[tuple[Kind, str, str], ...] = (
    ("sampling", "back and down", "The share of draws that come back to the class of their end"),
    (
        "optimal",
        "posterior of D*",
        "The posterior of the end's own class at its noised points, Σ of the weights of D* over the data of that "
        "class: the share if what came back were drawn from p(x₀ | x_σ)",
    ),
    (
        "reference",
        "chance",
        "The control: the share that would be the same if the classes that came back were dealt to the other ends",
    ),
)


def describe(picture: CommitmentPicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture))


def _sentences(picture: CommitmentPicture) -> Iterator[str]:
    yield from filter(None, (picture.message, picture.words and f"{picture.words}."))
    if picture.caption:
        yield f"{picture.caption}."
    if picture.fan is not None:
        yield f"At {picture.fan.words}."
        yield f"{picture.fan.title}."
        yield from (f"{panel.caption}: {panel.note}." for panel in picture.fan.panels)
