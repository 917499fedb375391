"""What is said where Qt cannot open a window."""

from __future__ import annotations

import socket
import sys
import threading

import pytest

from app.shell import display

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")


@pytest.fixture
def desktop(monkeypatch):
    """A desktop with every library and an X11 server; the test takes away what it is about."""
    for name in ("QT_QPA_PLATFORM", "QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH", *display.VARIABLES.values()):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(display, "_x11_answers", lambda: True)
    _lose(monkeypatch)
    return monkeypatch


def _lose(monkeypatch, *lost):
    """Let these libraries be missing, and the plugins that need them fail to load."""
    needed = {f"libq{name}.so": {*libraries, *display.DRAWING} for name, libraries in display.LIBRARIES.items()}

    def error(library):
        gone = needed.get(library.rpartition("/")[2], {library}) & set(lost)
        return f"{min(gone)}: cannot open shared object file" if gone else ""

    monkeypatch.setattr(display, "_load_error", error)


def test_no_display_is_said_with_what_to_do(desktop):
    assert "There is no display" in display.problem()
    assert "main.py run" in display.problem()


def test_other_systems_have_a_display(desktop):
    desktop.setattr(sys, "platform", "darwin")
    assert display.problem() == ""


@pytest.mark.parametrize(
    "chosen", [{"DISPLAY": ":0"}, {"WAYLAND_DISPLAY": "wayland-0"}, {"QT_QPA_PLATFORM": "offscreen:size=9x9"}]
)
def test_a_desktop_that_has_everything_is_not_questioned(desktop, chosen):
    for name, value in chosen.items():
        desktop.setenv(name, value)
    assert display.problem() == ""


@pytest.mark.parametrize("chosen", [{"DISPLAY": ":0"}, {"QT_QPA_PLATFORM": "xcb"}])
def test_missing_libraries_of_x11_are_named_as_packages(desktop, chosen):
    for name, value in chosen.items():
        desktop.setenv(name, value)
    _lose(desktop, "libxcb-icccm.so.4", "libxcb-cursor.so.0", "libEGL.so.1")
    assert "sudo apt-get install libegl1 libxcb-cursor0 libxcb-icccm4" in display.problem()
    assert "X11" in display.problem()


def test_missing_libraries_of_wayland_are_named_as_packages(desktop):
    desktop.setenv("WAYLAND_DISPLAY", "wayland-0")
    _lose(desktop, "libwayland-cursor.so.0")
    assert "sudo apt-get install libwayland-cursor0" in display.problem()
    desktop.setenv("DISPLAY", ":0")  # X11 is tried as well
    assert display.problem() == ""
    desktop.setenv("QT_QPA_PLATFORM", "wayland-egl")
    assert "libwayland-cursor0" in display.problem()


def test_a_library_of_no_known_package_is_named_by_the_loader(desktop):
    desktop.setenv("QT_QPA_PLATFORM", "xcb")
    desktop.setattr(display, "_load_error", lambda library: "libnew.so.1: not there" if "libqxcb" in library else "")
    assert "libnew.so.1: not there" in display.problem()


def test_an_unknown_platform_is_answered_with_the_known_ones(desktop):
    desktop.setenv("QT_QPA_PLATFORM", "nonsense")
    assert "'nonsense'" in display.problem()
    assert "offscreen" in display.problem()
    desktop.setenv("QT_QPA_PLATFORM", "nonsense;offscreen")
    assert display.problem() == ""
    desktop.setenv("QT_QPA_PLATFORM", "nonsense")
    desktop.setenv("QT_PLUGIN_PATH", "/somewhere/else")
    assert display.problem() == ""  # it may be there


def test_a_display_that_does_not_answer_is_named(desktop):
    desktop.undo()
    pytest.importorskip("ctypes").CDLL("libxcb.so.1")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    desktop.setenv("DISPLAY", f"127.0.0.1:{port - 6000}")
    assert not display._x11_answers()
    with socket.create_server(("127.0.0.1", 0)) as server:
        desktop.setenv("DISPLAY", f"127.0.0.1:{server.getsockname()[1] - 6000}")
        threading.Thread(target=_welcome, args=(server,), daemon=True).start()
        assert display._x11_answers()
    desktop.setattr(display, "_x11_answers", lambda: False)
    desktop.setattr(display, "_load_error", lambda library: "")
    desktop.setenv("QT_QPA_PLATFORM", "xcb")
    assert "does not answer" in display.problem()


def _welcome(server):
    """The least that an X11 server may answer: success, version 11.0, and a set-up without any screen."""
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        body = bytes(32)
        connection.sendall(bytes([1, 0]) + (11).to_bytes(2, "little") + bytes(2) + (8).to_bytes(2, "little") + body)
        connection.recv(1)
