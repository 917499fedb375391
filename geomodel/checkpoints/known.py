"""The hints that a file of this program can confirm or contradict, because it says everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from geomodel.checkpoints.hints import Hints
from geomodel.checkpoints.info import CheckpointInfo
from geomodel.denoisers.clock import Clock
from geomodel.networks import Blueprint


def confirm(given: Mapping[str, object], info: CheckpointInfo, blueprint: Blueprint, clock: Clock) -> None:
    """Compare hints with what a file says, which includes the answers that its network was first opened with.

    ValueError (a clause) where a hint contradicts the file, or is none that its network has.
    """
    hints = Hints(given)
    sizes = {field.name: getattr(blueprint.config, field.name) for field in fields(blueprint.config)}
    facts: dict[str, object] = {**sizes, "family": info.family, "num_classes": info.classes}
    if len(info.shape) == 3:
        facts |= {"in_channels": info.shape[0], "image_size": info.shape[-1]}
    said = info if info.family == "native" else clock  # in the units of the data, or of the code that trained it
    diffusion: dict[str, object] = {
        "prediction": clock.prediction,
        "sigma_data": said.sigma_data,
        "sigma_min": said.sigma_min,
        "sigma_max": said.sigma_max,
    }
    for name, answer in info.hints.items():  # such as "diffusion.steps"
        group, dot, inside = name.partition(".")
        if dot:
            diffusion[inside] = answer
        else:
            facts[group] = answer
    hints.confirm(**facts)
    hints.within("diffusion").confirm(**diffusion)
    hints.finish()
