"""Makes the picture of where a network was taught from a run and what was measured. Pure functions."""

from __future__ import annotations

from app.plotting.pens_and_numbers import Kind
from app.plotting.values import Curve, MeasurePlot
from app.rooms.theories.picture import row_at, undefined
from app.session.facts import DRIVER_NAMES, UNDEFINED
from app.session.state import Run
from geomodel.arrays import Array, Floats, Integers
from geomodel.experiments import Underfitting
from geomodel.number_text import fixed

DIFFERENCE = "mean of ‖D − D*‖ on noisy data y + σz, which training sees, and at the points of this run"
SHELL = "mean of minᵢ ‖x − yᵢ‖/(σ√d) at the same points: training data lie near 1, and the run leaves their shells"


def taught_undefined(run: Run) -> str:
    """Why a run is not compared with noisy data; empty where it can be."""
    if why := undefined(run):
        return why
    return (
        f"{UNDEFINED} D* drives this run, and has no distance from itself." if run.settings.driver == "optimal" else ""
    )


def plots_of(run: Run, found: Underfitting, levels: Integers) -> tuple[MeasurePlot, ...]:
    """The differences and the shell ratios over σ."""
    own: Kind = "network" if run.settings.network_drives else "sampling"

    def plot(name: str, title: str, unit: str, formula: str, *values: Floats | None) -> MeasurePlot:
        named: tuple[tuple[Kind, str], ...] = (("reference", "noisy data"), (own, "this run"), ("optimal", "unseen"))
        curves = tuple(
            Curve(kind=kind, label=label, values=row[:, None], measured=levels)
            for (kind, label), row in zip(named, values, strict=True)
            if row is not None
        )
        return MeasurePlot(name=name, title=title, unit=unit, formula=formula, curves=curves)

    differences = (found.supervision, found.extrapolation, found.unseen)
    shells = (found.shell_supervision, found.shell_extrapolation, found.shell_unseen)
    return (
        plot("taught", "Denoiser difference", "data units", DIFFERENCE, *differences),
        plot("shell", "Shell ratio", "", SHELL, *shells),
    )


def caption_of(run: Run, samples: Array, count: int, unseen: str) -> str:
    """How the numbers were made."""
    driver, named = DRIVER_NAMES[run.settings.driver], f", and of {unseen}" if unseen else ""
    counted = f"{len(samples)} sample{'s' * (len(samples) > 1)}"
    marks = "Dotted: noisy data" + "; diamonds: unseen data" * bool(unseen)
    return f"{driver} against D* at {counted} of the run, at {count} noisy points y + σz of the data{named}. {marks}"


def now_of(found: Underfitting, levels: Integers, index: int) -> str:
    """The numbers at the playhead."""
    at = row_at(levels, index)

    def said(difference: Floats, shell: Floats, where: str) -> str:
        return f"{fixed(float(difference[at]))} {where} (shell ratio {fixed(float(shell[at]))})"

    parts = [
        said(found.supervision, found.shell_supervision, "on noisy data"),
        said(found.extrapolation, found.shell_extrapolation, "on this run"),
    ]
    if found.unseen is not None and found.shell_unseen is not None:
        parts.append(said(found.unseen, found.shell_unseen, "on unseen data"))
    return f"At σ {fixed(float(found.sigmas[at]), 3)}: {', '.join(parts)}"
