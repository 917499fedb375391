"""The strip of samples that are no images of one or three colours: latents, and other numbers of channels."""

from __future__ import annotations

import numpy as np
import pytest

import geomodel as gm
from app.rooms.strip.picture import strip_picture
from app.session.facts import latents
from app.session.state import Run, Selection
from geomodel.settings import RunSettings

LEVELS = np.array([8.0, 2.0, 0.5])


def run(channels, kind="", settings=None):
    values = 0.3 * np.random.default_rng(0).standard_normal((3, 2, channels, 5, 6))
    trajectory = gm.Trajectory(
        x=values,
        denoised=0.5 * values[:2],
        sigmas=LEVELS,
        evaluations=2,
        evaluations_at=np.arange(3),
        network_calls=2,
        looks=0,
        settings=settings or {},
    )
    drawn = RunSettings(data="", network="dit.pt", driver="network", count=2, steps=2)
    return Run(1, drawn, "complete", trajectory=trajectory, latents=kind)


def to_bytes(values):
    return ((values + 1) * 127.5).clip(0, 255).round().astype(np.uint8)


def test_latents_are_shown_as_their_linear_preview():
    found = run(4, "sd")
    picture = strip_picture(found, Selection(1, 0, 1), None)
    x, denoised = (row.images for row in picture.rows)
    assert x.shape == (3, 5, 6, 3)
    one = found.denoised[1, 0]
    red = 0.3512 * one[0] + 0.3250 * one[1] - 0.2829 * one[2] - 0.2120 * one[3]
    assert np.array_equal(denoised[1, ..., 0], to_bytes(red))
    scaled = found.x[0, 0] * (1 / np.sqrt(1 + 8.0**2))  # latents times 0.18215 have a deviation of about 1
    blue = 0.3227 * scaled[0] + 0.2350 * scaled[1] + 0.2721 * scaled[2] - 0.7177 * scaled[3]
    assert np.abs(x[0, ..., 2].astype(int) - to_bytes(blue)).max() <= 1
    assert picture.denoised_note == "latent preview"
    assert picture.samples.shape == (2, 5, 6, 3)


def test_other_numbers_of_channels_stand_side_by_side():
    found = run(4)
    picture = strip_picture(found, Selection(1, 0, 0), None)
    images = picture.rows[1].images
    assert images.shape == (2, 5, 24)
    for channel in range(4):
        assert np.array_equal(images[0][:, 6 * channel : 6 * channel + 6], to_bytes(found.denoised[0, 0, channel]))
    assert picture.denoised_note == "4 channels, side by side"


def test_images_say_how_much_is_cut():
    assert "clipped" in strip_picture(run(3), Selection(1, 0, 0), None).denoised_note


@pytest.mark.parametrize(
    ("said", "kind"),
    [({"network": {"latents": "edm2"}}, "edm2"), ({"network": {"latents": "x"}}, ""), ({"network": 3}, ""), ({}, "")],
)
def test_a_saved_run_says_which_latents_it_moved(said, kind):
    assert latents(run(4, settings=said).trajectory) == kind
