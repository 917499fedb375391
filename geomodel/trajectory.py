"""What a run leaves behind: one `Step` at a time while it computes, one `Trajectory` when it is done."""

from __future__ import annotations

import json
import math
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from geomodel.arrays import Array
from geomodel.files import replacing

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = "geomodel-trajectory"
VERSION = 1
MAX_BYTES = 8 << 30  # a run file that claims more than this is refused before anything is allocated


class Evaluation(NamedTuple):
    """One call of the denoiser: where, at which noise level, and its answer D(x; sigma)."""

    x: Tensor
    sigma: float
    denoised: Tensor


@dataclass(frozen=True, slots=True)
class Combination:
    """How a step was made of its evaluations.

        x' = alpha x + sum_j (a_j x_j + b_j D_j) + gamma xi + constant

    `evaluations` lists this step's stages in order, then those of the history, newest first; `a`, `b` and
    `slope_weights` are aligned with it. `slope_weights` (None where the rule is not in slopes) are the w_j of
    x' = x + (sigma' - sigma) sum_j w_j (x_j - D_j) / sigma_j. `constant` is only there for an analytic first slope.
    """

    alpha: float
    evaluations: tuple[Evaluation, ...] = ()
    a: tuple[float, ...] = ()
    b: tuple[float, ...] = ()
    gamma: float = 0.0
    constant: Tensor | None = None
    slope_weights: tuple[float, ...] | None = None

    def apply(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """x' from the step's start x and, where gamma is not 0, its standard normal draw."""
        result = self.alpha * x
        for evaluation, a, b in zip(self.evaluations, self.a, self.b, strict=True):
            if a:
                result = result + a * evaluation.x
            if b:
                result = result + b * evaluation.denoised
        if self.gamma and noise is not None:
            result = result + self.gamma * noise
        return result if self.constant is None else result + self.constant


@dataclass(frozen=True, slots=True)
class Step:
    """One interval (sigma, sigma_next) of a run. Tensors are (B, *shape) and never written to again."""

    index: int
    sigma: float
    sigma_next: float
    x: Tensor
    x_next: Tensor
    denoised: Tensor  # D(x; sigma); NaN where nothing was evaluated there and display="off"
    slope: Tensor  # (x - denoised) / sigma
    stages: tuple[Evaluation, ...]  # the true evaluations of this step, in order
    combination: Combination
    evaluations: Any  # spent in this step: one number, or (B,) for adaptive solvers
    network_calls: int  # forward passes in this step (guidance needs two an evaluation)
    looks: int  # extra evaluations for display only
    info: Mapping[str, int] = field(default_factory=dict)  # accepted and rejected attempts
    state: Any = None  # opaque: what `iterate(resume=step)` needs


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """The record of a run, NumPy on the CPU.

    Shapes: x (steps + 1, B, *shape); denoised (steps, B, *shape), row i being D(x[i]; sigmas[i]); sigmas (steps + 1,);
    evaluations_at cumulative (steps + 1,). `extras` holds further arrays whose first axis runs over the levels,
    such as the effective neighbours along the way.
    """

    x: Array
    denoised: Array
    sigmas: Array
    evaluations: Any
    evaluations_at: Array
    network_calls: int
    looks: int
    final_denoised: Array | None = None
    seeds: Array | None = None
    labels: Array | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, Array] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Number of intervals."""
        return len(self.sigmas) - 1

    @property
    def slopes(self) -> Array:
        """dx/dsigma = (x - D) / sigma at every level but the last, (steps, B, *shape)."""
        sigma = self.sigmas[:-1].reshape(-1, *[1] * (self.x.ndim - 1))
        return np.asarray((self.x[:-1] - self.denoised) / sigma)

    def save(self, path: str | Path) -> None:
        """Write the run as NPZ: arrays by their names, `settings` as JSON text, extras as ``extra.NAME``."""
        arrays: dict[str, Any] = {
            "format": np.array(FORMAT),
            "version": np.array(VERSION),
            "settings": np.array(json.dumps(self.settings)),
            "evaluations": np.asarray(self.evaluations),
            "network_calls": np.array(self.network_calls),
            "looks": np.array(self.looks),
        }
        for name in ("x", "denoised", "sigmas", "evaluations_at", "final_denoised", "seeds", "labels"):
            if (value := getattr(self, name)) is not None:
                arrays[name] = np.asarray(value)
        arrays.update({f"extra.{name}": np.asarray(value) for name, value in self.extras.items()})
        with replacing(path) as file:
            np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> Trajectory:
        """Read a run written by `save`. A file that is not one: ValueError with one sentence. Nothing is executed."""
        path = Path(path)
        if path.is_dir():
            raise ValueError(f"{path.name} is a directory; a run is one .npz file.")
        try:
            arrays = _read_arrays(path)
        except OSError as error:
            raise ValueError(f"{path.name} cannot be read as a run: {error.strerror or error}.") from error
        except _UNREADABLE as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
            raise ValueError(f"{path.name} is not a run saved by Geomodel: {reason}.") from error
        return _from_arrays(path.name, arrays)


# what zipfile, zlib and NumPy raise on damaged files
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


def _from_arrays(name: str, arrays: dict[str, Array]) -> Trajectory:
    if not (_is_text(arrays.get("format")) and arrays["format"] == FORMAT):
        raise ValueError(f"{name} is an NPZ file but not a run: its 'format' entry is not {FORMAT!r}.")
    version = arrays.get("version", np.array(0))
    if version.shape != () or version.dtype.kind not in "iu" or int(version) != VERSION:
        found = version if version.shape == () and version.dtype.kind in "iu" else "that is not a number"
        raise ValueError(f"{name} has a run format version {found}; this program reads version {VERSION}.")
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
    evaluations = arrays["evaluations"]
    return Trajectory(
        x=arrays["x"],
        denoised=arrays["denoised"],
        sigmas=arrays["sigmas"],
        evaluations=int(evaluations) if evaluations.ndim == 0 else evaluations,
        evaluations_at=arrays["evaluations_at"],
        network_calls=int(arrays["network_calls"]),
        looks=int(arrays["looks"]),
        final_denoised=arrays.get("final_denoised"),
        seeds=arrays.get("seeds"),
        labels=arrays.get("labels"),
        settings=settings,
        extras={key.removeprefix("extra."): value for key, value in arrays.items() if key.startswith("extra.")},
    )


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
