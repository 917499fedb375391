"""Colours: one theme for the window, its plots and printed figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PySide6.QtGui import QColor, QPalette

DENSITY_PARTS = (0.0, 0.1, 0.22, 0.38, 0.55)  # of a colour of its own, where the density has its even steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Every colour that is not computed from data. Hue says whose curve it is; dash says which kind of curve it is."""

    name: str
    window: str  # behind panels
    base: str  # behind plots and in fields
    raised: str  # buttons, headers
    text: str
    muted: str  # secondary text, ticks
    line: str  # separators and grid
    accent: str  # selection, focus
    error: str
    # curves: sampling and denoising trajectory, optimal denoiser and mean shift, network beside it
    sampling: str
    denoising: str
    optimal: str
    network: str
    branch: str  # a sampling trajectory that a person has moved
    reference: str
    data: str
    runs: tuple[str, ...]  # hues of the runs in comparisons
    density: tuple[str, ...]  # from no density to the maximum, in even steps
    classes: tuple[str, ...]  # hues of the data's classes, for areas; they repeat after ten
    tint: float = 0.22  # alpha of an area over the density

    def lookup(self) -> np.ndarray:
        """The density colours as a (256, 3) uint8 table."""
        colors = [QColor(color) for color in self.density]
        stops = np.array([(color.red(), color.green(), color.blue()) for color in colors], np.float64)
        at = np.linspace(0, len(stops) - 1, 256)
        return (
            np.stack([np.interp(at, np.arange(len(stops)), stops[:, c]) for c in range(3)], 1).round().astype(np.uint8)
        )

    def hue(self, name: str) -> str:
        """The colour of a name: one of its own such as #1b1f24, a field of the theme, or a run's such as runs.3."""
        field, _, number = name.partition(".")
        if number:
            return self.runs[int(number) % len(self.runs)]
        return name if name.startswith("#") else str(getattr(self, field))

    def tinted(self, colors: Iterable[tuple[str, str]]) -> Theme:
        """The theme with other colours of these fields. The density's runs from the ground to its colour."""
        fields: dict[str, Any] = dict(colors)
        if "density" in fields:
            fields["density"] = tuple(_mixed(self.base, fields["density"], part) for part in DENSITY_PARTS)
        return replace(self, **fields) if fields else self


def _mixed(ground: str, color: str, part: float) -> str:
    """A colour between two."""
    a, b = QColor(ground), QColor(color)
    pairs = ((a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()))
    return QColor(*(round(low + (high - low) * part) for low, high in pairs)).name()


# Every second hue is darker, so that areas differ in grey print too. The hues of the trajectories come last.
_CLASSES = (
    "#c9b500",
    "#5b3fa0",
    "#4fc3ae",
    "#8a2d5b",
    "#9ccc3c",
    "#6b4a2b",
    "#e7a6cf",
    "#00664d",
    "#f08a6c",
    "#0057a8",
)

LIGHT = Theme(
    name="light",
    window="#f3f4f6",
    base="#ffffff",
    raised="#e7e9ed",
    text="#1b1f24",
    muted="#57606a",
    line="#d5d9de",
    accent="#1f6feb",
    error="#b3261e",
    sampling="#0072b2",
    denoising="#d55e00",
    optimal="#009e73",
    network="#b8578f",
    branch="#8a6a00",
    reference="#4d4d4d",
    data="#7d858e",
    runs=("#0072b2", "#d55e00", "#009e73", "#b8578f", "#a67c00", "#3d8fc4", "#4d4d4d"),
    density=("#ffffff", "#eef1f6", "#d9e0ec", "#bfcbdf", "#a3b4d0"),
    classes=_CLASSES,
)

DARK = Theme(
    name="dark",
    window="#16191d",
    base="#0f1215",
    raised="#24292f",
    text="#e8ebef",
    muted="#a4adb8",
    line="#30363d",
    accent="#58a6ff",
    error="#ff8a80",
    sampling="#56b4e9",
    denoising="#f0894a",
    optimal="#35c99b",
    network="#e09ac2",
    branch="#e0b93d",
    reference="#b8bec6",
    data="#868f99",
    runs=("#56b4e9", "#f0894a", "#35c99b", "#e09ac2", "#e0b93d", "#8fc7ee", "#b8bec6"),
    density=("#0f1215", "#151b24", "#1d2836", "#283950", "#354d6e"),
    classes=_CLASSES,
)

PRINT = Theme(
    name="print",
    window="#ffffff",
    base="#ffffff",
    raised="#ffffff",
    text="#000000",
    muted="#333333",
    line="#cccccc",
    accent="#000000",
    error="#000000",
    sampling=LIGHT.sampling,
    denoising=LIGHT.denoising,
    optimal=LIGHT.optimal,
    network=LIGHT.network,
    branch=LIGHT.branch,
    reference=LIGHT.reference,
    data="#8a8a8a",
    runs=LIGHT.runs,
    density=LIGHT.density,
    classes=_CLASSES,
)

THEMES = {theme.name: theme for theme in (LIGHT, DARK)}


def palette(theme: Theme) -> QPalette:
    """A Fusion palette with every role set. A palette made from one colour leaves black bases and unreadable
    disabled text.
    """
    result = QPalette()
    roles = {
        QPalette.ColorRole.Window: theme.window,
        QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Base: theme.base,
        QPalette.ColorRole.AlternateBase: theme.window,
        QPalette.ColorRole.Text: theme.text,
        QPalette.ColorRole.PlaceholderText: theme.muted,
        QPalette.ColorRole.Button: theme.raised,
        QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.BrightText: theme.error,
        QPalette.ColorRole.ToolTipBase: theme.raised,
        QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.Highlight: theme.accent,
        QPalette.ColorRole.HighlightedText: "#ffffff" if theme.name == "light" else "#0f1215",
        QPalette.ColorRole.Link: theme.accent,
        QPalette.ColorRole.LinkVisited: theme.accent,
        QPalette.ColorRole.Light: theme.raised,
        QPalette.ColorRole.Midlight: theme.raised,
        QPalette.ColorRole.Mid: theme.line,
        QPalette.ColorRole.Dark: theme.line,
        QPalette.ColorRole.Shadow: theme.line,
        QPalette.ColorRole.Accent: theme.accent,
    }
    for role, color in roles.items():
        result.setColor(role, QColor(color))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
        QPalette.ColorRole.HighlightedText,
    ):
        result.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.muted))
    return result
