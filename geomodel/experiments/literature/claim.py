"""What a claim is: its row in the table, what was found on a model, and the verdict that follows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from geomodel.number_text import general

if TYPE_CHECKING:
    from geomodel.experiments.literature.material import Material

Kind = Literal["self-test", "theorem", "observation", "toy"]
Verdict = Literal["holds", "does not hold", "not applicable"]
Relation = Literal["within", "at most", "at least"]

KINDS: dict[Kind, str] = {
    "self-test": "an identity of this program: if it does not hold, the program or the model is at fault",
    "theorem": "it must hold where its hypothesis does, which is checked first",
    "observation": "what the papers saw on their networks, beside what this model does",
    "toy": "on reference models of this program, whatever model is loaded",
}


class NotApplicable(Exception):
    """A claim cannot be asked of this model and these data; the text says why, and follows the word "because"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a claim's function found.

    The claim holds where `measured` is within `tolerance` of `expected`, at most expected + tolerance, or at least
    expected − tolerance, and `also` is true. n: the samples, steps or cases behind the number, `spread` their standard
    deviation where they have one. sigma: the noise level where the number was taken, None where it belongs to none.
    """

    measured: float
    expected: float
    tolerance: float = 0.0
    relation: Relation = "within"
    n: int
    spread: float = math.nan
    reason: str = ""
    sigma: float | None = None
    also: bool = True

    @property
    def holds(self) -> bool:
        """Whether the number is what was expected."""
        excess = self.measured - self.expected
        match self.relation:
            case "at most":
                near = excess <= self.tolerance
            case "at least":
                near = excess >= -self.tolerance
            case _:
                near = abs(excess) <= self.tolerance
        return near and self.also


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A claim as the table has it. view: the room that shows what it is about, empty where there is none."""

    number: int
    title: str
    kind: Kind
    formula: str
    source: str
    view: str
    find: Callable[[Material], Finding]

    def judged(self, material: Material) -> Claim:
        """The claim on this model and these data. Only an exception of the caller's own progress leaves it."""
        try:
            with np.errstate(divide="ignore", invalid="ignore"):  # what is 0/0 is undefined, and said to be
                found = self.find(material)
        except NotApplicable as refusal:
            return self.unasked(str(refusal))
        except ValueError as error:  # a denoiser's or the library's refusal, which is a sentence
            return self.unasked(str(error))
        if not math.isfinite(found.measured):
            return self.unasked("the number is undefined here, because what it is divided by is 0 or nothing is left")
        return Claim(
            statement=self,
            verdict="holds" if found.holds else "does not hold",
            measured=found.measured,
            expected=found.expected,
            tolerance=found.tolerance,
            relation=found.relation,
            n=found.n,
            spread=found.spread,
            reason=found.reason,
            sigma=found.sigma,
        )

    def unasked(self, why: str) -> Claim:
        """The claim where it does not apply."""
        why = why[:1].lower() + why[1:] if not why[:2].isupper() else why
        return Claim(statement=self, verdict="not applicable", reason=f"Not applicable because {why.rstrip('.')}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A row of the report: the statement, and what became of it on one model. Numbers are NaN where there are none."""

    statement: Statement
    verdict: Verdict
    measured: float = math.nan
    expected: float = math.nan
    tolerance: float = math.nan
    relation: Relation = "within"
    n: int = 0
    spread: float = math.nan
    reason: str = ""
    sigma: float | None = None

    @property
    def number(self) -> int:
        """Its number in the table."""
        return self.statement.number

    @property
    def title(self) -> str:
        """The claim in words."""
        return self.statement.title

    @property
    def kind(self) -> Kind:
        """What a failure would mean, see `KINDS`."""
        return self.statement.kind

    @property
    def formula(self) -> str:
        """What is measured."""
        return self.statement.formula

    @property
    def source(self) -> str:
        """Where the claim is made."""
        return self.statement.source

    @property
    def view(self) -> str:
        """The room that shows what it is about."""
        return self.statement.view

    @property
    def limit(self) -> str:
        """What was expected, in signs: "1 ± 0.02", "≤ 0.01"."""
        if math.isnan(self.expected):
            return "–"
        if self.relation == "within":
            return f"{general(self.expected, 5)} ± {general(self.tolerance, 3)}"
        sign, side = ("≤", self.tolerance) if self.relation == "at most" else ("≥", -self.tolerance)
        return f"{sign} {general(self.expected + side, 5)}"

    @property
    def expectation(self) -> str:
        """What was expected, in words: "1 ± 0.02", "at most 0.01 (0.0034)"; the papers' number is in brackets."""
        if math.isnan(self.expected) or self.relation == "within":
            return self.limit
        words = self.limit.replace("≤", "at most").replace("≥", "at least")
        return words if not self.tolerance or not self.expected else f"{words} ({general(self.expected, 5)})"
