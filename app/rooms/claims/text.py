"""Claims in words."""

from __future__ import annotations

import math

from app.rooms.claims.pictures import ClaimRow, ClaimsPicture
from geomodel.experiments.literature import KINDS
from geomodel.number_text import fixed

MARKS = {"holds": "✓", "does not hold": "✗", "not applicable": "–"}


def verdict(row: ClaimRow) -> str:
    """The verdict with its mark, or how far the check is."""
    if row.fraction is not None:
        return f"checking {row.fraction:.0%}"
    if row.waits:
        return "waiting"
    return "" if row.claim is None else f"{MARKS[row.claim.verdict]} {row.claim.verdict}"


def measured(row: ClaimRow) -> str:
    """The number that was found."""
    return "" if row.claim is None or math.isnan(row.claim.measured) else fixed(row.claim.measured)


def expected(row: ClaimRow) -> str:
    """The number that was expected."""
    return "" if row.claim is None or math.isnan(row.claim.expected) else row.claim.limit


def count(row: ClaimRow) -> str:
    """How many samples, steps or cases are behind it."""
    return "" if row.claim is None or not row.claim.n else f"{row.claim.n:,}"


def numbers(row: ClaimRow) -> str:
    """Measured and expected, in a sentence; empty where there are none."""
    claim = row.claim
    if claim is None or math.isnan(claim.measured):
        return ""
    spread = "" if math.isnan(claim.spread) else f" (standard deviation {fixed(claim.spread, 2)})"
    return f"Measured {measured(row)}{spread} over n = {count(row)}; expected {claim.expectation}."


def meaning(row: ClaimRow) -> str:
    """What kind of claim it is, and what its failure would mean."""
    kind = row.statement.kind
    return f"{kind.capitalize()}: {KINDS[kind]}."


def describe(picture: ClaimsPicture, chosen: ClaimRow | None) -> str:
    """The picture in sentences, with the chosen row's numbers."""
    parts = [picture.caption and f"{picture.caption}.", picture.summary and f"{picture.summary}.", picture.message]
    parts += [f"{row.statement.number}. {row.statement.title}: {verdict(row)}." for row in picture.rows if verdict(row)]
    if chosen is not None:
        reason = "" if chosen.claim is None else chosen.claim.reason
        parts += [f"Chosen: {chosen.statement.title}.", numbers(chosen), reason]
    return " ".join(filter(None, parts))
