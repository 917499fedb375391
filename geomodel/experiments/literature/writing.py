"""Claims as a table in text, Markdown and CSV."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from geomodel.csv_files import write_table
from geomodel.experiments.literature.claim import KINDS, Claim, Verdict
from geomodel.files import replacing
from geomodel.number_text import fixed

COLUMNS = (
    "number", "kind", "title", "verdict", "measured", "expected", "tolerance", "relation", "n", "spread", "reason",
    "formula", "source", "view", "sigma",
)  # fmt: skip
SUFFIXES = (".md", ".csv")
COUNTED: dict[Verdict, tuple[str, str]] = {  # what one claim does, and what several do
    "holds": ("holds", "hold"),
    "does not hold": ("does not hold", "do not hold"),
    "not applicable": ("does not apply", "do not apply"),
}


def write(claims: Sequence[Claim], path: str | Path, about: str = "") -> None:
    """Write the report, by the suffix: .md or .csv. `about` says of which model and data it is.

    Raises ValueError for another suffix and OSError where the file cannot be written.
    """
    suffix = check_suffix(path)
    if suffix == ".csv":
        write_table(COLUMNS, ([_cell(claim, column) for column in COLUMNS] for claim in claims), path)
        return
    with replacing(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(markdown(claims, about))


def check_suffix(path: str | Path) -> str:
    """The suffix in small letters. ValueError where it is not one that can be written."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{Path(path).name} is neither .md (Markdown) nor .csv; choose a name with one of them.")
    return suffix


def _cell(claim: Claim, column: str) -> object:
    value = getattr(claim, column)
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value


def summary(claims: Sequence[Claim]) -> str:
    """How many hold, do not hold and do not apply, in words."""
    counts = Counter(claim.verdict for claim in claims)
    return ", ".join(f"{counts[verdict]} {words[counts[verdict] != 1]}" for verdict, words in COUNTED.items())


def markdown(claims: Sequence[Claim], about: str = "") -> str:
    """The report as Markdown: a table for each kind of claim, and the reasons below it."""
    lines = ["# Claims", "", *([about, ""] if about else []), f"{summary(claims)}.", ""]
    for kind, meaning in KINDS.items():
        own = [claim for claim in claims if claim.kind == kind]
        if not own:
            continue
        lines += [f"## {kind.capitalize()}: {meaning}", ""]
        lines += ["| | claim | measured | expected | n | verdict |", "|---:|---|---:|---:|---:|---|"]
        lines += [_line(claim) for claim in own]
        lines += ["", *(_detail(claim) for claim in own), ""]
    return "\n".join(lines)


def _line(claim: Claim) -> str:
    cells = (str(claim.number), claim.title, fixed(claim.measured), claim.expectation, _count(claim), claim.verdict)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _detail(claim: Claim) -> str:
    spread = "" if math.isnan(claim.spread) else f" Standard deviation {fixed(claim.spread, 2)}."
    reason = f" {claim.reason}" if claim.reason else ""
    return f"{claim.number}. `{claim.formula}`.{reason}{spread} Source: {claim.source}."


def _count(claim: Claim) -> str:
    return f"{claim.n:,}" if claim.n else "–"


def table(claims: Sequence[Claim]) -> list[str]:
    """The lines of the table for a terminal."""
    lines = []
    for kind, meaning in KINDS.items():
        own = [claim for claim in claims if claim.kind == kind]
        if own:
            lines += ["", f"{kind} ({meaning})"]
        for claim in own:
            numbers = (
                ""
                if math.isnan(claim.measured)
                else f"{fixed(claim.measured)}, expected {claim.expectation}, n {claim.n:,}"
            )
            lines.append(f"{claim.number:4d}  {claim.verdict:14}  {claim.title}")
            lines += [f"      {text}" for text in (numbers, claim.reason) if text]
    return [*lines, "", f"{summary(claims)}."]
