"""How much memory this computer has, which bounds the size of records, data sets and files."""

from __future__ import annotations

import ctypes
import os
import sys

QUARTER = 0.25
_share = QUARTER


def use_share(share: float) -> None:
    """Let one run, experiment or saved run take this share of the physical memory; a quarter where nobody says so.
    ValueError for a share that is not above 0 and below 1.
    """
    global _share
    if not 0 < share < 1:
        raise ValueError(f"The share of memory is a number between 0 and 1; got {share:g}.")
    _share = share


def budget() -> int:
    """Bytes that one run, experiment or saved run may take."""
    return int(physical() * _share)


def share_words() -> str:
    """The share in words: "a quarter", "40 %"."""
    return "a quarter" if _share == QUARTER else f"{100 * _share:.0f} %"


def physical() -> int:
    """Bytes of physical memory."""
    if sys.platform == "win32":
        return _windows_status().total
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def available() -> int:
    """Bytes that can be allocated without swapping; physical memory where the system does not say."""
    if sys.platform == "win32":
        return _windows_status().available
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            values = dict(line.split(":", 1) for line in file)
        return int(values["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return physical()


def give_back() -> None:
    """Return memory that was freed to the system. The allocator of Linux keeps it otherwise: after a network of 96 MB
    was closed, 50 to 100 MB.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)


def text(size: float) -> str:
    """A size in words: 1.5 GB."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(size) < 1000 or unit == "TB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"
        size /= 1000
    raise AssertionError("unreachable")


class _Status(ctypes.Structure):
    _fields_ = (
        ("length", ctypes.c_ulong),
        ("load", ctypes.c_ulong),
        ("total", ctypes.c_ulonglong),
        ("available", ctypes.c_ulonglong),
        ("rest", ctypes.c_ulonglong * 5),
    )
    total: int
    available: int


def _windows_status() -> _Status:
    status = _Status()
    status.length = ctypes.sizeof(_Status)
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
    return status
