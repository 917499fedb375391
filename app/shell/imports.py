"""Imports modules without PySide's optional features (snake_case names, properties), which this program does not use.

PySide looks for its own name in the source of every module that is imported, torch's nine hundred among them. Python
keeps these sources, 40 MB, and reading them takes a seventh of the time of importing torch.
"""

from __future__ import annotations

import builtins


def without_features() -> None:
    """Import as before PySide added its features. Call it once PySide is imported."""
    builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)
