"""The claims room: it checks one claim after the other on the draft's denoiser, and opens the view of a claim."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.engine.context import Work
from app.engine.contract import TaskEnded, TaskProgress
from app.engine.messages import Cancel
from app.export.offstage import Offstage, SameThread
from app.plotting.theme import DARK, LIGHT
from app.rooms import ROOMS
from app.rooms.claims import answers, keeping
from app.rooms.claims import table as columns
from app.rooms.claims.messages import Checked, ClaimTask
from app.rooms.claims.view import ClaimsView
from geomodel.experiments.literature import STATEMENTS, Claim, Material
from geomodel.origin import MadeOf

ROW = next(row for row in ROOMS if row.name == "claims")
BY_NAME = {statement.find.__name__: statement.number for statement in STATEMENTS}
TOYS = [statement.number for statement in STATEMENTS if statement.kind == "toy"]


@pytest.fixture
def stage(qtbot):
    return Offstage()


@pytest.fixture
def room(stage, tmp_path):
    made = stage.room(ROW)
    made.view.resize(900, 700)
    made.view.show()
    np.save(tmp_path / "points.npy", np.random.default_rng(0).normal(size=(40, 2)))
    stage.services.player.drafting.edit({"data": str(tmp_path / "points.npy")})
    stage.settle()
    stage.services.player.drafting.edit({"steps": 12, "count": 2})
    stage.settle()
    stage.services.playback.pause()
    made.refresh()
    yield made
    made.view.hide()
    made.release()
    made.view.deleteLater()


@pytest.fixture
def commands(room, monkeypatch):
    """What the engine is asked, which it does not answer."""
    found = []
    monkeypatch.setattr(SameThread, "submit", lambda self, command: found.append(command))
    return found


def found(number: int, **changes) -> Claim:
    usual = {"verdict": "holds", "measured": 1.0, "expected": 1.0, "tolerance": 0.1, "n": 64, "reason": "Because."}
    return Claim(statement=STATEMENTS[number - 1], **{**usual, **changes})


def cell(view, number, column):
    model = view.table.model()
    rows = {model.index(row, columns.NUMBER).data(): row for row in range(model.rowCount())}
    return model.index(rows[str(number)], column).data()


# ------------------------------------------------------------ with the engine


def test_a_claim_is_checked_by_the_engine(stage, room):
    room.view.table.choose(BY_NAME["convex_step"])
    room.view.one_wanted.emit(BY_NAME["convex_step"])
    stage.settle()
    claim = room.claims[BY_NAME["convex_step"]]
    assert (claim.verdict, claim.n) == ("holds", 32)
    assert cell(room.view, claim.number, columns.VERDICT) == "✓ holds"
    assert cell(room.view, claim.number, columns.EXPECTED) == "≤ 1×10⁻¹²"
    assert "1 holds, 0 do not hold" in room.view.describe()


def test_the_shared_run_is_computed_once_for_the_same_model(stage, room, monkeypatch):
    runs, number = [], BY_NAME["means_nearer"]
    right = Material.driven
    monkeypatch.setattr(Material, "driven", lambda own, x, *a, **more: runs.append(len(x)) or right(own, x, *a, **more))
    for _ in range(2):
        room.check_one(number)
        stage.settle()
    assert runs == [64]
    room.check_one(BY_NAME["likelier_steps"])
    stage.settle()
    assert runs == [64]
    assert set(room.claims) == {number, BY_NAME["likelier_steps"]}
    room.view.samples_chosen.emit(16)
    room.check_one(number)
    stage.settle()
    assert runs == [64, 16]
    assert set(room.claims) == {number}, "other samples, another report"


def test_a_network_is_let_go_after_each_claim(stage, room):
    room.check_one(BY_NAME["means_nearer"])
    stage.settle()
    own = stage._engine._worker._kept[answers.SHARED][1]
    assert own.model is answers._released


def test_what_cannot_be_asked_says_why(stage, room):
    number = BY_NAME["small_deviation"]
    room.check_one(number)
    stage.settle()
    room.view.table.choose(number)
    assert cell(room.view, number, columns.VERDICT) == "– not applicable"
    assert "these data have 2" in room.view.details.accessibleDescription()


def test_images_and_their_classes(stage, room, tmp_path):
    random = np.random.default_rng(0)
    np.savez(tmp_path / "i.npz", x=random.integers(0, 256, (30, 5, 4), np.uint8), y=np.arange(30) % 3)
    stage.services.player.drafting.edit({"data": str(tmp_path / "i.npz")})
    stage.settle()
    stage.services.player.drafting.edit({"label": 1, "count": 2})
    stage.settle()
    room.view.samples_chosen.emit(16)
    room.check_one(BY_NAME["memorised"])
    stage.settle()
    assert room.claims[BY_NAME["memorised"]].verdict == "holds"


# ------------------------------------------------------------ one after the other


def test_all_are_asked_one_after_the_other_and_shown_as_they_come(room, commands):
    room.check_all()
    (task,) = [command for command in commands if isinstance(command, ClaimTask)]
    assert (task.number, task.samples) == (1, 64)
    assert cell(room.view, 1, columns.VERDICT) == "checking 0%"
    assert cell(room.view, 2, columns.VERDICT) == "waiting"
    player = room._player
    player.receive(TaskProgress(task.task_id, 1, 0.5))
    assert cell(room.view, 1, columns.VERDICT) == "checking 50%"
    assert "Claim 1 of 61, 50%" in room.view.describe()
    player.receive(TaskEnded(task, Checked(found(1, verdict="does not hold", measured=3.0), MadeOf())))
    assert cell(room.view, 1, columns.VERDICT) == "✗ does not hold"
    assert [command.number for command in commands if isinstance(command, ClaimTask)] == [1, 2]
    assert player.tasks


def test_cancel_keeps_what_was_found(room, commands):
    room.check_all()
    first = commands[-1]
    room._player.receive(TaskEnded(first, Checked(found(1), MadeOf())))
    second = commands[-1]
    room.view._all.click()
    assert commands[-1] == Cancel(second.task_id)
    room._player.receive(TaskEnded(second))
    assert set(room.claims) == {1}
    assert not room.picture().running
    assert "cancelled" in room.view.describe()
    assert [row for row in room.picture().rows if row.waits] == []


@pytest.mark.parametrize("by_key", [False, True])
def test_a_cancel_that_comes_too_late_for_one_claim_still_ends_the_rest(room, commands, stage, by_key):
    """The engine may have ended the claim when the person cancels, and its result is on the way."""
    room.check_all()
    first = commands[-1]
    if by_key:
        stage.services.actions["cancel"].trigger()
    else:
        room.cancel()
    room._player.receive(TaskEnded(first, Checked(found(1), MadeOf())))
    assert set(room.claims) == {1}
    assert not room.picture().running
    assert "cancelled" in room.view.describe()
    assert [command.number for command in commands if isinstance(command, ClaimTask)] == [1]


def test_a_failure_is_said_and_ends_the_rest(room, commands):
    room.check_all()
    room._player.receive(TaskEnded(commands[-1], message="The data lack a class."))
    assert "The data lack a class." in room.view.describe()
    assert not room.picture().running


def test_an_older_task_is_nobodys(room, commands):
    room.check_one(3)
    task = commands[-1]
    room._player.receive(TaskEnded(replace(task, task_id=task.task_id + 1000), Checked(found(4), MadeOf())))
    assert room.claims == {}
    assert room.picture().running


def test_results_of_another_model_are_said_to_be(room, commands, stage):
    room.check_one(3)
    room._player.receive(TaskEnded(commands[-1], Checked(found(3), MadeOf())))
    assert "have changed" not in room.view.describe()
    stage.services.player.drafting.edit({"rho": 5.0})
    assert "have changed" not in room.view.describe(), "claims do not depend on the sampler"
    stage.services.player.drafting.edit({"seed": 7})
    assert "have changed" in room.view.describe()
    room.check_one(4)
    assert room.claims == {}, "results of two models are never mixed"


# ------------------------------------------------------------ the view of a claim


def test_enter_opens_the_view_at_the_level(qtbot, stage, room):
    stage.services.player.run()
    stage.settle()
    stage.services.playback.pause()
    number = BY_NAME["small_deviation"]
    run = stage.services.state.run
    room.claims[number] = found(number, sigma=float(run.sigmas[5]) * 1.01)
    forward = []
    room._services = replace(room._services, bring_forward=forward.append)
    room.view.table.choose(number)
    room.view.table.setFocus()
    QTest.keyClick(room.view.table, Qt.Key.Key_Return)
    assert forward == ["measures"]
    assert stage.services.state.selection.index == 5


def test_a_toy_has_no_view(room):
    said, forward = [], []
    room._services = replace(room._services, bring_forward=forward.append, say=lambda *words: said.append(words[0]))
    room.view.table.choose(TOYS[0])
    assert not room.view._show.isEnabled()
    room.show_claim(TOYS[0])
    assert forward == []
    assert "no view shows" in said[0]


def test_the_keyboard_passes_over_headings(room):
    table = room.view.table
    first_theorem = BY_NAME["likelier_steps"]
    table.choose(first_theorem - 1)
    QTest.keyClick(table, Qt.Key.Key_Down)
    assert table.number == first_theorem
    QTest.keyClick(table, Qt.Key.Key_Up)
    assert table.number == first_theorem - 1


# ------------------------------------------------------------ files


@pytest.mark.parametrize(
    ("button", "name", "suffix"), [("_markdown", "claims_report", ".md"), ("_csv", "claims_table", ".csv")]
)
def test_the_report_is_saved(room, tmp_path, button, name, suffix):
    asked, said = [], []
    room._services = replace(
        room._services, ask_save=lambda *words: asked.append(words), say=lambda *words: said.append(words[0])
    )
    assert not getattr(room.view, button).isEnabled(), "there is nothing to save yet"
    room.claims[17] = found(17)
    room.refresh()
    getattr(room.view, button).click()
    (kind, _, then) = asked[0]
    assert kind == name
    then(str(tmp_path / f"report{suffix}"))
    text = (tmp_path / f"report{suffix}").read_text("utf-8")
    assert STATEMENTS[16].title in text
    if suffix == ".csv":
        assert next(csv.DictReader(text.splitlines()))["verdict"] == "holds"
    then(str(tmp_path / "nowhere" / f"report{suffix}"))
    assert "could not be written" in said[-1]


# ------------------------------------------------------------ the table


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_verdict_has_words_and_a_colour(qtbot, room, theme):
    view = ClaimsView(theme)
    qtbot.addWidget(view, before_close_func=lambda view: view.release())
    room.claims = {1: found(1), 2: found(2, verdict="does not hold"), 3: found(3, verdict="not applicable")}
    view.display(room.picture())
    model = view.table.model()
    colours = [model.index(row, columns.VERDICT).data(Qt.ItemDataRole.ForegroundRole).name() for row in (1, 2, 3)]
    assert colours == [theme.text, theme.error, theme.muted]
    words = [model.index(row, columns.VERDICT).data() for row in (1, 2, 3)]
    assert words == ["✓ holds", "✗ does not hold", "– not applicable"]


def test_narrow_tables_drop_numbers_before_words(room):
    table = room.view.table
    room.view.resize(900, 600)
    QTest.qWait(0)
    assert not any(table.isColumnHidden(column) for column in range(6))
    room.view.resize(420, 600)
    QTest.qWait(0)
    assert table.isColumnHidden(columns.COUNT)
    assert not table.isColumnHidden(columns.VERDICT)
    assert table.columnWidth(columns.TITLE) >= columns.LEAST_TITLE
    assert not table.horizontalScrollBar().isVisible()


def test_nothing_moves_while_numbers_arrive(room, commands):
    table = room.view.table
    before = [table.columnWidth(column) for column in range(6)], table.rowHeight(1)
    room.claims = {n: found(n, measured=-1.2345e-12, expected=0.98, relation="at least") for n in range(1, 58)}
    room.refresh()
    assert ([table.columnWidth(column) for column in range(6)], table.rowHeight(1)) == before


def test_a_cancel_is_seen_before_every_evaluation(room, stage):
    """So that none has to wait for more than one."""
    worker = stage._engine._worker
    settings = room._player.drafting.filled()
    job, _ = worker._library.prepare(settings)
    since: list[int] = [0]
    most = []

    def model(x, sigma, **labels):
        since[0] += 1
        most.append(since[0])
        return job.model(x, sigma, **labels)

    def polled():
        since[0] = 0

    for number in (BY_NAME[name] for name in ("convex_step", "finite_differences", "best_path", "means_nearer",
                                              "curvature_relation", "early_jump", "designed_levels")):  # fmt: skip
        work = Work(job, model, None, lambda part, fraction: None, polled)
        answers.check(ClaimTask(1, settings, number, 16), work)
    assert max(most) == 1

    class Stopped(BaseException):
        pass

    def stop():
        raise Stopped

    with pytest.raises(Stopped):
        answers.check(ClaimTask(1, settings, 10, 8), Work(job, model, None, lambda part, fraction: None, stop))


def test_a_session_keeps_numbers_of_numpy():
    """The library computes some results as NumPy's numbers, which JSON does not know."""
    claim = Claim(statement=STATEMENTS[0], verdict="holds", measured=np.float64(0.5), spread=np.float64("nan"))
    found, _, _ = keeping.understand(keeping.keep([claim], None, 64))
    assert found[claim.number].measured == 0.5
    assert np.isnan(found[claim.number].spread)
