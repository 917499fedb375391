"""The format of a saved run: one table of its arrays, checked before a run is read and before it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from geomodel.arrays import Array
from geomodel.compared import Compared
from geomodel.error_text import MOST_CHARACTERS

Kind = Literal["text", "whole", "float", "number"]  # a number is whole or a float
EXTRA = "extra."  # begins the names of the arrays that measure the run
LARGEST = 1e100  # in size, of a float; squares of larger ones are infinite
SMALLEST_SIGMA = 1e-100  # above 0; squares of smaller ones are 0
LONGEST_TEXT = 2**24  # characters
_WHOLE = np.iinfo(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One array of a run.

    axes: the shapes it may have. L is the number of noise levels, N = L − 1 of intervals, B of samples; S stands for
    the axes of one sample, and … for any axes. nan: whether values may be missing. least: the smallest value.
    """

    name: str
    kind: Kind
    axes: tuple[str, ...]
    required: bool = False
    nan: bool = False
    least: float | None = None


def _measure(name: str, least: float = 0.0) -> Row:
    return Row(name=EXTRA + name, kind="float", axes=("NB", "LB"), nan=True, least=least)


ARRAYS: tuple[Row, ...] = (
    Row(name="format", kind="text", axes=("",), required=True),
    Row(name="version", kind="whole", axes=("",), required=True, least=1),
    Row(name="settings", kind="text", axes=("",), required=True),
    Row(name="sigmas", kind="float", axes=("L",), required=True, least=0),
    Row(name="x", kind="float", axes=("LBS",), required=True),
    Row(name="denoised", kind="float", axes=("NBS",), required=True, nan=True),
    Row(name="final_denoised", kind="float", axes=("BS",), nan=True),
    Row(name="evaluations", kind="whole", axes=("", "B"), required=True, least=0),
    Row(name="evaluations_at", kind="whole", axes=("L", "LB"), required=True, least=0),
    Row(name="network_calls", kind="whole", axes=("",), required=True, least=0),
    Row(name="looks", kind="whole", axes=("",), required=True, least=0),
    Row(name="seeds", kind="whole", axes=("B",)),
    Row(name="labels", kind="whole", axes=("B",), least=-1),
    _measure("effective_neighbours", 0.5),  # one at least, but for rounding
    _measure("information", 0.0),
    _measure("turning_exact", 0.0),
    _measure("gain_x", -LARGEST),
    _measure("gain_denoised", -LARGEST),
    _measure("nearest_x"),
    _measure("nearest_denoised"),
    _measure("denoiser_difference"),
    _measure("denoiser_difference_exact"),
    _measure("exact_distance_x"),
    _measure("exact_distance_denoised"),
    *(Row(name=EXTRA + name, kind="float", axes=("NBS", "LBS"), nan=True) for name in get_args(Compared)),
)
OWN_EXTRA = Row(name=f"{EXTRA}*", kind="number", axes=("N…", "L…"), nan=True)  # what a script has added
_BY_NAME = {row.name: row for row in ARRAYS}


class Header(NamedTuple):
    """Shape and type of an array, as its header states them."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def row_of(name: str) -> Row | None:
    """The row of an array; None where a run has no array of this name."""
    own = name.startswith(EXTRA) and name.isprintable() and len(EXTRA) < len(name) <= MOST_CHARACTERS
    return _BY_NAME.get(name, OWN_EXTRA if own else None)


def misfit(headers: Mapping[str, Header]) -> str:
    """How arrays of these shapes and types are no run, as what follows the name of the file; empty where they are."""
    rows = {name: row_of(name) for name in headers}
    if unknown := sum(row is None for row in rows.values()):
        return f"has {unknown:,} {'entries' if unknown > 1 else 'entry'} that no run has"
    if missing := [row.name for row in ARRAYS if row.required and row.name not in headers]:
        return f"lacks {', '.join(missing)}; the file is incomplete"
    levels, (x, sigmas) = 0, (headers["x"].shape, headers["sigmas"].shape)
    if len(sigmas) == 1:
        (levels,) = sigmas
    if levels < 2 or len(x) < 3 or x[0] != levels or not all(x):
        return f"does not fit together: x has shape {str(x)[:80]} for noise levels of shape {str(sigmas)[:80]}"
    found = (_misfit(name, row, headers[name], x) for name, row in rows.items() if row is not None)
    return next((f"does not fit together: {clause}" for clause in found if clause), "")


def _misfit(name: str, row: Row, header: Header, x: tuple[int, ...]) -> str:
    shape, dtype = header
    if not _is_kind(row.kind, dtype):
        return f"{name} holds {str(dtype)[:40]} instead of {_WORDS[row.kind]}"
    if row.kind == "text" and dtype.itemsize > 4 * LONGEST_TEXT:
        return f"{name} is longer than {LONGEST_TEXT:,} characters"
    if not any(_fits(shape, axes, x) for axes in row.axes):
        expected = " or ".join(_text(axes, x) for axes in row.axes)
        return f"{name} has shape {str(shape)[:80]}, expected {expected}"
    return ""


_WORDS = {
    "text": "text",
    "whole": "whole numbers",
    "float": "floats of 32 or 64 bits",
    "number": "whole numbers or floats of 32 or 64 bits",
}


def _is_kind(kind: Kind, dtype: np.dtype[Any]) -> bool:
    if kind == "text":
        return dtype.kind == "U"
    whole, real = dtype.kind in "iu", dtype.kind == "f" and dtype.itemsize in (4, 8)
    return (whole and kind != "float") or (real and kind != "whole")


def _sides(axes: str, x: tuple[int, ...]) -> tuple[int, ...]:
    sides = {"L": x[:1], "N": (x[0] - 1,), "B": x[1:2], "S": x[2:], "…": ()}
    return tuple(side for axis in axes for side in sides[axis])


def _fits(shape: tuple[int, ...], axes: str, x: tuple[int, ...]) -> bool:
    sides = _sides(axes, x)
    return shape[: len(sides)] == sides and (axes.endswith("…") or len(shape) == len(sides))


def _text(axes: str, x: tuple[int, ...]) -> str:
    return f"({x[0] - (axes[0] == 'N')}, …)" if axes.endswith("…") else str(_sides(axes, x))


def checked(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays, which `misfit` has passed, in the byte order of this machine and with 64 bits in whole numbers.
    ValueError with a clause for a value that no run has.
    """
    found = {name: _checked(name, array) for name, array in arrays.items()}
    sigmas = found["sigmas"]
    if (np.diff(sigmas) >= 0).any():
        raise ValueError("the noise levels do not descend")
    if (smallest := sigmas[sigmas > 0][-1]) < SMALLEST_SIGMA:
        raise ValueError(f"the smallest noise level above 0 is {smallest:g}")
    return found


def _checked(name: str, array: Array) -> Array:
    row = row_of(name)
    assert row is not None
    if row.kind == "text" or not array.size:
        return array
    if array.dtype.kind in "iu":
        first, last = int(array.min()), int(array.max())
        if first < (_WHOLE.min if row.least is None else row.least) or last > _WHOLE.max:
            raise ValueError(f"{name} has values from {first} to {last}")
        return np.asarray(array, np.int64)
    with np.errstate(invalid="ignore"):
        if not row.nan and np.isnan(array.min()):
            raise ValueError(f"{name} has a value that is not a number")
        low, high = float(np.fmin.reduce(array, axis=None)), float(np.fmax.reduce(array, axis=None))
    if low < (-LARGEST if row.least is None else row.least) or high > LARGEST:
        raise ValueError(f"{name} has values from {low:g} to {high:g}")
    return np.asarray(array, array.dtype.newbyteorder("="))
