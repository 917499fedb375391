"""Saved runs: NPZ files of arrays by their names, with `settings` as JSON text, and the table of run formats."""

from __future__ import annotations

import json
import math
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from geomodel.arrays import Array
from geomodel.files import replacing
from geomodel.formats import Format, suffixes
from geomodel.versions import with_todays_eta
from geomodel.zip_files import glance

FORMATS = (
    Format(
        name="trajectory",
        title="Geomodel run",
        patterns=("*.npz",),
        recognises="geomodel.run_files:recognises",
        open="geomodel.trajectory:Trajectory.load",
    ),
)
FORMAT = "geomodel-trajectory"
VERSION = 2  # 1: the η of ddim_eta in settings is a share of variance
MAX_BYTES = 8 << 30  # a run file that claims more than this is refused before anything is allocated
_MARKS = {"format.npy", "version.npy", "settings.npy"}  # members that no file of points has


def recognises(path: Path) -> bool:
    """Whether a file has the members of a saved run. Raises nothing but OSError."""
    return set(glance(path)) >= _MARKS


def write(path: str | Path, arrays: dict[str, Any], settings: dict[str, Any]) -> None:
    """Write a run, all or nothing. OSError where it cannot be written."""
    marks: dict[str, Any] = {
        "format": np.array(FORMAT),
        "version": np.array(VERSION),
        "settings": np.array(json.dumps(settings)),
    }
    with replacing(path) as file:
        np.savez_compressed(file, **marks, **arrays)


def read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """The checked arrays and settings of a run that `write` wrote. ValueError, one sentence, for any other file."""
    name = path.name
    if path.is_dir():
        raise ValueError(f"{name} is a directory; a run is one {' or '.join(suffixes(FORMATS))} file.")
    try:
        arrays = _read_arrays(path)
    except OSError as error:
        raise ValueError(f"{name} cannot be read as a run: {error.strerror or error}.") from error
    except _UNREADABLE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ValueError(f"{name} is not a run saved by Geomodel: {reason}.") from error
    return arrays, _checked_settings(name, arrays)


# What zipfile, zlib and NumPy raise on damaged files
_UNREADABLE = (
    ValueError,
    EOFError,
    RuntimeError,
    MemoryError,
    OverflowError,
    zipfile.BadZipFile,
    zlib.error,
)


def _read_arrays(path: Path) -> dict[str, Array]:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        total = sum(entry.file_size for entry in entries)
        if total > MAX_BYTES:
            raise ValueError(
                f"it claims {total / 1e9:.1f} GB of arrays, more than the {MAX_BYTES / 1e9:.1f} GB allowed"
            )
        return {entry.filename.removesuffix(".npy"): _read_array(archive, entry) for entry in entries}


def _read_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Array:
    """One entry; what its header claims is compared with what the archive holds before anything is allocated."""
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{entry.filename} is compressed in a way that NumPy does not write")
    with archive.open(entry) as file:
        try:
            version = np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        except (ValueError, TypeError, SyntaxError, tokenize.TokenError) as error:
            raise ValueError(f"{entry.filename} is not a NumPy array") from error
        if version != (1, 0):
            raise ValueError(f"{entry.filename} has NPY version {version}, expected (1, 0)")
        if dtype.hasobject:
            raise ValueError(f"{entry.filename} holds Python objects")
        if math.prod(shape) * dtype.itemsize != entry.file_size - file.tell():
            raise ValueError(f"{entry.filename} claims the shape {shape} and holds {entry.file_size} bytes")
        file.seek(0)
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def _checked_settings(name: str, arrays: dict[str, Array]) -> dict[str, Any]:
    """The settings of a run whose arrays fit together. ValueError for others."""
    if not (_is_text(arrays.get("format")) and arrays["format"] == FORMAT):
        raise ValueError(f"{name} is an NPZ file but not a run: its 'format' entry is not {FORMAT!r}.")
    version = arrays.get("version", np.array(0))
    if version.shape != () or version.dtype.kind not in "iu" or not 1 <= int(version) <= VERSION:
        found = version if version.shape == () and version.dtype.kind in "iu" else "that is not a number"
        raise ValueError(f"{name} has a run format version {found}; this program reads versions 1 to {VERSION}.")
    needed = ("x", "denoised", "sigmas", "evaluations", "evaluations_at", "network_calls", "looks", "settings")
    missing = [key for key in needed if key not in arrays]
    if missing:
        raise ValueError(f"{name} lacks {', '.join(missing)}; the file is incomplete.")
    problem = _shape_problem(arrays)
    if problem:
        raise ValueError(f"{name} does not fit together: {problem}.")
    if not _is_text(arrays["settings"]):
        raise ValueError(f"{name} has settings that are not text.")
    try:
        settings = json.loads(str(arrays["settings"]))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} has settings that are not JSON.") from error
    if not isinstance(settings, dict):
        raise ValueError(f"{name} has settings that are not a JSON object.")
    return with_todays_eta(settings) if int(version) == 1 else settings


def _is_text(array: Array | None) -> bool:
    return array is not None and array.shape == () and array.dtype.kind == "U"


def _shape_problem(arrays: dict[str, Array]) -> str | None:
    x, denoised, sigmas = arrays["x"], arrays["denoised"], arrays["sigmas"]
    levels = len(sigmas) if sigmas.ndim == 1 else 0
    measured = [arrays[key] for key in ("x", "denoised", "sigmas", "evaluations_at", "final_denoised") if key in arrays]
    numeric = all(array.dtype.kind in "iuf" for array in measured)
    counts = all(arrays[key].dtype.kind in "iu" for key in ("evaluations", "network_calls", "looks"))
    if not numeric or not counts:
        return "an array is not made of numbers"
    if levels < 2 or x.ndim < 3 or x.shape[0] != levels or not x.size:
        return f"x has shape {x.shape} for {sigmas.shape} noise levels"
    if denoised.shape != (levels - 1, *x.shape[1:]):
        return f"denoised has shape {denoised.shape}, expected {(levels - 1, *x.shape[1:])}"
    batch = x.shape[1:2]
    if arrays["evaluations"].shape not in ((), batch) or arrays["network_calls"].ndim or arrays["looks"].ndim:
        return "the evaluation counts are not one number, or one a sample"
    if arrays["evaluations_at"].shape not in ((levels,), (levels, *batch)):
        return "evaluations_at does not match the noise levels"
    final = arrays.get("final_denoised")
    if final is not None and final.shape != x.shape[1:]:
        return f"final_denoised has shape {final.shape}, expected {x.shape[1:]}"
    if not (np.isfinite(sigmas).all() and (np.diff(sigmas) < 0).all() and sigmas[-1] >= 0):
        return "the noise levels do not descend"
    for key, value in arrays.items():
        if key.startswith("extra.") and (
            value.dtype.kind not in "iuf" or value.shape[:1] not in ((levels,), (levels - 1,))
        ):
            return f"{key} has shape {value.shape} for {levels} noise levels"
        if key in ("seeds", "labels") and (value.dtype.kind not in "iu" or value.shape != batch):
            return f"{key} has shape {value.shape} for {x.shape[1]} samples"
    return None
