"""What runs on an accelerator, seen without one: a device that counts what crosses and refuses what cannot work."""

from __future__ import annotations

import blueprints
import numpy as np
import pytest
import torch
from recording_device import NAME, RecordingDevice, WrongDevice

import geomodel as gm
import resources
from geomodel.denoisers.network import NetworkDenoiser
from geomodel.denoisers.optimal import byte_codes, byte_products, byte_tables
from geomodel.denoisers.optimal.byte_codes import Codes
from geomodel.recipe import TrainSettings
from geomodel.training import Training


def bundled(name):
    return gm.load_checkpoint(str(resources.path("checkpoints", f"{name}.safetensors")))


def away(model):
    """The denoiser with its network on the device."""
    return NetworkDenoiser(model.network.to(NAME), model.info, model.clock)


def asked(model, x, labels=None):
    """What crosses while D is asked once."""
    with RecordingDevice() as seen, torch.no_grad():
        answer = model(x, 2.0, labels=labels)
    assert answer.device.type == "cpu"
    assert answer.shape == x.shape
    return seen


# ---------------------------------------------------------------- the device itself


def test_the_device_sees_what_a_real_one_would_suffer_from():
    there, here = torch.zeros(3, device=NAME), torch.zeros(3)
    with RecordingDevice() as seen:
        with pytest.raises(WrongDevice):
            there + here
        assert (there + torch.tensor(1.0)).device.type == NAME  # a number without axes is sent with the operation
        here.to(NAME)
        assert there.cpu().device.type == "cpu"
        float(there[0])
    assert (seen.moved_in, seen.moved_out) == ([(3,)], [(3,)])
    assert seen.read == ["aten::_local_scalar_dense"]


# ---------------------------------------------------------------- networks


@pytest.mark.parametrize("labelled", [False, True])
def test_an_evaluation_of_the_bundled_network_sends_one_tensor_and_takes_one(labelled):
    labels = torch.tensor([3, -1, 0, 9]) if labelled else None
    seen = asked(away(bundled("fashion-mnist")), gm.noise(range(4), (1, 28, 28), 2.0), labels)
    # 784 inputs, c_noise and the row of the label table, which is there without labels too
    assert (seen.moved_in, seen.moved_out, seen.read) == ([(4, 786)], [(4, 1, 28, 28)], [])


def test_an_evaluation_of_points_sends_one_tensor_and_takes_one():
    seen = asked(away(bundled("two-moons")), gm.noise(range(5), (2,), 2.0))
    assert (seen.moved_in, seen.moved_out, seen.read) == ([(5, 3)], [(5, 2)], [])


@pytest.mark.parametrize(("name", "labelled"), blueprints.CASES)
def test_networks_of_other_programs_send_one_tensor_and_take_one(name, labelled):
    model = blueprints.opened(name, labelled=labelled)
    labels = torch.tensor([0, 2]) if labelled else None
    there, x = away(model), gm.noise(range(2), model.shape, 2.0)
    asked(there, x, labels)  # the places of a transformer's patches are sent once
    seen = asked(there, x, labels)
    assert len(seen.moved_in) == len(seen.moved_out) == 1
    assert not seen.read


def test_what_is_sent_together_is_what_is_sent_alone():
    """The answer does not depend on how its inputs travel: one tensor is taken apart to the bit."""
    model = bundled("fashion-mnist")
    x, noise, rows = torch.randn(3, 1, 28, 28), torch.randn(3), torch.tensor([10, 0, 7])
    direct = model._sent(x, noise, rows)
    model._device = torch.device(NAME)
    with RecordingDevice() as seen:
        sent = model._sent(x, noise, rows)
    assert [value.shape for value in sent] == [value.shape for value in direct]
    assert [value.dtype for value in sent] == [value.dtype for value in direct]
    assert seen.moved_in == [(3, 786)]


def test_a_point_that_is_on_the_device_stays_there():
    model = away(bundled("fashion-mnist"))
    with RecordingDevice() as seen, torch.no_grad():
        answer = model._centred(
            torch.zeros(2, 1, 28, 28, device=NAME), torch.full((2,), 2.0, dtype=torch.float64), None
        )
    assert answer.device.type == NAME
    assert not seen.moved_out


def test_a_run_moves_no_more_than_its_evaluations():
    model, sigmas = away(bundled("two-moons")), gm.schedules.karras(steps=6, sigma_min=0.01, sigma_max=10)
    with RecordingDevice() as seen:
        run = gm.sample(model, gm.noise(range(4), (2,), 10.0), sigmas, solver="heun", display="off")
    assert len(seen.moved_in) == len(seen.moved_out) == run.evaluations == 12
    assert not seen.read


# ---------------------------------------------------------------- training


def test_an_iteration_of_a_training_reads_one_number():
    """The loss, which is shown; everything else stays on the device."""
    settings = TrainSettings(iterations=3, batch=8, width=16, depth=1)
    training = Training(gm.datasets.load("two-moons", count=50), settings, NAME)
    with RecordingDevice():
        training.advance()  # Adam makes its moments
    with RecordingDevice() as seen:
        training.advance()
    assert seen.read == ["item"]
    assert not seen.moved_out
    assert sorted(seen.moved_in) == [(8,), (8, 2), (8, 2)]  # inputs, c_noise and the target


# ---------------------------------------------------------------- D* of bytes


@pytest.mark.skipif(not byte_products.exact_products(torch.device("cpu")), reason="no exact byte products here")
def test_a_pass_over_the_codes_sends_a_query_and_takes_what_decides(monkeypatch):
    """Up to the first decision by numbers. The codes stay where they are; a query's digits and a few numbers move."""
    random = np.random.default_rng(0)
    stored = random.integers(0, 256, (64, 48))
    stored[0, 0], stored[1, 0] = 0, 255
    points = torch.as_tensor(stored / 127.5 - 1).float()
    norms = (points.double() - points.double().mean(0)).norm(dim=1)
    monkeypatch.setattr(byte_codes, "base_of", lambda device: byte_products.WIDE)  # as an accelerator
    monkeypatch.setattr(byte_tables, "packs", lambda base: False)
    codes = Codes.build(points, lambda _: [slice(0, 64)], norms, torch.device("cpu"))
    for table in (codes._codes, codes._guards):
        table._table, table._columns = table._table.to(NAME), [part.to(NAME) for part in table._columns]
    for name in ("_moments", "_halves", "_across", "_sums", "_guard_sums"):
        setattr(codes, name, getattr(codes, name).to(NAME))
    codes.device = torch.device(NAME)
    x = torch.as_tensor(random.standard_normal((3, 48)))
    with RecordingDevice() as seen:
        query = codes.query(x)
        gap, _ = codes.gaps(query)
        codes.finer_gaps(query, gap)
        weights = codes.weigh(gap, torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64), 5)
        codes.mean(weights)
    assert {value.device.type for value in (gap, weights.digits)} == {NAME}
    assert not seen.read
    numbers = sum(int(np.prod(shape)) for shape in seen.moved_in)
    assert numbers < 48 * 3 * 4 + 200  # the digits of the queries, and a few numbers of each
    assert sum(int(np.prod(shape)) for shape in seen.moved_out) < 3 * 48 + 50  # the means, and a few
