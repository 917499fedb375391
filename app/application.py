"""The program: command line, logging, crash hooks, the one QApplication."""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import os
import sys
import threading
from typing import Any, TextIO

APP = "Geomodel"
_fault_log: TextIO | None = None


def main(arguments: list[str] | None = None) -> int:
    """Run the window, or a command (`run`, `train`) without Qt. Returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    from geomodel import cli

    parsed = cli.parse(arguments)
    if parsed.command:
        code = cli.run(parsed)
        if code == 0 and parsed.command == "run" and parsed.figures:
            from app.export import headless

            headless.draw(parsed.out / "run.npz", parsed.out)
        return code
    if sys.platform == "win32":
        import torch  # noqa: F401  c10.dll fails to load once Qt's libraries are in the process
    return show(parsed)


def show(parsed: Any) -> int:
    """Open the window and run until it closes."""
    if problem := display_problem():
        print(problem, file=sys.stderr)
        return 1
    from PySide6.QtWidgets import QApplication

    start_logging()
    qt = QApplication.instance() or QApplication([APP])
    assert isinstance(qt, QApplication)
    qt.setApplicationName(APP)
    qt.setStyle("Fusion")
    from app.main_window import MainWindow

    window = MainWindow()
    window.show()
    window.begin([name for name in (parsed.data, parsed.network, *parsed.files) if name], parsed.denoiser)
    return qt.exec()


def display_problem() -> str:
    """Why no window can open here, in words; empty where one can."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return ""
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        return (
            "There is no display. Without a window use:  python main.py run --data two-moons --out results\n"
            "(python main.py run --help lists the options.)"
        )
    if os.environ.get("WAYLAND_DISPLAY"):
        return ""
    import ctypes.util

    needed = {
        "xcb-cursor": "libxcb-cursor0",
        "xcb-icccm": "libxcb-icccm4",
        "xcb-keysyms": "libxcb-keysyms1",
        "xcb-image": "libxcb-image0",
        "xcb-render-util": "libxcb-render-util0",
        "xkbcommon-x11": "libxkbcommon-x11-0",
    }
    missing = [package for library, package in needed.items() if ctypes.util.find_library(library) is None]
    if not missing:
        return ""
    return (
        f"Qt needs {' '.join(missing)} to open a window on X11. On Debian and Ubuntu:\n"
        f"    sudo apt-get install {' '.join(missing)}"
    )


def start_logging() -> None:
    """One rotating log fed by logging, Python's hooks, Qt's messages and the fault handler."""
    global _fault_log
    from PySide6.QtCore import QtMsgType, qInstallMessageHandler

    from app.shell.settings_store import home

    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(folder / "geomodel.log", maxBytes=1 << 20, backupCount=2, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    _fault_log = (folder / "fault.log").open("w", encoding="utf-8")
    faulthandler.enable(_fault_log)
    log = logging.getLogger("app")

    def on_exception(kind: Any, value: Any, trace: Any) -> None:
        log.critical("unhandled", exc_info=(kind, value, trace))
        sys.__excepthook__(kind, value, trace)

    def on_thread_exception(hook: threading.ExceptHookArgs) -> None:
        log.critical("unhandled in %s", hook.thread, exc_info=hook.exc_value)

    def on_qt_message(kind: QtMsgType, _context: Any, text: str) -> None:
        serious = kind in (QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg)
        log.log(logging.ERROR if serious else logging.WARNING, "Qt: %s", text)

    sys.excepthook = on_exception
    threading.excepthook = on_thread_exception
    qInstallMessageHandler(on_qt_message)
