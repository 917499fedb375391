"""The menu of recent files: it opens what it names, and it lives for as long as its window."""

from __future__ import annotations

import gc

import pytest

from app.main_window import MainWindow


@pytest.fixture
def window(qtbot, tmp_path):
    made = MainWindow()
    made.opened = []
    made.documents.open_path = made.opened.append
    yield made
    made.close()
    made.deleteLater()


def entries(window):
    """The menu's entries, as a click on it shows them."""
    window.menus._recent.aboutToShow.emit()
    return [action for action in window.menus._recent.actions() if not action.isSeparator()]


def test_it_opens_the_file_that_is_chosen_and_none_that_is_missing(window, tmp_path):
    there, missing = tmp_path / "a & b.csv", tmp_path / "gone.npz"
    there.write_text("1,2\n3,4\n")
    window.store.remember_file(str(missing))
    window.store.remember_file(str(there))
    first, second, clear = entries(window)
    assert first.text() == str(there).replace("&", "&&")
    assert second.text() == f"{missing}  (missing)"
    assert (first.isEnabled(), second.isEnabled()) == (True, False)
    first.trigger()
    assert window.opened == [str(there)]
    clear.trigger()
    assert [entry.text() for entry in entries(window)] == ["Clear"]


def test_the_menus_outlive_whoever_asks_for_them(window, tmp_path):
    """Qt's binding deletes a menu with the last name that Python has for it, once an action was asked for its menu."""
    window.store.remember_file(str(tmp_path / "gone.npz"))
    for _ in range(3):
        for entry in window.menuBar().actions():
            assert [each.menu() for each in entry.menu().actions()]
        gc.collect()
    assert [entry.text() for entry in entries(window)] == [f"{tmp_path / 'gone.npz'}  (missing)", "Clear"]
    assert window.actions_by_id["run"].isEnabled()


def test_an_entry_may_remember_another_file_while_it_opens_its_own(window, tmp_path):
    """What is opened becomes a recent file, so the menu is filled anew while its entry still acts."""
    path = tmp_path / "a.csv"
    path.write_text("1,2\n")
    window.store.remember_file(str(path))

    def open_and_fill(chosen):
        window.opened.append(chosen)
        window.store.remember_file(str(tmp_path / "other.npz"))
        entries(window)

    window.documents.open_path = open_and_fill
    entries(window)[0].trigger()
    assert window.opened == [str(path)]
    assert [entry.text() for entry in entries(window)][1] == str(path)
