"""The comparison in words: what each lane cost and missed."""

from __future__ import annotations

from collections.abc import Iterator

from app.rooms.compare.columns import COLUMNS, STATE, plain, state_text, text, title
from app.rooms.compare.pictures import ComparePicture, LanePicture


def describe(picture: ComparePicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture))


def shared(picture: ComparePicture) -> str:
    """What the lanes have in common, and how far the reference is."""
    solving = f", {100 * picture.reference_fraction:.0f} %" if picture.reference_fraction < 1 else ""
    reference = f"reference {picture.reference}{solving}" if picture.reference else ""
    return " · ".join(filter(None, (picture.caption, reference)))


def _sentences(picture: ComparePicture) -> Iterator[str]:
    if picture.message:
        yield picture.message
    if picture.lanes:
        yield f"{len(picture.lanes)} samplers. {shared(picture)}."
    for lane in picture.lanes:
        yield f"{lane.name}: {', '.join(_numbers(lane, picture.sample))}."


def _numbers(lane: LanePicture, sample: int) -> Iterator[str]:
    """How far it is, and the cells of its row that hold a number."""
    yield lane.message or state_text(lane)
    for column in range(STATE + 1, len(COLUMNS)):
        if said := text(lane, column, sample):
            yield f"{plain(title(column, sample)).lower()} {said}"
