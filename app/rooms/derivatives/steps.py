"""What is known of the steps of a run, gathered answer by answer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from app.engine.contract import frozen
from app.rooms.derivatives.messages import DerivativeAnswer
from geomodel.arrays import Array, Floats

NORMS = ("implied", "true", "effective")
DISTANCES = ("to_true", "to_effective")


class Steps:
    """The numbers of one sample. An answer changes those of its own step alone."""

    def __init__(self, count: int) -> None:
        self.answers: dict[int, DerivativeAnswer] = {}
        self.method = ""
        self._why = [""] * count
        self._values: dict[str, Floats] = {name: np.full(count, np.nan) for name in (*NORMS, *DISTANCES)}
        self._shown: dict[str, Array] = {}
        self._first = 0  # every step before it is known

    def take(self, answer: DerivativeAnswer) -> None:
        """Add an answer."""
        index, values = answer.request.index, self._values
        self.answers[index] = answer
        self.method = self.method or answer.method
        self._why[index] = answer.why
        for name in NORMS:
            if (value := getattr(answer, name)) is not None:
                values[name][index] = np.linalg.norm(value)
        values["to_true"][index] = answer.distance("true")
        values["to_effective"][index] = answer.distance("effective")
        self._shown = {}

    def missing(self, count: int) -> int | None:
        """The first of so many steps that is not known; None where all are."""
        while self._first in self.answers:
            self._first += 1
        return self._first if self._first < count else None

    @property
    def why(self) -> tuple[str, ...]:
        """For each step why it has no number, or what a 0 means."""
        return tuple(self._why)

    @property
    def columns(self) -> Mapping[str, Array]:
        """The numbers (steps,) by their names, NaN where unknown: the same arrays until there is another answer."""
        if not self._shown:
            self._shown = {name: frozen(values.copy()) for name, values in self._values.items()}
        return self._shown
