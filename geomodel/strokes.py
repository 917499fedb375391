"""Strokes of a drawing: polylines in data units, how many there may be, and what an eraser leaves of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from geomodel.arrays import Floats

Vertex = tuple[float, float]
Stroke = tuple[Vertex, ...]
Strokes = tuple[Stroke, ...]

MOST_STROKES = 1_000
MOST_VERTICES = 10_000  # of all strokes together
FARTHEST = 1e100  # of a coordinate, so that its square is a finite number
WIDTH = 0.2  # of a line, in data units
WIDEST = 1e100
SMOOTH = 0.5  # pixels by which a vertex may be left out
EMPTY = "The drawing is empty. Draw at least one stroke."


def problem(strokes: Strokes) -> str:
    """Why the strokes are no drawing; empty where they are one."""
    vertices = sum(map(len, strokes))
    if not vertices:
        return EMPTY
    if len(strokes) > MOST_STROKES or vertices > MOST_VERTICES:
        return (
            f"A drawing has at most {MOST_STROKES:,} strokes and {MOST_VERTICES:,} vertices; this one has "
            f"{len(strokes):,} and {vertices:,}. Erase a part of it."
        )
    if not all(abs(value) <= FARTHEST for stroke in strokes for vertex in stroke for value in vertex):  # or NaN
        return "A vertex of the drawing is no point of the plane: its coordinates must be finite numbers below 10¹⁰⁰."
    return ""


def text(strokes: Strokes) -> str:
    """Strokes as a command line takes them: "0,0 1,0.5; 2,2", with a semicolon between two strokes."""
    return "; ".join(" ".join(f"{x!r},{y!r}" for x, y in stroke) for stroke in strokes)


def from_text(written: str) -> Strokes:
    """The strokes that `text` has written. ValueError with a sentence for another text."""
    try:
        found = tuple(tuple(_vertex(word) for word in part.split()) for part in written.split(";") if part.strip())
    except ValueError as error:
        raise ValueError("Write the strokes of a drawing as 0,0 1,0.5; 2,2 3,1.") from error
    if sentence := problem(found):
        raise ValueError(sentence)
    return found


def _vertex(word: str) -> Vertex:
    x, y = map(float, word.split(","))
    return x, y


def simplified(stroke: Sequence[Vertex], tolerance: float) -> Stroke:
    """The stroke with as few of its vertices as keep it within `tolerance` of each one that is left out.

    The vertex farthest from the chord divides the stroke, and both parts are simplified in turn. Source: Douglas and
    Peucker, Cartographica 10, 1973.
    """
    if len(stroke) < 3:
        return tuple(stroke)
    points = np.asarray(stroke, np.float64)
    kept = {0, len(points) - 1}
    parts = [(0, len(points) - 1)]
    while parts:
        first, last = parts.pop()
        if last - first < 2:
            continue
        away = _distance(points[first + 1 : last], points[first], points[last])
        farthest = int(away.argmax())
        if away[farthest] > tolerance:
            middle = first + 1 + farthest
            kept.add(middle)
            parts += [(first, middle), (middle, last)]
    return tuple(stroke[at] for at in sorted(kept))


def tidied(stroke: Sequence[Vertex], unit: float) -> Stroke:
    """The stroke with the vertices that can be seen, in as many digits as tell a tenth of a pixel of size `unit`."""
    digits = 1 - math.floor(math.log10(unit))
    return tuple((round(x, digits), round(y, digits)) for x, y in simplified(stroke, SMOOTH * unit))


def erased(strokes: Strokes, centre: Vertex, radius: float) -> Strokes:
    """What is left of the strokes outside a disc. A stroke that the disc cuts becomes several, which end at its rim.

    A stroke that the disc does not touch stays the same object.
    """
    found: list[Stroke] = []
    for stroke in strokes:
        found += _outside(stroke, centre, radius)
    return tuple(found)


def _outside(stroke: Stroke, centre: Vertex, radius: float) -> list[Stroke]:
    points = np.asarray(stroke, np.float64)
    first, last = (points, points) if len(stroke) == 1 else (points[:-1], points[1:])
    touched = bool((_distance(np.asarray(centre), first, last) < radius).any())
    if not touched or len(stroke) == 1:
        return [] if touched else [stroke]
    pieces: list[list[Vertex]] = [[]]
    for start, end in pairwise(stroke):
        enters, leaves = _inside_part(start, end, centre, radius)
        if enters >= leaves:  # the whole segment is outside
            pieces[-1] += [start] * (not pieces[-1]) + [end]
            continue
        if enters > 0:
            pieces[-1] += [start] * (not pieces[-1]) + [_between(start, end, enters)]
        pieces.append([_between(start, end, leaves), end] if leaves < 1 else [])
    return [tuple(piece) for piece in pieces if piece]


def _inside_part(start: Vertex, end: Vertex, centre: Vertex, radius: float) -> tuple[float, float]:
    """The shares of a segment between which it lies within the disc; (1, 0) where it lies nowhere in it."""
    along, away = np.subtract(end, start), np.subtract(start, centre)
    square, half, rest = float(along @ along), float(along @ away), float(away @ away) - radius**2
    if not square:
        return (0.0, 1.0) if rest < 0 else (1.0, 0.0)
    root = half**2 - square * rest
    if root <= 0:
        return 1.0, 0.0
    low, high = (-half - math.sqrt(root)) / square, (-half + math.sqrt(root)) / square
    return (max(low, 0.0), min(high, 1.0)) if low < 1 and high > 0 else (1.0, 0.0)


def _between(start: Vertex, end: Vertex, share: float) -> Vertex:
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])


def _distance(points: Floats, start: Floats, end: Floats) -> Floats:
    """(n,): from points to segments; one of the two may be single."""
    along, away = end - start, points - start
    square = (along**2).sum(axis=-1)
    share = ((away * along).sum(axis=-1) / np.where(square > 0, square, 1.0)).clip(0.0, 1.0)
    return np.asarray(np.linalg.norm(away - share[..., None] * along, axis=-1))
