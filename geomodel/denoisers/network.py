"""A network as a denoiser: its coordinates, its clock, labels, and the size of a piece."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from geomodel.denoisers import clocks
from geomodel.denoisers.base import Denoiser
from geomodel.denoisers.clock import RECOMMENDED, Clock

if TYPE_CHECKING:
    from geomodel.checkpoints.info import CheckpointInfo
    from geomodel.checkpoints.plan import Plan

MAX_PIECE = 65536
PIECE_SECONDS = 0.25  # the longest that one forward pass may hold the engine
PACE_ROWS = 8


class NetworkDenoiser(Denoiser):
    """The denoiser of a checkpoint's network F, which knows the data in coordinates of its own:

        D(x; sigma) = m + u D_F((x − m)/u; sigma/u),     D_F(y; s) = c_skip y + c_out F(c_in y, c_noise, labels),

    with m the mean of the training data and u their unit, both from the checkpoint, and the coefficients from its
    clock, by default EDM's with sigma_data of the checkpoint. So D moves and grows with its data:
    a network trained on data + c, or on 2 × data, has the same F. m is subtracted and added in x's dtype or float32,
    whichever is wider, because only what is left fits into float32: a mean of 5.8e6 has spacing 0.5 there. F runs in
    its own dtype on its own device. sigma is in units of the data, x (B, *shape). Gradients flow to x, never to the
    weights. Raises ValueError where labels are given to a network without classes, are not among its classes, or are
    missing (None or -1) for a network that has no null class.
    A network of images in [0, 1] has m = −1 and u = 2. Source: Karras et al. (2206.00364), eq. 7, for D_F.
    """

    analytic = False
    center: Tensor  # m, (*shape) float64

    def __init__(
        self,
        network: nn.Module,
        info: CheckpointInfo,
        clock: Clock | None = None,
        plan: Plan | None = None,
    ) -> None:
        self.network = network.eval().requires_grad_(False)
        self.plan = plan  # what its file said; None where a script built it
        self.info = info
        self.clock = clock or clocks.edm(sigma_data=info.sigma_data / info.unit)
        self.shape = info.shape
        self.num_classes = info.classes
        self.sigma_min = info.sigma_min
        self.sigma_max = info.sigma_max
        self.sigma_recommended = info.sigma_recommended
        self.center, self.far = torch.from_numpy(info.mean_point), info.far
        weights = next(network.parameters())
        self._device, self._dtype = weights.device, torch.promote_types(weights.dtype, torch.float32)

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self._device

    def round_sigma(self, sigma: Any) -> Any:
        """The nearest noise level that the network knows, which is sigma itself unless D is a staircase in sigma."""
        unit = self.info.unit
        return self.clock.round_sigma(sigma) if unit == 1 else self.clock.round_sigma(sigma / unit) * unit

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        dtype = torch.promote_types(x.dtype, torch.float32)
        # The cast comes before the move: some devices have no float64.
        mean, unit = self.center.to(dtype).to(x.device), self.info.unit
        return mean + unit * self._centred((x.to(dtype) - mean) / unit, sigma / unit, labels)

    def _centred(self, y: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        """D_F(y; sigma), all in the network's own unit."""
        coefficients = self.clock.coefficients(sigma)
        c_skip, c_out, c_in = (column(c, y).to(y.dtype).to(y.device) for c in coefficients[:3])
        inputs, c_noise = (c_in * y).to(self._dtype), coefficients.c_noise.to(self._dtype)
        outputs: Tensor = self.network(*self._sent(inputs, c_noise, self._rows(labels, len(y))))
        return c_skip * y + c_out * outputs.to(y.device).to(y.dtype)

    def _sent(self, inputs: Tensor, noise: Tensor, rows: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
        """What the network is given, on its device. It is sent there as one tensor, because each transfer waits."""
        if inputs.device.type == "cpu" != self._device.type:
            here = [inputs.flatten(1), noise[:, None], *([] if rows is None else [rows[:, None].to(noise.dtype)])]
            there = torch.cat(here, dim=1).to(self._device)
            many = here[0].shape[1]
            known = None if rows is None else there[:, -1].long()  # exact: labels are far below 2²⁴
            return there[:, :many].reshape(inputs.shape), there[:, many].contiguous(), known
        return inputs.to(self._device), noise.to(self._device), None if rows is None else rows.to(self._device)

    def _rows(self, labels: Tensor | None, batch: int) -> Tensor | None:
        """Rows of the label table: the class, or the last row for the null class."""
        classes = torch.full((batch,), -1) if labels is None else labels
        if bool((classes < -1).any()) or bool((classes >= self.num_classes).any()):
            known = f"0 to {self.num_classes - 1}" if self.num_classes else "none, the network has no classes"
            raise ValueError(f"A label is not among the network's classes ({known}; -1 is unconditional).")
        if not self.num_classes:
            return None
        if not self.info.has_null_class and bool((classes < 0).any()):
            raise ValueError("This network has no null class: it needs a label from 0 on for every sample.")
        return torch.where(classes < 0, self.num_classes, classes)


def column(coefficient: Tensor, x: Tensor) -> Tensor:
    """One number a sample, (B,), in the shape that multiplies x (B, *shape)."""
    return coefficient.reshape(-1, *[1] * (x.ndim - 1))


def measure_pace(model: Denoiser) -> float:
    """Seconds that a forward pass of `PACE_ROWS` rows takes for each row on the model's device; the better of two runs.

    If a single row is already slow, only one row is measured.
    """
    low, high = getattr(model, "sigma_recommended", RECOMMENDED)
    sigma = (low * high) ** 0.5
    _elapsed(model, 1, sigma)  # the first call of a process loads kernels
    single = _elapsed(model, 1, sigma)
    if single > PIECE_SECONDS:
        return single
    return min(_elapsed(model, PACE_ROWS, sigma) for _ in range(2)) / PACE_ROWS


def piece_rows(pace: float) -> int:
    """The number of rows that take at most `PIECE_SECONDS` at this pace: a power of two from 1 to `MAX_PIECE`.

    Choose it once for a model and device and keep it, because another size may change the last bits of a result.
    """
    fitting = min(PIECE_SECONDS / max(pace, PIECE_SECONDS / MAX_PIECE), MAX_PIECE)
    return 1 << max(0, int(fitting).bit_length() - 1)


def _elapsed(model: Denoiser, rows: int, sigma: float) -> float:
    labels = torch.zeros(rows, dtype=torch.int64) if model.num_classes else None
    # At the mean, because functions of numbers far outside the data take longer.
    x = torch.zeros(rows, *model.shape, dtype=torch.float64)
    x = x if model.center is None else x + model.center
    begin = perf_counter()
    model(x, sigma, labels)  # moving the answer to the CPU waits for the device
    return perf_counter() - begin
