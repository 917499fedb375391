"""The step bounds view in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from app.plotting.pens_and_numbers import Kind
from app.rooms.error_bounds.dials import DIALS, Dial
from app.rooms.error_bounds.pictures import STEPS, BoundsPicture, Chosen
from geomodel.number_text import fixed

PAGES = ("Steps", "Same error, different end")
DISTANCE = "Total variation TV between what the sampler produces and what it should produce: 0 is equal, 1 apart."
OVER_STEPS = f"{DISTANCE} Data N(0, v I), of which both laws are known. The bound is C d ln⁴T/T."
OVER_DIMENSION = f"{DISTANCE} On data that are equal in every direction it grows like √d; the bound grows like d."
HEAT = "The distance of the ODE sampler over steps and dimensions. The ring is at the sliders."
DENSITY = "What the ODE sampler makes of N(0, 1) in 400 steps, with the score −x + 0.05 sin(ωx) in place of −x."
OVER_FREQUENCY = f"{DISTANCE} Of the same score error at other frequencies."
LEGEND: tuple[tuple[Kind, str, str], ...] = (
    ("runs.0", "ODE sampler", "Y ← (Y + (b/2) s(Y))/√a"),
    ("runs.1", "stochastic sampler", "Y ← (Y + b s(Y) + √b Z)/√a"),
    (
        "reference",
        "shape of the ODE's upper bound",
        "C d ln⁴T/T, drawn through the left end of the ODE's curve because the theory does not name its constant C. "
        "Only its slope means something.",
    ),
)
ERROR_LEGEND: tuple[tuple[Kind, str, str], ...] = (
    ("runs.0", "produced", DENSITY),
    (
        "reference",
        "N(0, 1), and TV without error",
        "The control: what should be produced, and how far it is without an error.",
    ),
)


def value_of(chosen: Chosen, dial: Dial) -> float:
    """Where a slider stands."""
    return cast("float", getattr(chosen, dial.name))


def caption(chosen: Chosen) -> str:
    """The places of the sliders of the page in view."""
    shown = DIALS[:4] if chosen.page == STEPS else DIALS[4:]
    return " · ".join(f"{dial.title} {dial.text(value_of(chosen, dial))}" for dial in shown)


def numbers(picture: BoundsPicture) -> str:
    """The numbers of the page in view, each beside what it is compared with."""
    return _steps(picture) if picture.chosen.page == STEPS else _error(picture)


def _steps(picture: BoundsPicture) -> str:
    chosen = picture.chosen
    ode, sde = distances(picture)
    (ode_T, ode_d), (sde_T, sde_d), (bound_T, bound_d) = picture.slopes
    return (
        f"TV {fixed(ode, 3)} with the ODE sampler, {fixed(sde, 3)} with the stochastic one, {_nearer(ode, sde)}. "
        f"Slope in T from {max(9, chosen.steps // 2):,} to {2 * chosen.steps:,}: {fixed(ode_T, 2)} and "
        f"{fixed(sde_T, 2)}, the bound {fixed(bound_T, 2)}. Slope in d from {max(1, chosen.dimension // 4):,} to "
        f"{4 * chosen.dimension:,}: {fixed(ode_d, 3)} and {fixed(sde_d, 3)}, the bound {bound_d:.0f}."
    )


def _nearer(ode: float, sde: float) -> str:
    near, far = sorted((ode, sde))
    if near == 0:
        return "one of which is exact" if far else "both exact"
    return f"{fixed(far / near, 2)} times {'nearer' if sde < ode else 'farther'}"


def distances(picture: BoundsPicture) -> tuple[float, float]:
    """Those of both samplers at the sliders."""
    at = DIALS[0].nearest(picture.chosen.steps), DIALS[1].nearest(picture.chosen.dimension)
    return float(picture.ode[at]), float(picture.sde[at])


def _error(picture: BoundsPicture) -> str:
    found = picture.oscillation
    return (
        f"TV {fixed(found.total_variation, 3)}; without an error {fixed(picture.without, 3)}. "
        f"Root mean square of the score's error {fixed(found.score_error, 3)}; mean size of its derivative "
        f"{fixed(found.jacobian_error, 3)}."
    )


def describe(picture: BoundsPicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture))


def _sentences(picture: BoundsPicture) -> Iterator[str]:
    yield f"{PAGES[picture.chosen.page]}. {caption(picture.chosen)}."
    yield numbers(picture)
    if picture.chosen.page != STEPS and len(picture.swept):
        pairs = (f"{fixed(tv, 3)} at ω {fixed(frequency, 2)}" for frequency, tv in picture.swept.tolist())
        yield f"Known: {', '.join(pairs)}."
