"""Space in words: what is drawn, its numbers, and its legend."""

from __future__ import annotations

from collections.abc import Iterator

from app.plotting.legend import Entry
from app.plotting.sigma_axis import sigma_text
from app.plotting.theme import Theme
from app.rooms.space.canvas import class_colour, owner_colour
from app.rooms.space.labels import plain
from app.rooms.space.pictures import OWNERS, SpacePicture
from geomodel.number_text import fixed

TURNED = {"none": "not aligned", "signs": "aligned by signs", "orthogonal": "aligned by Procrustes"}


def describe(picture: SpacePicture, exaggeration: tuple[float, float] | None) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture, exaggeration))


def _sentences(picture: SpacePicture, exaggeration: tuple[float, float] | None) -> Iterator[str]:
    if picture.message:
        yield picture.message
        return
    yield f"{picture.caption}, {TURNED[picture.turns]}."
    yield f"Sample {picture.sample} at σ = {fixed(picture.sigma)}."
    if exaggeration is not None:
        first, second = (plain(value, 2) for value in exaggeration)
        yield f"PC 1 is drawn {first} and PC 2 {second} times larger than the displacement."
    if picture.inset_note:
        yield f"D in its own components of the complement: {picture.inset_note}."
    for row in picture.rows:
        values = ", ".join(f"{OWNERS[owner]} {value}" for owner, value in zip(picture.owners, row.values, strict=True))
        yield f"{row.title}: {values}."
    yield from notes_of(picture)


def notes_of(picture: SpacePicture) -> Iterator[str]:
    """How far a control is, what is undefined, and what the controls are made of."""
    for state in picture.controls:
        if state.fraction is not None:
            far = f"{100 * state.fraction:.0f} % computed" if state.fraction >= 0 else "waiting"
            yield f"{OWNERS[state.control]}: {far}."
    yield from picture.notes


def legend(picture: SpacePicture, theme: Theme) -> Iterator[Entry]:
    """The meaning of colours and of what is thick."""
    if picture.message or picture.sigmas is None:
        return
    yield Entry("sampling", f"x of sample {picture.sample}", "The selected sample; a click selects another")
    yield Entry("segment", "x → D(x; σ)", "D at the playhead, in the axes of x. A step moves x towards D.")
    if picture.inset is not None:
        yield Entry("denoising", "D, inset", "The denoising trajectories in components of their own")
    if picture.colouring == "sigma":
        ends = f"σ {sigma_text(float(picture.sigmas[0]))} → {sigma_text(float(picture.sigmas[-1]))}"
        yield Entry("sigma", ends, "The noise level of each segment, from noise to data")
    elif picture.colouring == "run":
        yield Entry(owner_colour(picture.bundles[0], theme).name(), OWNERS["run"])
    for bundle in picture.bundles[1:]:
        yield Entry(owner_colour(bundle, theme).name(), bundle.name or OWNERS[bundle.owner])
    if picture.colouring == "class" and picture.classes is not None:
        for label in sorted({int(label) for label in picture.classes}):
            name = picture.class_names[label] if label >= 0 else "no class"
            yield Entry(class_colour(label, theme).name(), name)
