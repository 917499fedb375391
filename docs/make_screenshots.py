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

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import app  # noqa: F401  which Qt binding: before anything imports Qt

# isort: split
import numpy as np
from PIL import Image
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

import resources
from app.application import start_logging
from app.main_window import MainWindow
from app.plotting.theme import DARK, LIGHT

IMAGES = Path(__file__).resolve().parent / "images"
TICK_MS, PATIENCE_MS = 5, 120_000
LARGEST = 250_000  # bytes of a picture that keeps every shade
SHADES = (256, 64, 44)  # of each colour: as many as fit
PROBE = (2.1, 1.4)  # where data are improbable: there the network and D* can be told apart
CHECKPOINT = str(resources.path("checkpoints", "two-moons.safetensors"))


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


def at_level(window: MainWindow, level: int) -> None:
    """The playhead at a level, and the density of that level in the whole plane."""

    def current() -> bool:
        found = window.views.plane.picture.background
        if found is None:
            return False
        sigma, rect = float(window.state.run.sigmas[level]), window.views.plane.request_rect()
        return bool(np.isclose(found.request.sigma, sigma)) and bool(np.allclose(found.request.rect, rect))

    window.playback.go(level)
    wait_until(current, f"the density of level {level}")


def complete(window: MainWindow, **wanted: object) -> None:
    """A finished run whose settings have these values, at rest."""

    def met() -> bool:
        run = window.state.run
        settled = run is not None and run.status == "complete" and window.player.computing is None
        return settled and all(getattr(run.settings, name) == value for name, value in wanted.items())

    wait_until(met, f"a complete run with {wanted}")
    window.playback.pause()


def two_moons(window: MainWindow) -> None:
    """Two moons at a level where the density still joins them."""
    complete(window, data="two-moons")
    at_level(window, 8)


def inside(window: MainWindow) -> None:
    """Inside a Heun step: predictor, two slopes, Euler's point and the exact curve."""
    window.actions_by_id["inside"].trigger()
    at_level(window, 9)
    wait_until(lambda: _exact(window), "the exact curve")
    at_level(window, 9)


def _exact(window: MainWindow) -> bool:
    shown = window.views.plane.picture.inside
    return shown is not None and shown.exact is not None


def probe(window: MainWindow) -> None:
    """The probe, with the bundled network beside D*."""
    if window.state.look.inside:
        window.actions_by_id["inside"].trigger()
    window.documents.open_path(CHECKPOINT)
    complete(window, data="two-moons", driver="network")
    window.actions_by_id["frame.data"].trigger()
    window.actions_by_id["tool.probe"].trigger()
    window.state.set_look(replace(window.state.look, probe=PROBE))
    at_level(window, 11)

    def answered() -> bool:
        answer = window.views.plane.picture.probe
        return answer is not None and answer.request.point == PROBE and answer.network is not None

    wait_until(answered, "the probe's answer")


def images(window: MainWindow) -> None:
    """Fashion-MNIST with the strip and the data that weigh most."""
    window.actions_by_id["tool.select"].trigger()
    window.actions_by_id["frame.sigma"].trigger()
    window.player.edit({"network": "", "driver": "optimal"})
    window.player.edit({"data": "fashion-mnist"})
    complete(window, data="fashion-mnist")
    at_level(window, 11)
    wait_until(lambda: window.views.strip.picture.neighbours is not None, "the nearest data")


# file → theme and what is shown; each goes on from where the last one left the window
SCENES: Mapping[str, tuple[object, Callable[[MainWindow], None]]] = {
    "window-light": (LIGHT, two_moons),
    "window-dark": (DARK, two_moons),
    "inside": (LIGHT, inside),
    "probe": (LIGHT, probe),
    "images": (LIGHT, images),
}


def save(window: MainWindow, path: Path) -> None:
    """What the window shows, as a small PNG."""
    QApplication.processEvents()
    picture = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    stride, width, height = picture.bytesPerLine(), picture.width(), picture.height()
    image = Image.frombuffer("RGB", (width, height), bytes(picture.constBits()), "raw", "RGB", stride, 1)
    for shades in SHADES:
        content = _png(image.point([round(round(v / 255 * (shades - 1)) * 255 / (shades - 1)) for v in range(256)] * 3))
        if len(content) <= LARGEST:
            break
    path.write_bytes(content)
    print(f"{path}  {width} × {height}, {len(content) / 1000:.0f} kB")


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def draw(size: tuple[int, int], out: Path) -> None:
    """Every picture, from one window."""
    application = QApplication(["Geomodel"])
    start_logging()
    application.setStyle("Fusion")
    window = MainWindow()
    window.resize(*size)
    window.show()
    window.begin([])
    try:
        for name, (theme, arrange) in SCENES.items():
            window.set_theme(theme)
            arrange(window)
            save(window, out / f"{name}.png")
    finally:
        window.close()  # joins the engine


def main() -> int:
    """Draw the pictures; at another scale in a process of its own, because Qt reads the scale when it starts."""
    parser = argparse.ArgumentParser(description="Draws docs/images from the real window, off screen.")
    parser.add_argument("--size", default="1280x800", metavar="WxH", help="of the window (default 1280x800)")
    parser.add_argument("--scale", default="1", help="device pixels a pixel (default 1)")
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder (default docs/images)")
    arguments = parser.parse_args()
    if arguments.scale != os.environ.get("QT_SCALE_FACTOR", "1"):
        environment = {**os.environ, "QT_SCALE_FACTOR": arguments.scale}
        return subprocess.run([sys.executable, *sys.argv], env=environment, check=False).returncode
    width, _, height = arguments.size.partition("x")
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GEOMODEL_HOME"] = folder
        draw((int(width), int(height)), arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
