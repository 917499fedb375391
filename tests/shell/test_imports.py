"""The program imports modules without PySide's features, which read the source of each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import linecache
from PySide6.QtWidgets import QApplication
from app.shell import imports

if {without}:
    imports.without_features()
import wave

print(wave.__file__ in linecache.cache)
application = QApplication([])
from PySide6.QtWidgets import QLabel

label = QLabel("text")
print(label.text(), label.sizePolicy().horizontalPolicy().name)
"""


def _said(without):
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(without=without)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.splitlines()


def test_no_source_is_read():
    assert _said(True) == ["False", "text Preferred"]


def test_pyside_reads_sources_by_itself():  # once it does not, this module can go
    assert _said(False) == ["True", "text Preferred"]
