"""Describes the plane in words: the legend's entries and a text with numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from app.plotting.legend import Entry
from app.rooms.plane import frames
from app.rooms.plane.basins import basins_entries
from app.rooms.plane.branch import branch_entries
from app.rooms.plane.drawn_curves import DOTTED, block_drawn, curves_drawn, dotted
from app.rooms.plane.ghosts import ghost_entries
from app.rooms.plane.inside import weight_text
from app.rooms.plane.layers import data_stride, field_moves
from app.rooms.plane.looks import look, tint
from app.rooms.plane.pictures import InsidePicture, PlanePicture
from app.rooms.plane.weights import shown_weights, weights_owner, weights_sigma
from app.session.plane_options import LEGEND
from geomodel.arrays import Array
from geomodel.compared import NAMES, worded
from geomodel.number_text import fixed

FRAMES = {
    "sigma": "frame follows σ: ± 3√(s² + σ²)",
    "run": "frame: the whole run",
    "data": "frame: the data",
    "scaled": "distances to the data's mean divided by √(1 + σ²/s²) of each point's own σ",
}
FREE = "frame: zoomed by hand"


FIELD_WORDS = {  # by kind of arrow, and whether it is the difference of two denoisers
    ("slope", False): ("−dx/dσ", "−dx/dσ = (D − x)/σ, the direction of motion as σ falls"),
    ("move", False): ("next move", "The actual next move (1 − σ'/σ)(D − x), to scale"),
    ("shift", False): ("D − x", "The mean shift D − x, to scale, which is where D takes the point in one jump"),
    ("slope", True): ("(Dθ − D*)/σ", "(Dθ − D*)/σ: how the network's slope differs from the exact one"),
    ("move", True): ("difference of next moves", "(1 − σ'/σ)(Dθ − D*), to scale: how the two next moves differ"),
    ("shift", True): ("Dθ − D*", "Dθ − D*, to scale: the denoiser difference"),
}


def axis_label(picture: PlanePicture, label: str) -> str:
    """The quantity of an axis. In the scaled frame it says what is divided by what."""
    return f"{label} / √(1 + σ²/s²) about the mean" if picture.frame == "scaled" else label


def selected(picture: PlanePicture) -> tuple[Array, Array | None] | None:
    """x and D(x; σ) of the selected sample at the playhead, in true coordinates."""
    if picture.curves is None or not picture.curves.committed:
        return None
    level = frames.playhead(picture)
    known = frames.denoising(picture.curves)
    denoised = known[level, picture.sample] if level < len(known) else None
    if denoised is not None and not np.isfinite(denoised).all():
        denoised = None
    return picture.curves.sampling[level, picture.sample], denoised


def legend(picture: PlanePicture) -> tuple[Entry, ...]:
    """The legend's entries, each as its layer looks."""
    return tuple(entries(picture)) if LEGEND in picture.layers else ()


def entries(picture: PlanePicture) -> Iterator[Entry]:
    """What the layers show, in the order of the legend."""
    for layer, part in PARTS:
        for entry in part(picture):
            name = entry.layer or layer
            opacity = look(picture.looks, name).opacity
            yield replace(entry, layer=name, tint=tint(picture.looks, name), opacity=opacity)


def _sampling(picture: PlanePicture) -> Iterator[Entry]:
    if picture.curves is not None and "sampling" in picture.layers:
        part, levels = _parts_drawn(picture)
        yield Entry("sampling", f"sampling x(σ){part}", f"The sampling trajectory: x at every noise level, {levels}")


def _denoising(picture: PlanePicture) -> Iterator[Entry]:
    if picture.curves is not None and "denoising" in picture.layers:
        part, levels = _parts_drawn(picture)
        text = f"The denoising trajectory: D(x(σ); σ), what the denoiser sees in x, {levels}"
        yield Entry("denoising", f"denoising D(x; σ){part}", text)


def _parts_drawn(picture: PlanePicture) -> tuple[str, str]:
    """Which samples and levels are drawn where not all are, and whether levels have dots."""
    assert picture.curves is not None
    drawn, count, block = curves_drawn(picture), picture.curves.sampling.shape[1], block_drawn(picture)
    part = "" if drawn == count else f", {drawn} of {count} samples"
    if dotted(picture):
        return part, "a dot at every step"
    if block == 1:
        return part, f"without dots, because there are more than {DOTTED} levels"
    return f"{part}, extremes of each {block} levels", f"of every {block} levels those farthest out"


def _data(picture: PlanePicture) -> Iterator[Entry]:
    if picture.data is not None and "data" in picture.layers:
        stride, count = data_stride(len(picture.data)), len(picture.data)
        text = "data" if stride == 1 else f"data, one in {stride} of {count}"
        yield Entry("data", text, f"{count} reference data points")


def _density(picture: PlanePicture) -> Iterator[Entry]:
    background = picture.background
    if background is not None and background.density is not None and "density" in picture.layers:
        sigma = background.request.sigma
        stale = abs(sigma - frames.playhead_sigma(picture)) > 1e-9 * sigma
        text = f"log p(σ = {fixed(sigma, 3)})" if stale else "log p"
        tip = "Density of the data blurred by N(0, σ²I): its logarithm relative to the maximum, in nats"
        yield Entry("density", f"{text}: −12 … 0 nats", tip)


def _field(picture: PlanePicture) -> Iterator[Entry]:
    background, found = picture.background, field_moves(picture)
    if found is not None and "field" in picture.layers:
        low, high = (fixed(float(value), 2) for value in (np.nanmin(found[1]), np.nanmax(found[1])))
        difference = background is not None and background.request.field == "difference"
        name, tip = (worded(text, picture.compared) for text in FIELD_WORDS[picture.arrow, difference])
        yield Entry("field", f"{name}: {low} … {high}", f"{tip}; stronger is larger")


def _branch(picture: PlanePicture) -> Iterator[Entry]:
    return branch_entries(picture) if "branch" in picture.layers else iter(())


def _probe(picture: PlanePicture) -> Iterator[Entry]:
    answer = picture.probe
    if answer is None or "probe" not in picture.layers:
        return
    point = np.array(answer.request.point)
    if answer.optimal is not None:
        far = fixed(answer.shift, 3)
        yield Entry("optimal", f"mean shift ‖D* − x‖: {far}", "D* is the mean of the data points, weighted by softmax")
    if answer.network is not None:
        beside = ""
        if np.isfinite(answer.difference):
            beside = f" ‖Dθ − {NAMES[picture.compared].symbol}‖: {fixed(answer.difference, 3)}"
        yield Entry("network", f"network{beside}", "The network's denoiser at the same point")
    if answer.fitted is not None:
        yield Entry("fitted", NAMES[picture.compared].title, "What the run is compared with, at the same point")
    if answer.optimal is None and answer.network is None and answer.denoised is not None:
        far = fixed(float(np.linalg.norm(answer.denoised - point)), 3)
        yield Entry("driver", f"{picture.driver_name} ‖D − x‖: {far}", "The denoiser that moves the samples")
    if answer.path is not None:
        steps = len(answer.path) - 1
        yield Entry("path", f"mean-shift path, {steps} iterations", "D* applied again and again at this σ, to a mode")


def _weights(picture: PlanePicture) -> Iterator[Entry]:
    answer = shown_weights(picture)
    if answer is None:
        return
    sigma = weights_sigma(picture, answer)
    at = "" if answer is picture.probe else " at xₙ"
    if at and abs(sigma - frames.playhead_sigma(picture)) > 1e-9 * sigma:
        at = f" at σ = {fixed(sigma, 3)}"
    text = f"posterior weights{at}, N_eff {fixed(answer.effective_neighbours, 3)}"
    tip = "Areas as softmax(−‖x − yᵢ‖²/2σ²); N_eff = exp of the weights' entropy"
    yield Entry("weights", text, tip, weights_owner(picture))


def _inside(picture: PlanePicture) -> Iterator[Entry]:
    inside = picture.inside
    if inside is None or "inside" not in picture.layers:
        return
    yield Entry("end", "step end", "x at the next noise level, as the solver combines the slopes")
    yield Entry("stage", "stages" if inside.stages > 1 else "stage", "Where this step evaluates the denoiser")
    tip = "−dx/dσ at the stages, at one scale, with the weights that the step gives them"
    yield Entry("slope", "slopes", tip)
    if inside.stages < len(inside.x):
        yield Entry("history", "earlier slopes", "Slopes of earlier steps that this step uses again")
    yield Entry("euler", f"Euler: {fixed(_distance(inside.euler, inside.end), 2)} off", "One Euler step from here")
    if inside.exact is not None:
        off = fixed(_distance(inside.exact[-1], inside.end), 2)
        tip = f"The exact ODE curve (RK4, error {fixed(inside.exact_error, 2)}) and how far the step's end is from it"
        yield Entry("exact", f"exact ODE: {off} away", tip)


def _segment(picture: PlanePicture) -> Iterator[Entry]:
    pair = selected(picture)
    if "segment" not in picture.layers or pair is None or pair[1] is None:
        return
    text = f"x → D(x; σ): {fixed(_distance(pair[0], pair[1]), 3)}" + ("" if picture.direct else " in the plane")
    yield Entry(
        "segment", text, "The selected sample at the playhead; the number is ‖D(x; σ) − x‖, as far as it is seen"
    )


PARTS: tuple[tuple[str, Callable[[PlanePicture], Iterator[Entry]]], ...] = (  # layer and what it says
    ("branch", _branch),
    ("sampling", _sampling),
    ("denoising", _denoising),
    ("", ghost_entries),
    ("data", _data),
    ("density", _density),
    ("field", _field),
    ("basins", basins_entries),
    ("probe", _probe),
    ("weights", _weights),
    ("inside", _inside),
    ("segment", _segment),
)


def describe(picture: PlanePicture, *, free: bool) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture, free))


def _sentences(picture: PlanePicture, free: bool) -> Iterator[str]:
    if picture.message:
        yield picture.message
        return
    yield from (f"{text}." for text in (picture.title, picture.caption_whole) if text)
    if picture.data is not None:
        yield f"{len(picture.data)} data points."
    pair = selected(picture)
    if picture.curves is not None and pair is not None:
        curves, level = picture.curves, frames.playhead(picture)
        sigma = fixed(float(curves.sigmas[level]))
        yield f"{curves.sampling.shape[1]} samples; level {level} of {len(curves.sigmas) - 1}, σ = {sigma}."
        there = "" if pair[1] is None else f", D = {_point(pair[1])}, ‖D − x‖ = {fixed(_distance(pair[0], pair[1]))}"
        yield f"Sample {picture.sample}: x = {_point(pair[0])}{there}."
    for entry in (*ghost_entries(picture), *basins_entries(picture), *branch_entries(picture)):
        yield f"{entry.text[0].upper()}{entry.text[1:]}."
    if picture.probe is not None:
        yield ", ".join(_probe_parts(picture)) + "."
    if (answer := shown_weights(picture)) is not None and answer is not picture.probe:
        yield f"Posterior weights with {fixed(answer.effective_neighbours)} effective neighbours."
    if picture.inside is not None:
        yield ", ".join(_inside_parts(picture.inside)) + "."
    yield f"{FREE if free else FRAMES[picture.frame]}.".capitalize()


def _probe_parts(picture: PlanePicture) -> Iterator[str]:
    answer = picture.probe
    assert answer is not None
    yield f"Probe at {_point(np.array(answer.request.point))}, σ = {fixed(answer.request.sigma)}"
    if answer.optimal is not None:
        yield f"D* = {_point(answer.optimal)}, effective neighbours {fixed(answer.effective_neighbours)}"
    if answer.network is not None:
        yield f"network D = {_point(answer.network)}"
    if answer.fitted is not None:
        yield f"{NAMES[picture.compared].symbol} = {_point(answer.fitted)}"
    if answer.optimal is None and answer.network is None and answer.denoised is not None:
        yield f"{picture.driver_name} = {_point(answer.denoised)}"
    yield f"log density {fixed(answer.log_density)}"


def _inside_parts(inside: InsidePicture) -> Iterator[str]:
    yield f"Inside the step from σ = {fixed(inside.sigma)} to {fixed(inside.sigma_next)}"
    yield f"stages {inside.stages}, earlier slopes {len(inside.x) - inside.stages}"
    if inside.slope_weights is not None:
        yield f"slope weights {' '.join(weight_text(weight) for weight in inside.slope_weights)}"
    yield f"end {_point(inside.end)}"
    yield f"Euler's end {fixed(_distance(inside.euler, inside.end))} away"
    if inside.exact is not None:
        yield f"the exact curve {fixed(_distance(inside.exact[-1], inside.end))} away"
        yield f"its error {fixed(inside.exact_error)}"


def _point(point: Array) -> str:
    return f"({fixed(float(point[0]))}, {fixed(float(point[1]))})"


def _distance(a: Array, b: Array) -> float:
    return float(np.linalg.norm(np.asarray(a) - np.asarray(b)))
