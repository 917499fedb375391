"""The table of theories: denoisers made from the data alone, each of which explains a part of what networks do.

Reading it loads no torch; `build` imports what it makes. A new theory is a denoiser, a row here and a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from geomodel import theory_makers
from geomodel.options import Option, check_keywords

if TYPE_CHECKING:
    from geomodel.datasets.dataset import Dataset
    from geomodel.denoisers.base import Denoiser
    from geomodel.denoisers.optimal import OptimalDenoiser

TheoryName = Literal["optimal", "gaussian", "classes", "local", "wiener-local", "smoothed", "bandwidth", "nearest"]
Needs = Literal["", "images", "labels"]
_LARGEST = 1e6  # of a deviation in data units


@dataclass(frozen=True, slots=True, kw_only=True)
class TheoryRow:
    """A theory: what it is called, what can be chosen, its formula and source, and what it costs.

    `symbol`: its D in a line of text. `help`: what it is, in a sentence. `milliseconds`: of one query over 10,000
    images of 28 × 28 on two cores, to order the theories by. `make`: takes the data, D* of them or None, and the
    options. `needs`: what the data must have. `averages`: whether D is a weighted mean of data points, so that its runs
    end among them. `most`: the largest value of an option on a data set.
    """

    name: TheoryName
    title: str
    symbol: str
    help: str
    formula: str
    source: str
    milliseconds: float
    make: Callable[..., Denoiser]
    needs: Needs = ""
    averages: bool = False
    options: tuple[Option, ...] = ()
    most: Mapping[str, Callable[[Dataset], int]] = field(default_factory=dict)

    @property
    def by_class(self) -> bool:
        """Whether it answers for one class of the data too."""
        return self.averages or self.needs == "labels"


def _widest_patch(data: Dataset) -> int:
    """From this side on a patch holds the whole image everywhere."""
    return 2 * max(data.shape[-2:]) - 1


THEORIES: tuple[TheoryRow, ...] = (
    TheoryRow(
        name="optimal",
        title="Optimal denoiser D*",
        symbol="D*",
        help="The softmax-weighted mean of the data points.",
        formula="D = Σᵢ wᵢ yᵢ, wᵢ = softmax(−‖x − yᵢ‖²/2σ²)",
        source="Chen et al. 2023 (arXiv 2305.19947)",
        milliseconds=3,
        make=theory_makers.optimal,
        averages=True,
    ),
    TheoryRow(
        name="gaussian",
        title="Gaussian",
        symbol="Gaussian D",
        help="The denoiser of one Gaussian with the mean and covariance of the data.",
        formula="D = ȳ + C (C + σ²)⁻¹ (x − ȳ)",
        source="Wang and Vastola 2024 (arXiv 2412.09726)",
        milliseconds=1,
        make=theory_makers.gaussian,
    ),
    TheoryRow(
        name="classes",
        title="Class Gaussians",
        symbol="class-Gaussian D",
        help="The denoiser of one Gaussian for each class, weighted by its share.",
        formula="D = Σ_c r_c(x) [ȳ_c + C_c (C_c + σ²)⁻¹ (x − ȳ_c)]",
        source="Li et al. 2024 (arXiv 2410.24060); Wang and Vastola 2024 (arXiv 2412.09726)",
        milliseconds=10,
        make=theory_makers.classes,
        needs="labels",
    ),
    TheoryRow(
        name="local",
        title="Local patches",
        symbol="local D",
        help="Each pixel is D* of the patch about it, so that the image is a mosaic of data.",
        formula="D_q = Σᵢ w_iq y_iq, w_iq = softmax(−Σ_{p ∈ patch about q} (x_p − y_ip)²/2σ²)",
        source="Kamb and Ganguli 2024 (arXiv 2412.20292)",
        milliseconds=40,
        make=theory_makers.local,
        needs="images",
        options=(
            Option(
                name="patch",
                title="Patch",
                kind="int",
                default=7,
                limits=(1, 127),
                every=2,
                tooltip="Side of the patch in pixels, odd. The whole image everywhere is D*; one pixel is a mosaic.",
            ),
        ),
        most={"patch": _widest_patch},
    ),
    TheoryRow(
        name="wiener-local",
        title="Wiener-local",
        symbol="Wiener-local D",
        help="The same with patches that shrink with σ, taken from the covariance of the data.",
        formula="the same with p where |W_qp| ≥ τ W_qq, W = C (C + σ²)⁻¹",
        source="Lukoianov et al. 2025 (arXiv 2509.09672)",
        milliseconds=120,
        make=theory_makers.wiener_local,
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
        symbol="smoothed D*",
        help="The mean of D* about x. On images it acts between s = 1 and 3 and gives blurred averages.",
        formula="D = mean of D*(x ± s z; σ), z ~ N(0, I)",
        source="Scarvelis et al. 2023 (arXiv 2310.12395)",
        milliseconds=48,
        make=theory_makers.smoothed,
        averages=True,
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
                every=2,
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
        symbol="D*(κσ)",
        help="D* with a kernel κ times as wide as the noise.",
        formula="D = D*(x; κσ)",
        source="Chen et al. 2023 (arXiv 2305.19947), section 5",
        milliseconds=3,
        make=theory_makers.bandwidth,
        averages=True,
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
        symbol="nearest-data D",
        help="D* of the k nearest data points alone.",
        formula="D* over the k nearest data points",
        source="the posterior of Chen et al. 2023 (arXiv 2305.19947), cut off",
        milliseconds=4,
        make=theory_makers.nearest,
        averages=True,
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
        most={"k": len},
    ),
)
_ROWS: dict[str, TheoryRow] = {row.name: row for row in THEORIES}


def names() -> tuple[str, ...]:
    """The names of all theories, in the order of the table."""
    return tuple(_ROWS)


def row(name: str) -> TheoryRow:
    """The row of a theory. ValueError for a name that is not in the table."""
    if name not in _ROWS:
        raise ValueError(f"There is no theory {name!r}; choose one of {', '.join(_ROWS)}.")
    return _ROWS[name]


def of_driver(driver: str) -> TheoryRow | None:
    """The row of the theory that is this driver; None for a driver that is no theory."""
    return _ROWS.get(driver)


def refusal(name: str, data: Dataset) -> str:
    """Why a theory cannot be built on the data; empty where it can."""
    found = row(name)
    if found.needs == "images" and len(data.shape) != 3:
        return f"{data.name} has points of {data.shape[0]} coordinates; {found.title} is for images."
    if found.needs == "labels" and data.labels is None:
        return f"{data.name} has no classes; {found.title} is for data with classes."
    return ""


def problems(name: str, options: Mapping[str, Any], data: Dataset | None = None) -> dict[str, str]:
    """Option → sentence for values that do not fit the theory, or the data where they are given."""
    known, said = row(name), {}
    for option in known.options:
        value = options.get(option.name, option.default)
        try:
            value = option.check(value)
        except ValueError as error:
            said[option.name] = str(error)
            continue
        most = known.most.get(option.name)
        if data is not None and most is not None and not refusal(name, data) and value > most(data):
            said[option.name] = f"{option.title} is at most {most(data):,} here; it is {value:,}."
    return said


def build(name: str, data: Dataset, *, optimal: OptimalDenoiser | None = None, **options: Any) -> Denoiser:
    """The denoiser of a theory over a data set.

    Args:
        name: one of `names()`.
        data: its points, and for class Gaussians its labels.
        optimal: D* of the data where it is there already, because it takes time to make.
        options: those of the row; what is left out takes its default.

    Returns:
        A denoiser of `data.shape`.

    Raises:
        ValueError: an unknown name, a value outside its limits, or data that lack what the theory needs.
        TypeError: an option that the theory does not have.
    """
    found = row(name)
    check_keywords(found.title, options, tuple(option.name for option in found.options))
    if reason := refusal(name, data):
        raise ValueError(reason)
    if wrong := problems(name, options, data):
        raise ValueError(next(iter(wrong.values())))
    values = {option.name: option.check(options.get(option.name, option.default)) for option in found.options}
    return found.make(data, optimal, **values)
