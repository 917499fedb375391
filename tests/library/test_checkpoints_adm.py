"""State dicts of the ADM codes: one U-Net under four clocks, hints, prefixes, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from public_files import SIGMA, each, evaluated, near, noisy, pair

from geomodel.checkpoints import CheckpointError, inspect, load_checkpoint
from geomodel.checkpoints.adm import OPTIMAL_TRANSPORT
from geomodel.networks.adm import ADMUNet
from geomodel.networks.configs import ADMConfig

SHAPE, CLASSES = (3, 8, 8), 3
GUIDED = ADMConfig(outputs=6, embedding=32, widths=(32, 64), blocks=1, attention=(2,), heads=4)
IMPROVED = replace(GUIDED, resampling="convolutions")
CONSISTENCY = replace(GUIDED, outputs=3, new_attention_order=True, fused_axes=2, heads=1, head_channels=16)
FLOW = replace(GUIDED, outputs=3, resampling="convolutions", scale_shift=False, heads=1, head_channels=16)
HINTS: dict[str, Any] = {
    "image_size": 8,
    "num_heads": 4,
    "use_new_attention_order": False,
    "diffusion": {"steps": 1000, "noise_schedule": "linear"},
}


def written(path, config, classes=0, wrap=lambda stored: stored, **network: Any):
    stored, folded = pair(ADMUNet(config, SHAPE, classes))
    torch.save(wrap(stored), path)
    return folded


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in HINTS.items() if key != name}


def levels(steps: int, times: torch.Tensor) -> torch.Tensor:
    """σ at trained times of the linear schedule."""
    betas = torch.linspace(0.1 / steps, 20 / steps, steps, dtype=torch.float64)
    signal = (1 - betas).cumprod(0)[times]
    return ((1 - signal) / signal).sqrt()


@pytest.mark.parametrize("classes", [0, CLASSES], ids=["unconditional", "labels"])
@pytest.mark.parametrize("new", [False, True], ids=["legacy order", "new order"])
def test_guided_diffusion(new, classes, tmp_path):
    network = written(tmp_path / "a.pt", replace(GUIDED, new_attention_order=new), classes)
    hints = {**HINTS, "use_new_attention_order": new}
    model = load_checkpoint(tmp_path / "a.pt", hints=hints)
    times = torch.tensor([0, 17, 500, 998])
    sigma, rows = levels(1000, times), torch.tensor([0, 2, 1, 0]) if classes else None
    x = noisy(SHAPE, sigma)
    answer = evaluated(network, x, 1 / (1 + sigma**2).sqrt(), times, rows)
    near(model(x, sigma, labels=rows), x - each(sigma) * answer, sigma, 1e-3)
    assert (model.info.family, model.num_classes, model.info.has_null_class) == ("guided_diffusion", classes, False)
    assert model.sigma_max == pytest.approx(157.4, rel=1e-3)
    if classes:
        with pytest.raises(ValueError, match="no null class"):
            model(x, sigma)


@pytest.mark.parametrize("rescaled", [True, False])
def test_improved_diffusion_may_be_told_a_thousandth_of_the_way(rescaled, tmp_path):
    network = written(tmp_path / "a.pt", IMPROVED)
    diffusion = {"steps": 4000, "noise_schedule": "linear", "rescale_timesteps": rescaled}
    model = load_checkpoint(
        tmp_path / "a.pt",
        hints={**without("use_new_attention_order"), "family": "improved_diffusion", "diffusion": diffusion},
    )
    times = torch.tensor([0, 70, 2000, 3990])
    sigma = levels(4000, times)
    x = noisy(SHAPE, sigma)
    answer = evaluated(network, x, 1 / (1 + sigma**2).sqrt(), times / 4 if rescaled else times)
    near(model(x, sigma), x - each(sigma) * answer, sigma, 1e-3)


@pytest.mark.parametrize("distilled", [False, True])
def test_consistency_models(distilled, tmp_path):
    network = written(tmp_path / "a.pt", CONSISTENCY, CLASSES)
    prediction = "consistency" if distilled else "edm"
    hints = {"image_size": 8, "num_head_channels": 16, "diffusion": {"prediction": prediction}}
    model, x, rows = load_checkpoint(tmp_path / "a.pt", hints=hints), noisy(SHAPE), torch.tensor([0, 2, 1, 0])
    above = SIGMA - 0.002 if distilled else SIGMA
    root = (SIGMA**2 + 0.25).sqrt()
    answer = evaluated(network, x, 1 / root, 250 * SIGMA.log(), rows)
    expected = each(0.25 / (above**2 + 0.25)) * x + each(above * 0.5 / root) * answer
    near(model(x, SIGMA, labels=rows), expected, SIGMA)
    assert any("consistency function" in remark for remark in model.info.remarks) == distilled
    assert (model.sigma_min, model.sigma_max) == (0.002, 80.0)


def test_torch_cfm(tmp_path):
    network = written(tmp_path / "a.pt", FLOW)
    hints = {"family": "torchcfm", "image_size": 8, "num_heads": 4, "num_head_channels": 16}
    model, x, t = load_checkpoint(tmp_path / "a.pt", hints=hints), noisy(SHAPE), 1 / (1 + SIGMA)
    answer = evaluated(network, x, t, t)
    near(model(x, SIGMA), each(t) * x + each(1 - t) * answer, SIGMA)
    assert OPTIMAL_TRANSPORT in model.info.remarks


def test_flow_matching_with_labels_may_have_a_row_for_none(tmp_path):
    network = written(tmp_path / "a.pt", FLOW, CLASSES + 1)
    hints = {"family": "torchcfm", "image_size": 8, "num_head_channels": 16, "num_classes": CLASSES}
    model, x, t = load_checkpoint(tmp_path / "a.pt", hints=hints), noisy(SHAPE), 1 / (1 + SIGMA)
    answer = evaluated(network, x, t, t, torch.full((4,), CLASSES))
    near(model(x, SIGMA), each(t) * x + each(1 - t) * answer, SIGMA)


@pytest.mark.parametrize(
    "config",
    [
        GUIDED,
        IMPROVED,
        replace(GUIDED, resampling="pooling"),
        replace(GUIDED, blocks=3, widths=(32, 32, 64), attention=(1, 4)),
        replace(IMPROVED, attention=(), blocks=2),
        replace(GUIDED, embedding=64, scale_shift=False),
        replace(IMPROVED, widths=(32,), attention=(1,)),
    ],
)
def test_the_architecture_is_read_off_the_names(config, tmp_path):
    """The network of the config has exactly the tensors of the file, or it would be refused."""
    stored, _ = pair(ADMUNet(config, SHAPE, 0))
    torch.save(stored, tmp_path / "a.pt")
    hints = {
        **HINTS,
        "family": "guided_diffusion",
        "num_res_blocks": config.blocks,
        "attention_resolutions": config.attention,
    }
    model = load_checkpoint(tmp_path / "a.pt", hints=hints)
    assert model.info.parameters == sum(tensor.numel() for tensor in stored.values())


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: {"ema": s, "model": {name: 0 * tensor for name, tensor in s.items()}, "step": 3},
        lambda s: {"state_dict": {f"module.{name}": tensor for name, tensor in s.items()}},
        lambda s: {f"_orig_mod.{name}": tensor for name, tensor in s.items()},
        lambda s: {"ema_model": {f"module.{n}": t for n, t in s.items()}, "net_model": s, "optim": {"state": {}}},
        lambda s: {"state_dict": {f"model.net.{name}": tensor for name, tensor in s.items()}, "epoch": 3},
    ],
    ids=["average", "module", "compiled", "torch_cfm", "lightning"],
)
def test_training_files(wrap, tmp_path):
    written(tmp_path / "a.pt", GUIDED)
    written(tmp_path / "b.pt", GUIDED, wrap=wrap)
    expected, model = (load_checkpoint(tmp_path / name, hints=HINTS) for name in ("a.pt", "b.pt"))
    x = noisy(SHAPE)
    assert torch.equal(expected(x, SIGMA), model(x, SIGMA))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_torso_of_half_the_bytes(dtype, tmp_path):
    half = lambda s: {n: t.to(dtype) if "blocks" in n or "middle" in n else t for n, t in s.items()}  # noqa: E731
    written(tmp_path / "a.pt", GUIDED, wrap=lambda s: {name: tensor.float() for name, tensor in half(s).items()})
    written(tmp_path / "b.pt", GUIDED, wrap=half)
    expected, model = (load_checkpoint(tmp_path / name, hints=HINTS) for name in ("a.pt", "b.pt"))
    x = noisy(SHAPE)
    assert torch.equal(expected(x, SIGMA), model(x, SIGMA))
    assert model.info.dtype == ", ".join(sorted([str(dtype)[6:], "float32"]))


# --- hints -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hint", "fragment"),
    [
        ("image_size", "give the hint image_size, because"),
        ("num_heads", r"give the hint num_heads, because .*num_head_channels may be given instead"),
        ("use_new_attention_order", r"give the hint use_new_attention_order \(True, False\), because"),
        ("diffusion", r"give the hint diffusion.noise_schedule \(linear, cosine, sigmoid, scaled_linear\), because"),
    ],
)
def test_a_missing_hint_is_named_with_its_choices(hint, fragment, tmp_path):
    written(tmp_path / "a.pt", GUIDED)
    with pytest.raises(CheckpointError, match=fragment):
        load_checkpoint(tmp_path / "a.pt", hints=without(hint))
    assert inspect(tmp_path / "a.pt", hints=without(hint)).family == "guided_diffusion"  # the card is there already


def test_the_code_is_asked_for_where_weights_do_not_tell(tmp_path):
    written(tmp_path / "a.pt", IMPROVED)  # twice the outputs: no flow
    with pytest.raises(CheckpointError, match=r"give the hint family \(guided_diffusion, improved_diffusion\)"):
        load_checkpoint(tmp_path / "a.pt", hints=HINTS)
    written(tmp_path / "b.pt", FLOW)
    with pytest.raises(CheckpointError, match=r"family \(guided_diffusion, improved_diffusion, torchcfm\)"):
        load_checkpoint(tmp_path / "b.pt", hints=HINTS)
    with pytest.raises(CheckpointError, match="the hint family is 'edm'; known are"):
        load_checkpoint(tmp_path / "b.pt", hints={"family": "edm"})
    written(tmp_path / "c.pt", CONSISTENCY)
    with pytest.raises(CheckpointError, match=r"give the hint diffusion.prediction \(edm, consistency\)"):
        load_checkpoint(tmp_path / "c.pt", hints={"image_size": 8, "num_heads": 4})
    four = {**HINTS, "family": "improved_diffusion", "diffusion": {"steps": 4000, "noise_schedule": "cosine"}}
    with pytest.raises(CheckpointError, match=r"diffusion.rescale_timesteps \(True, False\)"):
        load_checkpoint(tmp_path / "a.pt", hints=four)


def test_all_that_the_constructor_takes_is_welcome(tmp_path):
    written(tmp_path / "a.pt", GUIDED)
    whole = {
        "in_channels": 3,
        "model_channels": 32,
        "out_channels": 6,
        "num_res_blocks": 1,
        "attention_resolutions": (2,),
        "dropout": 0.1,
        "channel_mult": (1, 2),
        "conv_resample": True,
        "dims": 2,
        "num_classes": None,
        "use_checkpoint": False,
        "use_fp16": True,
        "num_head_channels": -1,
        "num_heads_upsample": -1,
        "use_scale_shift_norm": True,
        "resblock_updown": True,
        "num_heads": np.int64(4),
    }
    assert load_checkpoint(tmp_path / "a.pt", hints={**HINTS, **whole}).shape == SHAPE


def test_one_head_has_no_order(tmp_path):
    written(tmp_path / "a.pt", replace(GUIDED, heads=1))
    hints = {**without("use_new_attention_order"), "num_heads": 1}
    assert load_checkpoint(tmp_path / "a.pt", hints=hints).shape == SHAPE


def test_the_size_of_a_head_wins_over_their_number(tmp_path):
    network = written(tmp_path / "a.pt", replace(GUIDED, heads=1, head_channels=32))
    for hints in ({**HINTS, "num_head_channels": 32}, {**without("num_heads"), "num_head_channels": 32}):
        model, x = load_checkpoint(tmp_path / "a.pt", hints=hints), noisy(SHAPE, SIGMA[:1])
        sigma = levels(1000, torch.tensor([500]))
        answer = evaluated(network, x, 1 / (1 + sigma**2).sqrt(), 500)
        near(model(x, sigma), x - each(sigma) * answer, sigma, 1e-3)
    written(tmp_path / "b.pt", GUIDED)
    assert load_checkpoint(tmp_path / "b.pt", hints={**HINTS, "num_head_channels": -1}).shape == SHAPE


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        ({"num_classes": 7}, "the hint num_classes says 7, and the file says None"),
        ({"num_heads_upsample": 2}, "num_heads_upsample is 2; known are: -1, 4"),
        ({"channel_mult": [1, 4]}, r"channel_mult says \[1, 4\], and the file says \[1.0, 2.0\]"),
        ({"attention_resolutions": [4]}, r"attention_resolutions says \[4\]"),
        ({"learn_sigma": False}, "learn_sigma says False, and the file says True"),
        ({"family": "consistency_models"}, "the hint family"),
        ({"num_heads": 2.5}, "num_heads is 2.5; a whole number is expected"),
        ({"num_heads": True}, "num_heads is True; a whole number is expected"),
        ({"num_heads": 7}, "do not divide into 7 heads"),
        ({"num_head_channels": 48}, "do not divide into heads of 48"),
        ({"num_heads": -2}, "outside their limits"),
        ({"use_new_attention_order": "no"}, "true or false is expected"),
        ({"image_size": 9}, "multiples of 2"),
        ({"image_size": 0}, "multiples of 2"),
        ({"image_size": 10**6}, "one image of shape"),
        ({"nun_heads": 4}, "the hint nun_heads is not one"),
        ({"diffusion": {"steps": 1000, "noise_schedule": "quadratic"}}, "noise_schedule is 'quadratic'; known are"),
        ({"diffusion": {"steps": 10**9, "noise_schedule": "linear"}}, "has 1000000000 steps"),
        ({"diffusion": {"steps": 1000, "noise_schedule": "linear", "path": "gvp"}}, "diffusion.path is not one"),
        ({"diffusion": {"steps": 1000, "noise_schedule": "linear", "prediction": "velocity"}}, "known are: epsilon"),
        ({"diffusion": {"steps": 1000, "noise_schedule": "linear", "beta_end": 3}}, "to 3"),
    ],
)
def test_hints_that_do_not_fit(change, fragment, tmp_path):
    written(tmp_path / "a.pt", GUIDED)
    with pytest.raises(CheckpointError, match=fragment):
        load_checkpoint(tmp_path / "a.pt", hints={**HINTS, **change})


# --- what is refused -------------------------------------------------------------------------------------------------


def changed(stored, **tensors):
    names = {name.replace("__", "."): tensor for name, tensor in tensors.items()}
    return {name: tensor for name, tensor in {**stored, **names}.items() if tensor is not None}


@pytest.mark.parametrize(
    ("wrap", "fragment"),
    [
        (lambda s: {n: t for n, t in s.items() if not n.startswith("output_blocks")}, "it is a classifier"),
        (
            lambda s: changed(
                s, input_blocks__0__0__weight=torch.zeros(32, 6, 3, 3), out__2__weight=torch.zeros(3, 32, 3, 3)
            ),
            "upsampler",
        ),
        (lambda s: changed(s, out__0__weight=None), "it lacks 1 of the network's tensors"),
        (lambda s: changed(s, out__9__weight=torch.zeros(3)), "1 tensors that its network does not have"),
        (lambda s: changed(s, out__0__weight=torch.zeros(3)), "its config asks for"),
        (lambda s: changed(s, time_embed__0__weight=torch.zeros(3)), "no proper tensor time_embed.0.weight"),
        (lambda s: changed(s, output_blocks__9000__0__x=torch.zeros(3)), "do not divide into levels"),
        (lambda s: changed(s, output_blocks__0__0__out_layers__0__weight=torch.zeros(31)), "multiples of 32, not 31"),
        (lambda s: changed(s, middle_block__1__qkv__weight=None), "attention in the middle"),
    ],
    ids=["classifier", "upsampler", "missing", "unknown", "shape", "axes", "far block", "odd width", "no attention"],
)
def test_state_dicts_that_are_refused(wrap, fragment, tmp_path):
    written(tmp_path / "a.pt", GUIDED, wrap=wrap)
    with pytest.raises(CheckpointError, match=fragment):
        load_checkpoint(tmp_path / "a.pt", hints=HINTS)
