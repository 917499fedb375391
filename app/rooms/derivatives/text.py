"""The implied derivatives in words: the step at the playhead and its numbers."""

from __future__ import annotations

from collections.abc import Iterator

from app.plotting.pens_and_numbers import Kind
from app.plotting.sigma_axis import sigma_text
from app.rooms.derivatives.pictures import DerivativesPicture
from geomodel.arrays import Array
from geomodel.number_text import fixed

Curves = dict[Kind, Array | None]

NAMES: dict[Kind, str] = {"sampling": "implied", "reference": "true", "optimal": "effective"}


def describe(picture: DerivativesPicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture))


def _sentences(picture: DerivativesPicture) -> Iterator[str]:
    if picture.sigmas is None:
        yield picture.message
        return
    yield f"{picture.solver}, {step_text(picture)}."
    yield from filter(None, (sentence(picture),))
    norms: Curves = {"sampling": picture.implied, "reference": picture.true, "optimal": picture.effective}
    yield from _numbers("‖dD/dσ‖", norms, picture.index)
    distances: Curves = {"reference": picture.to_true, "optimal": picture.to_effective}
    yield from _numbers("Relative distance", distances, picture.index)


def _numbers(title: str, curves: Curves, at: int) -> Iterator[str]:
    known = {NAMES[kind]: values[at] for kind, values in curves.items() if values is not None and at < len(values)}
    if known:
        yield f"{title}: {', '.join(f'{name} {fixed(float(value))}' for name, value in known.items())}."


def step_text(picture: DerivativesPicture) -> str:
    """Which step starts at the playhead."""
    assert picture.sigmas is not None
    at, last = picture.index, len(picture.sigmas) - 1
    if at >= last:
        return f"level {last} of {last}, σ {sigma_text(float(picture.sigmas[last]))}"
    start, end = (sigma_text(float(sigma)) for sigma in picture.sigmas[at : at + 2])
    return f"step {at} of {last}, σ {start} → {end}"


def sentence(picture: DerivativesPicture) -> str:
    """A sentence that says why the step has no number, or what its number hides; often empty."""
    assert picture.sigmas is not None
    at = picture.index
    if at >= len(picture.sigmas) - 1:
        return "The run ends here, so no step starts at this level."
    return picture.why[at] if at < len(picture.why) else ""
