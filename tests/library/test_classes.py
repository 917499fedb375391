"""A run asks for a class by its name, whatever numbers the data and the network give it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from animals import IN_DATA, IN_NETWORK, points, write_network

import geomodel as gm
from geomodel import classes, runs
from geomodel.classes import Classes
from geomodel.datasets import Dataset
from geomodel.settings import RunSettings

TOY = RunSettings(data="animals", driver="network", network="net", count=4, steps=5, sigma_min=0.01, sigma_max=20.0)


@pytest.fixture(scope="module")
def animals():
    stored, labels = points()
    return Dataset(name="animals", kind="points", stored=stored, labels=labels, label_names=IN_DATA)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return gm.load_checkpoint(write_network(tmp_path_factory.mktemp("networks") / "net.safetensors"))


def of(animals, name):
    """D* of the points that have this name, and of no others."""
    return gm.OptimalDenoiser(animals.points[animals.labels == IN_DATA.index(name)])


def start(animals):
    return animals.mean + gm.noise(range(4), (2,), 20.0).numpy()


def norms(difference):
    return np.linalg.norm(np.asarray(difference).reshape(len(difference), -1), axis=1)


# ---------------------------------------------------------------- one class, two numbers


@pytest.mark.parametrize("name", ["cat", "dog"])
def test_a_network_is_compared_with_the_data_of_that_name(name, animals, network):
    label, alone = IN_NETWORK.index(name), of(animals, name)
    found = runs.compute(replace(TOY, label=label), animals, network)
    assert found.labels.tolist() == [label] * 4  # the driver's number
    beside = gm.sample(alone, start(animals), found.sigmas)
    for i, sigma in enumerate(found.sigmas[:-1]):
        x = found.x[i].astype(float)
        exact = alone(x, sigma)
        # x and D are recorded in float32, and the difference was taken before
        assert np.allclose(found.extras["optimal"][i], exact, atol=1e-4)
        expected = norms(network(x, sigma, labels=[label] * 4) - exact)
        assert np.allclose(found.extras["denoiser_difference"][i], expected, rtol=1e-3)
        assert np.allclose(found.extras["exact_distance_x"][i], norms(x - beside.x[i]), rtol=1e-3, atol=1e-4)
    assert found.extras["effective_neighbours"].max() <= 30
    assert found.settings["class"] == name


def test_guidance_goes_beyond_the_data_of_that_name(animals, network):
    found = runs.compute(replace(TOY, label=0, guidance=3.0), animals, network)
    whole, dogs = gm.OptimalDenoiser(animals.points), of(animals, "dog")
    for i, sigma in enumerate(found.sigmas[:-1]):
        x = found.x[i].astype(float)
        guided = whole(x, sigma) + 3.0 * (dogs(x, sigma) - whole(x, sigma))
        assert np.allclose(found.extras["optimal"][i], guided, atol=1e-3)


def test_a_blend_asks_each_side_by_its_own_number(animals, network):
    job = runs.prepare(replace(TOY, driver="blend", blend=0.25, label=0), animals, network)
    x = gm.noise(range(4), (2,), 2.0)
    expected = 0.25 * network(x, 2.0, labels=[0] * 4) + 0.75 * of(animals, "dog")(x, 2.0)
    assert torch.allclose(job.evaluate(job.model, x, 2.0), expected, atol=1e-12)


def test_a_network_beside_d_star_is_asked_by_its_own_number(animals, network):
    job = runs.prepare(replace(TOY, driver="optimal", label=2), animals, network)
    x = gm.noise(range(4), (2,), 2.0)
    assert torch.equal(job.evaluate(job.network, x, 2.0), network(x, 2.0, labels=[IN_NETWORK.index("dog")] * 4))
    assert torch.allclose(job.evaluate(job.model, x, 2.0), of(animals, "dog")(x, 2.0), atol=1e-12)
    assert job.gives_posterior_mean(job.exact)


def test_a_posterior_is_over_the_data_of_that_name(animals, network):
    job = runs.prepare(replace(TOY, label=IN_NETWORK.index("dog")), animals, network)
    posterior = job.posterior(gm.noise(range(4), (2,), 2.0), 2.0, 8)
    assert (animals.labels[posterior.indices] == IN_DATA.index("dog")).all()
    assert job.data_labels(2).tolist() == [2, 2]
    assert job.labels(2).tolist() == [0, 0]


def test_without_a_class_nothing_is_renumbered(animals, network):
    job = runs.prepare(TOY, animals, network)
    assert (job.exact, job.network, job.labels(3), job.data_labels(3)) == (job.optimal, network, None, None)
    assert job.asked == classes.Asked()
    assert "class" not in job.identity


# ---------------------------------------------------------------- a class that one side lacks


def test_a_class_that_the_data_lack_is_compared_with_nothing(animals, network):
    settings = replace(TOY, label=IN_NETWORK.index("bee"))
    job = runs.prepare(settings, animals, network)
    assert (job.optimal, job.exact, job.beside, job.asked.data) == (None, None, False, None)
    assert job.asked.note == (
        "The data animals have no class 'bee' (only ant, cat, dog), so nothing is compared with D*."
    )
    found = runs.compute(settings, animals, network)
    assert not found.extras
    assert found.looks == 1  # D at the last level
    direct = gm.sample(network, start(animals), found.sigmas, labels=[2] * 4)
    assert np.array_equal(found.x, direct.x)


def test_data_without_classes_or_without_points_of_one_are_compared_with_nothing(animals, network):
    unlabelled = replace(animals, labels=None, label_names=None)
    note = runs.prepare(replace(TOY, label=1), unlabelled, network).asked.note
    assert note == "The data animals have no classes, so nothing is compared with D*."
    some = animals.labels != 1
    without = replace(animals, stored=animals.stored[some], labels=animals.labels[some])
    assert runs.prepare(replace(TOY, label=1), without, network).optimal is None  # the name alone makes no D*


def test_a_class_that_the_network_lacks_is_compared_with_nothing(animals, network):
    job = runs.prepare(replace(TOY, driver="optimal", label=0), animals, network)
    assert (job.network, job.asked.network) == (None, None)
    assert job.asked.note == (
        f"The network {network.info.name} has no class 'ant' (only dog, cat, bee), so nothing is compared with it."
    )


@pytest.mark.parametrize("settings", [{"label": -1}, {"label": 2, "guidance": 2.0}])
def test_a_network_without_a_null_class_is_asked_for_a_class_alone(settings, animals, tmp_path):
    strict = gm.load_checkpoint(write_network(tmp_path / "strict.safetensors", has_null_class=False))
    job = runs.prepare(replace(TOY, driver="optimal", **settings), animals, strict)
    assert job.network is None
    assert "no null class" in job.asked.note
    assert runs.prepare(replace(TOY, driver="optimal", label=2), animals, strict).network is not None


def test_a_blend_needs_the_class_on_both_sides(animals, network):
    found = runs.problems(replace(TOY, driver="blend", label=2), animals, network)
    assert found == {
        "label": "The data animals have no class 'bee' (only ant, cat, dog), and a blend needs the class on both sides."
    }
    assert runs.problems(replace(TOY, label=2), animals, network) == {}


def test_a_mixture_has_no_classes(network):
    ring = gm.datasets.load("gaussian-ring", count=80)
    assert runs.problems(replace(TOY, driver="mixture", label=0), ring) == {
        "label": "The driver “Exact mixture” has no classes."
    }


# ---------------------------------------------------------------- names


def test_numbers_count_as_names():
    numbered, digits, words = Classes(3), Classes(3, ("2", "1", "0")), Classes(3, IN_DATA)
    assert [numbered.name(label) for label in range(3)] == ["0", "1", "2"]
    assert [classes.renamed(label, numbered, digits) for label in range(-1, 3)] == [-1, 2, 1, 0]
    assert [classes.renamed(label, digits, numbered) for label in range(3)] == [2, 1, 0]
    assert [classes.renamed(label, words, numbered) for label in range(3)] == [-1, -1, -1]
    assert [numbered.number(name) for name in ("3", "-1", "01", "²", "", "1" * 5000)] == [None] * 6
    assert words.all_names() == IN_DATA
    assert numbered.all_names() == ("0", "1", "2")
    assert Classes(9).listed() == "0, 1, 2, 3, 4, 5, …"


def test_a_saved_run_knows_its_class_without_its_network(animals):
    settings = replace(TOY, label=0)
    assert classes.kept(settings, "dog", animals) == classes.Asked("dog", 2, None)
    assert classes.kept(settings, "bee", animals) == classes.Asked("bee", None, None)
    assert classes.kept(settings, "dog", None).data is None
    assert classes.kept(settings, None, animals).words == "class 0"  # a run of before, whose network is not open
    assert classes.kept(replace(settings, driver="optimal"), None, animals) == classes.Asked("ant", 0, None)
    assert classes.kept(replace(settings, label=-1), "dog", animals) == classes.Asked()


# ---------------------------------------------------------------- starts


@pytest.mark.parametrize(
    ("driver", "number"), [("network", IN_NETWORK.index("dog")), ("optimal", IN_DATA.index("dog"))]
)
def test_data_with_noise_are_those_of_the_class(driver, number, animals, network):
    settings = replace(TOY, driver=driver, label=number, start="exact", count=200)
    y = runs.start_points(settings, animals, network) - gm.noise(range(200), (2,), 20.0).numpy()
    distance = np.linalg.norm(y[:, None] - animals.points, axis=2)
    assert distance.min(axis=1).max() < 1e-12  # (y + z) - z is y up to the rounding of numbers below 100
    drawn = distance.argmin(axis=1)
    assert set(animals.labels[drawn]) == {IN_DATA.index("dog")}
    assert len(set(drawn)) > 25  # of 30, each missed with probability e^-6.7


@pytest.mark.parametrize(("index", "expected"), [(0, 2), (2, 2), (3, 5), (89, 89)])
def test_one_data_point_of_a_class_is_the_first_one_from_its_index_on(index, expected, animals):
    settings = replace(TOY, driver="optimal", label=2, start="data", start_index=index)
    y = runs.start_points(settings, animals) - gm.noise(range(4), (2,), 20.0).numpy()
    assert np.allclose(y, animals.points[expected], atol=1e-12)
    last = replace(settings, label=0, start_index=88)  # beyond the last ant, the first one comes again
    y = runs.start_points(last, animals) - gm.noise(range(4), (2,), 20.0).numpy()
    assert np.allclose(y, animals.points[0], atol=1e-12)


@pytest.mark.parametrize("start", ["exact", "data"])
def test_no_run_starts_at_a_class_that_the_data_lack(start, animals, network):
    found = runs.problems(replace(TOY, label=2, start=start), animals, network)
    assert found == {
        "start": "The data animals have no class 'bee' (only ant, cat, dog), so no point of it can be a start."
    }
