"""Makes the picture of the mean-shift view from an answer. Pure functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.plotting.pens_and_numbers import Kind
from app.plotting.values import Panel
from app.rooms.mean_shift.messages import MeanShiftAnswer, MeanShiftRequest
from app.rooms.mean_shift.pictures import MeanShiftPicture
from app.session import facts
from app.session.state import Run
from geomodel import images
from geomodel.arrays import Array
from geomodel.datasets import DataError


def mean_shift_picture(run: Run, answer: MeanShiftAnswer) -> MeanShiftPicture:
    """What the view shows of an answer. Pure."""
    assert run.source is not None
    dataset, request = run.source.dataset, answer.request
    sigma, probe = request.sigma, request.probe
    try:
        neighbours = images.pixels(dataset.points[answer.indices])
    except DataError as error:  # the file behind a large set has changed
        return MeanShiftPicture(message=str(error))
    positive = run.sigmas[run.sigmas > 0]
    labels = () if dataset.labels is None else tuple(dataset.labels[answer.indices])
    return MeanShiftPicture(
        title=_title(request),
        sigma=sigma,
        sigmas=(float(positive[-1]), float(positive[0])),
        panels=_panels(answer, dataset.std),
        neighbours=neighbours,
        weights=answer.weights,
        labels=tuple(dataset.class_name(label) for label in labels),
        effective_neighbours=answer.effective_neighbours,
        total=facts.data_count(run),
        ranks=answer.ranks,
        spectrum=answer.spectrum,
        classes=_classes(dataset, answer.classes),
        steps=_steps(answer),
        jacobian=_jacobian(answer),
        jacobian_note=_jacobian_note(answer),
        probing=probe is not None,
        data_index=0 if probe is None else probe.data_index,
        second_index=0 if probe is None else probe.second_index,
        share=0.0 if probe is None else probe.share,
        seed=0 if probe is None else probe.seed,
        data_count=len(dataset),
    )


def _title(request: MeanShiftRequest) -> str:
    probe = request.probe
    if probe is None:
        return f"sample {request.sample} at level {request.index}"
    if probe.share == 0:
        return f"data point {probe.data_index} + σz"
    return f"{1 - probe.share:.0%} of data point {probe.data_index}, {probe.share:.0%} of {probe.second_index} + σz"


def _panels(answer: MeanShiftAnswer, scale: float) -> tuple[Panel, ...]:
    x, optimal, network = answer.x, answer.optimal, answer.network
    shrunk = images.shrunk(x[None], [answer.request.sigma], scale)
    panels = [
        Panel(caption="x", kind="sampling", image=images.pixels(shrunk)[0], note="shown as x · s/√(s² + σ²)"),
        Panel(
            caption="D*(x; σ)",
            kind="optimal",
            image=images.pixels(optimal[None])[0],
            note=f"‖D* − x‖ {np.linalg.norm(optimal - x):.4g}",
        ),
    ]
    if network is not None:
        difference = network.astype(np.float64) - optimal
        panels[1:1] = [
            Panel(
                caption="Dθ(x; σ)",
                kind="network",
                image=images.pixels(network[None])[0],
                note=f"clipped {100 * images.clipped_share(network):.3g} %",
            )
        ]
        panels.append(
            Panel(
                caption="Dθ − D*",
                kind="reference",
                image=images.pixels(difference[None])[0],
                note=f"‖Dθ − D*‖ {np.linalg.norm(difference):.4g}; grey is 0",
            )
        )
    return tuple(panels)


def _jacobian(answer: MeanShiftAnswer) -> tuple[Panel, ...]:
    """Each direction as an image, its largest value white or black."""
    found: list[Panel] = []
    optimal, network = answer.optimal_jacobian, answer.network_jacobian
    sets: list[tuple[Kind, str, Array, Array]] = []
    sets += [] if optimal is None else [("optimal", "λ", optimal.values, optimal.vectors)]
    sets += [] if network is None else [("network", "s", network.values, network.right)]
    for kind, letter, values, vectors in sets:
        frames = images.pixels(vectors / np.abs(vectors).reshape(len(vectors), -1).max(1).reshape(-1, 1, 1, 1))
        found += [
            Panel(caption=f"{letter} {value:.3g}", kind=kind, image=frame)
            for value, frame in zip(values, frames, strict=True)
        ]
    return tuple(found)


def _jacobian_note(answer: MeanShiftAnswer) -> str:
    optimal, network = answer.optimal_jacobian, answer.network_jacobian
    words = [] if optimal is None else [f"D*: soft dimension tr J = {optimal.trace:.3g}"]
    if network is not None:
        words.append(
            f"Dθ: tr J = {network.trace:.3g} ± {network.trace_error:.1g}, "
            f"‖J − Jᵀ‖/‖J‖ = {network.asymmetry:.2g} ± {network.asymmetry_error:.1g}"
        )
    return " · ".join(words)


def _steps(answer: MeanShiftAnswer) -> tuple[Panel, ...]:
    if answer.path is None:
        return ()
    frames = images.pixels(answer.path[1:])
    moves = np.linalg.norm(np.diff(answer.path, axis=0).reshape(len(frames), -1), axis=1)
    return tuple(
        Panel(caption=f"{at + 1}", kind="optimal", image=frame, note=f"moved {move:.3g}")
        for at, (frame, move) in enumerate(zip(frames, moves, strict=True))
    )


def _classes(dataset: Any, shares: Array | None) -> tuple[tuple[str, float], ...]:
    if shares is None:
        return ()
    return tuple((dataset.class_name(int(label)), float(shares[label])) for label in np.argsort(-shares))
