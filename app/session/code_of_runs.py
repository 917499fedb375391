"""Writes runs as code, and says which cannot be written. Pure functions."""

from __future__ import annotations

from typing import Literal

from app.session.state import Run
from geomodel import scripts
from geomodel.origin import origin
from geomodel.places import CODE

Form = Literal["python", "command"]
WRITERS = {"python": scripts.python, "command": scripts.command_line}
NO_RUN = "There is no run to copy; press Run (F5) first."
UNFINISHED = "The run is not finished yet."
OWN_CODE = "The run was made with a denoiser of your own code, which is not copied."


def why_not(run: Run | None) -> str:
    """Why a run has no code; empty where it has."""
    if run is None:
        return NO_RUN
    if run.trajectory is None:
        return UNFINISHED
    return OWN_CODE if CODE in run.settings.network else ""


def code(run: Run, form: Form) -> str:
    """The code of a finished run. ValueError, with a sentence, where this form cannot hold it."""
    assert run.trajectory is not None
    said = origin(run.trajectory)
    return WRITERS[form](run.settings, said.network, said.computed)  # its paths are those where the files were found
