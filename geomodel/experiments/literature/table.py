"""The table of claims, in the order of the report."""

from __future__ import annotations

from geomodel.experiments.literature import rows_exact, rows_observed, rows_toys
from geomodel.experiments.literature.claim import Statement

STATEMENTS: tuple[Statement, ...] = tuple(
    Statement(number=number, kind=kind, title=title, formula=formula, source=source, view=view, find=find)
    for number, (kind, title, formula, source, view, find) in enumerate(
        (*rows_exact.ROWS, *rows_observed.ROWS, *rows_toys.ROWS), 1
    )
)
