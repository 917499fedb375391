"""Starts the program: command line, logging, crash hooks, the one QApplication."""

from __future__ import annotations

import argparse
import faulthandler
import logging
import logging.handlers
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from geomodel.checkpoints.plan import Answers

APP = "Geomodel"
log = logging.getLogger("app")
_fault_log: TextIO | None = None  # the fault handler keeps only its number, so the file must stay open


def main(arguments: list[str] | None = None) -> int:
    """Run the window, or a command (`run`, `train`, `convert`) without Qt. Returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    from geomodel import cli, cli_hints

    parsed = cli.parse(arguments)
    if parsed.command:
        code = cli.run(parsed)
        if code == 0 and parsed.command == "run" and parsed.figures is not None:
            from app.export import headless

            run, kinds = parsed.out / "run.npz", parsed.figures or ["png"]
            headless.draw(run, parsed.out, {"data": parsed.data, "network": parsed.network}, kinds)
        return code
    try:
        hints = cli_hints.answers(cli_hints.hints(parsed))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if sys.platform == "win32":
        import torch  # noqa: F401  c10.dll fails to load once Qt's libraries are in the process
    return show(parsed, hints)


def show(parsed: argparse.Namespace, hints: Answers) -> int:
    """Open the window and run until it closes. `hints` are for the checkpoint that the command line names."""
    from app.shell import display

    if problem := display.problem():
        print(problem, file=sys.stderr)
        return 1
    from PySide6.QtWidgets import QApplication

    from app.shell import imports
    from app.shell.leaving import Leaving

    imports.without_features()
    leaving = Leaving()
    unwritten = start_logging()
    qt = QApplication.instance() or QApplication([APP])
    assert isinstance(qt, QApplication)
    qt.setApplicationName(APP)
    qt.setStyle("Fusion")
    from app.main_window import MainWindow
    from app.shell.log_level import use_level
    from app.shell.settings_store import SettingsStore

    settings = SettingsStore().settings
    use_level(settings.log_level)
    font = qt.font()
    if font.pointSizeF() > 0:  # else its size is in pixels
        font.setPointSizeF(font.pointSizeF() * settings.font_scale)
        qt.setFont(font)
    window = MainWindow()
    leaving.watch(window)
    window.show()
    window.begin(
        [name for name in (parsed.data, parsed.network, *parsed.files) if name],
        parsed.denoiser,
        {parsed.network: hints},
    )
    if unwritten:
        window.documents.say(unwritten, True)
    return qt.exec() or leaving.code


def start_logging() -> str:
    """Start one log for logging, Python's hooks, Qt's messages and the fault handler.

    A rotating file and the memory keep it. Returns a sentence that says why there is no file; empty if there is one.
    """
    from PySide6.QtCore import qInstallMessageHandler

    from app.session.log_lines import log_lines
    from app.shell.settings_store import home

    logging.raiseExceptions = False  # a full disk must not fill the terminal with tracebacks as well
    logging.getLogger().setLevel(logging.INFO)
    log_lines()  # early, so that it misses no line
    problem = ""
    try:
        _log_to_files(home())
    except OSError as error:
        problem = f"{home()} cannot be written ({error.strerror}): settings and log are kept until the window closes."
        _log_to(logging.StreamHandler(), logging.WARNING)
        if sys.stderr is not None:  # pythonw has none
            faulthandler.enable()
    sys.excepthook = _on_exception
    threading.excepthook = _on_thread_exception
    qInstallMessageHandler(_on_qt_message)
    return problem


def _log_to_files(folder: Path) -> None:
    global _fault_log
    folder.mkdir(parents=True, exist_ok=True)
    _fault_log = (folder / "fault.log").open("w", encoding="utf-8")
    faulthandler.enable(_fault_log)
    _log_to(
        logging.handlers.RotatingFileHandler(
            folder / "geomodel.log", maxBytes=1 << 20, backupCount=2, encoding="utf-8"
        ),
        logging.INFO,
    )


def _log_to(handler: logging.Handler, level: int) -> None:
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(level)
    logging.getLogger().addHandler(handler)


def _on_exception(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
    log.critical("unhandled", exc_info=(kind, value, trace))
    sys.__excepthook__(kind, value, trace)


def _on_thread_exception(hook: threading.ExceptHookArgs) -> None:
    log.critical("unhandled in %s", hook.thread, exc_info=hook.exc_value)


def _on_qt_message(kind: object, _context: object, text: str) -> None:
    from PySide6.QtCore import QtMsgType

    fatal = kind == QtMsgType.QtFatalMsg
    log.log(logging.ERROR if fatal or kind == QtMsgType.QtCriticalMsg else logging.WARNING, "Qt: %s", text)
    if fatal:  # Qt aborts after this
        print(text, file=sys.stderr)
