"""The class of the draft keeps its name where another driver numbers it otherwise, and pictures say what is missing."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from animals import IN_DATA, IN_NETWORK
from session_bench import Session
from window_runs import computed, moons

from app.engine.messages import NetworkOpened, RunStarted, StartRun
from app.rooms.plane.picture import plane_picture
from app.rooms.plane.projected import Projected
from app.session.facts import data_count, run_basis
from geomodel import classes

DOG, BEE = IN_NETWORK.index("dog"), IN_NETWORK.index("bee")


def network(path="net.safetensors", names=IN_NETWORK, shape=(2,)):
    info = SimpleNamespace(
        name="net", shape=shape, classes=len(names), label_names=names, has_null_class=True, data_name="", format="",
        sigma_recommended=(0.002, 80.0),
    )  # fmt: skip
    return NetworkOpened(path, info, 0.002, 80.0, 1e-6)


def animals(names=IN_DATA, name="two-moons"):
    opened = moons()
    labels = np.arange(60) % len(names)
    return replace(opened, name=name, dataset=replace(opened.dataset, labels=labels, label_names=names))


@pytest.fixture
def session(qtbot):
    made = Session()
    made.open(animals())
    return made


def draft(session):
    return session.state.draft.driver, session.state.draft.label


def test_a_class_keeps_its_name_through_drivers(session):
    session.drafting.edit({"label": IN_DATA.index("dog")})
    session.player.receive(network())  # which drives from now on
    assert draft(session) == ("network", DOG)
    session.drafting.edit({"driver": "optimal"})
    assert draft(session) == ("optimal", IN_DATA.index("dog"))
    session.drafting.edit({"driver": "blend"})
    assert draft(session) == ("blend", DOG)
    session.drafting.edit({"network": ""})
    assert draft(session) == ("optimal", IN_DATA.index("dog"))


def test_a_class_that_the_new_driver_lacks_is_not_asked_for(session):
    session.player.receive(network())
    session.drafting.edit({"label": BEE})
    session.drafting.edit({"steps": 30})
    assert draft(session) == ("network", BEE)
    session.drafting.edit({"driver": "optimal"})
    assert draft(session) == ("optimal", -1)
    session.drafting.undo()
    assert draft(session) == ("network", BEE)


def test_a_closed_network_leaves_its_class_to_the_data(session):
    session.player.receive(network())
    session.drafting.edit({"label": DOG})
    session.player.close_network()
    assert draft(session) == ("optimal", IN_DATA.index("dog"))


def test_data_that_are_read_again_keep_the_class_by_name(session):
    session.drafting.edit({"label": IN_DATA.index("dog")})
    session.drafting.edit({"data_seed": 1})
    session.answer_data(animals(("dog", "eel")))
    assert draft(session) == ("optimal", 0)


def test_other_data_begin_without_a_class(session):
    session.drafting.edit({"label": 1})
    session.open(animals(name="rings"))
    assert draft(session) == ("optimal", -1)


def test_the_settings_of_a_run_whose_network_is_closed_keep_its_class_by_name(session):
    settings = replace(session.state.draft, network="gone.safetensors", driver="network", label=DOG)
    session.drafting.use(settings, "dog")
    assert draft(session) == ("optimal", IN_DATA.index("dog"))
    session.drafting.use(settings, "bee")
    assert draft(session) == ("optimal", -1)


def test_the_settings_of_a_run_whose_network_is_open_are_taken_as_they_are(session):
    session.player.receive(network())
    settings = replace(session.state.draft, label=DOG)
    session.drafting.edit({"driver": "optimal", "label": -1})
    session.drafting.use(settings, "dog")
    assert draft(session) == ("network", DOG)


def test_the_form_checks_the_class_of_the_driver(session):
    session.player.receive(network())
    session.drafting.edit({"label": BEE})
    assert session.drafting.check()  # the data lack it, and nothing is compared
    session.drafting.edit({"driver": "blend"})
    assert "no class 'bee'" in session.state.errors["label"]


def test_the_plane_says_that_nothing_is_compared(session):
    session.player.run()
    command = session.newest(StartRun)
    run = computed(session.state.data, replace(command.settings, sigma_min=0.01, sigma_max=8.0))
    asked = classes.Asked("bee", None, BEE, "The data animals have no class 'bee', so nothing is compared with D*.")
    session.player.receive(RunStarted(command.run_id, run.record, run.settings, asked))
    shown = session.player.next_shown
    picture = plane_picture(shown, session.state.selection, Projected.of(shown, run_basis(shown)))
    assert picture.caption == "The data animals have no class 'bee', so nothing is compared with D*"
    assert "class bee" in picture.title
    assert not shown.compared


def test_d_star_is_counted_over_the_data_of_the_class(session):
    run = computed(session.state.data)
    assert data_count(run) == 60
    run.asked = classes.Asked("dog", IN_DATA.index("dog"), DOG)
    run.settings = replace(run.settings, driver="network", label=DOG)
    assert data_count(run) == 20
