"""What a person finds in a view: parts by their kind and name, buttons by their words, and the words in sight."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractButton, QLabel


def part(view, kind, name=""):
    """The one part of a kind; of several, the one with this accessible name."""
    found = [child for child in view.findChildren(kind) if name in ("", child.accessibleName())]
    assert len(found) == 1, found
    return found[0]


def button(view, words):
    """The button with these words on it."""
    found = [child for child in view.findChildren(QAbstractButton) if child.text() == words]
    assert len(found) == 1, found
    return found[0]


def words(view):
    """What the labels in sight say, from first to last."""
    labels = view.findChildren(QLabel)
    return [label.text() for label in labels if label.isVisibleTo(view) and label.text()]
