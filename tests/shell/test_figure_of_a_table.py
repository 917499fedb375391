"""A view without a figure: copying it is a sentence."""

from __future__ import annotations

from app.main_window import MainWindow


def test_copying_a_view_that_has_no_figure_says_so(qtbot):
    window = MainWindow()  # without an engine that runs
    window.show()
    window.layout_of_docks.switch("claims")
    said = []
    window.documents.said.connect(lambda text, is_error, cause: said.append((text, is_error)))
    window.actions_by_id["copy_figure"].trigger()
    assert said == [("This view has no picture. Click into a view that has one, and copy again.", True)]
    window.close()
