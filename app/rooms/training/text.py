"""The words of the training view, and its fields."""

from __future__ import annotations

from collections.abc import Iterator

from app.plotting.pens_and_numbers import Kind
from app.rooms.training.pictures import TrainingPicture

FIELDS: dict[str, int | float] = {  # of a form, with what it proposes
    "iterations": 2_000,
    "batch": 256,
    "width": 128,
    "depth": 4,
    "learning_rate": 2e-3,
    "seed": 0,
}
BUTTON = {"none": "Train", "running": "Pause", "stopped": "Continue", "ended": "Train"}
TIME = "Every 100 iterations the average of the weights so far is recorded. Moving here computes nothing."
LEVEL = "σ of the recorded trajectories, from noise on the left to data on the right. It moves with the playhead."
PATHS = (
    "Where the average of the weights so far leads 64 samples, always from the same noise, and where D* of the points "
    "leads them. Distances to the data's mean are divided by √(1 + σ²/s²), s the data's scale, so that one frame holds "
    "every level."
)
LEGEND: tuple[tuple[Kind, str, str], ...] = (
    ("network", "trained network", "The average of the weights so far: its loss, its samples, its copies"),
    ("optimal", "D* of the points", "The optimal denoiser of the training data, which only copies: the loss's floor"),
    (
        "reference",
        "population",
        "The exact denoiser of the distribution that the points were drawn from, where it is known; for copies, the "
        "share among fresh samples of it",
    ),
)


def describe(picture: TrainingPicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture))


def _sentences(picture: TrainingPicture) -> Iterator[str]:
    yield from filter(None, (picture.message, picture.words and f"{picture.words[0].upper()}{picture.words[1:]}."))
    if picture.title:
        yield f"{picture.title}."
        yield f"{picture.numbers}."
        yield picture.caption
