"""Whatever stands in the centre has a figure, so that copying a picture always copies one."""

from __future__ import annotations

from app.main_window import MainWindow
from app.rooms import ROOMS
from app.shell.workspaces import WORKSPACES


def test_every_main_view_has_a_figure():
    sizes = {row.name: row.figure for row in ROOMS}
    assert all(sizes[workspace.centre] for workspace in WORKSPACES)


def test_the_table_of_claims_is_copied_as_a_picture(qtbot):
    window = MainWindow()  # without an engine that runs
    window.show()
    window.layout_of_docks.switch("claims")
    said = []
    window.documents.said.connect(lambda text, is_error, cause: said.append((text, is_error)))
    window.actions_by_id["copy_figure"].trigger()
    qtbot.waitUntil(lambda: window.turns.resting)
    assert said[-1] == ("Picture copied.", False)
    window.close()
