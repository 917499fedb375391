"""What the benchmarks share: the repository on the path, an offscreen Qt, and a table of times with ratios. No Qt here.

Imported first, because Qt reads its environment when it is loaded.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
os.environ.setdefault("QT_API", "pyside6")

WIDTH = 58


def status(name: str) -> int:
    """Bytes of this process by Linux's name: VmRSS is now, VmHWM the most so far."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(text.split()[1]) for text in lines if text.startswith(f"{name}:")) * 1024


def line(name: str, cells: Sequence[str], width: int = WIDTH) -> None:
    """One line of a table."""
    print(f"{name:<{width}}" + "".join(f"{cell:>10}" for cell in cells), flush=True)


def times(title: str) -> None:
    """The heads of a table of `row`s."""
    print()
    line(title, ("median", "least", "most", "budget", "ratio"))


def row(name: str, samples: Sequence[float], budget: float | None = None, unit: str = "ms") -> None:
    """Median, least and most of the samples; the budget and the median over it, where there is one."""
    figures = [statistics.median(samples), min(samples), max(samples)]
    cells = [f"{figure:.1f}" for figure in figures]
    if budget is not None:
        cells += [f"{budget:g}", f"{figures[0] / budget:.2f}"]
    line(f"{name}, {unit}", cells)
