"""Lets the keyboard work in a view's scrolling area while that is shown, and otherwise in the view itself."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget


def show_area(view: QWidget, area: QWidget, *, there: bool) -> None:
    """Show or hide the area of a view. A view can take the focus either way, so that the keyboard is never lost."""
    if not there:
        view.setFocusProxy(None)  # type: ignore[arg-type]  # the stubs forget that there may be none
    view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    area.setVisible(there)
    if there:
        view.setFocusProxy(area)
