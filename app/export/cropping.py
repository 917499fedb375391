"""Leaves out what lies far outside of a picture. A curve that leaves a zoomed plot may be thousands of pages long, and
viewers would draw every dash of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from PySide6.QtGui import QPainterPath

Point = tuple[float, float]
Window = tuple[float, float, float, float]  # left, top, right, bottom


def pieces(line: Sequence[Point], window: Window) -> Iterator[list[Point]]:
    """The parts of an open line that are inside of a window."""
    left, top, right, bottom = window
    if all(left <= x <= right and top <= y <= bottom for x, y in line):
        yield [*line]
        return
    if not all(math.isfinite(x) and math.isfinite(y) for x, y in line):
        return
    part: list[Point] = []
    for start, end in pairwise(line):
        inside = segment(start, end, window)
        if inside is None or (part and part[-1] != inside[0]):
            if part:
                yield part
            part = []
        if inside is not None:
            part = [*inside] if not part else [*part, inside[1]]
    if part:
        yield part


def segment(start: Point, end: Point, window: Window) -> tuple[Point, Point] | None:
    """The part of a segment that is inside of a window (Liang and Barsky 1984), or None."""
    (x, y), dx, dy = start, end[0] - start[0], end[1] - start[1]
    left, top, right, bottom = window
    first, last = 0.0, 1.0
    for step, room in ((-dx, x - left), (dx, right - x), (-dy, y - top), (dy, bottom - y)):
        if step == 0:
            if room < 0:
                return None
        elif step < 0:
            first = max(first, room / step)
        else:
            last = min(last, room / step)
    if not first <= last:
        return None
    begin = start if first == 0 else (x + first * dx, y + first * dy)
    return begin, end if last == 1 else (x + last * dx, y + last * dy)


def lines(path: QPainterPath) -> Iterator[list[Point]] | None:
    """The lines of a path, or None if it has curves."""
    kinds = QPainterPath.ElementType
    found: list[list[Point]] = []
    for index in range(path.elementCount()):
        element = path.elementAt(index)
        if element.type == kinds.MoveToElement:
            found.append([(element.x, element.y)])
        elif element.type == kinds.LineToElement:
            found[-1].append((element.x, element.y))
        else:
            return None
    return iter(found)
