"""The tilt in words and numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.plotting.bundles import Symbol
from app.plotting.pens_and_numbers import Kind
from app.rooms.tilt.messages import TiltRow
from app.rooms.tilt.pictures import TiltPicture
from geomodel.number_text import fixed, general, percent


@dataclass(frozen=True, slots=True)
class Density:
    """One row of the table: hue, symbol and name, how its KL is related to the number, and what it is."""

    kind: Kind
    symbol: Symbol
    name: str
    relation: str
    help: str


KINDS = (
    Density("reference", "ring", "untilted", "", "The control: ends of the exact denoiser of p, from the same noise."),
    Density(
        "optimal", "ring", "exact", "", "p exp(r/β)/Z in closed form. Its components are outlined at 2 deviations."
    ),
    Density(
        "runs.0",
        "disc",
        "exact ends",
        "≈ ",
        "Ends of the exact denoiser of p exp(r/β)/Z. They differ from the closed form by chance and by the solver.",
    ),
    Density(
        "runs.1",
        "square",
        "plug-in",
        "≥ ",
        "Ends of D + (σ²/β) Jᵀ∇r(D), J = ∂D/∂x: what guidance by a reward does in practice, from the same noise.",
    ),
)
FORMULA = "p exp(r/β)/Z with r(x) = a·x − c‖x‖²/2"
LATE = "The numbers of this reward are being computed."
HELP = {
    "cloud": "Ends in the plane of the data, all from one noise. Drag the handle of the arrow, or use the sliders. "
    "Exact: D' = D + σ²∇ ln E[exp(r/β) | x]. Plug-in: D + (σ²/β) Jᵀ∇r(D), with r(D)/β in place of ln E[exp(r/β) | x].",
    "reward": "Mean of r = a·x − c‖x‖²/2; of samples with its standard error.",
    "kl": "KL(q ‖ p) in nats. Exact tilt: E[r]/β − ln Z. Samples: E[r]/β − ln Z from their mean reward, which is the "
    "least that any density with this mean reward can have; only the exact tilt attains it.",
    "largest": "The largest share among the components of p.",
    "shares": "Mean responsibility of each component of p at the points. The tilt changes all components' densities by "
    "the same factor exp(r/β)/Z, so that for the exact tilt these are its weights.",
}


def reward_text(row: TiltRow) -> str:
    """The mean reward, with its standard error where it is of samples."""
    if not row.error > 0:
        return fixed(row.reward, 3)
    places = max(0, -math.floor(math.log10(row.error)))
    return f"{row.reward:.{places}f} ± {row.error:.{places}f}".replace("-", "−")


def kl_text(row: TiltRow, density: Density) -> str:
    """The KL from the mixture, with how sure it is."""
    return f"{density.relation}{fixed(row.kl, 3)}"


def caption(picture: TiltPicture) -> str:
    """What was sampled, and how."""
    answer = picture.answer
    if answer is None or not answer.ends:
        return picture.title
    more = "" if answer.dimension == 2 else f", {answer.dimension} dimensions seen in the plane of the data"
    return f"{picture.title} · {len(answer.ends[0])} samples from one noise, Heun, {answer.levels} steps{more}"


def knob_texts(picture: TiltPicture) -> tuple[str, str, str, str]:
    """β, the direction and the length of a, and c, in short."""
    return (
        f"β = {general(picture.beta, 3)}",
        f"{picture.knobs.degrees}°",
        f"|a| = {general(picture.knobs.twentieths / 20, 3)}",
        f"c = {general(picture.quadratic, 3)}",
    )


def describe(picture: TiltPicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture))


def _sentences(picture: TiltPicture) -> Iterator[str]:
    if picture.message:
        yield picture.message
        return
    beta, degrees, length, c = knob_texts(picture)
    yield f"{caption(picture)}."
    yield f"Reward with {length} at {degrees}, {c}; {beta}."
    if picture.error:
        yield picture.error
    if picture.late:
        yield LATE
    if picture.answer is not None:
        if picture.late:
            yield "Of the reward before:"
        for density, row in zip(KINDS, picture.answer.rows, strict=False):
            most = int(np.argmax(row.shares))
            yield (
                f"{density.name.capitalize()}: mean reward {reward_text(row)}, KL {kl_text(row, density)} nats, "
                f"{percent(float(row.shares[most]))} on {picture.names[most]}."
            )
