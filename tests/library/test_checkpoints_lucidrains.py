"""Files of denoising-diffusion-pytorch: the clock and the objective stand in their tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from public_files import each, evaluated, near, noisy, pair

from geomodel.checkpoints import CheckpointError, load_checkpoint
from geomodel.networks.configs import LucidrainsConfig
from geomodel.networks.lucidrains import LucidrainsUNet

SHAPE = (3, 8, 8)
CONFIG = LucidrainsConfig(
    outputs=3, embedding=8, widths=(8, 8, 16), full=(False, True), heads=((2, 4), (3, 4)), memory=3
)
SIGNAL = np.cumprod(1 - np.linspace(1e-3, 0.05, 50))
SNR = SIGNAL / (1 - SIGNAL)
TIMES = torch.tensor([0, 7, 30, 48])
WEIGHTS = {
    ("epsilon", False): np.ones(50),
    ("sample", False): SNR,
    ("v", False): SIGNAL,
    ("epsilon", True): np.minimum(SNR, 5) / SNR,
    ("sample", True): np.minimum(SNR, 5),
    ("v", True): np.minimum(SNR, 5) / (1 + SNR),
}
HINTS = {"image_size": 8}


def written(path, weights: Any = SIGNAL, config=CONFIG, shape=SHAPE, **more: torch.Tensor):
    stored, network = pair(LucidrainsUNet(config, shape))
    tables = {"alphas_cumprod": torch.tensor(SIGNAL).float(), "betas": torch.linspace(1e-3, 0.05, 50)}
    if weights is not None:
        tables["loss_weight"] = torch.tensor(weights).float()
    diffusion = {**tables, **{f"model.{name}": tensor for name, tensor in {**stored, **more}.items()}}
    last = {name: 0 * tensor for name, tensor in diffusion.items()}
    average = {f"ema_model.{name}": tensor for name, tensor in diffusion.items()}
    average |= {f"online_model.{name}": tensor for name, tensor in last.items()}
    ema = {"initted": torch.tensor(True), "step": torch.tensor(9), **average}
    torch.save({"step": 9, "model": last, "opt": {}, "ema": ema, "scaler": None, "version": "2.2"}, path)
    return network


@pytest.mark.parametrize(("prediction", "clipped"), WEIGHTS, ids=str)
def test_the_objective_is_in_the_weights_of_the_loss(prediction, clipped, tmp_path):
    network = written(tmp_path / "model-9.pt", WEIGHTS[prediction, clipped])
    model = load_checkpoint(tmp_path / "model-9.pt", hints=HINTS)
    signal = torch.as_tensor(SIGNAL)[TIMES]
    sigma = ((1 - signal) / signal).sqrt()
    x = noisy(SHAPE, sigma)
    answer = evaluated(network, x, signal.sqrt(), TIMES)
    expected = {
        "epsilon": x - each(sigma) * answer,
        "v": each(signal) * x - each((1 - signal).sqrt()) * answer,
        "sample": answer,
    }
    near(model(x, sigma), expected[prediction], sigma, 1e-3)
    assert (model.info.family, model.info.average, model.num_classes) == ("lucidrains", "ema_model", 0)
    assert model.sigma_max == pytest.approx(float(((1 - SIGNAL[-1]) / SIGNAL[-1]) ** 0.5), rel=1e-4)
    wrong = "v" if prediction == "epsilon" else "epsilon"
    with pytest.raises(CheckpointError, match=r"diffusion.prediction says"):
        load_checkpoint(tmp_path / "model-9.pt", hints={**HINTS, "diffusion": {"prediction": wrong}})


@pytest.mark.parametrize(
    "weights", [None, np.linspace(1, 2, 50), np.ones(49)], ids=["none", "other", "of other length"]
)
def test_without_such_weights_the_objective_is_asked_for(weights, tmp_path):
    written(tmp_path / "a.pt", weights)
    with pytest.raises(CheckpointError, match=r"give the hint diffusion.prediction \(epsilon, v, sample\)"):
        load_checkpoint(tmp_path / "a.pt", hints=HINTS)
    assert load_checkpoint(tmp_path / "a.pt", hints={**HINTS, "diffusion": {"prediction": "v"}}).shape == SHAPE


def test_the_size_is_asked_for(tmp_path):
    written(tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="give the hint image_size, because"):
        load_checkpoint(tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="multiples of 2"):
        load_checkpoint(tmp_path / "a.pt", hints={"image_size": 9})


@pytest.mark.parametrize(
    ("config", "hints"),
    [
        (replace(CONFIG, self_condition=True), {"self_condition": True, "channels": 3}),
        (replace(CONFIG, outputs=6), {"learned_variance": True}),
        (replace(CONFIG, frequencies=5), {}),
        (replace(CONFIG, widths=(12, 8, 16), full=(True, False)), {"dim": 8}),
    ],
    ids=["self-condition", "variance", "random frequencies", "other widths"],
)
def test_the_architecture_is_read_off_the_names(config, hints, tmp_path):
    network = written(tmp_path / "a.pt", config=config)
    model = load_checkpoint(tmp_path / "a.pt", hints={**HINTS, **hints})
    signal = torch.as_tensor(SIGNAL)[TIMES]
    sigma = ((1 - signal) / signal).sqrt()
    x = noisy(SHAPE, sigma)
    answer = evaluated(network, x, signal.sqrt(), TIMES)
    near(model(x, sigma), each(signal) * x - each((1 - signal).sqrt()) * answer, sigma, 1e-3)


def test_weights_alone_lack_the_noise(tmp_path):
    stored, _ = pair(LucidrainsUNet(CONFIG, SHAPE))
    torch.save(stored, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"give the hint diffusion.noise_schedule"):
        load_checkpoint(tmp_path / "a.pt", hints=HINTS)
    hints = {**HINTS, "diffusion": {"noise_schedule": "sigmoid", "steps": 1000, "prediction": "v"}}
    assert load_checkpoint(tmp_path / "a.pt", hints=hints).sigma_recommended[1] == pytest.approx(57.7, rel=0.01)


def test_older_versions_are_refused_by_name(tmp_path):
    stored, _ = pair(LucidrainsUNet(CONFIG, SHAPE))
    old = {name.replace("norm.g", "norm.weight").replace("1.g", "1.weight"): t for name, t in stored.items()}
    torch.save({"model": {f"denoise_fn.{name}": tensor for name, tensor in old.items()}}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="an older version of denoising-diffusion-pytorch"):
        load_checkpoint(tmp_path / "a.pt", hints=HINTS)


@pytest.mark.parametrize(
    ("more", "fragment"),
    [
        ({"downs.0.0.block1.proj.weight": torch.zeros(8)}, "no proper tensor downs.0.0.block1.proj.weight"),
        ({"downs.0.2.mem_kv": torch.zeros(2, 0, 4, 3)}, "outside their limits"),
        ({"final_conv.weight": torch.zeros(5, 8, 1, 1)}, "it takes 3 channels and gives 5"),
        ({"downs.2.x.y": torch.zeros(3)}, "no proper tensor downs.2"),
        ({"other.weight": torch.zeros(3)}, "tensors that its network does not have"),
    ],
)
def test_files_that_are_refused(more, fragment, tmp_path):
    written(tmp_path / "a.pt", **more)
    with pytest.raises(CheckpointError, match=fragment):
        load_checkpoint(tmp_path / "a.pt", hints=HINTS)
