"""What the next window remembers of the plane's layers."""

from __future__ import annotations

from dataclasses import replace

from app.session.plane_options import LayerLook, PlaneOptions, stacked
from app.session.state import AppState
from app.shell.kept_layers import LayersKeeper, kept, restored
from app.shell.settings_store import KeptLayers, SettingsStore

USUAL = PlaneOptions()
CHANGED = replace(
    USUAL,
    layers=(USUAL.layers - {"data"}) | {"field", "run.4"},
    order=("data", "density"),
    looks={"data": LayerLook(opacity=0.4), "run.4": LayerLook(color="#010203")},
)


def test_only_what_differs_is_kept_and_it_comes_back():
    assert kept(USUAL) == KeptLayers()
    found = kept(CHANGED)
    assert found.shown == {"data": False, "field": True}
    assert set(found.looks) == {"data"}  # pinned runs end with the window
    again = restored(found)
    assert again == replace(CHANGED, layers=CHANGED.layers - {"run.4"}, looks={"data": LayerLook(opacity=0.4)})


def test_layers_of_another_version_are_left_out():
    odd = KeptLayers(
        shown={"clouds": True, "run.1": True}, order=("clouds", "data", "data"), looks={"clouds": LayerLook()}
    )
    found = restored(odd)
    assert found.layers == USUAL.layers
    assert sorted(stacked(found.order)) == sorted(stacked(()))
    assert found.looks == {}


def test_a_keeper_gives_the_state_what_was_kept_and_writes_after_a_rest(qtbot, qapp):
    SettingsStore().change(layers=kept(CHANGED))
    state = AppState()
    keeper = LayersKeeper(state, SettingsStore(), state)
    assert "data" not in state.plane_options.layers
    state.set_plane_options(replace(state.plane_options, frame="run"))
    assert not keeper._rest.isActive()  # no layer has changed
    state.set_plane_options(replace(state.plane_options, layers=USUAL.layers))
    assert keeper._rest.isActive()
    keeper.keep()
    assert SettingsStore().settings.layers.shown == {}
