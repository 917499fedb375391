"""The columns of a table belong to its file, to the draft and to the runs made of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from session_bench import Session
from window_runs import moons

from app.engine.messages import OpenData, OpenPath, StartRun
from app.session.changes import changes, sentence


def table(name="flowers.csv"):
    return replace(moons(), name=name)


@pytest.fixture
def session(qtbot):
    made = Session()
    made.open(table())
    return made


def said(session, columns):
    """A person types columns, and the engine opens the file with them."""
    session.drafting.edit({"data_columns": columns})
    asked = session.newest(OpenData)
    session.player.receive(replace(table(asked.name), count=asked.count, seed=asked.seed, columns=asked.columns))
    return asked


def test_columns_open_the_file_again_and_a_run_has_them(session):
    asked = said(session, "2-3; class 1")
    assert (asked.name, asked.columns) == ("flowers.csv", "2-3; class 1")
    assert session.state.draft.data_columns == "2-3; class 1"
    session.player.run()
    assert session.newest(StartRun).settings.data_columns == "2-3; class 1"


def test_a_file_keeps_its_columns(session):
    said(session, "2-3")
    session.open(table("other.csv"))
    assert session.state.draft.data_columns == ""
    session.drafting.edit({"data": "flowers.csv"})  # from the list
    assert session.newest(OpenData).columns == "2-3"
    session.drafting.open_data("flowers.csv")  # from the dialog
    assert session.newest(OpenData).columns == "2-3"
    session.player.open_path("flowers.csv")  # dropped
    assert session.newest(OpenPath).columns == "2-3"
    session.player.open_path("third.csv")
    assert session.newest(OpenPath).columns == ""


def test_an_undo_opens_the_file_with_the_columns_of_before(session):
    said(session, "2-3")
    session.drafting.undo()
    asked = session.newest(OpenData)
    assert (asked.name, asked.columns) == ("flowers.csv", "")


def test_a_new_engine_opens_the_same_columns(session):
    said(session, "2-3")
    session.drafting.reopen_data()
    assert session.newest(OpenData).columns == "2-3"


def test_words_that_say_no_columns_are_explained_at_the_field(session):
    before = len(session.engine.commands)
    session.drafting.edit({"data_columns": "2; 3"})
    assert "does not say which columns" in session.state.errors["data_columns"]
    assert len(session.engine.commands) == before  # nothing is opened


def test_a_run_of_other_columns_does_not_show_these_data(session):
    session.player.run()
    run = session.finish()
    run.source = None
    other = moons().dataset
    other = replace(other, stored=other.stored[:, ::-1])
    session.state.set_data(replace(table(), count=run.settings.data_count, columns="2-3", dataset=other))
    assert run.source is None
    session.state.set_data(replace(table(), count=run.settings.data_count))
    assert run.source is not None


def test_the_settings_of_a_run_have_its_columns(session):
    settings = replace(session.state.draft, data_columns="2-3")
    session.drafting.use(settings)
    assert session.newest(OpenData).columns == "2-3"


def test_the_change_is_said_in_words(session):
    draft = session.state.draft
    assert sentence(changes(draft, replace(draft, data_columns="2-3"))) == "columns automatic → 2-3"
