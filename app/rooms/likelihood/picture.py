"""Makes the likelihood view's picture from a run and its likelihoods. Pure functions."""

from __future__ import annotations

from math import prod

import numpy as np

from app.plotting.pens_and_numbers import Kind
from app.plotting.values import Curve, MeasurePlot
from app.rooms.likelihood.messages import Densities
from app.session.state import Run
from geomodel import solvers
from geomodel.arrays import Array, Integers
from geomodel.likelihood import EXACT_DIMENSIONS, PROBES, KernelGains
from geomodel.number_text import fixed

ROUNDING = 1e-9  # nats


def samples_of(run: Run, selected: int, most: int) -> Integers:
    """The samples that are computed: the first ones, and the selected one in any case."""
    chosen = np.arange(min(run.x.shape[1], most))
    if selected not in chosen:
        chosen[-1] = selected
    return chosen


def plots_of(gains: KernelGains, densities: Densities | None, bandwidth: float | None) -> tuple[MeasurePlot, ...]:
    """Gains beyond the noise's share, the whole gain beside its bound, the hypothesis, and the densities."""
    h = "σₙ" if bandwidth is None else f"h = {fixed(bandwidth, 3)}"
    step, output = gains.beyond_noise.values()
    of = f"log p_h, h = {h}" if bandwidth is None else f"log p_h, {h}"
    found = [
        _plot(
            "step",
            "Step beyond noise",
            "nats",
            f"[{of}] at xₙ₊₁ − at xₙ, minus (d/2)(σₙ² − σₙ₊₁²)/h², what removing pure noise gains",
            _curve("sampling", "step", step),
        ),
        _plot(
            "denoised",
            "D beyond noise",
            "nats",
            f"[{of}] at Dₙ − at xₙ, minus (d/2) σₙ²/h², what removing pure noise gains",
            _curve("denoising", "D", output),
        ),
        _plot(
            "whole",
            "Whole step, and bound",
            "nats",
            "log p_h(xₙ₊₁) − log p_h(xₙ) ≥ log[1 + (‖m‖² − ‖m − v‖²)/2h²], m = D* − xₙ, v = xₙ₊₁ − xₙ",
            _curve("sampling", "step", gains.step),
            _curve("reference", "bound", np.where(np.isfinite(gains.bound), gains.bound, np.nan)),
        ),
        _plot(
            "hypothesis",
            "Hypothesis",
            "",
            "‖D* − D‖/‖D* − xₙ‖ at most 1: then D and an Euler step gain at h = σₙ",
            _curve("network", "ratio", gains.hypothesis),
            _curve("reference", "limit 1", np.ones_like(gains.hypothesis)),
        ),
    ]
    return (*found, *(() if densities is None else _of_densities(densities)))


def _of_densities(densities: Densities) -> tuple[MeasurePlot, ...]:
    of = densities.of
    if densities.ode is None:
        text = f"log p(xₙ; σₙ) of {of}"
        return (_plot("density", "log p(x; σ)", "nats", text, _curve("reference", of, densities.known)),)
    ode, error = densities.ode.values, densities.ode.error
    gap = [_curve("sampling", "gap", _positive(np.abs(ode - densities.known)))]
    if (error > 0).any():
        gap.append(_curve("reference", "standard error of the trace", _positive(error)))
    return (
        _plot(
            "density",
            "log p(x; σ) by the ODE",
            "nats",
            f"log p₀(x₀) + ∫ (d − tr J)/σ dσ from σₙ to σ₀, J = ∂D/∂x; at the start {of}",
            _curve("sampling", "ODE", ode),
        ),
        _plot(
            "gap",
            "Gap to that density",
            "nats",
            f"|the ODE's log p(xₙ; σₙ) − that of {of}|: 0 up to the trapezoidal rule where the ODE carries it",
            *gap,
            empty="It is 0 at every level.",
        ),
    )


def _positive(values: Array) -> Array:
    """Without the zeros, which a logarithmic axis cannot show."""
    return np.where(values > 0, values, np.nan)


def _curve(kind: Kind, label: str, values: Array) -> Curve:
    return Curve(kind=kind, label=label, values=values)


def _plot(
    name: str, title: str, unit: str, formula: str, *curves: Curve, empty: str = "Undefined: D was not evaluated."
) -> MeasurePlot:
    waiting = "" if any(np.isfinite(curve.values).any() for curve in curves) else empty
    return MeasurePlot(name=name, title=title, unit=unit, formula=formula, curves=curves, waiting=waiting)


def notes_of(
    run: Run, gains: KernelGains, densities: Densities | None, bandwidth: float | None, samples: Array
) -> tuple[str, ...]:
    """What the theorem says of this run, how the density was made, and of which samples."""
    dimension = prod(run.x.shape[2:])
    named = f"Samples {', '.join(map(str, samples[:3]))}{', …' if len(samples) > 3 else ''} ({len(samples)})."
    return (theorem_words(run, gains, bandwidth), _density_words(densities, dimension), named)


def share_words(run: Run) -> str:
    """Why the noise's share is subtracted."""
    half = prod(run.x.shape[2:]) / 2
    return f"Beyond noise: removing noise alone earns D about d/2 = {half:,g} nats, whatever the model is."


def theorem_words(run: Run, gains: KernelGains, bandwidth: float | None) -> str:
    """At how many steps the theorem's hypothesis holds, and what then gains."""
    known = np.isfinite(gains.hypothesis) & np.isfinite(gains.step)
    holds = known & (gains.hypothesis <= 1)
    step, output = (int((holds & (gain > -ROUNDING)).sum()) for gain in (gains.step, gains.denoised))
    words = f"The hypothesis holds at {holds.sum():,} of {known.sum():,} steps; there the step gains at {step:,}"
    words += f" and D at {output:,}."
    if bandwidth is not None:
        fails = int(holds.sum()) - min(step, output)
        words += f" The theorem needs h = σₙ; with h = {fixed(bandwidth, 3)} it fails at {fails:,}."
    elif run.settings.solver != "euler":
        words += f" It is about Euler's step; this run took those of {solvers.row(run.settings.solver).title}."
    return words


def _density_words(densities: Densities | None, dimension: int) -> str:
    if densities is None:
        return ""
    if densities.ode is None:
        return densities.why
    trace = "exact trace" if dimension <= EXACT_DIMENSIONS else f"Hutchinson's trace, {PROBES} probes"
    return f"log p(x; σ) starts from {densities.of} ({trace}). It is the density at σₙ, never that at 0."


def now_of(run: Run, gains: KernelGains, densities: Densities | None, index: int, row: int, sample: int) -> str:
    """The numbers of a sample at the playhead."""
    at = f"Sample {sample} at σ {fixed(float(run.sigmas[index]), 3)}"
    parts = []
    if index < len(gains.step):
        step, share = float(gains.step[index, row]), float(gains.step_noise[index])
        output, whole = float(gains.denoised[index, row]), float(gains.denoised_noise[index])
        parts.append(f"the step gains {fixed(step)} nats where noise alone would gain {fixed(share)}")
        parts.append(f"D {fixed(output)} where noise alone would {fixed(whole)}")
    if densities is not None and densities.ode is not None:
        value, error = densities.ode.values[index, row], densities.ode.error[index, row]
        known = float(densities.known[index, row])
        spread = f" ± {fixed(float(error), 2)}" if error else ""
        parts.append(f"log p by the ODE {fixed(float(value))}{spread}, by {densities.of} {fixed(known)}")
    return f"{at}: {'; '.join(parts)}." if parts else f"{at}: no step starts here."
