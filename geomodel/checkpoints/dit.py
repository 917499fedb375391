"""State dicts and training files of DiT, SiT and REPA: one transformer, two clocks, time in either direction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from geomodel.checkpoints import clock_hints
from geomodel.checkpoints.cards import state_dict_card
from geomodel.checkpoints.diffusers import LATENTS
from geomodel.checkpoints.hints import Hints
from geomodel.checkpoints.plan import Plan
from geomodel.checkpoints.shapes import numbers_of, shape_of
from geomodel.checkpoints.state_dicts import find
from geomodel.denoisers import clocks
from geomodel.denoisers.clock import Clock
from geomodel.denoisers.noise_tables import named_levels
from geomodel.inert.values import Contents, Instance, Tensor, Value
from geomodel.networks import Blueprint, converted
from geomodel.networks.configs import DiTConfig

FAMILIES = ("dit", "sit", "repa")
FIRST = "x_embedder.proj.weight"
PROJECTORS = "projectors."  # of REPA, used in training alone
HEADS = {384: 6, 768: 12, 1024: 16, 1152: 16}  # by width, in the published sizes
PATHS = {"linear": "linear", "gvp": "gvp", "cosine": "gvp"}
VELOCITIES = ("velocity", "v")
GUIDED_CHANNELS = "Guidance here acts on all channels; the original code guides three of four."
LATENT_CHANNELS, PIXELS = 4, 8  # of a latent: its channels, and the pixels along one of its sides for each of it


def recognise(contents: Contents, hints: Mapping[str, object]) -> Plan | None:
    """The network of such a file; None for another file. ValueError (a clause) where something in it is wrong."""
    found = find(contents.value, FIRST)
    if found is None or "t_embedder.mlp.0.weight" not in found.tensors:
        return None
    given, said = Hints(hints), _arguments(contents.value)
    projected = sum(name.startswith(PROJECTORS) for name in found.tensors)
    family = _family(given, said, projected > 0)
    if projected:
        kept = {name: tensor for name, tensor in found.tensors.items() if not name.startswith(PROJECTORS)}
        found = replace(found, tensors=kept, ignored=found.ignored | {PROJECTORS[:-1]: projected})
    config, shape = _network(found.tensors, given)
    clock = _clock(family, said, given.within("diffusion"))
    rows, null = _labels(found.tensors, said, given)
    return Plan(
        info=state_dict_card(
            contents,
            found,
            clock,
            family=family or "dit",
            architecture="dit",
            shape=shape,
            classes=rows - null,
            has_null_class=null,
            latents="sd" if shape[0] == LATENT_CHANNELS else "",
            remarks=(LATENTS, GUIDED_CHANNELS) if shape[0] == LATENT_CHANNELS else (),
        ),
        config=config and Blueprint(architecture="dit", config=config, shape=shape, label_rows=rows),
        clock=clock,
        tensors=found.tensors,
        questions=given.finish(),
        said=given.said(),
    )


def _arguments(value: Value) -> Mapping[str | int, Value]:
    """What the training was started with, where the file keeps it."""
    arguments = value.get("args") if isinstance(value, dict) else None
    return arguments.state if isinstance(arguments, Instance) else {}


def _family(hints: Hints, said: Mapping[str | int, Value], projects: bool) -> str | None:
    """DiT says nothing of a path; REPA has projectors, or the arguments of its loss."""
    family = None
    if projects or "proj_coeff" in said:
        family = "repa"
    elif "path_type" in said:
        family = "sit"
    elif said:
        family = "dit"
    if family is None:
        return hints.ask("family", str, reason="these codes have the same weights", choices=FAMILIES)
    hints.confirm(family=family)
    return family


def _network(tensors: Mapping[str, Tensor], hints: Hints) -> tuple[DiTConfig | None, tuple[int, ...]]:
    width, channels, patch, _ = shape_of(tensors, FIRST, 4)
    places = shape_of(tensors, "pos_embed", 3)[1]
    side = math.isqrt(places) * patch
    hints.confirm(input_size=side, patch_size=patch, in_channels=channels, hidden_size=width)
    hints.accept("image_size", side, PIXELS * side)  # of the latent, or of what it encodes
    hints.without_effect("class_dropout_prob")
    depth = len(numbers_of(tensors, "blocks"))
    hints.confirm(depth=depth)
    heads = HEADS.get(width)
    if heads is None:
        reason = "the weights are the same for any number of heads, and no published network is as wide"
        heads = hints.ask("num_heads", int, reason=reason)
    else:
        reason = "the weights are the same for any number of heads; the published networks of this width have this one"
        heads = hints.ask("num_heads", int, reason=reason, default=heads)
    shape = (channels, side, side)
    if heads is None:
        return None, shape
    config = converted(
        DiTConfig,
        outputs=shape_of(tensors, "final_layer.linear.weight", 2)[0] // max(patch * patch, 1),
        width=width,
        depth=depth,
        heads=heads,
        hidden=shape_of(tensors, "blocks.0.mlp.fc1.weight", 2)[0],
        patch=patch,
        frequencies=shape_of(tensors, "t_embedder.mlp.0.weight", 2)[1],
    )
    if config.outputs not in (channels, 2 * channels):
        raise ValueError(f"it takes {channels} channels and gives {config.outputs}")
    hints.confirm(learn_sigma=config.outputs != channels, mlp_ratio=config.hidden / width)
    return config, shape


def _clock(family: str | None, said: Mapping[str | int, Value], diffusion: Hints) -> Clock | None:
    if family == "dit":
        diffusion.confirm(prediction="epsilon", noise_schedule="linear", steps=1000, rescale_timesteps=False)
        return clocks.discrete(named_levels("linear"))
    if family is None:
        return None
    prediction, path = said.get("prediction", "velocity"), str(said.get("path_type", "")).lower()
    if prediction not in VELOCITIES:
        raise ValueError(
            f"it predicts {str(prediction)[:60]!r}; networks of this family that predict velocity are known"
        )
    if path and path not in PATHS:
        raise ValueError(f"its path is {path[:60]!r}; known are: {', '.join(PATHS)}")
    return clock_hints.flow(diffusion, path=PATHS.get(path), time_of_data=1 if family == "sit" else 0)


def _labels(tensors: Mapping[str, Tensor], said: Mapping[str | int, Value], hints: Hints) -> tuple[int, bool]:
    """Rows of the table of labels, and whether the last one is no class, as in the original codes."""
    name = "y_embedder.embedding_table.weight"
    if name not in tensors:
        hints.confirm(num_classes=0)
        return 0, False
    rows = shape_of(tensors, name, 2)[0]
    classes = said.get("num_classes")
    if isinstance(classes, int):
        hints.confirm(num_classes=classes)
    else:
        reason = "the last row of its labels stands for no class, unless it was trained without that"
        classes = hints.ask("num_classes", int, reason=reason, default=rows - 1, choices=(rows - 1, rows))
    if classes not in (rows, rows - 1):
        raise ValueError(f"it has {classes} classes and {rows} rows of labels")
    return rows, classes == rows - 1
