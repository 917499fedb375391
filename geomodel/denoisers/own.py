"""A denoiser from the user's own Python file. Its code is run, because the user named the file."""

from __future__ import annotations

import hashlib
from math import isfinite, prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from geomodel.checkpoints.info import CheckpointError, CheckpointInfo
from geomodel.denoisers.base import Denoiser
from geomodel.denoisers.own_calls import Calls
from geomodel.denoisers.own_checks import Model, Way, check
from geomodel.denoisers.own_file import as_sentence, folder_of, run_file


class OwnDenoiser(Denoiser):
    """Wraps a callable ``model(x, sigma[, labels=])`` of the user's that has a `shape`, and makes an `info` for it.

    The callable may also have num_classes, label_names, by which its classes are matched with those of data, sigma_min
    (default 0.002) and sigma_max (80). It is called with the tensor x and a float sigma, or a (B,) tensor where the
    noise levels differ, and returns a tensor. It may work in place on what it is given, and may return the same buffer
    again and again. `way` says where it takes x only as float32, as a network does, a noise level only as a (B,)
    tensor, as those of EDM and k-diffusion do, or one noise level at a time, so that rows are asked one by one. `calls`
    knows while the callable is at work.
    """

    analytic = False

    def __init__(self, model: Model, info: CheckpointInfo, way: Way, calls: Calls) -> None:
        self.model, self.info, self._way, self._calls = model, info, way, calls
        self.shape, self.num_classes = info.shape, info.classes
        self.sigma_min, self.sigma_max = info.sigma_min, info.sigma_max
        self.sigma_recommended = info.sigma_recommended

    def round_sigma(self, sigma: Any) -> Any:
        """Own denoisers take every noise level."""
        return sigma

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        if not self._way.levels and bool((sigma != sigma[0]).any()):
            rows = [slice(row, row + 1) for row in range(len(x))]
            return torch.cat([self._denoise(x[r], sigma[r], None if labels is None else labels[r]) for r in rows])
        level = float(sigma[0]) if bool((sigma == sigma[0]).all()) else sigma
        with self._calls.of(self.info.name):
            answer = self._way.answer(self.model, x, level, labels)
        if not isinstance(answer, Tensor) or answer.shape != x.shape:
            found = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
            raise ValueError(f"{self.info.name} returned {found}; expected a tensor of shape {tuple(x.shape)}.")
        return answer if torch.is_grad_enabled() else answer.detach()


def load_own(spec: str, calls: Calls | None = None) -> OwnDenoiser:
    """The denoiser that ``path/to/file.py:function`` returns. This runs the file, so the name must come from the user
    and never from a file.

    The file can import what lies beside it. Raises CheckpointError, one sentence, where there is no such file or
    function, where its code fails or ends the program, and where what it returns does not denoise. `calls` knows while
    that code is at work, now and later.
    """
    calls = calls or Calls()
    file, _, function = spec.rpartition(":")
    path = Path(file)
    if path.suffix != ".py" or not path.is_file() or not function.isidentifier():
        raise CheckpointError(f"{spec!r} is not a function in a Python file; write path/to/file.py:make_denoiser.")
    with folder_of(path), calls.of(spec):
        with as_sentence(path, "while it was loaded"):
            make = getattr(run_file(path), function, None)
        if not callable(make):
            raise CheckpointError(f"{path.name} has no function {function}.")
        with as_sentence(path, f"in {function}"):
            model = make()
            info = _info(spec, path, model)
        with as_sentence(path, "when it was asked with two rows"):
            way = check(path.name, model, info.shape, info.classes, info.sigma_max)
    return OwnDenoiser(model, info, way, calls)


def _info(spec: str, path: Path, model: Any) -> CheckpointInfo:
    """What the denoiser says of itself. CheckpointError where it is none."""
    shape = getattr(model, "shape", None)
    if not callable(model) or not isinstance(shape, tuple | list | torch.Size) or not prod(shape):
        function = spec.rpartition(":")[2]
        raise CheckpointError(f"{function} of {path.name} must return a callable denoiser with a `shape`.")
    low, high = float(getattr(model, "sigma_min", 0.002)), float(getattr(model, "sigma_max", 80.0))
    if not (0 <= low < high and isfinite(high)):
        raise CheckpointError(f"{path.name} has σ from {low:g} to {high:g}; expected 0 ≤ sigma_min < sigma_max < ∞.")
    names = tuple(map(str, getattr(model, "label_names", ())))
    classes = int(getattr(model, "num_classes", len(names)))
    if names and len(names) != classes:
        raise CheckpointError(f"{path.name} has {classes} classes and {len(names)} label_names; expected one a class.")
    return CheckpointInfo(
        name=spec,
        path=path,
        format="own code",
        architecture=type(model).__name__,
        parameters=sum(part.numel() for part in model.parameters()) if isinstance(model, torch.nn.Module) else 0,
        dtype="float32",
        shape=tuple(int(side) for side in shape),
        sigma_data=float("nan"),
        sigma_min=low,
        sigma_max=high,
        sigma_recommended=(low, high),
        classes=classes,
        label_names=names,
        has_null_class=True,
        device="as the code chooses",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )
