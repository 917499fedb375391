"""Where the images of a montage stand: in one line that may scroll, or in as many lines as show all of them best."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

GAP = 4  # pixels between columns, where the playhead's frame has room
ROW_GAP = 6
CAPTION_WIDTH, SHORT_CAPTION = 120, 92  # with the note under a row's name, and without
LARGEST = 96  # pixels that a cell takes at most
LEAST = 12  # pixels of a cell that can still be seen
MOST_LINES = 6


def integer_zoom(room: float, size: int) -> int:
    """The largest whole factor at which `size` pixels fit into the room, at least 1."""
    return max(1, int(room // size))


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the images have room in. Lengths are in pixels of the widget."""

    width: int
    height: int  # without a scroll bar
    bar: int  # height of a scroll bar
    ratio: float  # device pixels in a pixel
    image: tuple[int, int]  # width and height, in their own pixels
    rows: int
    captions: float  # least height of a row, in which its two captions stand
    name: float  # height of a row's name alone
    labels: float  # height of the labels under the columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """Where everything stands, in device pixels of the widget."""

    zoom: float  # of an image's pixel
    cell: tuple[int, int]  # width, height of an image
    pitch: int  # from column to column
    row: int  # from row to row
    left: int  # where the columns begin
    labels: int  # height of the labels under the columns
    columns: int  # in a line
    line: int  # from line to line


def scrolled(room: Room, levels: int) -> Geometry:
    """One line, as large as the height allows, in true pixels."""
    height = room.image[1]
    count = max(1, room.rows)
    high = (room.height - room.bar - room.labels) / count - ROW_GAP
    zoom = integer_zoom(min(high, LARGEST) * room.ratio, height)
    return _geometry(room, zoom, max(1, levels), room.captions, CAPTION_WIDTH)


def whole(room: Room, levels: int) -> Geometry | None:
    """All levels at once, in the number of lines that leaves them largest; None where they would be too small."""
    best: tuple[float, int] = (0.0, 1)
    width, height = room.image
    left = _left(room, SHORT_CAPTION)
    for lines in range(1, min(MOST_LINES, max(1, levels)) + 1):
        wide = (room.width - left - GAP) / ceil(levels / lines) - GAP
        high = (room.height / lines - room.labels - GAP) / max(1, room.rows) - ROW_GAP
        zoom = min(wide / width, max(high, 0) / height, LARGEST / height) * room.ratio
        if room.name <= high and zoom > best[0] * 1.05:  # another line must be worth it
            best = zoom, lines
    zoom, lines = best
    if zoom * height < LEAST * room.ratio:
        return None
    return _geometry(room, int(zoom) if zoom >= 1 else zoom, ceil(levels / lines), room.name, SHORT_CAPTION)


def _left(room: Room, caption: int) -> float:
    return min(caption, room.width // 3) + GAP


def _geometry(room: Room, zoom: float, columns: int, least: float, caption: int) -> Geometry:
    ratio, (width, height) = room.ratio, room.image
    cell = (round(width * zoom), round(height * zoom))
    row = round(max(cell[1], least * ratio) + ROW_GAP * ratio)
    labels = round(room.labels * ratio)
    return Geometry(
        zoom=zoom,
        cell=cell,
        pitch=cell[0] + round(GAP * ratio),
        row=row,
        left=round(_left(room, caption) * ratio),
        labels=labels,
        columns=columns,
        line=max(1, room.rows) * row + labels + round(GAP * ratio),
    )
