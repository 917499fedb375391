"""How long the pictures of a crowded plane take to write, and how large they are. PNG is the baseline."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from common import row, times

# isort: split
import numpy as np
from PySide6.QtWidgets import QApplication

from app.export import formats
from app.export.figure import Figure
from app.plotting.theme import LIGHT
from app.rooms.plane.pictures import PlaneCurves, PlanePicture
from app.rooms.plane.view import PlaneView

POINTS, SAMPLES, LEVELS = 10_000, 250, 81  # as many samples as a plane draws
SIZE, DPI = (120.0, 120.0), 300
SECOND = 1000.0  # ms, the budget for SVG
LARGEST = 5.0  # MB, the budget for SVG


def crowded() -> PlanePicture:
    """A plane in which 40,000 segments and all data are drawn."""
    rng, sigmas = np.random.default_rng(0), np.geomspace(80, 0.01, LEVELS)
    data = rng.normal(size=(POINTS, 2))
    x = data[:SAMPLES] + sigmas[:, None, None] * rng.normal(size=(SAMPLES, 2))
    curves = PlaneCurves(sampling=x, denoising=0.5 * x[:-1], sigmas=sigmas, committed=LEVELS)
    return PlanePicture(title="Crowded", data=data, curves=curves, index=60, frame="run")


def main() -> None:
    """Print a table of times, and the sizes under it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    qt = QApplication.instance() or QApplication([])
    view = PlaneView(LIGHT)
    view.display(crowded())
    figure, sizes = Figure(view=view, size_mm=SIZE, dpi=DPI), {}
    times(f"{2 * SAMPLES * (LEVELS - 1):,} segments, {POINTS:,} points")
    with tempfile.TemporaryDirectory() as folder:
        for kind in map(formats.row, formats.PICTURES):
            path, found = Path(folder, f"plane{kind.suffix}"), []
            for _ in range(repeats):
                begin = time.perf_counter()
                kind.write(figure, str(path))
                found.append(1000 * (time.perf_counter() - begin))
            sizes[kind.name] = path.stat().st_size / 1e6
            row(kind.name.upper(), found, SECOND if kind.name == "svg" else None)
    print("MB: " + ", ".join(f"{name.upper()} {size:.2f}" for name, size in sizes.items()) + f"; SVG at most {LARGEST}")
    view.release()
    qt.processEvents()


if __name__ == "__main__":
    main()
