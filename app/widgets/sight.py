"""Tells whether a person can see a widget."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget


def seen(widget: QWidget) -> bool:
    """Whether it is on the screen. Qt calls a dock behind another's tab visible, but it stands outside the window."""
    return widget.isVisible() and not widget.visibleRegion().isEmpty()
