"""Files of DiT, SiT and REPA: which of them it is, both directions of time, labels, and what is refused."""

from __future__ import annotations

import math
from argparse import Namespace
from typing import Any

import pytest
import torch
from public_files import SIGMA, each, evaluated, near, noisy, pair

from geomodel.checkpoints import CheckpointError, load_checkpoint
from geomodel.checkpoints.diffusers import LATENTS
from geomodel.checkpoints.dit import GUIDED_CHANNELS
from geomodel.networks.configs import DiTConfig
from geomodel.networks.dit import DiT

SHAPE, CLASSES = (4, 6, 6), 3
CONFIG = DiTConfig(outputs=8, width=24, depth=2, heads=3, hidden=96)
LABELS, ROWS = [0, 2, -1, 1], torch.tensor([0, 2, CLASSES, 1])


def written(path, arguments: dict[str, Any] | None, config=CONFIG, rows=CLASSES + 1, **more: torch.Tensor):
    stored, network = pair(DiT(config, SHAPE, rows))
    stored |= {name.replace("__", "."): tensor for name, tensor in more.items()}
    last = {name: 0 * tensor for name, tensor in stored.items()}
    training = {"model": last, "ema": stored, "opt": {"state": {}}, "args": arguments and Namespace(**arguments)}
    torch.save(stored if arguments is None else training, path)
    return network


def test_dit(tmp_path):
    network = written(tmp_path / "a.pt", {"model": "DiT-S/2", "num_classes": CLASSES})
    model = load_checkpoint(tmp_path / "a.pt", hints={"num_heads": 3})
    times = torch.tensor([0, 17, 500, 998])
    signal = (1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)).cumprod(0)[times]
    sigma = ((1 - signal) / signal).sqrt()
    x = noisy(SHAPE, sigma)
    answer = evaluated(network, x, signal.sqrt(), times, ROWS)
    near(model(x, sigma, labels=LABELS), x - each(sigma) * answer, sigma, 1e-3)
    info = model.info
    assert (info.family, info.average, info.classes, info.has_null_class) == ("dit", "ema", CLASSES, True)
    assert (info.latents, info.remarks) == ("sd", (LATENTS, GUIDED_CHANNELS))


@pytest.mark.parametrize("path", ["Linear", "GVP"])
def test_sit_has_its_data_at_time_1(path, tmp_path):
    network = written(tmp_path / "a.pt", {"path_type": path, "prediction": "velocity", "num_classes": CLASSES})
    model, x = load_checkpoint(tmp_path / "a.pt", hints={"num_heads": 3}), noisy(SHAPE)
    if path == "Linear":
        t = 1 / (1 + SIGMA)
        a, b, speed_a, speed_b = t, 1 - t, torch.ones(4), -torch.ones(4)
    else:
        t = 1 - SIGMA.atan() * 2 / math.pi
        a, b = (math.pi / 2 * t).sin(), (math.pi / 2 * t).cos()
        speed_a, speed_b = math.pi / 2 * b, -math.pi / 2 * a
    answer = evaluated(network, x, a, t, ROWS)
    expected = (each(speed_b * a) * x - each(b) * answer) / each(a * speed_b - speed_a * b)
    near(model(x, SIGMA, labels=LABELS), expected, SIGMA)
    assert model.info.family == "sit"


@pytest.mark.parametrize("path", ["linear", "cosine"])
def test_repa_has_its_data_at_time_0(path, tmp_path):
    arguments = {"path_type": path, "prediction": "v", "proj_coeff": 0.5, "num_classes": CLASSES}
    network = written(tmp_path / "a.pt", arguments, projectors__0__0__weight=torch.zeros(3, 3))
    model, x = load_checkpoint(tmp_path / "a.pt", hints={"num_heads": 3}), noisy(SHAPE)
    if path == "linear":
        t = SIGMA / (1 + SIGMA)
        a, b, speed_a, speed_b = 1 - t, t, -torch.ones(4), torch.ones(4)
    else:
        t = SIGMA.atan() * 2 / math.pi
        a, b = (math.pi / 2 * t).cos(), (math.pi / 2 * t).sin()
        speed_a, speed_b = -math.pi / 2 * b, math.pi / 2 * a
    answer = evaluated(network, x, a, t, ROWS)
    expected = (each(speed_b * a) * x - each(b) * answer) / each(a * speed_b - speed_a * b)
    near(model(x, SIGMA, labels=LABELS), expected, SIGMA)
    assert (model.info.family, model.info.ignored["projectors"]) == ("repa", 1)


def test_a_bare_state_dict_does_not_say_which_it_is(tmp_path):
    written(tmp_path / "a.pt", None)
    with pytest.raises(CheckpointError, match=r"give the hint family \(dit, sit, repa\)"):
        load_checkpoint(tmp_path / "a.pt", hints={"num_heads": 3})
    with pytest.raises(CheckpointError, match=r"give the hint diffusion.path \(linear, gvp\)"):
        load_checkpoint(tmp_path / "a.pt", hints={"num_heads": 3, "family": "sit"})
    hints = {"num_heads": 3, "family": "sit", "diffusion": {"path": "linear", "time_of_data": 1}, "image_size": 48}
    assert load_checkpoint(tmp_path / "a.pt", hints=hints).num_classes == CLASSES
    with pytest.raises(CheckpointError, match="time_of_data says 0, and the file says 1"):
        load_checkpoint(tmp_path / "a.pt", hints={**hints, "diffusion": {"path": "linear", "time_of_data": 0}})


def test_heads_are_known_by_the_width_of_published_networks(tmp_path):
    config = DiTConfig(outputs=4, width=384, depth=1, heads=6, hidden=8)
    written(tmp_path / "a.pt", {"num_classes": CLASSES}, config)
    assert load_checkpoint(tmp_path / "a.pt").shape == SHAPE
    written(tmp_path / "b.pt", {"num_classes": CLASSES})
    with pytest.raises(CheckpointError, match=r"give the hint num_heads, because .* no published network is as wide"):
        load_checkpoint(tmp_path / "b.pt")


def test_labels_without_a_row_for_none(tmp_path):
    network = written(tmp_path / "a.pt", {"path_type": "Linear", "num_classes": CLASSES}, rows=CLASSES)
    model, x, t = load_checkpoint(tmp_path / "a.pt", hints={"num_heads": 3}), noisy(SHAPE), 1 / (1 + SIGMA)
    rows = torch.tensor([0, 2, 1, 0])
    near(model(x, SIGMA, labels=rows), each(t) * x + each(1 - t) * evaluated(network, x, t, t, rows), SIGMA)
    with pytest.raises(ValueError, match="no null class"):
        model(x, SIGMA)


@pytest.mark.parametrize(
    ("arguments", "more", "hints", "fragment"),
    [
        ({"path_type": "VP"}, {}, {}, "its path is 'vp'; known are"),
        ({"path_type": "Linear", "prediction": "score"}, {}, {}, "it predicts 'score'"),
        ({"num_classes": 9}, {}, {}, "9 classes and 4 rows"),
        ({"a": 1}, {}, {"family": "sit"}, "the hint family says 'sit', and the file says 'dit'"),
        ({"a": 1}, {}, {"num_heads": 5}, "do not divide into 5 heads"),
        ({"a": 1}, {}, {"patch_size": 4}, "patch_size says 4, and the file says 2"),
        ({"a": 1}, {"pos_embed": torch.zeros(1, 8, 24)}, {}, "its config asks for"),
        ({"a": 1}, {"pos_embed": torch.zeros(9)}, {}, "no proper tensor pos_embed"),
        ({"a": 1}, {"blocks__1__attn__q_norm__weight": torch.zeros(8)}, {}, "tensors that its network does not have"),
        ({"a": 1}, {"blocks__7__x__y": torch.zeros(8)}, {}, "it lacks"),
    ],
)
def test_files_that_are_refused(arguments, more, hints, fragment, tmp_path):
    written(tmp_path / "a.pt", arguments, **more)
    with pytest.raises(CheckpointError, match=fragment):
        load_checkpoint(tmp_path / "a.pt", hints={"num_heads": 3, **hints})
