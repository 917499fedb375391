"""A denoiser from the user's own Python file. Its code is run, because the user named the file."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from geomodel.checkpoints.info import CheckpointError, CheckpointInfo
from geomodel.denoisers.base import Denoiser, ask


class OwnDenoiser(Denoiser):
    """Wraps a callable ``model(x, sigma[, labels=])`` of the user's that has a `shape`, and makes an `info` for it.

    The callable may also have num_classes, sigma_min (default 0.002) and sigma_max (80). It is called with the tensor x
    and a float sigma, or a (B,) float64 tensor where the noise levels differ, and returns a tensor. It may work in
    place on what it is given, and may return the same buffer again and again.
    """

    analytic = False

    def __init__(self, model: Callable[..., Any], info: CheckpointInfo) -> None:
        self.model, self.info = model, info
        self.shape, self.num_classes = info.shape, info.classes
        self.sigma_min, self.sigma_max = info.sigma_min, info.sigma_max
        self.sigma_recommended = info.sigma_recommended

    def round_sigma(self, sigma: Any) -> Any:
        """Own denoisers take every noise level."""
        return sigma

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        level = float(sigma[0]) if bool((sigma == sigma[0]).all()) else sigma
        answer = ask(self.model, x, level, labels)
        if not isinstance(answer, Tensor) or answer.shape != x.shape:
            found = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
            raise ValueError(f"{self.info.name} returned {found}; expected a tensor of shape {tuple(x.shape)}.")
        return answer if torch.is_grad_enabled() else answer.detach()


def load_own(spec: str) -> OwnDenoiser:
    """The denoiser that ``path/to/file.py:function`` returns. This runs the file, so the name must come from the user
    and never from a file.

    Raises CheckpointError where there is no such file or function, or what it returns has no shape.
    """
    file, _, function = spec.rpartition(":")
    path = Path(file)
    if path.suffix != ".py" or not path.is_file() or not function.isidentifier():
        raise CheckpointError(f"{spec!r} is not a function in a Python file; write path/to/file.py:make_denoiser.")
    module_spec = importlib.util.spec_from_file_location(path.stem, path)
    assert module_spec is not None
    assert module_spec.loader is not None
    module = importlib.util.module_from_spec(module_spec)
    module_spec.loader.exec_module(module)
    make = getattr(module, function, None)
    if not callable(make):
        raise CheckpointError(f"{path.name} has no function {function}.")
    model = make()
    shape = getattr(model, "shape", None)
    if not callable(model) or not isinstance(shape, tuple | list | torch.Size) or not prod(shape):
        raise CheckpointError(f"{function} of {path.name} must return a callable denoiser with a `shape`.")
    low, high = float(getattr(model, "sigma_min", 0.002)), float(getattr(model, "sigma_max", 80.0))
    info = CheckpointInfo(
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
        classes=int(getattr(model, "num_classes", 0)),
        has_null_class=True,
        device="as the code chooses",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )
    return OwnDenoiser(model, info)
