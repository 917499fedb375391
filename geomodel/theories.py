"""The table of theories: denoisers made from the data alone, each of which explains a part of what networks do.

Reading it loads no torch; `build` imports what it makes. A new theory is a denoiser, a row here and a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from geomodel.options import Option, check_keywords

if TYPE_CHECKING:
    from geomodel.datasets.dataset import Dataset
    from geomodel.denoisers.base import Denoiser

Needs = Literal["", "images", "labels"]
_LARGEST = 1e6  # of a deviation in data units


@dataclass(frozen=True, slots=True, kw_only=True)
class TheoryRow:
    """A theory: what it is called, what can be chosen, its formula and source, and what it costs.

    `milliseconds`: of one query over 10,000 images of 28 × 28 on two cores, to order the theories by. `needs`: what the
    data must have.
    """

    name: str
    title: str
    formula: str
    source: str
    milliseconds: float
    make: Callable[..., Denoiser]
    needs: Needs = ""
    options: tuple[Option, ...] = ()


def _optimal(data: Dataset) -> Denoiser:
    from geomodel.denoisers.optimal import OptimalDenoiser

    return OptimalDenoiser(data.points, data.labels)


def _gaussian(data: Dataset) -> Denoiser:
    return data.fitted(False)


def _classes(data: Dataset) -> Denoiser:
    return data.fitted(True)


def _local(data: Dataset, patch: int) -> Denoiser:
    from geomodel.denoisers.local import LocalDenoiser

    return LocalDenoiser(data.points, patch)


def _wiener_local(data: Dataset, threshold: float) -> Denoiser:
    from geomodel.denoisers.wiener_local import WienerLocalDenoiser

    return WienerLocalDenoiser(data.points, threshold)


def _smoothed(data: Dataset, deviation: float, draws: int, seed: int) -> Denoiser:
    from geomodel.denoisers.smoothed import SmoothedDenoiser

    return SmoothedDenoiser(_optimal(data), deviation, draws, seed)


def _bandwidth(data: Dataset, factor: float) -> Denoiser:
    from geomodel.denoisers.bandwidth import BandwidthDenoiser

    return BandwidthDenoiser(_optimal(data), factor)


def _nearest(data: Dataset, k: int) -> Denoiser:
    from geomodel.denoisers.nearest import NearestDenoiser

    return NearestDenoiser(data.points, k, data.labels)


THEORIES: tuple[TheoryRow, ...] = (
    TheoryRow(
        name="optimal",
        title="Optimal denoiser D*",
        formula="D = Σᵢ wᵢ yᵢ, wᵢ = softmax(−‖x − yᵢ‖²/2σ²)",
        source="Chen et al. 2023 (arXiv 2305.19947)",
        milliseconds=3,
        make=_optimal,
    ),
    TheoryRow(
        name="gaussian",
        title="Gaussian",
        formula="D = ȳ + C (C + σ²)⁻¹ (x − ȳ)",
        source="Wang and Vastola 2024 (arXiv 2412.09726)",
        milliseconds=1,
        make=_gaussian,
    ),
    TheoryRow(
        name="classes",
        title="Class Gaussians",
        formula="D = Σ_c r_c(x) [ȳ_c + C_c (C_c + σ²)⁻¹ (x − ȳ_c)]",
        source="Li et al. 2024 (arXiv 2410.24060); Wang and Vastola 2024 (arXiv 2412.09726)",
        milliseconds=10,
        make=_classes,
        needs="labels",
    ),
    TheoryRow(
        name="local",
        title="Local patches",
        formula="D_q = Σᵢ w_iq y_iq, w_iq = softmax(−Σ_{p ∈ patch about q} (x_p − y_ip)²/2σ²)",
        source="Kamb and Ganguli 2024 (arXiv 2412.20292)",
        milliseconds=45,
        make=_local,
        needs="images",
        options=(
            Option(
                name="patch",
                title="Patch",
                kind="int",
                default=7,
                limits=(1, 127),
                tooltip="Side of the patch in pixels, odd. The whole image everywhere is D*; one pixel is a mosaic.",
            ),
        ),
    ),
    TheoryRow(
        name="wiener-local",
        title="Wiener-local",
        formula="the same with p where |W_qp| ≥ τ W_qq, W = C (C + σ²)⁻¹",
        source="Lukoianov et al. 2025 (arXiv 2509.09672)",
        milliseconds=200,
        make=_wiener_local,
        needs="images",
        options=(
            Option(
                name="threshold",
                title="Threshold τ",
                kind="float",
                default=0.1,
                limits=(0, 10),
                tooltip="Which pixels a pixel sees: those whose share in the linear filter is at least τ times its "
                "own. 0 is D*; above 1 hardly any but itself.",
            ),
        ),
    ),
    TheoryRow(
        name="smoothed",
        title="Smoothed D*",
        formula="D = mean of D*(x ± s z; σ), z ~ N(0, I)",
        source="Scarvelis et al. 2023 (arXiv 2310.12395)",
        milliseconds=48,
        make=_smoothed,
        options=(
            Option(
                name="deviation",
                title="Smoothing s",
                kind="float",
                default=1.0,
                limits=(0, _LARGEST),
                tooltip="How far around x the optimal denoiser is averaged, in data units. 0 is D*. On images it acts "
                "between 1 and 3, and gives blurred averages.",
            ),
            Option(
                name="draws",
                title="Draws",
                kind="int",
                default=16,
                limits=(2, 1024),
                tooltip="Evaluations of D* that one evaluation takes, in pairs x ± s z.",
            ),
            Option(
                name="seed",
                title="Seed",
                kind="int",
                default=0,
                limits=(0, 2**31 - 1),
                tooltip="Of the noise z, which is the same everywhere.",
            ),
        ),
    ),
    TheoryRow(
        name="bandwidth",
        title="Wider kernel",
        formula="D = D*(x; κσ)",
        source="Chen et al. 2023 (arXiv 2305.19947), section 5",
        milliseconds=3,
        make=_bandwidth,
        options=(
            Option(
                name="factor",
                title="Factor κ",
                kind="float",
                default=1.5,
                limits=(0.01, 100),
                tooltip="How many times wider than σ the kernel is. 1 is D*.",
            ),
        ),
    ),
    TheoryRow(
        name="nearest",
        title="Nearest data",
        formula="D* over the k nearest data points",
        source="the posterior of Chen et al. 2023 (arXiv 2305.19947), cut off",
        milliseconds=4,
        make=_nearest,
        options=(
            Option(
                name="k",
                title="Neighbours k",
                kind="int",
                default=10,
                limits=(1, 1_000_000),
                tooltip="How many data points are averaged. 1 is the nearest one; all of them are D*.",
            ),
        ),
    ),
)
_ROWS = {row.name: row for row in THEORIES}


def names() -> tuple[str, ...]:
    """The names of all theories, in the order of the table."""
    return tuple(_ROWS)


def row(name: str) -> TheoryRow:
    """The row of a theory. ValueError for a name that is not in the table."""
    if name not in _ROWS:
        raise ValueError(f"There is no theory {name!r}; choose one of {', '.join(_ROWS)}.")
    return _ROWS[name]


def refusal(name: str, data: Dataset) -> str:
    """Why a theory cannot be built on the data; empty where it can."""
    found = row(name)
    if found.needs == "images" and len(data.shape) != 3:
        return f"{found.title} needs images; {data.name} has points of {data.shape[0]} coordinates."
    if found.needs == "labels" and data.labels is None:
        return f"{found.title} needs classes; {data.name} has none."
    return ""


def build(name: str, data: Dataset, **options: Any) -> Denoiser:
    """The denoiser of a theory over a data set.

    Args:
        name: one of `names()`.
        data: its points, and for class Gaussians its labels.
        options: those of the row; what is left out takes its default.

    Returns:
        A denoiser of `data.shape`.

    Raises:
        ValueError: an unknown name, a value outside its limits, or data that lack what the theory needs.
        TypeError: an option that the theory does not have.
    """
    found = row(name)
    check_keywords(found.title, options, tuple(option.name for option in found.options))
    values = {option.name: option.check(options.get(option.name, option.default)) for option in found.options}
    if reason := refusal(name, data):
        raise ValueError(reason)
    return found.make(data, **values)
