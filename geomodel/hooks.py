"""What long computations call between their pieces, so that their caller can look after other things or end them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

Between = Callable[[], None]  # an exception from it ends the computation

AT_ONCE = 1_000_000  # numbers of a piece, which take well under a quarter of a second
ROWS_AT_ONCE = 256  # rows of a piece, because each may have a cost of its own


def nothing() -> None:
    """Does nothing; the default of hooks."""


def pieces(first: int, last: int, numbers: int, between: Between) -> Iterator[slice]:
    """Slices of the rows first … last − 1 of so many numbers each. Before each of them, `between` is called."""
    rows = min(ROWS_AT_ONCE, max(1, AT_ONCE // max(1, numbers)))
    for start in range(first, last, rows):
        between()
        yield slice(start, min(start + rows, last))
