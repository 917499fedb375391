"""What a frame of Space costs: a turn, which draws every segment again, and a move of the playhead.

    python benchmarks/space.py [--scale 2] [--samples 100] [--frames 60]

The view of 900 × 640 over curves of a Gaussian in closed form. The baseline is a fill of the same pixels and the same
segments as one list of Qt's lines, in the same run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from common import line, row, times
from PySide6.QtCore import QLineF
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QApplication

import geomodel as gm
from app.plotting.theme import LIGHT
from app.rooms.space.pictures import Bundle, SpacePicture, Strand
from app.rooms.space.view import SpaceView
from geomodel.arrays import Array

BUDGET = {"1": 16.0, "2": 33.0}  # milliseconds
SIZE = (900, 640)


def curves(samples: int, levels: int, seed: int = 0) -> tuple[Array, Array, Array]:
    """x and D of N(0, diag 3 k^−1.5) in 64 dimensions as points (levels, samples, 3), and the noise levels."""
    sigmas, random = gm.schedules.karras(levels - 1), np.random.default_rng(seed)
    variances = 3.0 * np.arange(1, 65) ** -1.5
    noisy = variances + sigmas[:, None, None] ** 2
    x = 80.0 * random.standard_normal((samples, 64)) * np.sqrt(noisy / (variances + 80.0**2))
    found = [gm.geometry.subspace(curve) for curve in (x, variances / noisy * x)]
    x_points, d_points = (np.concatenate([item.along[..., None], item.across], axis=-1) for item in found)
    return x_points, d_points, sigmas


def picture(points: Array, inset: Array, sigmas: Array, others: int) -> SpacePicture:
    """The view's picture with some controls beside the run."""
    owners = ("gaussian", "optimal", "walk")[:others]
    return SpacePicture(
        title="Gaussian in 64 dimensions",
        bundles=(Bundle(owner="run", points=points), *(Bundle(owner=owner, points=points * 0.9) for owner in owners)),
        inset=Bundle(owner="run", points=inset),
        sigmas=sigmas,
        strand=Strand(points=points[:, 0], at=0),
        inset_strand=Strand(points=inset[:, 0], at=0),
        target=points[-1, 0],
        owners=("run", *owners),
    )


def milliseconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """How long it takes by a clock."""
    started = clock()
    work()
    return 1000 * (clock() - started)


def turns(view: SpaceView, frames: int, clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """Every frame from another side."""

    def turn() -> None:
        view.canvas.look_from(view.canvas.camera.turned(3.0, 0.0))
        view.canvas.repaint()

    return [milliseconds(turn, clock) for _ in range(frames)]


def moves(view: SpaceView, shown: SpacePicture, frames: int) -> list[float]:
    """Every frame at another level."""
    spent = []
    for frame in range(frames):
        at = frame % len(shown.bundles[0].points)
        strand = Strand(points=shown.bundles[0].points[:, 0], at=at)
        moved = replace(shown, at=at, strand=strand)
        spent.append(milliseconds(lambda moved=moved: (view.display(moved), view.canvas.repaint())))  # type: ignore[misc]
    return spent


def baseline(view: SpaceView, frames: int) -> list[float]:
    """The run's segments as one list of lines on an empty pixmap of the drawing's size."""
    main, _ = view.canvas.frames()
    assert main is not None
    pixels, _ = main.look(view.picture.bundles[0].points)
    ends = np.concatenate([pixels[:-1], pixels[1:]], axis=-1).reshape(-1, 4).tolist()
    ratio = view.devicePixelRatioF()
    layer = QPixmap(view.canvas.size() * ratio)
    layer.setDevicePixelRatio(ratio)

    def draw() -> None:
        layer.fill(QColor("white"))
        with QPainter(layer) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawLines([QLineF(*end) for end in ends])

    return [milliseconds(draw) for _ in range(frames)]


def measure(scale: str, samples: int, frames: int) -> None:
    """Everything, in one view."""
    application = QApplication([])
    application.setStyle("Fusion")
    view = SpaceView(LIGHT)
    view.resize(*SIZE)
    points, inset, sigmas = curves(samples, 101)
    view.display(picture(points, inset, sigmas, 0))
    view.show()
    application.processEvents()  # lay it out and paint it once
    times(f"Space, {samples} × 101 points and as many of D, {SIZE[0]} × {SIZE[1]} at scale {scale}")
    turned = turns(view, frames)
    row("a turn", turned, BUDGET[scale])
    row("   of it this thread computes", turns(view, frames, time.thread_time), BUDGET[scale])
    row("a playhead move", moves(view, view.picture, frames), BUDGET[scale])
    plain = baseline(view, frames)
    row("the run alone as a list of lines", plain)
    line("  × a turn", (f"{np.median(plain) / np.median(turned):.1f}",))
    view.display(picture(points, inset, sigmas, 3))
    row("a turn with three controls", turns(view, frames))
    view.release()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", choices=sorted(BUDGET), default="1", help="device pixels a pixel (default 1)")
    parser.add_argument("--samples", type=int, default=100, help="trajectories (default 100)")
    parser.add_argument("--frames", type=int, default=60, help="frames of each kind (default 60)")
    arguments = parser.parse_args()
    if arguments.scale != os.environ.get("QT_SCALE_FACTOR", "1"):  # Qt reads it once, when it starts
        environment = {**os.environ, "QT_SCALE_FACTOR": arguments.scale}
        return subprocess.run([sys.executable, *sys.argv], env=environment, check=False).returncode
    measure(arguments.scale, arguments.samples, arguments.frames)
    return 0


if __name__ == "__main__":
    sys.exit(main())
