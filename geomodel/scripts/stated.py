"""What code states of the settings of a run."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from geomodel.datasets import DRAWING
from geomodel.places import CODE, absolute
from geomodel.scripts.literals import literal
from geomodel.settings import CUSTOM, RunSettings

# Stated in any case, because these are what a person changes first.
ALWAYS = ("data", "driver", "solver", "schedule", "steps", "sigma_max", "sigma_min", "count", "seed")
SAMPLER = ("solver", "options", "schedule", "rho", "levels", "steps", "sigma_max", "sigma_min", "final_zero", "jump_at")


def stated(settings: RunSettings) -> dict[str, Any]:
    """The fields that code states, by name: the usual ones, and what differs from the defaults and has an effect.

    Paths are absolute, so that the code finds the files from any folder.
    """
    settings = replace(settings, data=absolute(settings.data), network=absolute(settings.network))
    found = {item.name: getattr(settings, item.name) for item in fields(settings)}
    without_effect = {"schema_version"}
    if settings.schedule == CUSTOM:
        without_effect |= {"steps", "sigma_max", "sigma_min", "final_zero"}  # the levels decide them
    else:
        without_effect |= {"levels"}
    if settings.data != DRAWING:
        without_effect |= {"drawing", "drawing_width"}
    if settings.start != "point":
        without_effect |= {"start_point"}
    defaults = RunSettings()
    return {
        name: value
        for name, value in found.items()
        if name not in without_effect and value is not None and (name in ALWAYS or value != getattr(defaults, name))
    }


def refuse_own_code(settings: RunSettings) -> None:
    if CODE in settings.network:
        raise ValueError(
            "This run was made with a denoiser of your own code, which is not copied; open it in a script with "
            "geomodel.denoisers.own.load_own, and give it to gm.runs.compute."
        )


def sampler(settings: RunSettings) -> dict[str, str]:
    """The sampler alone, as Python reads it."""
    return {name: literal(value) for name, value in stated(settings).items() if name in SAMPLER}
