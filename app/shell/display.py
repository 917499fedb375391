"""Tells whether Qt can open a window on this Linux desktop. This is checked before Qt is loaded, because Qt would
abort.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from pathlib import Path

WITHOUT = (
    "Without a window use:  python main.py run --data two-moons --out results\n"
    "(python main.py run --help lists the options.)"
)
OWN_PLUGINS = ("QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH")  # if set, Qt looks in folders that are not checked here
VARIABLES = {"wayland": "WAYLAND_DISPLAY", "xcb": "DISPLAY"}  # platform → the variable that names its display
SPOKEN = {"wayland": "Wayland", "xcb": "X11"}
DRAWING = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
}
LIBRARIES: dict[str, dict[str, str]] = {  # platform → library → its package in Debian and Ubuntu
    "xcb": {
        "libxcb-cursor.so.0": "libxcb-cursor0",
        "libxcb-icccm.so.4": "libxcb-icccm4",
        "libxcb-keysyms.so.1": "libxcb-keysyms1",
        "libxcb-image.so.0": "libxcb-image0",
        "libxcb-render-util.so.0": "libxcb-render-util0",
        "libxcb-randr.so.0": "libxcb-randr0",
        "libxcb-shape.so.0": "libxcb-shape0",
        "libxcb-xkb.so.1": "libxcb-xkb1",
        "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
        "libX11-xcb.so.1": "libx11-xcb1",
    },
    "wayland": {
        "libwayland-client.so.0": "libwayland-client0",
        "libwayland-cursor.so.0": "libwayland-cursor0",
    },
}


def problem() -> str:
    """A sentence that says why no window can open here; empty if one can."""
    folder = _plugins()
    if sys.platform != "linux" or folder is None or any(map(os.environ.get, OWN_PLUGINS)):
        return ""
    names = _names()
    if not names:
        return f"There is no display. {WITHOUT}"
    reasons = [_why_not(name, folder) for name in names]
    return "" if "" in reasons else "\n".join(reasons)  # Qt takes the first that works


def _plugins() -> Path | None:
    """The folder of Qt's platform plugins in the wheel; None if Qt comes from elsewhere."""
    found = importlib.util.find_spec("PySide6")
    for package in (found and found.submodule_search_locations) or ():
        folder = Path(package, "Qt", "plugins", "platforms")
        if folder.is_dir():
            return folder
    return None


def _names() -> list[str]:
    """The platforms that Qt will try."""
    if chosen := os.environ.get("QT_QPA_PLATFORM"):
        return [part.partition(":")[0].lower() for part in chosen.split(";")]
    return [name for name, variable in VARIABLES.items() if os.environ.get(variable)]


def _why_not(name: str, folder: Path) -> str:
    plugin = name.partition("-")[0]  # the wayland plugin makes wayland-egl itself
    path = folder / f"libq{plugin}.so"
    if not path.exists():
        known = ", ".join(sorted(item.stem.removeprefix("libq") for item in folder.glob("libq*.so")))
        return f"QT_QPA_PLATFORM is {name!r}, which Qt does not know. It can be one of: {known}."
    if error := _load_error(str(path)):
        needed = DRAWING | LIBRARIES.get(plugin, {})
        packages = " ".join(package for library, package in needed.items() if _load_error(library))
        if not packages:
            return f"Qt cannot open a window on {name}: {error}."
        return (
            f"Qt needs {packages} to open a window on {SPOKEN.get(plugin, name)}. On Debian and Ubuntu:\n"
            f"    sudo apt-get install {packages}"
        )
    if plugin == "xcb" and not _x11_answers():
        return f"The X11 display {os.environ.get('DISPLAY', '')!r} does not answer. {WITHOUT}"
    return ""


def _load_error(library: str) -> str:
    """What the system's loader reports about a library; empty if it loads."""
    try:
        ctypes.CDLL(library)
    except OSError as error:
        return str(error)
    return ""


def _x11_answers() -> bool:
    """Whether a server accepts connections at the display."""
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    answers = bool(xcb.xcb_connection_has_error(connection) == 0)
    xcb.xcb_disconnect(connection)
    return answers
