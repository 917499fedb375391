"""How many arrows the field of a theory has: a request cannot be cancelled, so one that takes long asks for fewer."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import pytest
from window_runs import computed, moons, pictures

from app.rooms.plane.film_feed import ARROWS, FEWEST, density_request
from app.session.plane_options import PlaneOptions
from app.session.state import Selection
from geomodel.settings import RunSettings


class Ground:
    def request_rect(self):
        return (-1.0, -1.0, 2.0, 2.0)

    def pixels(self):
        return (10, 10)


SLICE = PlaneOptions(layers=frozenset({"field"}), mode="slice")


def arrows(run, options=SLICE):
    return density_request(run, Selection(1, 0, 0), options, Ground()).arrows


@pytest.mark.parametrize("driver", ["optimal", "local"])
def test_small_images_and_points_have_all_arrows(driver):
    opened = pictures()
    run = computed(opened, RunSettings(data=opened.name, driver=driver, count=1, steps=2, driver_options={}))
    assert arrows(run) == ARROWS
    opened = moons()
    assert arrows(computed(opened, RunSettings(data=opened.name, count=1, steps=2))) == ARROWS


def test_a_slow_theory_over_many_images_has_few():
    opened = pictures()
    run = computed(opened, RunSettings(data=opened.name, driver="local", count=1, steps=2))

    class Many:
        class dataset:
            class points:
                shape = (10_000, 1, 28, 28)

    run.source = Many
    few = arrows(run)
    assert prod(few) * 45 < 2500  # milliseconds
    assert few >= FEWEST
    assert arrows(run, replace(SLICE, field="optimal")) == ARROWS
    run.settings = replace(run.settings, driver="network")
    assert arrows(run) == ARROWS
