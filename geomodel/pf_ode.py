"""How far the samplers of a convergence theory end from the data's law, where both are known in closed form.

The theory of Li, Wei, Chi and Chen 2024 (arXiv 2408.02320) bounds the total variation between what a sampler of T steps
produces and what it should produce. For a normal distribution both are normal, so the distance itself is a formula.

The forward chain is X_t = √a_t X_{t−1} + √b_t W_t with a_t = 1 − b_t and, with r = 4 ln T/T,

    b_1 = T⁻²,  b_{t+1} = r min{b_1 (1 + r)^t, 1}.

With s_t the score of X_t and Y_T ~ N(0, I), the samplers are

    ode   Y_{t−1} = (Y_t + (b_t/2) s_t(Y_t))/√a_t
    sde   Y_{t−1} = (Y_t + b_t s_t(Y_t) + √b_t Z_t)/√a_t.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Floats, Integers, plain

Sampler = Literal["ode", "sde"]
SAMPLERS: tuple[Sampler, ...] = get_args(Sampler)
LEAST_STEPS, MOST_STEPS = 9, 1_000_000  # with fewer steps b_t is above 1
MOST_FREQUENCY = 10_000.0  # the grid has some points in each period
_NODES = 48  # on each side of the middle; then the integral is right to 1e-13, and to 1e-9 for a million dimensions
_TAIL = 80.0  # twice the exponent behind which a density is nothing in float64
_FAR = 1e4  # a ratio of e^10,000: the distance is 1
_PERIOD, _CELLS, _REACH = 12, 256, 5.0  # cells in a period, fewest cells, standard deviations
_BINS = 600  # of a density that is drawn
_FOLD = 0.5  # of the largest slope with which a step keeps the order of its points; Newton's method then converges


def learning_rates(steps: int) -> Floats:
    """b_1 … b_T, (T,), see the module."""
    first, rate = float(steps) ** -2, 4 * math.log(steps) / steps
    growing = first * np.exp(np.minimum(np.arange(1, steps) * math.log1p(rate), -math.log(first)))
    return np.concatenate([[first], rate * growing])


def total_variation(
    steps: ArrayLike,
    dimension: ArrayLike,
    variance: float,
    *,
    score_error: float = 0.0,
    sampler: Sampler = "ode",
) -> Floats:
    """TV(X_1, Y_1) of a sampler of T steps for data N(0, v I_d), in closed form.

    The score is linear, s_t(x) = −x/var_t with var_t = ā_t v + 1 − ā_t and ā_t = Π_{i ≤ t} a_i, so Y_1 ~ N(0, w I) with

        ode   w = Π_{t = T … 2} (1 − (b_t/2)/var_t)²/a_t
        sde   w ← ((1 − b_t/var_t)² w + b_t)/a_t  for t = T … 2, from w = 1,

    while X_1 ~ N(0, var_1 I). A score that is (1 + p) times the right one puts (1 + p) before b_t/var_t and the like.
    Between N(0, α I) and N(0, β I) with q = α/β > 1, F_d the distribution function of χ²_d,

        TV = F_d(d q ln q/(q − 1)) − F_d(d ln q/(q − 1)).

    Args:
        steps: T, whole numbers from 9 to 10⁶, of any shape. Fewer steps have a b_t above 1.
        dimension: d, whole numbers from 1 on, of a shape that broadcasts with that of the steps.
        variance: v of the data, positive.
        score_error: p, above −1.
        sampler: ``"ode"`` or ``"sde"``.

    Returns:
        The distance, from 0 to 1, of the broadcast shape.

    Raises:
        ValueError: a number outside these limits, or another sampler.

    Sources: schedule and samplers of Li and Yan 2024 (arXiv 2409.18959) and of arXiv 2408.02320; the closed forms are
    the product's own, and bounds of the theory lie above them up to constants that it does not name.
    """
    T, d = _whole("steps", steps, LEAST_STEPS, MOST_STEPS), _whole("dimension", dimension, 1, 2**53)
    if sampler not in SAMPLERS:
        raise ValueError(f"There is no sampler {sampler!r}; choose one of {', '.join(SAMPLERS)}.")
    if not 0 < variance < math.inf:
        raise ValueError(f"variance is {variance!r}; expected a finite number above 0.")
    if not -1 < score_error < math.inf:
        raise ValueError(f"score_error is {score_error!r}; expected a finite number above −1.")
    different, where = np.unique(T, return_inverse=True)
    spreads = np.array([_spread(count, float(variance), float(score_error), sampler) for count in different.tolist()])
    return _between_normals(spreads[where].reshape(T.shape), d)


def _whole(name: str, values: ArrayLike, low: int, high: int) -> Integers:
    given = np.asarray(plain(values), np.float64)
    if not bool(((given >= low) & (given <= high) & (given == np.floor(given))).all()):
        raise ValueError(f"{name} has {given.ravel()[:3].tolist()} …; expected whole numbers from {low:,} to {high:,}.")
    return given.astype(np.int64)


def _spread(steps: int, variance: float, score_error: float, sampler: Sampler) -> float:
    """|ln w − ln var_1|."""
    b = learning_rates(steps)
    kept = np.cumprod(1 - b)
    var = kept * variance + 1 - kept
    b, a, pull = b[1:], 1 - b[1:], (1 + score_error) * b[1:] / var[1:]
    with np.errstate(divide="ignore", over="ignore"):  # a factor of 0 leaves a single point
        if sampler == "ode":
            log_w = float((2 * np.log(np.abs(1 - pull / 2)) - np.log(a)).sum())
        else:
            factors = np.cumprod((1 - pull) ** 2 / a)
            log_w = math.log(factors[-1] + float((b / a) @ np.concatenate([[1.0], factors[:-1]])))
    return abs(log_w - math.log(var[0]))


def _between_normals(spread: Floats, dimension: Integers) -> Floats:
    """TV of N(0, α I_d) and N(0, β I_d) with spread = |ln α/β|.

    It is the integral of the density of y = ln(χ²_d/d), which is a bell about 0 for every d, over the interval of
    length `spread` whose ends have equal densities of both normals.
    """
    spread = np.minimum(spread, _FAR)
    half = spread / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.where(half > 0, half + np.log(-np.expm1(-spread) / spread), 0.0)  # ln(sinh h/h)
    d = dimension.astype(np.float64)
    right = np.minimum(half - shift, np.sqrt(2 * _TAIL / d))
    left = np.minimum(half + shift, _TAIL / d + np.sqrt(2 * _TAIL / d))
    gamma = np.vectorize(math.lgamma, otypes=[np.float64])
    level = d / 2 * (np.log(d / 2) - 1) - gamma(d / 2)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    part = (nodes + 1) / 2

    def over(end: Floats) -> Floats:
        y = end[..., None] * part
        density = np.exp((d / 2)[..., None] * (y - np.expm1(y)) + level[..., None])
        return np.asarray(np.abs(end) / 2 * (density @ weights))

    return np.asarray(np.clip(over(-left) + over(right), 0.0, 1.0))


def slopes(
    steps: int, dimension: int, variance: float, *, score_error: float = 0.0, sampler: Sampler = "ode"
) -> tuple[float, float]:
    """How the distance grows about a place: d ln TV/d ln T from T/2 to 2T, and d ln TV/d ln d from d/4 to 4d.

    Ranges are cut at the fewest steps and at one dimension. NaN where a distance is 0. See `total_variation`.
    """
    T, d = (max(LEAST_STEPS, steps // 2), 2 * steps), (max(1, dimension // 4), 4 * dimension)

    def slope(places: tuple[int, int], values: Floats) -> float:
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.diff(np.log(values))[0] / math.log(places[1] / places[0]))

    in_steps = total_variation(T, dimension, variance, score_error=score_error, sampler=sampler)
    in_dimension = total_variation(steps, d, variance, score_error=score_error, sampler=sampler)
    return slope(T, in_steps), slope(d, in_dimension)


def bound_shape(steps: ArrayLike, dimension: ArrayLike, *, sampler: Sampler = "ode") -> Floats:
    """The shape of the theory's upper bound without score error: d ln⁴T/T for the ODE, d ln³T/T for the SDE.

    TV is at most a constant times this. The theory does not name the constant, so only the slopes mean something.
    Sources: Li, Wei, Chi and Chen 2024 (arXiv 2408.02320), theorem 1 for the ODE and their comparison with the SDE.
    """
    T, d = np.asarray(plain(steps), np.float64), np.asarray(plain(dimension), np.float64)
    return np.asarray(d * np.log(T) ** (4 if sampler == "ode" else 3) / T)


# ---------------------------------------------------------------- one error size, many ends


@dataclass(frozen=True, slots=True, eq=False)
class Oscillation:
    """What the ODE sampler makes of N(0, 1) with a score error A sin(ωx). See `oscillating`.

    Attributes:
        total_variation: between what is produced and what should be, right to 0.002.
        score_error: √E error(X)² = A √((1 − exp(−2ω²))/2), nearly the same for every ω from 1 on.
        jacobian_error: E |error′(X)|, which grows with ω.
        places, produced, target: (n,) middles of equal bins, and both densities as averages over each bin.
    """

    total_variation: float
    score_error: float
    jacobian_error: float
    places: Floats
    produced: Floats
    target: Floats


def oscillating(frequency: float, *, amplitude: float = 0.05, steps: int = 400) -> Oscillation:
    """The ODE sampler in one dimension with the score s_t(x) = −x + A sin(ωx), whose data are N(0, 1).

    The error has one mean square for every frequency ω, but its derivative grows with ω. The sampler is then an
    increasing map F of the line that gathers points on a lattice of spacing 2π/ω:

        Y_{t−1} = (Y_t + (b_t/2)(−Y_t + A sin ωY_t))/√a_t.

    With a grid x_i and y_i = F(x_i), TV = ½ Σ_i |ΔΦ(x_i) − ΔΦ(y_i)|. The grid is even in the middle of the way, from
    which it runs forward to y and, by Newton's method, back to x, so that both ends of the map are resolved.

    Args:
        frequency: ω, from 0 to 10,000. 0 is the sampler without error.
        amplitude: A, from 0 on.
        steps: T, from 9 to 10⁶.

    Raises:
        ValueError: a number outside these limits, or ω A so large that a step would nearly fold the line.

    Source: the Jacobian term of Li, Wei, Chi and Chen 2024 (arXiv 2408.02320): C d ln²T/T Σ_t E‖J s_t − J s*_t‖/T.
    """
    for name, value, limit in (("frequency", frequency, MOST_FREQUENCY), ("amplitude", amplitude, math.inf)):
        if not 0 <= value <= limit or value == math.inf:
            raise ValueError(f"{name} is {value!r}; expected a finite number from 0 to {limit:,g}.")
    count = int(_whole("steps", steps, LEAST_STEPS, MOST_STEPS))
    noise = learning_rates(count)[:0:-1]  # of the steps T … 2
    most = _FOLD * float((2 / noise - 1).min())
    if frequency * amplitude > most:
        raise ValueError(
            f"frequency × amplitude is {frequency * amplitude:.3g}; with {count:,} steps it may be {most:.3g}."
        )
    x, y = _map(frequency, amplitude, noise)
    before, after = _phi(x), _phi(y)
    apart = float(np.abs(np.diff(before, append=1.0) - np.diff(after, append=1.0)).sum())  # both halves of the line
    edges = np.linspace(0, 4, _BINS // 2 + 1)
    produced, target = (np.diff(values) / edges[1] for values in (np.interp(edges, y, before), _phi(edges)))
    middles = (edges[1:] + edges[:-1]) / 2
    harmonics = np.arange(1, 201)
    waves = (-1.0) ** (harmonics + 1) / (4 * harmonics**2 - 1) * np.exp(-2 * (harmonics * frequency) ** 2)
    return Oscillation(
        total_variation=min(1.0, apart),
        score_error=amplitude * math.sqrt(-math.expm1(-2 * frequency**2) / 2),
        jacobian_error=amplitude * frequency * abs(float(2 + 4 * waves.sum())) / math.pi,
        places=np.concatenate([-middles[::-1], middles]),
        produced=np.concatenate([produced[::-1], produced]),
        target=np.concatenate([target[::-1], target]),
    )


_erf = np.vectorize(math.erf, otypes=[np.float64])


def _phi(x: Floats) -> Floats:
    """The distribution function of N(0, 1)."""
    return np.asarray((1 + _erf(x / math.sqrt(2))) / 2)


def _map(frequency: float, amplitude: float, noise: Floats) -> tuple[Floats, Floats]:
    """Places x on the right half of the line, and y = F(x). F is odd."""
    middle = int(np.searchsorted(np.cumsum(noise), noise.sum() / 2))
    cells = max(_CELLS, math.ceil(_PERIOD * _REACH * frequency / (2 * math.pi)))
    x = y = np.linspace(0, _REACH, cells + 1)
    for b in noise[middle:].tolist():
        y = (y + b / 2 * (amplitude * np.sin(frequency * y) - y)) / math.sqrt(1 - b)
    for b in noise[:middle][::-1].tolist():
        end, h = x * math.sqrt(1 - b), b / 2
        x = end + h * (end - amplitude * np.sin(frequency * end))
        for _ in range(3):
            phase = frequency * x
            left = (1 - h) * x + h * amplitude * np.sin(phase) - end
            x = x - left / (1 - h + h * amplitude * frequency * np.cos(phase))
    return x, y
