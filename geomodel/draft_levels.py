"""The noise levels of settings that a person is still typing, or what is wrong with them."""

from __future__ import annotations

from geomodel import formulas
from geomodel.arrays import Array
from geomodel.run_start import whole_schedule
from geomodel.settings import RunSettings, problems

Problems = dict[str, str]  # field → sentence


def levels_or_problems(settings: RunSettings) -> Array | Problems:
    """The noise levels of a run over resolved settings; where they give none, the fields that are wrong and why.

    A half-typed field may hold any number. So the limits of the fields come first, and a formula sees only what is
    within them.
    """
    if found := problems(settings):
        return found
    try:
        levels = whole_schedule(settings)
    except ValueError as error:
        return {"steps": str(error)}
    try:
        return formulas.with_jump(levels, settings.jump)
    except ValueError as error:
        return {"jump_at": str(error)}
