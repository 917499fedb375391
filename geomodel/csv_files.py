"""Writes tables as CSV files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from geomodel.files import replacing

Row = dict[str, Any]


def write_table(header: Sequence[str], rows: Iterable[Iterable[Any]], path: str | Path) -> None:
    """Write a table (UTF-8, every float in full). The file appears whole or not at all."""
    with replacing(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_rows(rows: Sequence[Row], path: str | Path) -> None:
    """Write rows that share their keys, as `write_table` does."""
    write_table(list(rows[0]), (row.values() for row in rows), path)
