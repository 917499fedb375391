"""One report from the reports of many batches of samples, in memory that does not grow with their number."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

import msgspec

from geomodel.experiments.literature.claim import Claim, Finding, Relation, Statement, Verdict
from geomodel.experiments.literature.table import STATEMENTS
from geomodel.number_text import fixed

LARGEST = 2**24  # bytes of a report
_NUMBERED = {statement.number: statement for statement in STATEMENTS}


class Row(msgspec.Struct, forbid_unknown_fields=True):
    """A claim as a file has it. Numbers are null where there are none."""

    number: int
    verdict: Verdict
    measured: float | None
    expected: float | None
    tolerance: float | None
    relation: Relation
    n: int
    spread: float | None
    reason: str
    sigma: float | None


def written(claims: Iterable[Claim]) -> bytes:
    """The claims of one batch as JSON, every float in full."""
    names = [field.name for field in fields(Claim) if field.name != "statement"]
    rows = [Row(number=claim.number, **{name: _finite(getattr(claim, name)) for name in names}) for claim in claims]
    return msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n"


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read(content: bytes) -> tuple[Claim, ...]:
    """The claims that were written. ValueError where the content is no report."""
    found = []
    for row in msgspec.json.decode(content, type=list[Row]):
        if row.number not in _NUMBERED:
            raise ValueError(f"There is no claim {row.number}.")
        said = {name: getattr(row, name) for name in ("verdict", "relation", "n", "reason", "sigma")}
        numbers = {name: getattr(row, name) for name in ("measured", "expected", "tolerance", "spread")}
        numbers = {name: math.nan if value is None else value for name, value in numbers.items()}
        found.append(Claim(statement=_NUMBERED[row.number], **said, **numbers))
    return tuple(found)


def pooled(batches: Iterable[Iterable[Claim]]) -> tuple[Claim, ...]:
    """One claim for each that the first batch has, over all batches.

    An identity or a theorem is that of the batch where it is worst, and does not hold where it fails in one. An
    observation is the mean of the batches' numbers, weighted by their samples,

        m = Σ n_k m_k/Σ n_k,    s² = Σ n_k [s_k² + (m_k − m)²]/Σ n_k,

    which are mean and deviation over all samples where a batch's number is a mean over its own, and otherwise (a
    median, a largest of means) the mean of what batches say. It holds where this number is as expected and most batches
    hold; a tolerance that depends on the number of samples is that of a batch. A toy has no samples of a batch, so it
    is that of the first.
    """
    known: dict[int, _Pool] = {}
    for batch in batches:
        for claim in batch:
            known.setdefault(claim.number, _Pool(claim.statement)).add(claim)
    return tuple(known[number]() for number in sorted(known))


class _Pool:
    """What is known of one claim over the batches so far."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._first: Claim | None = None
        self._worst: Claim | None = None
        self._batches = self._holding = self._failing = self._n = 0
        self._mean = self._squares = 0.0
        self._least, self._most = math.inf, -math.inf

    def add(self, claim: Claim) -> None:
        """Take up the claim of another batch."""
        self._batches += 1
        if self._first is None or (self._first.verdict == "not applicable" != claim.verdict):
            self._first = claim
        if claim.verdict == "not applicable":
            return
        if self._worst is None or _badness(claim) > _badness(self._worst):
            self._worst = claim
        self._holding += claim.verdict == "holds"
        self._failing += claim.verdict == "does not hold"
        n, away = max(claim.n, 1), claim.measured - self._mean
        self._squares += n * claim.spread**2 + away**2 * self._n * n / (self._n + n)
        self._n += n
        self._mean += away * n / self._n
        self._least, self._most = min(self._least, claim.measured), max(self._most, claim.measured)

    def __call__(self) -> Claim:
        first = self._first
        assert first is not None
        if self._worst is None or self._batches == 1:
            return first
        if self._statement.kind == "observation":
            return self._observed(first)
        return replace(self._worst, n=self._n, reason=f"The worst of {self._counted}. {self._worst.reason}".strip())

    def _observed(self, first: Claim) -> Claim:
        number = Finding(
            measured=self._mean,
            expected=first.expected,
            tolerance=first.tolerance,
            relation=first.relation,
            n=self._n,
            also=self._holding >= self._failing,
        )
        return replace(
            first,
            verdict="holds" if number.holds else "does not hold",
            measured=self._mean,
            n=self._n,
            spread=math.sqrt(self._squares / self._n),
            reason=f"The mean of {self._counted}, from {fixed(self._least)} to {fixed(self._most)}. Of one of them: "
            f"{first.reason or 'nothing more'}",
        )

    @property
    def _counted(self) -> str:
        asked = self._holding + self._failing
        words = f"{asked:,} batches, of which {self._holding:,} hold"
        return words + (f"; {self._batches - asked:,} more do not apply" if asked < self._batches else "")


def _badness(claim: Claim) -> tuple[bool, float]:
    """How far a claim is on the wrong side; those that do not hold are worse than all that do."""
    excess = claim.measured - claim.expected
    side: dict[Relation, float] = {"within": abs(excess), "at most": excess, "at least": -excess}
    return claim.verdict == "does not hold", side[claim.relation]
