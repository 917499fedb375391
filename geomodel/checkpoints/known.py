"""The hints that a file of this program can confirm or contradict, because it says everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from geomodel.checkpoints.hints import Hints
from geomodel.checkpoints.info import CheckpointInfo
from geomodel.denoisers.clock import Clock
from geomodel.networks import Blueprint

# Fields of our configs and the names that the constructors of the public codes have for them.
ARGUMENTS = {
    "outputs": "out_channels",
    "channels": "model_channels",
    "multipliers": "channel_mult",
    "blocks": "num_blocks",
    "heads": "num_heads",
    "head_channels": "num_head_channels",
    "new_attention_order": "use_new_attention_order",
    "scale_shift": "use_scale_shift_norm",
}


def confirm(given: Mapping[str, object], info: CheckpointInfo, blueprint: Blueprint, clock: Clock) -> None:
    """Compare hints with what a file says, which includes the answers that its network was first opened with.

    ValueError (a clause) where a hint contradicts the file, or is none that its network has.
    """
    facts, diffusion = {**_sizes(blueprint), **_samples(info)}, _diffusion(info, clock)
    for name, answer in info.hints.items():  # such as "diffusion.steps"
        group, dot, inside = name.partition(".")
        if dot:
            diffusion[inside] = answer
        else:
            facts[group] = answer
    hints = Hints(given)
    hints.confirm(**facts)
    hints.within("diffusion").confirm(**diffusion)
    hints.finish()


def _sizes(blueprint: Blueprint) -> dict[str, object]:
    config = blueprint.config
    found = {field.name: getattr(config, field.name) for field in fields(config)}
    if found.get("head_channels"):
        del found["heads"]  # the channels of a head decide
    return found | {ARGUMENTS[name]: value for name, value in found.items() if name in ARGUMENTS}


def _samples(info: CheckpointInfo) -> dict[str, object]:
    found: dict[str, object] = {"family": info.family, "num_classes": info.classes, "class_cond": info.classes > 0}
    if len(info.shape) == 3:
        found |= {"in_channels": info.shape[0], "image_size": info.shape[-1]}
    return found


def _diffusion(info: CheckpointInfo, clock: Clock) -> dict[str, object]:
    said = info if info.family == "native" else clock  # in the units of the data, or of the code that trained it
    found: dict[str, object] = {
        "prediction": clock.prediction,
        "sigma_data": said.sigma_data,
        "sigma_min": said.sigma_min,
        "sigma_max": said.sigma_max,
    }
    if clock.levels:
        found["steps"] = sum(level > 0 for level in clock.levels)
    if clock.prediction == "velocity":
        found |= {"path": "linear" if clock.path == "linear" else "gvp", "time_of_data": int(clock.data_at_end)}
    return found
