"""What all versions of this program's checkpoints say in their JSON, and the limits of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

FORMAT = "geomodel-checkpoint"
MAX_SIGMA = 1e20  # data may be in any unit, such as hertz
MAX_MEAN = 64

Word = Annotated[str, Meta(max_length=60)]
Text = Annotated[str, Meta(max_length=1000)]
Level = Annotated[float, Meta(gt=0, le=MAX_SIGMA)]
Number = Annotated[float, Meta(ge=-MAX_SIGMA, le=MAX_SIGMA)]
Mean = Annotated[tuple[Number, ...], Meta(max_length=MAX_MEAN)]  # one number for each entry of the first axis; (): 0
Shape = Annotated[tuple[Annotated[int, Meta(ge=1, le=1 << 20)], ...], Meta(min_length=1, max_length=4)]
Classes = Annotated[int, Meta(ge=0, le=10_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """The points that a network was trained on."""

    name: Text = ""
    fingerprint: Text = ""
    count: Annotated[int, Meta(ge=0, le=1 << 40)] = 0


def check_samples(mean: Mean, shape: Shape, classes: int, label_names: tuple[str, ...], has_null_class: bool) -> None:
    """ValueError (a clause) where what is said of the samples contradicts itself."""
    if len(mean) not in (0, shape[0]):
        raise ValueError(f"its mean has {len(mean)} numbers and its samples the shape {shape}")
    if label_names and len(label_names) != classes:
        raise ValueError(f"it has {classes} classes and {len(label_names)} label names")
    if has_null_class and not classes:
        raise ValueError("it has a null class but no classes")
