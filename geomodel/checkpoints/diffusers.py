"""Folders of diffusers: UNet2DModel and DiT, with the scheduler beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

import numpy as np

from geomodel.checkpoints import clock_hints
from geomodel.checkpoints.cards import clock_card
from geomodel.checkpoints.edm import CONSISTENCY, MOST
from geomodel.checkpoints.hints import Hints
from geomodel.checkpoints.plan import Plan
from geomodel.denoisers import clocks
from geomodel.denoisers.clock import Clock, Prediction
from geomodel.denoisers.noise_tables import levels_of_betas, named_levels
from geomodel.inert.folder import NETWORK, WEIGHTS
from geomodel.inert.values import Contents, Tensor, Value
from geomodel.networks import Blueprint, OpenedConfig, converted
from geomodel.networks.configs import DiffusersDiTConfig, UNet2DConfig

SCHEDULER = "scheduler_config.json"
TRANSFORMERS = ("DiTTransformer2DModel", "Transformer2DModel")
SCHEDULES = {
    "linear": "linear",
    "scaled_linear": "scaled_linear",
    "squaredcos_cap_v2": "cosine",
    "sigmoid": "sigmoid_betas",
}
PREDICTIONS = {"epsilon": "epsilon", "v_prediction": "v", "sample": "sample"}
# The names of attention in the files of 2022.
OLD_NAMES = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
_OLD = re.compile(r"\.attentions\.(\d+)\.(query|key|value|proj_attn)\.")
LATENTS = (
    "Its images are latents of the Stable Diffusion autoencoder times 0.18215; a preview shows them without a decoder."
)
UNIT_IMAGES = "The network knows images in [0, 1]; they are mapped to our [−1, 1], and noise levels with them."
NOT_CLIPPED = "Its scheduler clips D while it samples; D here is not clipped."


def recognise(contents: Contents, hints: Mapping[str, object]) -> Plan | None:
    """The network of a folder; None for a file. ValueError (a clause) where something in it is wrong."""
    if contents.container != "folder" or not isinstance(contents.value, dict):
        return None
    folder = _table(contents.value)
    part = next((_table(folder[name]) for name in ("unet", "transformer") if name in folder), folder)
    settings, given = _table(part.get(NETWORK)), Hints(hints)
    if "_class_name" not in settings:
        return None
    tensors = {_renamed(str(name)): tensor for name, tensor in _tensors(part.get(WEIGHTS)).items()}
    given.confirm(family="diffusers", **{name: value for name, value in settings.items() if name[:1] != "_"})
    side, network = _side(settings, given), _network(settings)
    scheduler = _table(_table(folder.get("scheduler")).get(SCHEDULER) or folder.get(SCHEDULER))
    clock = _clock(scheduler, settings, given.within("diffusion"))
    shape, blueprint = (network.colours, *(side or (0, 0))), None
    if side is not None:
        blueprint = Blueprint(
            architecture=network.architecture, config=network.config, shape=shape, label_rows=network.label_rows
        )
    facts: dict[str, Any] = {"mean": (-1.0,) * network.colours, "unit": 2.0} if network.centred else {}
    info = clock_card(
        contents,
        tensors,
        clock,
        family="diffusers",
        architecture=network.architecture,
        shape=shape,
        classes=network.label_rows - network.null,
        has_null_class=network.null,
        latents="sd" if network.architecture == "diffusers-dit" else "",
        remarks=_remarks(scheduler, clock, network),
        **facts,
    )
    return Plan(info=info, config=blueprint, clock=clock, tensors=tensors, questions=given.finish(), said=given.said())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Network:
    """What the network's own settings say."""

    architecture: str
    config: UNet2DConfig | DiffusersDiTConfig
    colours: int
    label_rows: int
    null: bool  # whether the last row of the label table is no class
    centred: bool = False  # whether it maps images in [0, 1] to [−1, 1] itself


def _network(settings: Mapping[str, Value]) -> _Network:
    kind = settings.get("_class_name")
    if kind == "UNet2DModel":
        return _Network(
            architecture="unet2d",
            config=_unet(settings),
            colours=_whole(settings, "in_channels", 3),
            label_rows=_whole(settings, "num_class_embeds", 0, least=0),
            null=False,
            centred=bool(settings.get("center_input_sample", False)),
        )
    if kind in TRANSFORMERS:
        return _Network(
            architecture="diffusers-dit",
            config=_transformer(settings),
            colours=_whole(settings, "in_channels", 4),
            label_rows=_whole(settings, "num_embeds_ada_norm", 1000) + 1,
            null=True,
        )
    raise ValueError(
        f"its network is of the class {str(kind)[:60]!r}; UNet2DModel and DiTTransformer2DModel are known, "
        "and networks that take texts are not opened"
    )


def _table(value: Value) -> dict[str, Value]:
    """A table of the folder; empty where there is none."""
    return {str(name): inside for name, inside in value.items()} if isinstance(value, dict) else {}


def _tensors(value: Value) -> dict[str, Tensor]:
    found = {str(name): tensor for name, tensor in _table(value).items() if isinstance(tensor, Tensor)}
    if not found:
        raise ValueError("it has no tensors beside its config")
    return found


def _renamed(name: str) -> str:
    return _OLD.sub(lambda found: f".attentions.{found[1]}.{OLD_NAMES[found[2]]}.", name)


def _side(settings: Mapping[str, Value], hints: Hints) -> tuple[int, int] | None:
    """Height and width of the images; None where neither the config nor a hint says them."""
    size = settings.get("sample_size")
    if size is None:
        side = hints.ask("image_size", int, reason="its config has no sample_size")
        return None if side is None else (side, side)
    sides = list(size) if isinstance(size, list) else [size, size]
    if len(sides) != 2 or not all(type(side) is int for side in sides):
        raise ValueError(f"its sample_size is {str(size)[:60]!r}")
    height, width = (cast(int, side) for side in sides)
    hints.confirm(image_size=height if height == width else (height, width))
    return height, width


def _known(settings: Mapping[str, Value], kind: type[OpenedConfig]) -> dict[str, Value]:
    """The settings that a config has; a missing one has the constructor's default."""
    return {field.name: settings[field.name] for field in fields(kind) if field.name in settings}


def _unet(settings: Mapping[str, Value]) -> UNet2DConfig:
    _expect(settings, act_fn=("silu",), class_embed_type=(None,), mid_block_type=(None, "UNetMidBlock2D"))
    if settings.get("mid_block_type", "UNetMidBlock2D") is None or settings.get("time_embedding_dim") is not None:
        raise ValueError("its network has no middle block or another embedding of time, which is not known here")
    return converted(UNet2DConfig, **_known(settings, UNet2DConfig))


def _transformer(settings: Mapping[str, Value]) -> DiffusersDiTConfig:
    _expect(settings, activation_fn=("gelu-approximate",), norm_type=("ada_norm_zero",))
    values = _known(settings, DiffusersDiTConfig)
    if values.get("out_channels") is None:  # as many as it takes
        values["out_channels"] = settings.get("in_channels", 4)
    return converted(DiffusersDiTConfig, **values)


def _expect(settings: Mapping[str, Value], **choices: tuple[Value, ...]) -> None:
    for name, known in choices.items():
        if name in settings and settings[name] not in known:
            raise ValueError(f"its {name} is {str(settings[name])[:60]!r}; {known[-1]!r} is expected")


def _clock(scheduler: Mapping[str, Value], settings: Mapping[str, Value], diffusion: Hints) -> Clock | None:
    if not scheduler:
        return clock_hints.table(diffusion)
    kind = str(scheduler.get("_class_name", ""))
    if kind.startswith("ScoreSdeVe"):
        if settings.get("time_embedding_type") != "fourier":
            raise ValueError("its scheduler is that of score_sde, and its network does not take σ as its time")
        return clocks.score(_number(scheduler, "sigma_min", 0.01), _number(scheduler, "sigma_max", 1348.0))
    if kind.startswith("CMStochasticIterative"):
        low, high, data = (
            _number(scheduler, f"sigma_{n}", v) for n, v in (("min", 0.002), ("max", 80.0), ("data", 0.5))
        )
        diffusion.confirm(prediction="consistency", sigma_min=low, sigma_max=high, sigma_data=data)
        return clocks.consistency_models(True, low, high, data)
    if "beta_schedule" not in scheduler and "beta_start" not in scheduler:
        raise ValueError(f"its scheduler is {kind[:60]!r}, which is not known here")
    return _trained_table(scheduler, diffusion)


def _trained_table(scheduler: Mapping[str, Value], diffusion: Hints) -> Clock:
    prediction = str(scheduler.get("prediction_type", "epsilon"))
    schedule = str(scheduler.get("beta_schedule", "linear"))
    if prediction not in PREDICTIONS or schedule not in SCHEDULES:
        raise ValueError(f"its scheduler predicts {prediction[:60]!r} on {schedule[:60]!r}, which is not known here")
    if scheduler.get("rescale_betas_zero_snr"):
        raise ValueError("its noise goes on until no signal is left (rescale_betas_zero_snr), where σ is infinite")
    steps = int(_number(scheduler, "num_train_timesteps", 1000))
    start, end = _number(scheduler, "beta_start", 1e-4), _number(scheduler, "beta_end", 0.02)
    trained = scheduler.get("trained_betas")
    diffusion.confirm(steps=steps, prediction=PREDICTIONS[prediction], beta_start=start, beta_end=end)
    if trained is not None:
        levels = levels_of_betas(np.asarray(trained, dtype=np.float64))
    else:
        diffusion.confirm(noise_schedule=SCHEDULES[schedule])
        levels = named_levels(SCHEDULES[schedule], steps, start, end)
    return clocks.discrete(levels, cast(Prediction, PREDICTIONS[prediction]))


def _number(scheduler: Mapping[str, Value], name: str, default: float) -> float:
    value = scheduler.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise ValueError(f"its scheduler has {name} {str(value)[:60]!r}; a number is expected")
    return float(value)


def _whole(settings: Mapping[str, Value], name: str, default: int, *, least: int = 1) -> int:
    value = settings.get(name, default)
    value = default if value is None else value
    if type(value) is not int or not least <= value <= MOST:
        raise ValueError(f"its {name} is {str(value)[:60]!r}; a whole number is expected")
    return value


def _remarks(scheduler: Mapping[str, Value], clock: Clock | None, network: _Network) -> tuple[str, ...]:
    said = {
        CONSISTENCY: clock is not None and clock.prediction == "consistency",
        UNIT_IMAGES: network.centred,
        LATENTS: network.architecture == "diffusers-dit",
        NOT_CLIPPED: bool(scheduler.get("clip_sample", False) or scheduler.get("thresholding", False)),
    }
    return tuple(remark for remark, holds in said.items() if holds)
