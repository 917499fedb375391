"""Folders of diffusers: networks, schedulers, names of 2022, and what is refused."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from typing import Any

import pytest
import torch
from public_files import SIGMA, each, evaluated, near, noisy, pair, write_folder

from geomodel.checkpoints import CheckpointError, load_checkpoint
from geomodel.checkpoints.diffusers import LATENTS, NOT_CLIPPED, UNIT_IMAGES
from geomodel.networks.configs import DiffusersDiTConfig, UNet2DConfig
from geomodel.networks.dit import DiffusersDiT
from geomodel.networks.unet2d import UNet2D

SHAPE = (3, 8, 8)
PLAIN = UNet2DConfig(
    down_block_types=("DownBlock2D", "AttnDownBlock2D"),
    up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    block_out_channels=(8, 16),
    layers_per_block=1,
    norm_num_groups=4,
)
NCSNPP = replace(
    PLAIN,
    down_block_types=("SkipDownBlock2D", "AttnSkipDownBlock2D"),
    up_block_types=("AttnSkipUpBlock2D", "SkipUpBlock2D"),
    block_out_channels=(32, 32),
    time_embedding_type="fourier",
    center_input_sample=True,
)
DDPM = {"_class_name": "DDPMScheduler", "num_train_timesteps": 1000, "beta_start": 1e-4, "beta_end": 0.02}
TIMES = torch.tensor([0, 17, 500, 998])
BETAS = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
SIGNAL = (1 - BETAS).cumprod(0)[TIMES]
TRAINED = ((1 - SIGNAL) / SIGNAL).sqrt()


def unet_folder(path, config=PLAIN, scheduler=DDPM, rename=lambda name: name, rows=0, **changes: Any):
    stored, folded = pair(UNet2D(config, SHAPE, rows))
    settings = {"_class_name": "UNet2DModel", "sample_size": 8, "in_channels": 3, **asdict(config)}
    settings = {key: value for key, value in {**settings, **changes}.items() if value != "left out"}
    write_folder(path, "unet", settings, {rename(name): tensor for name, tensor in stored.items()}, scheduler)
    return folded


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_what_the_scheduler_says_was_predicted(prediction, tmp_path):
    network = unet_folder(tmp_path / "a", scheduler={**DDPM, "prediction_type": prediction, "clip_sample": True})
    model, x = load_checkpoint(tmp_path / "a"), noisy(SHAPE, TRAINED)
    answer = evaluated(network, x, SIGNAL.sqrt(), TIMES)
    expected = {
        "epsilon": x - each(TRAINED) * answer,
        "v_prediction": each(SIGNAL) * x - each((1 - SIGNAL).sqrt()) * answer,
        "sample": answer,
    }
    near(model(x, TRAINED), expected[prediction], TRAINED, 1e-3)
    assert NOT_CLIPPED in model.info.remarks
    assert (model.info.family, model.info.architecture, model.shape) == ("diffusers", "unet2d", SHAPE)
    for inside in ("model_index.json", "unet/config.json"):
        assert torch.equal(load_checkpoint(tmp_path / "a" / inside)(x, TRAINED), model(x, TRAINED))


@pytest.mark.parametrize(
    ("scheduler", "betas"),
    [
        (
            {"_class_name": "DDIMScheduler", "beta_schedule": "linear", "beta_end": 0.03},
            torch.linspace(1e-4, 0.03, 1000),
        ),
        (
            {
                "_class_name": "PNDMScheduler",
                "beta_schedule": "scaled_linear",
                "beta_start": 0.00085,
                "beta_end": 0.012,
            },
            torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2,
        ),
        (
            {"_class_name": "DDPMScheduler", "beta_schedule": "linear", "trained_betas": [0.1, 0.2, 0.3]},
            torch.tensor([0.1, 0.2, 0.3]),
        ),
        (
            {"_class_name": "DDPMScheduler", "beta_schedule": "sigmoid"},
            1e-4 + 0.0199 * torch.linspace(-6, 6, 1000).sigmoid(),
        ),
    ],
    ids=["DDIM", "scaled linear", "trained betas", "sigmoid"],
)
def test_noise_schedules(scheduler, betas, tmp_path):
    unet_folder(tmp_path / "a", scheduler=scheduler)
    signal = (1 - betas.double()).cumprod(0)
    sigma = ((1 - signal) / signal).sqrt()
    model = load_checkpoint(tmp_path / "a")
    assert (model.sigma_min, model.sigma_max) == (
        pytest.approx(sigma[0].item(), 1e-4),
        pytest.approx(sigma[-1].item(), 1e-4),
    )


def test_names_of_2022(tmp_path):
    new = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}

    def rename(name):
        for ours, theirs in new.items():
            name = name.replace(f".{ours}.", f".{theirs}.")
        return name

    unet_folder(tmp_path / "a")
    unet_folder(tmp_path / "b", rename=rename)
    x = noisy(SHAPE, TRAINED)
    assert torch.equal(load_checkpoint(tmp_path / "a")(x, TRAINED), load_checkpoint(tmp_path / "b")(x, TRAINED))


def test_score_sde_knows_images_from_0_to_1(tmp_path):
    """D(y; σ) = 2 D01((y + 1)/2; σ/2) − 1 with D01(x; s) = x + s · output, and 2x − 1 inside the network."""
    scheduler = {
        "_class_name": "ScoreSdeVeScheduler",
        "sigma_min": 0.01,
        "sigma_max": 1348.0,
        "num_train_timesteps": 2000,
    }
    network = unet_folder(tmp_path / "a", NCSNPP, scheduler)
    model, y = load_checkpoint(tmp_path / "a"), noisy(SHAPE)
    small, s = (y + 1) / 2, SIGMA / 2
    near(model(y, SIGMA), 2 * (small + each(s) * evaluated(network, small, 1, s)) - 1, SIGMA)
    assert (model.sigma_min, model.sigma_max) == (0.02, 2696.0)
    assert UNIT_IMAGES in model.info.remarks
    assert model(y, 0.0).isfinite().all()


def test_consistency_models(tmp_path):
    network = unet_folder(
        tmp_path / "a", scheduler={"_class_name": "CMStochasticIterativeScheduler"}, rows=4, num_class_embeds=4
    )
    model, x, rows = load_checkpoint(tmp_path / "a"), noisy(SHAPE), torch.tensor([0, 3, 1, 2])
    root, above = (SIGMA**2 + 0.25).sqrt(), SIGMA - 0.002
    answer = evaluated(network, x, 1 / root, 250 * SIGMA.log(), rows)
    near(model(x, SIGMA, labels=rows), each(0.25 / (above**2 + 0.25)) * x + each(above * 0.5 / root) * answer, SIGMA)
    assert (model.num_classes, model.info.has_null_class) == (4, False)


def test_a_missing_setting_has_the_constructors_default(tmp_path):
    default = {
        "attention_head_dim": 8,
        "flip_sin_to_cos": True,
        "freq_shift": 0,
        "downsample_padding": 1,
        "add_attention": True,
    }
    unet_folder(tmp_path / "a")
    unet_folder(tmp_path / "b", **dict.fromkeys(default, "left out"))
    x = noisy(SHAPE, TRAINED)
    assert torch.equal(load_checkpoint(tmp_path / "a")(x, TRAINED), load_checkpoint(tmp_path / "b")(x, TRAINED))


@pytest.mark.parametrize("kind", ["DiTTransformer2DModel", "Transformer2DModel"])
def test_dit(kind, tmp_path):
    config = DiffusersDiTConfig(out_channels=8, num_attention_heads=3, attention_head_dim=8, num_layers=2)
    stored, network = pair(DiffusersDiT(config, (4, 6, 6), 4))
    settings = {
        "_class_name": kind,
        "sample_size": 6,
        "in_channels": 4,
        "num_embeds_ada_norm": 3,
        "norm_type": "ada_norm_zero",
    }
    write_folder(tmp_path / "a", "transformer", {**settings, **asdict(config)}, stored, DDPM)
    model, x = load_checkpoint(tmp_path / "a"), noisy((4, 6, 6), TRAINED)
    for labels, rows in (([2, 0, 1, -1], [2, 0, 1, 3]), (None, [3, 3, 3, 3])):
        answer = evaluated(network, x, SIGNAL.sqrt(), TIMES, torch.tensor(rows))
        near(model(x, TRAINED, labels=labels), x - each(TRAINED) * answer, TRAINED, 1e-3)
    assert (model.num_classes, model.info.has_null_class, model.info.remarks) == (3, True, (LATENTS,))


def test_a_bare_network_lacks_its_noise(tmp_path):
    unet_folder(tmp_path / "a")
    shutil.copytree(tmp_path / "a" / "unet", tmp_path / "b")
    with pytest.raises(CheckpointError, match=r"give the hint diffusion.noise_schedule \(linear, cosine"):
        load_checkpoint(tmp_path / "b")
    x = noisy(SHAPE, TRAINED)
    hints = {"diffusion": {"noise_schedule": "linear", "steps": 1000}}
    assert torch.equal(
        load_checkpoint(tmp_path / "a")(x, TRAINED), load_checkpoint(tmp_path / "b", hints=hints)(x, TRAINED)
    )
    with pytest.raises(CheckpointError, match=r"the hint diffusion.steps says 10, and the file says 1000"):
        load_checkpoint(tmp_path / "a", hints={"diffusion": {"steps": 10}})


def test_sizes_of_images(tmp_path):
    unet_folder(tmp_path / "a", sample_size=None)
    with pytest.raises(CheckpointError, match="give the hint image_size, because its config has no sample_size"):
        load_checkpoint(tmp_path / "a")
    assert load_checkpoint(tmp_path / "a", hints={"image_size": 12}).shape == (3, 12, 12)
    unet_folder(tmp_path / "b", sample_size=[8, 12])
    assert load_checkpoint(tmp_path / "b").shape == (3, 8, 12)


@pytest.mark.parametrize(
    ("changes", "scheduler", "fragment"),
    [
        ({"_class_name": "UNet2DConditionModel"}, DDPM, "UNet2DConditionModel.*take texts are not opened"),
        ({"act_fn": "gelu"}, DDPM, "its act_fn is 'gelu'"),
        ({"class_embed_type": "timestep"}, DDPM, "class_embed_type is 'timestep'"),
        ({"time_embedding_type": "learned"}, DDPM, "outside their limits"),
        ({"down_block_types": ["Other", "DownBlock2D"]}, DDPM, "outside their limits"),
        ({"layers_per_block": 256}, DDPM, r"describes 1026 blocks and has \d+ tensors"),
        ({"layers_per_block": 10**9}, DDPM, "outside their limits"),
        ({"block_out_channels": [8, 32]}, DDPM, "its config asks for"),
        ({"block_out_channels": [65536, 65536]}, DDPM, "its network does not have"),
        ({"layers_per_block": 2}, DDPM, "it lacks"),
        ({"in_channels": "three"}, DDPM, "in_channels is 'three'"),
        ({"sample_size": 2**31}, DDPM, r"one image of shape .* takes .* of memory"),
        ({"sample_size": 9}, DDPM, "multiples of 2"),
        ({"sample_size": [1, 2, 3]}, DDPM, "sample_size is"),
        ({"num_class_embeds": -1}, DDPM, "num_class_embeds is '-1'"),
        (
            {},
            {"_class_name": "FlowMatchEulerDiscreteScheduler"},
            "'FlowMatchEulerDiscreteScheduler', which is not known",
        ),
        ({}, {**DDPM, "prediction_type": "flow"}, "predicts 'flow'"),
        ({}, {**DDPM, "beta_schedule": "laplace"}, "'laplace', which is not known"),
        ({}, {**DDPM, "rescale_betas_zero_snr": True}, "σ is infinite"),
        ({}, {**DDPM, "beta_end": "big"}, "beta_end 'big'"),
        ({}, {**DDPM, "trained_betas": [0.5, 2.0]}, "between 0 and 1"),
        ({}, {**DDPM, "num_train_timesteps": 10**9}, "steps"),
        ({}, {"_class_name": "ScoreSdeVeScheduler"}, "does not take σ as its time"),
    ],
)
def test_folders_that_are_refused(changes, scheduler, fragment, tmp_path):
    unet_folder(tmp_path / "a", scheduler=scheduler, **changes)
    with pytest.raises(CheckpointError, match=fragment):
        load_checkpoint(tmp_path / "a")


def test_a_folder_without_settings_is_no_network(tmp_path):
    unet_folder(tmp_path / "a", _class_name="left out")
    with pytest.raises(CheckpointError, match="no network that this program knows"):
        load_checkpoint(tmp_path / "a")
