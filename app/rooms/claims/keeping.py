"""What a session keeps of the claims room: the results, and the model and samples that they are about."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from geomodel.error_text import MOST_CHARACTERS, cut
from geomodel.experiments.literature import STATEMENTS, Claim
from geomodel.experiments.literature.claim import Relation, Verdict
from geomodel.origin import check
from geomodel.settings import RunSettings, from_json, to_json

Measured = Annotated[float, Meta(ge=-1e300, le=1e300)] | None  # None where there is no number
Sigma = Annotated[float, Meta(gt=0, le=1e100)] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptClaim:
    """A result, by the number of its claim."""

    number: Annotated[int, Meta(ge=1, le=len(STATEMENTS))]
    verdict: Verdict
    measured: Measured = None
    expected: Measured = None
    tolerance: Measured = None
    relation: Relation = "within"
    n: Annotated[int, Meta(ge=0, le=10**12)] = 0
    spread: Measured = None
    reason: Annotated[str, Meta(max_length=MOST_CHARACTERS)] = ""
    sigma: Sigma = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptClaims:
    """All results, and the settings as JSON that they are about."""

    claims: Annotated[tuple[KeptClaim, ...], Meta(max_length=len(STATEMENTS))] = ()
    base: dict[str, Any] | None = None
    samples: Annotated[int, Meta(ge=1, le=1_000_000)] = 64


def keep(claims: Iterable[Claim], base: RunSettings | None, samples: int) -> bytes:
    """The JSON of the results."""
    kept = tuple(_kept(claim) for claim in claims)
    return msgspec.json.encode(KeptClaims(claims=kept, base=None if base is None else to_json(base), samples=samples))


def understand(kept: bytes) -> tuple[Mapping[int, Claim], RunSettings | None, int]:
    """Results by number, what they are about, and the samples. ValueError where no room has kept this."""
    found = msgspec.json.decode(kept, type=KeptClaims)
    base = None if found.base is None else from_json(found.base)
    if base is not None:
        check(base)
    return {claim.number: _claim(claim) for claim in found.claims}, base, found.samples


def _kept(claim: Claim) -> KeptClaim:
    return KeptClaim(
        number=claim.number,
        verdict=claim.verdict,
        measured=_finite(claim.measured),
        expected=_finite(claim.expected),
        tolerance=_finite(claim.tolerance),
        relation=claim.relation,
        n=claim.n,
        spread=_finite(claim.spread),
        reason=cut(claim.reason),
        sigma=_finite(claim.sigma) or None,
    )


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None  # of NumPy, too


def _claim(kept: KeptClaim) -> Claim:
    return Claim(
        statement=STATEMENTS[kept.number - 1],
        verdict=kept.verdict,
        measured=_number(kept.measured),
        expected=_number(kept.expected),
        tolerance=_number(kept.tolerance),
        relation=kept.relation,
        n=kept.n,
        spread=_number(kept.spread),
        reason=kept.reason,
        sigma=kept.sigma,
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value
