"""`gm.show`: opens the window from a script or a notebook."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geomodel.datasets import Dataset
from geomodel.trajectory import Trajectory

if TYPE_CHECKING:
    from app.main_window import MainWindow

Data = Dataset | str | os.PathLike[str] | Any  # or an array of points (N, *shape)
START = "import sys; from app.application import main; sys.exit(main())"
STUB = "from app.showing import taken\n\n\ndef denoiser():\n    return taken({key!r})\n"
_shown: dict[str, Any] = {}  # denoisers of this process, by the files that name them
_windows: list[MainWindow] = []  # Python would delete a window that nobody holds


def show(what: Any, data: Data | None = None) -> subprocess.Popen[bytes] | MainWindow | None:
    """Open the window on a run or on a denoiser.

    what: a run that `geomodel.runs.compute` made, or the path of an NPZ that one was saved to; or a denoiser, any
    callable ``model(x, sigma[, labels=])``. data: reference data beside it: a data set, the name of one, the path of a
    file, or points (N, *shape).

    **A run** opens in a process of its own, through an NPZ in a temporary folder, so that the script goes on at once,
    and the window stays when the script ends. The process is returned. **A denoiser** is a Python object, which no
    other process has, so that its window opens in this process. In a script this call returns None when the window is
    closed. Where the process has a QApplication already, as after ``%gui qt`` in a notebook, it returns the window at
    once, and the event loop of that application drives it; keep the denoiser unchanged meanwhile, because the window's
    engine calls it on a thread of its own. A denoiser has a `shape`, or takes that of the data, and may have
    num_classes, label_names, sigma_min and sigma_max. Call it from the main thread.

    Raises ValueError for something that is neither, for a file that is no run, for a trajectory of `geomodel.sample`,
    which does not say what moved it, and where nobody says the shape; ImportError without the window's packages;
    RuntimeError where there is no display.
    """
    if isinstance(what, Trajectory | str | os.PathLike):
        return _show_run(what, data)
    if not callable(what):
        raise ValueError(f"show takes a run, the path of one, or a denoiser, which can be called; got {type(what)}.")
    return _show_denoiser(what, data)


def taken(key: str) -> Any:
    """The denoiser of this key."""
    return _shown[key]


def _show_run(what: Trajectory | str | os.PathLike[str], data: Data | None) -> subprocess.Popen[bytes]:
    run = what if isinstance(what, Trajectory) else Trajectory.load(os.fspath(what))
    if "run" not in run.settings:
        raise ValueError(
            "This trajectory does not say which denoiser moved it, because gm.sample does not know; "
            "compute it with gm.runs.compute, or show the denoiser."
        )
    folder = Path(tempfile.mkdtemp(prefix="geomodel-"))
    path = folder / "run.npz" if isinstance(what, Trajectory) else Path(what).absolute()
    if isinstance(what, Trajectory):
        run.save(path)
    root = str(Path(__file__).parents[1])  # the new process has no other way to find a program that is not installed
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}
    named = [] if data is None else ["--data", _named(data, folder)]
    # With the script's own pipes and session, a pipe would not end and Ctrl+C would close the window too.
    none = subprocess.DEVNULL
    return subprocess.Popen(
        [sys.executable, "-c", START, *named, "--open", str(path)],
        env=environment,
        stdin=none,
        stdout=none,
        stderr=none,
        start_new_session=True,
    )


def _show_denoiser(model: Callable[..., Any], data: Data | None) -> MainWindow | None:
    from PySide6.QtWidgets import QApplication

    from app.shell import display

    folder = Path(tempfile.mkdtemp(prefix="geomodel-"))
    named = [] if data is None else [_named(data, folder)]
    name = re.sub(r"\W", "", getattr(model, "__name__", type(model).__name__)) or "denoiser"
    if not hasattr(model, "shape"):
        model = _Shaped(model, _shape_of(data))
    stub = folder / f"{name}.py"  # the window calls the denoiser by this name
    stub.write_text(STUB.format(key=str(stub)), encoding="utf-8")
    _shown[str(stub)] = model
    own = QApplication.instance() is None
    if own and (problem := display.problem()):
        raise RuntimeError(problem)
    application = QApplication.instance() or QApplication(["Geomodel"])
    application.setApplicationName("Geomodel")
    if isinstance(application, QApplication):
        application.setStyle("Fusion")
    from app.main_window import MainWindow

    window = MainWindow()
    _windows.append(window)
    window.show()
    window.begin(named, f"{stub}:denoiser")
    if not own:
        return window
    application.exec()
    _windows.remove(window)
    return None


def _named(data: Data, folder: Path) -> str:
    """The name of a set, or the path of a file that holds the points."""
    if isinstance(data, str | os.PathLike):
        return str(data)
    path = folder / "data.npz"
    labels = getattr(data, "labels", None)
    points = np.asarray(data.points if isinstance(data, Dataset) else data)
    arrays: dict[str, Any] = {"x": points} if labels is None else {"x": points, "y": np.asarray(labels)}
    np.savez(path, **arrays)
    return str(path)


def _shape_of(data: Data | None) -> tuple[int, ...]:
    if isinstance(data, Dataset):
        return tuple(data.shape)
    if data is None or isinstance(data, str | os.PathLike):
        raise ValueError("Nothing says the shape of a point: give the denoiser a `shape`, or show it with its data.")
    return tuple(np.asarray(data).shape[1:])


class _Shaped:
    """A denoiser with a shape that it does not say itself."""

    def __init__(self, model: Callable[..., Any], shape: tuple[int, ...]) -> None:
        self._model, self.shape = model, shape

    def __call__(self, x: Any, sigma: Any, **labels: Any) -> Any:
        return self._model(x, sigma, **labels)
