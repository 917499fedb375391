"""Sums over patches of any shape, as products with sparse matrices.

Pixels that lie together have patches that are nearly the same. So the sum over one patch is the sum over the patch of
the pixel above it, plus the sum over the pixels that only this patch holds, less the sum over those that only the other
holds. Of 784 pixels a patch of 364 differs from the one above it in 77 (Fashion-MNIST, σ = 5), and only these count.
"""

from __future__ import annotations

import warnings
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor

_DIRECT = 1.5  # times as many numbers may be summed directly, because a chain of sums rounds more
_DENSE = 0.3  # of all numbers: with more a dense product is faster
LANES = 32  # values (H·W, n) of so many columns, or a multiple, are summed fastest


class PatchSums:
    """Sums of values (H·W, n) over the patches of each place, (H·W, n), in float64.

    With values h ≥ 0 and u = 2⁻⁵³, a direct sum of k values is wrong by at most k u times itself. One from a chain of
    W + H sums, which differ in r values together, is wrong by at most (2r + W + H) u S, where S is the largest sum of
    the chain. Values outside a patch then count too, so a caller allows this only where that is small.

    Args:
        patches: (H·W, H·W), true in row q and column p where the patch of q holds p.
        height: H.
        chained: whether sums may come from those of the pixels above.
    """

    def __init__(self, patches: Tensor, height: int, *, chained: bool = True) -> None:
        self._height = height
        matrix, changes = patches.double(), _changes(patches, height) if chained else None
        self._chained = changes is not None and int(patches.sum()) > _DIRECT * int(changes.count_nonzero())
        if self._chained and changes is not None:
            matrix = changes
        sparse = sparse_products() and int(matrix.count_nonzero()) <= _DENSE * matrix.numel()
        self._matrix = _compressed(matrix) if sparse else matrix

    def __call__(self, values: Tensor) -> Tensor:
        sums = _product(self._matrix, values)
        if self._chained:
            rows = sums.view(self._height, -1, values.shape[1])
            rows[0] = rows[0].cumsum(0)
            for above, row in pairwise(rows):
                row += above
        return sums


def _changes(patches: Tensor, height: int) -> Tensor:
    """(H·W, H·W): each patch less the one above it; in the first row, less the one to the left."""
    rows = patches.double().view(height, -1, len(patches))
    changes = rows.diff(dim=0, prepend=torch.zeros_like(rows[:1]))
    changes[0, 1:] -= rows[0, :-1]
    return changes.view(len(patches), -1)


def _product(matrix: Tensor, values: Tensor) -> Tensor:
    """The product. That of a sparse matrix as a reduction takes two thirds of the time of an ordinary one."""
    return matrix @ values if matrix.layout == torch.strided else torch.sparse.mm(matrix, values, "sum")


def _compressed(matrix: Tensor) -> Tensor:
    """The same matrix without its zeros."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says once that such matrices are new
        return matrix.to_sparse_csr()


@cache
def sparse_products() -> bool:
    """Whether this build of torch multiplies sparse matrices."""
    try:
        found = _product(_compressed(torch.eye(2, dtype=torch.float64)), torch.ones(2, 3, dtype=torch.float64))
    except RuntimeError:  # a build without the part that does it
        return False
    return bool((found == 1).all())
