"""Sums over patches of any shape, as products with sparse matrices.

A large patch has few ends: in each column of the image it is a few runs, and the sum over a run is the difference of
two running sums. So the matrix that takes running sums has two numbers for each run, where the one that takes the
values has one for each pixel. Of 784 pixels a patch of 364 has 94 such numbers (Fashion-MNIST, σ = 5).
"""

from __future__ import annotations

import warnings
from functools import cache

import torch
from torch import Tensor

_DIRECT = 1.5  # times as many numbers may be summed without running sums, because these round more
_DENSE = 0.3  # of all numbers: with more a dense product is faster


class PatchSums:
    """Sums of values (H·W, n) over the patches of each place, (H·W, n), in float64.

    With values h ≥ 0 and u = 2⁻⁵³, a direct sum of k values is wrong by at most k u times itself. One from running sums
    with r ends is wrong by at most r (r + H) u S, S the largest sum of h over a column of the image: 10⁻¹² S for the
    94 ends above. Values outside a patch then count too, so a caller allows this only where that is small.

    Args:
        patches: (H·W, H·W), true in row q and column p where the patch of q holds p.
        height: H.
        running: whether running sums are allowed.
    """

    def __init__(self, patches: Tensor, height: int, *, running: bool = True) -> None:
        self._height = height
        matrix, ends = patches.double(), _ends(patches, height) if running else None
        self._running = ends is not None and int(patches.sum()) > _DIRECT * int(ends.count_nonzero())
        if self._running and ends is not None:
            matrix = ends
        sparse = sparse_products() and int(matrix.count_nonzero()) <= _DENSE * matrix.numel()
        self._matrix = _compressed(matrix) if sparse else matrix

    def __call__(self, values: Tensor) -> Tensor:
        if self._running:
            columns = values.view(self._height, -1, values.shape[1])
            sums = columns.new_zeros(self._height + 1, *columns.shape[1:])
            torch.cumsum(columns, 0, out=sums[1:])
            values = sums.view(-1, values.shape[1])
        return self._matrix @ values


def _ends(patches: Tensor, height: int) -> Tensor:
    """(H·W, (H + 1)·W): 1 behind each run of a patch in a column of the image, and −1 before it."""
    held = patches.double().view(len(patches), height, -1)
    none = held.new_zeros(len(patches), 1, held.shape[2])
    return -torch.cat([none, held, none], 1).diff(dim=1).reshape(len(patches), -1)


def _compressed(matrix: Tensor) -> Tensor:
    """The same matrix without its zeros."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says once that such matrices are new
        return matrix.to_sparse_csr()


@cache
def sparse_products() -> bool:
    """Whether this build of torch multiplies sparse matrices."""
    try:
        found = _compressed(torch.eye(2, dtype=torch.float64)) @ torch.ones(2, 3, dtype=torch.float64)
    except RuntimeError:  # a build without the library that does it
        return False
    return bool((found == 1).all())
