"""Keeps the layers of the plane between two starts of the window."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, QTimer

from app.session.plane_options import LAYERS, USUAL, PlaneOptions
from app.session.state import AppState
from app.shell.settings_store import KeptLayers, SettingsStore

REST_MS = 500  # after the last change, so that a drag of the opacity writes no file at each of its steps


class LayersKeeper(QObject):
    """Gives the plane the layers of the last window, and remembers what a person changes."""

    def __init__(self, state: AppState, store: SettingsStore, parent: QObject) -> None:
        super().__init__(parent)
        self._state, self._store = state, store
        state.set_plane_options(restored(store.settings.layers))
        self._kept = kept(state.plane_options)
        self._rest = QTimer(self, interval=REST_MS, singleShot=True)
        self._rest.timeout.connect(self.keep)
        state.plane_options_changed.connect(self._changed)

    def _changed(self) -> None:
        if kept(self._state.plane_options) != self._kept:
            self._rest.start()

    def keep(self) -> None:
        """Write what is not written yet."""
        self._rest.stop()
        self._kept = kept(self._state.plane_options)
        self._store.change(layers=self._kept)


def kept(options: PlaneOptions) -> KeptLayers:
    """What is remembered of the options. Layers of pinned runs are not, because the runs end with the window."""
    usual = PlaneOptions().layers
    return KeptLayers(
        shown={name: name in options.layers for name in LAYERS if (name in options.layers) != (name in usual)},
        order=tuple(name for name in options.order if name in LAYERS),
        looks={name: look for name, look in options.looks.items() if name in LAYERS and look != USUAL},
    )


def restored(layers: KeptLayers) -> PlaneOptions:
    """The options at the start. Names that no layer has any more are ignored."""
    options = PlaneOptions()
    switched = {name: shown for name, shown in layers.shown.items() if name in LAYERS}
    return replace(
        options,
        layers=(options.layers | {name for name, shown in switched.items() if shown})
        - {name for name, shown in switched.items() if not shown},
        order=tuple(dict.fromkeys(name for name in layers.order if name in LAYERS)),
        looks={name: look for name, look in layers.looks.items() if name in LAYERS},
    )
