"""The optimal denoiser D* of a finite data set, exact in small sets and fast, with a certified error, in large ones.

D*(x; σ) is the mean of all N data points y_i with the weights softmax_i(−‖x − y_i‖²/(2σ²)). The definition asks for N
distances in d coordinates at every evaluation, and at small σ for distances far more accurate than float64 gives when
they are computed as ‖x‖² + ‖y‖² − 2x·y. Three ways of computing it share that work. Each one either proves that it is
accurate enough for a query, or hands the query to the next.

1. *Few points matter* (`pruning`, `differences`). At small σ almost all weights are zero. The coordinates of a point
   along 48 principal components, and the length of what they leave out, bound its distance from below; points whose
   bound is too large are dropped. If at most about a thousand are left, their weights are computed from differences to
   the nearest one, in float64.
2. *Image bytes as whole numbers* (`byte_codes`, `byte_products`, `file_codes`, `search`). An image value is a byte k,
   scaled and shifted, plus the tiny error that its conversion to float32 made. A query is written as a 31-bit whole
   number, that is four digits of base 256. Products of bytes and digits are integers, which integer matrix products
   and then sums in float64 hold without any rounding (every sum stays below 2⁵³). So the only errors are the ones that
   were made on purpose: the part of the query that 31 bits cannot hold, and the conversion error of the points. Both
   are known in size, hence so is the error of D*. Where the conversion error matters, it is written in a second byte
   for each value, a guard digit, and added. The averages of the points use the same exact products.
3. *Untruncated float64* (`untruncated`). Every point, with a rounding model and a second pass over the points that can
   carry weight. It needs no assumption about the data, and answers whatever the first two leave.

Sets of up to 10⁷ numbers go to the third way at once, because it is fast enough there and exact. Larger sets are
searched in the first two ways, one query after another: the first is tried where σ promises few points, the second
where the points were bytes and the processor's byte products are found to be exact. An answer of theirs counts only if
its certified bound on ‖computed − exact‖ is below the tolerance; otherwise the query falls back to the third way.
`OptimalDenoiser.posterior(...).bound` reports the bound in all three cases.

`optimal` holds the denoiser itself, `input` checks what it is given, `posterior` is what it answers; `leave_one_out`
computes D* without some of its points and `jacobian` its derivative, which is the covariance of the posterior.
"""

from geomodel.denoisers.optimal.optimal import OptimalDenoiser
from geomodel.denoisers.optimal.posterior import Posterior

__all__ = ["OptimalDenoiser", "Posterior"]
