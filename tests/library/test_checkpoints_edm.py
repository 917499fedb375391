"""Files of EDM and EDM2: every preconditioning and network, what a card says, and what is refused."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from edm_pickles import EasyDict, Persistent
from public_files import SIGMA, each, evaluated, near, noisy, pair, record, with_weights, write_pickle, write_torch

from geomodel.checkpoints import CheckpointError, inspect, load_checkpoint
from geomodel.checkpoints.edm import ARGUMENTS, NEVER_WITHOUT_LABEL
from geomodel.networks.configs import DhariwalConfig, EDM2Config, SongConfig
from geomodel.networks.dhariwal import DhariwalUNet
from geomodel.networks.edm2 import EDM2UNet
from geomodel.networks.song import SongUNet

SHAPE, CLASSES = (3, 8, 8), 3
SONG = SongConfig(outputs=3, channels=8, multipliers=(1, 2), blocks=1, attention=(4,))
NCSNPP = replace(
    SONG, embedding="fourier", encoder="residual", noise_multiplier=2, resample_filter=(1.0, 3.0, 3.0, 1.0)
)
ADM = DhariwalConfig(outputs=3, channels=64, multipliers=(1, 2), blocks=1, attention=(4,))
LABELS, ROWS = [0, 2, -1, 1], torch.tensor([0, 2, CLASSES, 1])


def network_of(config: SongConfig | DhariwalConfig, classes: int):
    kind = SongUNet if isinstance(config, SongConfig) else DhariwalUNet
    return kind(config, SHAPE, classes + 1 if classes else 0)


def edm_object(
    name: str,
    config: SongConfig | DhariwalConfig,
    classes: int = 0,
    *,
    old: bool = False,
    change: Any = lambda model, top: None,
    buffers: dict[str, torch.Tensor] | None = None,
    **attributes: Any,
):
    """The object of a network as the public code has it, and the network that computes with its weights."""
    network = network_of(config, classes)
    stored, folded = pair(network)
    own = with_weights(network_of(config, classes), stored)
    fields = {field: argument for argument, field in ARGUMENTS.items()}
    arguments = {fields[field]: value for field, value in asdict(config).items()}
    arguments = {key: list(value) if isinstance(value, tuple) else value for key, value in arguments.items()}
    model = record(own, type(own).__name__, old=old, _init_kwargs={**arguments, "img_resolution": 8, "in_channels": 3})
    own.map_augment = torch.nn.Linear(9, 4, bias=False)  # there in the file, and used in training alone
    model.state["_modules"]["map_augment"] = record(own.map_augment, "Linear", old=old)
    outer = torch.nn.Module()
    for key, value in (buffers or {}).items():
        outer.register_buffer(key, value)
    top = {"img_resolution": 8, "img_channels": 3, "label_dim": classes, "use_fp16": False, **attributes}
    change(model, top)
    outer_record = record(outer, name, old=old, **top)
    outer_record.state["_modules"]["model"] = model
    return outer_record, folded


def edm_file(path: Path, *arguments: Any, **kinds: Any):
    """A snapshot as the training writes it, and the network that computes with its weights."""
    found, folded = edm_object(*arguments, **kinds)
    write_pickle(path, {"ema": found, "loss_fn": Persistent("EDMLoss", {"P_mean": -1.2}), "augment_pipe": None})
    return folded


LEVELS = torch.tensor([90.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.0])
ROOT = (SIGMA**2 + 0.25).sqrt()
VP_TIME = ((0.1**2 + 2 * 19.9 * torch.log1p(SIGMA**2)).sqrt() - 0.1) / 19.9
NEAREST = 6 - (SIGMA[:, None] - LEVELS.double()).abs().argmin(1)
OWN = ((SIGMA - 0.003) ** 2 + 0.25).sqrt()
EDM = {"sigma_min": 0.0, "sigma_max": math.inf, "sigma_data": 0.5}
VP = {"sigma_min": 0.001, "sigma_max": 152.2, "beta_d": 19.9, "beta_min": 0.1, "M": 1000}
# Class → (attributes, buffers, c_skip, c_out, c_in, c_noise), by the formulas of the paper.
KINDS: dict[str, tuple[Any, ...]] = {
    "EDMPrecond": (EDM, {}, 0.25 / ROOT**2, SIGMA * 0.5 / ROOT, 1 / ROOT, SIGMA.log() / 4),
    "VPPrecond": (VP, {}, 1, -SIGMA, 1 / (SIGMA**2 + 1).sqrt(), 999 * VP_TIME),
    "VEPrecond": ({"sigma_min": 0.02, "sigma_max": 100.0}, {}, 1, SIGMA, 1, (SIGMA / 2).log()),
    "iDDPMPrecond": ({"M": 7}, {"u": LEVELS}, 1, -SIGMA, 1 / (SIGMA**2 + 1).sqrt(), NEAREST),
    "ECMPrecond": (
        {**EDM, "sigma_min": 0.003},
        {},
        0.25 / OWN**2,
        (SIGMA - 0.003) * 0.5 / ROOT,
        1 / ROOT,
        SIGMA.log() / 4,
    ),
}


@pytest.mark.parametrize("classes", [0, CLASSES], ids=["unconditional", "labels"])
@pytest.mark.parametrize("config", [SONG, NCSNPP, ADM], ids=["DDPM++", "NCSN++", "ADM"])
@pytest.mark.parametrize("name", KINDS)
def test_d_is_that_of_the_code(name, config, classes, tmp_path):
    attributes, buffers, skip, out, into, time = KINDS[name]
    if name == "iDDPMPrecond":  # it learned a variance too
        config = replace(config, outputs=6)
    network = edm_file(tmp_path / "a.pkl", name, config, classes, old=config is ADM, buffers=buffers, **attributes)
    model, x = load_checkpoint(tmp_path / "a.pkl"), noisy(SHAPE)
    answer = evaluated(network, x, into, time, ROWS if classes else None)
    found = model(x, SIGMA, labels=LABELS if classes else None)
    near(found, each(skip) * x + each(out) * answer, SIGMA)
    assert torch.equal(model(x, SIGMA), model(x, SIGMA, labels=[-1] * 4))
    info = model.info
    assert (info.family, info.shape, info.classes, info.has_null_class) == ("edm", SHAPE, classes, classes > 0)
    assert (info.average, info.ignored["map_augment"], info.ignored["loss_fn"]) == ("ema", 1, 0)
    assert info == replace(inspect(tmp_path / "a.pkl"), device="cpu", sha256=info.sha256)
    assert (NEVER_WITHOUT_LABEL in info.remarks) == (classes > 0)
    assert any("consistency function" in remark for remark in info.remarks) == (name == "ECMPrecond")


def test_noise_levels(tmp_path):
    for name, expected in (
        ("EDMPrecond", (0.0, math.inf, (0.002, 80.0))),
        ("VPPrecond", (0.001, 152.2, (0.002, 80.0))),
        ("VEPrecond", (0.02, 100.0, (0.02, 80.0))),
        ("iDDPMPrecond", (pytest.approx(0.1), 90.0, (pytest.approx(0.1), 80.0))),
        ("ECMPrecond", (0.003, math.inf, (0.003, 80.0))),
    ):
        edm_file(tmp_path / name, name, SONG, buffers=KINDS[name][1], **KINDS[name][0])
        model = load_checkpoint(tmp_path / name)
        assert (model.sigma_min, model.sigma_max, model.sigma_recommended) == expected
        assert model.round_sigma(60.0) == (90.0 if name == "iDDPMPrecond" else 60.0)  # as near to 30
        assert model.round_sigma(2.1) == (3.0 if name == "iDDPMPrecond" else 2.1)


def test_a_training_state_is_the_same_network(tmp_path):
    """torch.save writes the same object into a zip."""
    found, _ = edm_object("EDMPrecond", SONG, CLASSES, **EDM)
    write_pickle(tmp_path / "a.pkl", {"ema": found})
    write_torch(tmp_path / "a.pt", {"net": found, "optimizer_state": {"step": torch.zeros(3)}})
    expected, model = load_checkpoint(tmp_path / "a.pkl"), load_checkpoint(tmp_path / "a.pt")
    x = noisy(SHAPE)
    assert torch.equal(model(x, SIGMA), expected(x, SIGMA))
    assert (model.info.average, model.info.ignored["optimizer_state"]) == ("", 1)


def spoil_heads(model, top):
    attended = [block for block in model.state["_modules"]["enc"].values() if block.state.get("num_heads")]
    attended[0].state["num_heads"] = 2


def spoil_scale(model, top):
    next(block for block in model.state["_modules"]["enc"].values() if block.name == "UNetBlock").state[
        "skip_scale"
    ] = np.float64(1.0)


def argument(**values):
    return lambda model, top: model.state["_init_kwargs"].update(values)


def attribute(**values):
    return lambda model, top: top.update(values)


def without(name):
    return lambda model, top: top.pop(name)


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        (spoil_heads, "has num_heads 2; 1 is expected"),
        (spoil_scale, "has skip_scale 1; 0.707107 is expected"),
        (argument(model_channels=10**9), "outside their limits"),
        (argument(model_channels=4096), "its config asks for"),
        (argument(num_blocks=2), "it lacks"),
        (argument(num_blocks=256, channel_mult=[1] * 4), r"describes 2052 blocks and has \d+ tensors"),
        (argument(num_blocks=10**6), "outside their limits"),
        (argument(channel_mult=[1] * 17), "outside their limits"),
        (argument(encoder_type="other"), "outside their limits"),
        (argument(new_trick=True), "'new_trick', which is not known"),
        (attribute(label_dim=2), "map_label"),
        (attribute(label_dim=10**12), "label_dim 1e"),
        (attribute(img_resolution=6.5), "img_resolution 6.5"),
        (attribute(img_resolution=7), "multiples of 2"),
        (attribute(sigma_min=90.0), "recommended"),
        (attribute(sigma_data="wide"), "no number sigma_data"),
        (attribute(sigma_data=-1.0), "sigma_data is -1"),
        (without("sigma_max"), "no number sigma_max"),
    ],
)
def test_a_file_that_contradicts_itself(change, fragment, tmp_path):
    edm_file(tmp_path / "a.pkl", "EDMPrecond", SONG, CLASSES, change=change, **EDM)
    with pytest.raises(CheckpointError, match=fragment):
        load_checkpoint(tmp_path / "a.pkl")


def test_classes_that_are_not_known(tmp_path):
    edm_file(tmp_path / "a", "SomePrecond", SONG, **EDM)
    with pytest.raises(CheckpointError, match="of the class 'SomePrecond'; known are: EDMPrecond"):
        load_checkpoint(tmp_path / "a")
    edm_file(tmp_path / "b", "iDDPMPrecond", SONG, M=7)
    with pytest.raises(CheckpointError, match="lacks its table of noise levels"):
        load_checkpoint(tmp_path / "b")


def test_hints_are_compared_with_the_file(tmp_path):
    edm_file(tmp_path / "a", "EDMPrecond", SONG, CLASSES, **EDM)
    right = {"image_size": 8, "channel_mult": [1, 2], "family": "edm", "diffusion": {"sigma_data": 0.5}}
    assert load_checkpoint(tmp_path / "a", hints=right).shape == SHAPE
    for wrong, fragment in (
        ({"image_size": 16}, "the hint image_size says 16, and the file says 8"),
        ({"model_channels": 9}, "the hint model_channels says 9"),
        ({"diffusion": {"sigma_data": 1.0}}, "the hint diffusion.sigma_data says 1.0, and the file says 0.5"),
        ({"diffusion": 3}, "diffusion is 3; a table is expected"),
        ({"num_head": 2}, "num_head is not one that its network has"),
        ({"diffusion": {"steps": 2}}, "diffusion.steps is not one"),
    ):
        with pytest.raises(CheckpointError, match=fragment):
            load_checkpoint(tmp_path / "a", hints=wrong)


# --- EDM2 ------------------------------------------------------------------------------------------------------------

EDM2 = EDM2Config(
    channels=8,
    multipliers=(1, 2),
    noise_channels=8,
    embedding=16,
    blocks=1,
    attention=(4,),
    channels_per_head=8,
    res_balance=0.4,
    attn_balance=0.2,
    concat_balance=0.6,
    label_balance=0.45,
    clip=8.0,
)


def edm2_file(path: Path, classes: int = 0, *, encoder: str = "StandardRGBEncoder", change: Any = None, half=True):
    network = EDM2UNet(EDM2, SHAPE, classes + 1 if classes else 0)
    stored, _ = pair(network)
    kept = {name: tensor.half() if half else tensor for name, tensor in stored.items()}
    folded = with_weights(EDM2UNet(EDM2, SHAPE, classes + 1 if classes else 0), {n: t.float() for n, t in kept.items()})
    unet = EDM2UNet(EDM2, SHAPE, classes + 1 if classes else 0).half()
    unet.load_state_dict(kept)
    arguments = {"model_channels": 8, "channel_mult": [1, 2], "num_blocks": 1, "attn_resolutions": [4]}
    inner = record(
        unet, "UNet", label_balance=0.45, concat_balance=0.6, _init_kwargs={**arguments, "channels_per_head": 8}
    )
    top = record(torch.nn.Module(), "Precond", img_resolution=8, img_channels=3, label_dim=classes, sigma_data=0.5)
    top.state["_modules"].update(unet=inner, logvar_linear=record(torch.nn.Linear(2, 1), "MPConv"))
    if change:
        change(inner)
    write_pickle(path, EasyDict(ema=top, encoder=Persistent(encoder, {}), dataset_kwargs=EasyDict(a=1), loss_fn=None))
    folded.fold()
    return folded.eval()


@pytest.mark.parametrize("classes", [0, CLASSES], ids=["unconditional", "labels"])
def test_edm2_is_that_of_the_code(classes, tmp_path):
    network = edm2_file(tmp_path / "a.pkl", classes)
    model, x = load_checkpoint(tmp_path / "a.pkl"), noisy(SHAPE)
    answer = evaluated(network, x, 1 / ROOT, SIGMA.log() / 4, ROWS if classes else None)
    expected = each(0.25 / ROOT**2) * x + each(SIGMA * 0.5 / ROOT) * answer
    near(model(x, SIGMA, labels=LABELS if classes else None), expected, SIGMA)
    assert (model.info.dtype, model.info.family, model.sigma_recommended) == ("float16", "edm2", (0.002, 80.0))
    assert (model.sigma_min, model.sigma_max) == (0.0, math.inf)
    assert model.info.remarks == ()


def test_edm2_of_latents_says_so(tmp_path):
    edm2_file(tmp_path / "a.pkl", encoder="StabilityVAEEncoder")
    info = inspect(tmp_path / "a.pkl")
    assert info.latents == "edm2"
    assert "latents" in info.remarks[0]


def test_edm2_with_blocks_that_differ(tmp_path):
    def heads(unet):
        next(b for b in unet.state["_modules"]["enc"].values() if b.state.get("num_heads")).state["num_heads"] = 4

    def balance(unet):
        unet.state["_modules"]["dec"]["4x4_in0"].state["res_balance"] = 0.9

    for change, fragment in ((heads, "4 heads where 2 are expected"), (balance, "its blocks differ")):
        edm2_file(tmp_path / "a.pkl", change=change)
        with pytest.raises(CheckpointError, match=fragment):
            load_checkpoint(tmp_path / "a.pkl")
