"""What a pass over all points tells about queries."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from geomodel.denoisers.optimal.byte_codes import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """b queries, whose gaps (b, N') to the least of each `Search` changes in place. It has the notation."""

    rows: Tensor
    query: Query
    gap: Tensor
    sigma: Tensor
    window: Tensor  # the largest gap of a point that has weight
    widest: Tensor  # the largest ρ_i in the window
    fixed: Tensor  # A, and the gaps' rounding

    def __getitem__(self, wanted: Tensor) -> Many:
        if bool(wanted.all()):
            return self
        return Many(
            rows=self.rows[wanted],
            query=self.query[wanted],
            gap=self.gap[wanted.to(self.gap.device)],
            sigma=self.sigma[wanted],
            window=self.window[wanted],
            widest=self.widest[wanted],
            fixed=self.fixed[wanted],
        )
