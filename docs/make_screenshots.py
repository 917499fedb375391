"""Draws docs/images from the real window, off screen. Run it after a change of what the window looks like."""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import app  # noqa: F401  which Qt binding: before anything imports Qt

# isort: split
import numpy as np
from PIL import Image
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

import resources
from app.application import start_logging
from app.export.figure import save_png
from app.main_window import MainWindow
from app.plotting.theme import DARK, LIGHT, Theme
from app.rooms.plane.messages import BasinsAnswer, DensityAnswer, InsideAnswer, ProbeAnswer
from app.rooms.strip.messages import NeighboursAnswer
from app.shell.settings_store import SettingsStore

IMAGES = Path(__file__).resolve().parent / "images"
TICK_MS, PATIENCE_MS = 5, 120_000
LARGEST = 250_000  # bytes of a picture that keeps every shade
SHADES = (256, 64, 44)  # of each colour: as many as fit
LANES = ("solver euler", "solver heun", "solver dpmpp_2m", "solver unipc", "solver ipndm")
PROBE = (2.1, 1.4)  # where data are improbable: there the network and D* can be told apart
SCHEDULE_WIDTH = 520  # pixels
JUMPING = 128  # samples, which take half a minute
FIGURE_MM, FIGURE_DPI = (160.0, 60.0), 200
CHECKPOINT = str(resources.path("checkpoints", "two-moons.safetensors"))


class Stage:
    """The window, and the waiting for what it shows."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.window = MainWindow()
        self._latest: dict[type, Any] = {}
        self.window.player.answered.connect(self._answered)
        self.window.resize(*size)
        self.window.show()
        self.window.begin([])

    def _answered(self, answer: object) -> None:
        self._latest[type(answer)] = answer

    def act(self, name: str) -> None:
        """Trigger an action."""
        self.window.actions_by_id[name].trigger()

    def complete(self, **wanted: object) -> None:
        """Wait for a finished run whose settings have these values; at rest."""

        def met() -> bool:
            run = self.window.state.run
            ended = run is not None and run.status == "complete" and self.window.player.computing is None
            return ended and all(getattr(run.settings, name) == value for name, value in wanted.items())

        wait_until(met, f"a complete run with {wanted}")
        self.window.playback.pause()

    def at_level(self, level: int) -> None:
        """Move the playhead and wait for the density there; by way of the start, so that no older answer is due."""
        for stop in (0, level):
            self.window.playback.go(stop)
            sigma = self.window.state.run.sigmas[stop]
            self.answered(DensityAnswer, lambda request, sigma=sigma: self._seen(request, sigma))

    def _seen(self, request: Any, sigma: float) -> bool:
        rect = self.window.views.plane.request_rect()
        return bool(np.isclose(request.sigma, sigma) and np.allclose(request.rect, rect))

    def latest(self, kind: type, fits: Callable[[Any], bool]) -> bool:
        """Whether there is an answer of a kind, and the newest fits."""
        return kind in self._latest and fits(self._latest[kind])

    def answered(self, kind: type, fits: Callable[[Any], bool]) -> None:
        """Wait until the engine's latest answer of a kind is to a request that fits."""
        wait_until(lambda: self.latest(kind, lambda answer: fits(answer.request)), kind.__name__)


def wait_until(met: Callable[[], bool], what: str) -> None:
    """Run the event loop until a condition is met. TimeoutError after two minutes."""
    loop, timer, end = QEventLoop(), QTimer(interval=TICK_MS), QTimer(interval=PATIENCE_MS, singleShot=True)
    timer.timeout.connect(lambda: loop.quit() if met() else None)
    end.timeout.connect(loop.quit)
    timer.start()
    end.start()
    loop.exec()
    if not met():
        raise TimeoutError(f"Waited {PATIENCE_MS // 1000} seconds for {what}.")


def two_moons(stage: Stage) -> None:
    """Two moons at a level where the density still joins them."""
    stage.complete(data="two-moons")
    stage.at_level(8)


def basins(stage: Stage) -> None:
    """Where the exact trajectories lead from every point, and what D* is made of at the selected one."""
    stage.act("layer.basins")
    stage.act("layer.weights")
    wait_until(lambda: stage.latest(BasinsAnswer, lambda answer: answer.finished), "the basins")
    stage.answered(NeighboursAnswer, lambda request: request.index == 8)


def compare(stage: Stage) -> None:
    """Five samplers from the same noise."""
    stage.act("layer.basins")  # off
    stage.act("layer.weights")
    room = stage.window.room.compare
    stage.act("workspace.solvers")
    for choice in LANES:
        room.add_preset(choice)
    stage.act("race")
    wait_until(lambda: room.comparison is not None and not stage.window.player.tasks, "the race")


def schedule(stage: Stage) -> None:
    """A schedule designed by GITS."""
    view, state = stage.window.views.schedule, stage.window.state
    docks = stage.window.layout_of_docks.docks
    for other in ("derivatives", "plane"):
        docks[other].close()  # the map of costs needs the height
    stage.window.resizeDocks([docks["schedule"]], [SCHEDULE_WIDTH], Qt.Orientation.Horizontal)
    stage.window.player.drafting.edit({"solver": "ipndm", "steps": 10})
    view.design_wanted.emit("gits", {"metric": "dev", "coeff": 1.15})
    wait_until(lambda: state.draft.schedule == "custom", "GITS")
    stage.complete(schedule="custom")
    wait_until(lambda: "×" in view.picture.end_error, "the end error")


def derivatives(stage: Stage) -> None:
    """What Heun's steps imply of dD/dσ."""
    view = stage.window.views.derivatives
    stage.act("reset_layout")
    stage.window.player.drafting.edit({"solver": "heun", "schedule": "karras", "steps": 18, "rho": 7.0})
    stage.complete(schedule="karras", solver="heun")
    stage.window.playback.go(7)
    wait_until(lambda: view.picture.sigmas is not None and not view.picture.pending, "the derivatives")


def inside(stage: Stage) -> None:
    """Inside a Heun step: predictor, two slopes, Euler's point and the exact curve."""
    stage.act("workspace.explore")
    stage.act("inside")
    stage.at_level(9)
    stage.answered(InsideAnswer, lambda request: request.index == 9)


def probe(stage: Stage) -> None:
    """The probe, with the bundled network beside D*."""
    state = stage.window.state
    stage.act("inside")  # off
    stage.window.documents.open_path(CHECKPOINT)
    stage.complete(data="two-moons", driver="network")
    stage.act("frame.data")
    stage.act("tool.probe")
    state.set_plane_options(replace(state.plane_options, probe=PROBE))
    stage.at_level(11)
    sigma = state.run.sigmas[11]
    stage.answered(ProbeAnswer, lambda request: request.point == PROBE and bool(np.isclose(request.sigma, sigma)))


def images(stage: Stage) -> None:
    """Fashion-MNIST with the strip and the data that weigh most."""
    stage.act("tool.select")
    stage.act("frame.sigma")
    stage.window.panels.model.edited.emit({"network": "", "driver": "optimal"})
    stage.window.panels.model.edited.emit({"data": "fashion-mnist"})
    stage.complete(data="fashion-mnist")
    stage.at_level(8)
    stage.answered(NeighboursAnswer, lambda request: request.index == 8)


def mean_shift(stage: Stage) -> None:
    """The posterior at a sample, and along σ."""
    view = stage.window.views.mean_shift
    stage.act("workspace.mean_shift")
    wait_until(lambda: view.picture.along is not None and bool(view.picture.classes), "the mean shift")

    def seen() -> bool:
        view._scroll.ensureWidgetVisible(view.along)  # what is above it grows
        return bool(np.isfinite(view.picture.along.effective).all())

    wait_until(seen, "what there is along σ")


def space(stage: Stage) -> None:
    """The bundled network's trajectories on Fashion-MNIST, and those of the Gaussian of the data."""
    view = stage.window.views.space
    stage.act("workspace.geometry")
    stage.window.documents.open_path(str(resources.path("checkpoints", "fashion-mnist.safetensors")))
    wait_until(lambda: stage.window.state.network is not None, "the network")
    stage.window.panels.model.edited.emit({"count": 64, "solver": "euler", "steps": 40, "beside": False})
    stage.act("run")
    stage.complete(data="fashion-mnist", driver="network", solver="euler")
    stage.window.playback.go(23)
    wait_until(lambda: bool(view.picture.bundles), "the coordinates")
    view.bar.buttons["gaussian"].click()
    wait_until(lambda: "gaussian" in view.picture.owners, "the Gaussian")


def network(stage: Stage) -> None:
    """The same network beside the exact run."""
    stage.act("workspace.explore")
    stage.window.panels.model.edited.emit({"count": 64, "solver": "heun", "steps": 18, "beside": True})
    stage.act("run")
    stage.complete(data="fashion-mnist", driver="network", solver="heun")
    stage.at_level(10)
    stage.answered(NeighboursAnswer, lambda request: request.index == 10)


def theories(stage: Stage) -> None:
    """What each theory explains of the same run, and where each drives its noise."""
    room = stage.window.room.theories
    stage.act("workspace.theories")
    for action in ("theories", "theories_drive"):
        stage.act(action)
        wait_until(lambda: not room.picture().running and not room.picture().ready, "the theories")
    stage.window.playback.go(12)


def quality(stage: Stage) -> None:
    """Jumps of the bundled network, the run's curves, and three ways between two seeds."""
    rooms = stage.window.room
    stage.act("workspace.quality")
    stage.window.player.drafting.edit({"solver": "ipndm"})
    rooms.quality.view.bar.count.set_value(JUMPING)
    stage.act("measure_jumps")
    wait_until(lambda: rooms.quality.jumps is not None, "the jumps")
    stage.act("measure_run")
    wait_until(lambda: bool(rooms.quality.runs), "the quality of the run")
    stage.act("interpolate")
    wait_until(lambda: rooms.interpolation.found is not None, "the interpolation")


def training(stage: Stage) -> None:
    """Forty-eight points of the ring: the network passes the population and copies more and more of them."""
    window = stage.window
    window.player.drafting.edit({"network": "", "driver": "optimal", "data": "gaussian-ring", "data_count": 48})
    stage.complete(data="gaussian-ring", data_count=48)
    stage.act("workspace.training")
    for action in ("training", "consistency"):
        stage.act(action)
        wait_until(lambda: not window.player.tasks, f"the end of {action}")


def difference(stage: Stage, path: Path) -> None:
    """The paper's figure: denoiser difference and distance to the exact run, as exported."""
    measures = stage.window.views.measures
    measures.set_visible_measures({"denoiser_difference", "exact_distance"})
    save_png(measures, path, FIGURE_MM, FIGURE_DPI)
    measures.set_visible_measures(None)


# file → theme and what is shown; each goes on from where the last one left the window
SCENES: Mapping[str, tuple[Theme, Callable[[Stage], None]]] = {
    "window-light": (LIGHT, two_moons),
    "window-dark": (DARK, two_moons),
    "basins": (LIGHT, basins),
    "compare": (LIGHT, compare),
    "schedule": (LIGHT, schedule),
    "derivatives": (LIGHT, derivatives),
    "inside": (LIGHT, inside),
    "probe": (LIGHT, probe),
    "images": (LIGHT, images),
    "mean-shift": (LIGHT, mean_shift),
    "space": (LIGHT, space),
    "network": (LIGHT, network),
    "theories": (LIGHT, theories),
    "quality": (LIGHT, quality),
    "training": (LIGHT, training),
}


def save(window: MainWindow, path: Path) -> None:
    """What the window shows, as a small PNG."""
    QApplication.processEvents()
    picture = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    stride, width, height = picture.bytesPerLine(), picture.width(), picture.height()
    image = Image.frombuffer("RGB", (width, height), bytes(picture.constBits()), "raw", "RGB", stride, 1)
    for shades in SHADES:
        content = _png(image, shades)
        if len(content) <= LARGEST:
            break
    path.write_bytes(content)
    print(f"{path}  {width} × {height}, {len(content) / 1000:.0f} kB")


def _png(image: Image.Image, shades: int) -> bytes:
    steps = shades - 1
    file = io.BytesIO()
    image.point([round(round(value / 255 * steps) * 255 / steps) for value in range(256)] * 3).save(
        file, "PNG", optimize=True
    )
    return file.getvalue()


def draw(size: tuple[int, int], out: Path, names: list[str]) -> None:
    """The pictures of these names, from one window."""
    application = QApplication(["Geomodel"])
    start_logging()
    application.setStyle("Fusion")
    stage = Stage(size)
    try:
        for name in names:
            theme, arrange = SCENES[name]
            stage.window.set_theme(theme)
            arrange(stage)
            save(stage.window, out / f"{name}.png")
        if "network" in names:
            difference(stage, out / "difference.png")
    finally:
        stage.window.close()  # joins the engine


def main() -> int:
    """Draw the pictures; at another scale in a process of its own, because Qt reads the scale when it starts."""
    parser = argparse.ArgumentParser(description="Draws docs/images from the real window, off screen.")
    parser.add_argument("--size", default="1280x800", metavar="WxH", help="of the window (default 1280x800)")
    parser.add_argument("--scale", default="1", help="device pixels a pixel (default 1)")
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder (default docs/images)")
    parser.add_argument("--only", nargs="+", choices=SCENES, default=list(SCENES), help="some pictures, in this order")
    arguments = parser.parse_args()
    if arguments.scale != os.environ.get("QT_SCALE_FACTOR", "1"):
        environment = {**os.environ, "QT_SCALE_FACTOR": arguments.scale}
        return subprocess.run([sys.executable, *sys.argv], env=environment, check=False).returncode
    width, _, height = arguments.size.partition("x")
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GEOMODEL_HOME"] = folder
        SettingsStore().change(greeted=True)
        draw((int(width), int(height)), arguments.out, arguments.only)
    return 0


if __name__ == "__main__":
    sys.exit(main())
