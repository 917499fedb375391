"""The status bar: what is said, what holds, and that no sentence widens the window."""

from __future__ import annotations

from html import escape

import pytest
from gestures import open_window
from parts import part
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from app.engine.messages import Opening, Preparing
from app.main_window import MainWindow
from app.panels.status import StatusBar
from app.plotting.theme import LIGHT
from app.rooms.plane.pictures import PlanePicture
from app.widgets.elided import ElidedLabel
from app.widgets.text import Message
from geomodel.error_text import cut

LONG = "/a-path" * 428 + " <b>"  # 3,000 characters without a place to break a line
WORD = "x" * 3000


@pytest.fixture
def frame(qtbot):
    """A window of 700 pixels with nothing but a status bar."""
    frame = QMainWindow()
    frame.setStatusBar(
        StatusBar(LIGHT, QAction("Cancel"), QAction("Stop waiting", enabled=False), QAction("Open last session"))
    )
    frame.resize(700, 120)
    return open_window(qtbot, frame)


@pytest.fixture
def bar(frame):
    return frame.statusBar()


def message_of(bar):
    return part(bar, ElidedLabel, "Message")


def shown(label):
    """How a label looks."""
    return label.grab().toImage()


def test_a_notice_goes_by_itself_and_an_error_does_not(qtbot, bar):
    bar.say("Saved a.npz.")
    bar._timer.setInterval(0)
    qtbot.waitUntil(lambda: message_of(bar).text() == "")
    bar.say("a.npz is no run.", True, "run")
    with qtbot.waitSignal(bar._timer.timeout):
        pass
    assert message_of(bar).text() == "⚠ a.npz is no run."


def test_an_error_goes_with_its_cause_and_with_no_other(bar):
    bar.say("a.csv is empty.", True, "data")
    bar.clear("run")
    assert "a.csv is empty." in message_of(bar).text()
    bar.clear("data")
    assert message_of(bar).text() == ""


def test_an_error_comes_back_after_a_notice_about_something_else(qtbot, bar):
    bar.say("a.csv is empty.", True, "data")
    bar.say("Picture copied.")
    assert message_of(bar).text() == "Picture copied."
    bar._timer.setInterval(0)
    bar._timer.start()
    qtbot.waitUntil(lambda: message_of(bar).text() == "⚠ a.csv is empty.")


def test_of_several_errors_the_newest_is_shown_and_then_the_one_before(bar):
    bar.say("a.csv is empty.", True, "data")
    bar.say("b.npz cannot be written.", True, "save")
    assert "b.npz" in message_of(bar).text()
    bar.clear("save")
    assert "a.csv" in message_of(bar).text()


def test_success_ends_the_error_of_its_cause(qtbot, bar):
    bar.say("b.npz cannot be written.", True, "save")
    bar.say("Saved c.npz.", cause="save")
    bar._timer.setInterval(0)
    bar._timer.start()
    qtbot.waitUntil(lambda: message_of(bar).text() == "")


def test_an_error_without_a_cause_goes_with_the_next_message(qtbot, bar):
    bar.say("The folder cannot be written.", True)
    bar.say("Saved c.npz.", cause="save")
    bar._timer.setInterval(0)
    bar._timer.start()
    qtbot.waitUntil(lambda: message_of(bar).text() == "")


def test_what_is_said_is_logged(bar, caplog):
    caplog.set_level("INFO")
    bar.say("Saved 100 % of a.npz.")
    bar.say("a.csv is empty.", True, "data")
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("INFO", "Saved 100 % of a.npz."),
        ("WARNING", "a.csv is empty."),
    ]


@pytest.mark.parametrize("text", [LONG, WORD])
def test_a_long_message_is_cut_and_the_facts_first(qtbot, frame, bar, text):
    bar.say("short")
    facts, least = bar._facts.width(), frame.minimumSizeHint()
    assert facts >= bar._facts.sizeHint().width()  # both fit
    bar.say(text, True, "data")
    qtbot.waitUntil(lambda: bar._facts.width() < facts)
    assert frame.minimumSizeHint() == least
    assert frame.width() == 700
    assert message_of(bar).geometry().right() <= bar._line.width()
    assert message_of(bar).geometry().left() >= bar._facts.geometry().right()
    assert message_of(bar).text() == f"⚠ {cut(text)}"
    assert "&lt;b&gt;" in message_of(bar).toolTip() or text == WORD  # plain text, whole


@pytest.mark.parametrize(
    ("begun", "words"),
    [
        (Opening("/there/large.npy", 0.42), "opening large.npy"),
        (Preparing("/there/large.npy", 0.42), "preparing D* of large.npy"),
    ],
)
def test_what_has_begun_is_named_with_its_share(bar, begun, words):
    bar.show_run(None, "cpu", begun)
    assert f"CPU  ·  {words}  ·  " in bar._facts.text()
    assert (bar._progress.value(), bar._progress.maximum()) == (42, 100)
    assert bar._progress.format() == "%p %"
    assert not bar._progress.isHidden()
    assert not bar._cancel.isHidden()
    bar.show_run(None, "cpu")
    assert words not in bar._facts.text()
    assert bar._progress.isHidden()


def test_long_facts_do_not_widen_it_either(frame, bar):
    least = frame.minimumSizeHint()
    bar.show_run(None, "cpu", tasks=(WORD,))
    assert frame.minimumSizeHint().width() <= least.width() + bar._cancel.sizeHint().width() + 8
    assert frame.width() == 700


def test_an_elided_line_is_plain_and_changes_with_its_width(qtbot):
    label = open_window(qtbot, ElidedLabel())
    label.setText("<i>one</i>\ntwo " * 20)
    label.resize(400, 20)
    wide = shown(label)
    label.resize(100, 20)
    assert shown(label) != wide.copy(0, 0, 100, 20)  # an ellipsis, not a cut
    assert label.minimumSizeHint().width() == 0


def test_a_long_sentence_under_a_control_is_shortened_in_its_middle(qtbot):
    message = open_window(qtbot, Message())
    message.say(f"/{WORD}/points.npz holds no points.", is_error=True)
    assert message.minimumSizeHint().width() < 250
    assert message.text().endswith("points.npz holds no points.")
    assert message.sentence in message.toolTip()
    message.say("1,000 points")
    assert (message.text(), message.toolTip()) == ("1,000 points", "")
    message.setToolTip("all about it")
    message.say("2,000 points")
    assert message.toolTip() == "all about it"  # a tooltip of somebody else


@pytest.fixture
def window(qtbot):
    window = MainWindow()
    window.resize(1280, 800)
    window.show()
    QApplication.processEvents()
    yield window
    window.close()
    window.deleteLater()


def _status(window, text):
    window.documents.say(text, True, "data")


def _model_slots(window, text):
    for slot in ("network", "data", "driver"):
        window.panels.model.set_message(slot, text, True)


def _fields(window, text):
    window.panels.model.set_errors({"network": text, "data_seed": text})
    window.panels.sampler.set_errors({"steps": text, "sigma_max": text})


def _elsewhere(window, text):
    window.panels.sampler.set_errors({"options": text})


def _plane(window, text):
    window.views.plane.display(PlanePicture(title=text, caption=text, message=text))


@pytest.mark.parametrize("text", [LONG, WORD], ids=["path", "word"])
@pytest.mark.parametrize("show", [_status, _model_slots, _fields, _elsewhere, _plane])
def test_no_sentence_widens_the_window(qtbot, window, show, text):
    show(window, "short")
    QTest.qWait(0)
    least, column = window.minimumSizeHint(), window.panels.model.width()
    show(window, text)
    QTest.qWait(0)
    assert window.minimumSizeHint() == least
    assert (window.width(), window.height()) == (1280, 800)
    assert window.panels.model.width() == column
    # The window asks its parts only when it lays them out again, so that they are asked here.
    for widget in (window.panels.model, window.panels.sampler, window.panels.status, window.views.plane):
        assert widget.minimumSizeHint().width() <= widget.width()


def test_a_failed_opening_is_over_when_something_is_opened(qtbot, window, tmp_path):
    message = message_of(window.panels.status)
    window.begin([])
    window.documents.open_path(str(tmp_path / "missing.csv"))
    qtbot.waitUntil(lambda: "missing.csv" in message.text(), timeout=60_000)
    window.player.drafting.open_data("spiral")
    qtbot.waitUntil(lambda: "missing.csv" not in message.text(), timeout=60_000)


def test_the_data_card_and_the_log_say_what_was_taken_from_a_file(qtbot, window, tmp_path, caplog):
    rows = [f"{number},{number / 7},{number / -3},{number % 2}" for number in range(9)]
    path = tmp_path / "pandas.csv"
    path.write_text("\n".join([",x,<b>y</b>,label", *rows]))
    said = "2 coordinates: x, <b>y</b>; class from column 4; column 1 numbers the rows."
    card = window.panels.model._places["data"].usual
    window.begin([])
    with caplog.at_level("INFO"):
        window.documents.open_path(str(path))
        qtbot.waitUntil(lambda: said in card.sentence, timeout=60_000)
    assert card.textFormat() == Qt.TextFormat.PlainText
    assert escape(said) in card.toolTip()
    assert f"pandas.csv: {said}" in caplog.messages
    window.player.drafting.open_data("spiral")
    qtbot.waitUntil(lambda: "coordinates" not in card.sentence + card.toolTip(), timeout=60_000)


def test_there_is_a_run_to_save_when_one_has_finished(qtbot, window):
    message = message_of(window.panels.status)
    window.actions_by_id["save_run"].trigger()
    assert "no finished run" in message.text()
    window.begin([])  # the recorded run comes at once
    qtbot.waitUntil(lambda: message.text() == "", timeout=60_000)


def test_progress_is_painted_with_what_else_has_changed(frame, bar):
    """Qt's own bar paints the whole window before it has told its value, so that a step and a painting are one wait."""
    painted = []
    beside = QWidget(frame, geometry=QRect(0, 0, 50, 20))
    beside.paintEvent = lambda event: painted.append(event)
    beside.show()
    for share in (0.1, 0.2):
        bar.show_run(None, "cpu", Opening("/there/large.npy", share))
        QTest.qWait(20)
        painted.clear()
        beside.update()
        bar.show_run(None, "cpu", Opening("/there/large.npy", share + 0.5))
        assert not painted
        QTest.qWait(20)
        assert painted
        assert bar._progress.value() == round(100 * (share + 0.5))
