"""The settings of a run, with limits, help texts and a JSON form."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, get_type_hints

import msgspec
from msgspec import Meta

from geomodel import datasets, schedules, strokes, theories
from geomodel.compared import Compared
from geomodel.datasets import Dataset, columns
from geomodel.datasets.common import Progress
from geomodel.error_text import MOST_CHARACTERS, cut
from geomodel.options import INFINITE
from geomodel.strokes import MOST_STROKES, WIDEST, WIDTH, Strokes
from geomodel.theories import TheoryName, TheoryRow
from geomodel.versions import todays

CUSTOM = "custom"  # the schedule whose levels are `RunSettings.levels`
MAX_POINTS = 1_000_000
MAX_LEVELS = 10_001
LONGEST = MOST_CHARACTERS  # of a name or path
MOST_SAMPLES = 10**9  # no computer holds as many; with more, their bytes could not be counted as a float
LEAST_SIGMA, MOST_SIGMA = 1e-100, 1e100  # squares of noise levels must be finite and not 0

Driver = Literal[TheoryName, "mixture", "network", "blend"]
Start = Literal["noise", "origin", "exact", "data", "point"]
Option = float | int | str | bool
DRIVER_OPTION = "driver_options."  # before the name of one of them, where a sentence is about it


class DataKey(NamedTuple):
    """What decides the points of the data: fields of `RunSettings`, by their names."""

    data: str
    data_count: int
    data_seed: int
    data_columns: str = ""
    drawing: Strokes = ()
    drawing_width: float = WIDTH

    def load(self, progress: Progress | None = None) -> Dataset:
        """Open the data. Raises DataError as `datasets.load` and `datasets.drawing` do."""
        name, count, seed, taken, drawn, width = self
        if name != datasets.DRAWING:
            return datasets.load(name, count=count, seed=seed, columns=taken, progress=progress)
        dataset = datasets.drawing(drawn, count=count, seed=seed, width=width)
        if progress is not None:
            dataset.measure(progress)
        return dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Everything that decides the outcome of a run. The same settings give the same run, bit for bit, on a machine."""

    schema_version: Literal[3] = 3
    data: Annotated[
        str,
        Meta(max_length=LONGEST, title="Data", description="A named data set, or the path of a CSV or NPY file."),
    ] = "two-moons"
    data_count: Annotated[
        int, Meta(ge=1, le=MAX_POINTS, title="Points", description="How many points a generated data set has.")
    ] = 1000
    data_seed: Annotated[
        int, Meta(ge=0, le=2**31 - 1, title="Data seed", description="Seed of a generated data set.")
    ] = 0
    data_columns: Annotated[
        str,
        Meta(
            max_length=1000,
            title="Columns",
            description="Which columns of a table are coordinates and which is the class, by name or by number from 1, "
            "and whether there is a header: “1-2; class 3; no header”, or “x, y; class kind”. "
            "Empty: told from the file.",
        ),
    ] = ""
    drawing: Annotated[
        Strokes,
        Meta(
            max_length=MOST_STROKES,
            title="Drawing",
            description="The strokes of the data “drawing”: each a list of vertices in data units.",
        ),
    ] = ()
    drawing_width: Annotated[
        float,
        Meta(
            ge=0,
            le=WIDEST,
            title="Line width",
            description="Width of the lines of a drawing, in data units: the points stand along them, with normal "
            "noise of half this deviation across.",
        ),
    ] = WIDTH
    network: Annotated[
        str, Meta(max_length=LONGEST, title="Network", description="Path of a checkpoint; empty for none.")
    ] = ""
    driver: Annotated[
        Driver,
        Meta(
            title="Driver",
            description="What moves the samples: dx/dσ = (x − D(x; σ))/σ with D the optimal denoiser D* of the data "
            "points, the exact denoiser of the mixture they came from, that of one Gaussian with the mean and "
            "covariance of the points or of one such Gaussian for each class, D* of patches of images, D* smoothed, "
            "with a wider kernel or over the nearest points, the network Dθ, or a Dθ + (1 − a) D*.",
        ),
    ] = "optimal"
    driver_options: Annotated[
        dict[str, Option],
        Meta(title="Options of the driver", description="The options of the theory that drives, by their names."),
    ] = field(default_factory=dict)
    blend: Annotated[
        float, Meta(ge=0, le=1, title="Share a", description="D = a Dθ + (1 − a) D*: 1 is the network, 0 is D*.")
    ] = 0.5
    label: Annotated[
        int,
        Meta(
            ge=-1,
            le=100_000,
            title="Class",
            description="The class that is asked for, by its number among the driver's classes: those of the network "
            "where it moves the samples, else those of the data. D* runs over the data's class of the same name alone, "
            "and a network beside it is asked for its own class of that name. −1: no class.",
        ),
    ] = -1
    guidance: Annotated[
        float,
        Meta(
            ge=-20,
            le=50,
            title="Guidance w",
            description="D = D_∅ + w (D_c − D_∅): 1 is the class alone, larger goes beyond it. "
            "For w other than 0 and 1 it is no density's denoiser.",
        ),
    ] = 1.0
    beside: Annotated[
        bool,
        Meta(
            title="Run beside",
            description="Also moves the same noise by the denoiser that this run is compared with: distance to that "
            "run, and the denoiser difference along it. Costs one evaluation of the driver a step, and those of the "
            "other denoiser.",
        ),
    ] = True
    compared_with: Annotated[
        Compared,
        Meta(
            title="Compared with",
            description="What the driver is compared with: D* of the data, the denoiser of one Gaussian that is "
            "fitted to them or of one for each class, or for images local patches or Wiener-local, with the usual "
            "options. Posterior weights, mean shift, effective neighbours and basins do not follow it, because a "
            "Gaussian has no data points.",
        ),
    ] = "optimal"
    solver: Annotated[
        str,
        Meta(max_length=LONGEST, title="Solver", description="The rule that turns denoiser evaluations into a step."),
    ] = "heun"
    options: Annotated[dict[str, Option], Meta(title="Options", description="The solver's own options.")] = field(
        default_factory=dict
    )
    schedule: Annotated[
        str, Meta(max_length=LONGEST, title="Schedule", description="How the noise levels are spaced.")
    ] = "karras"
    rho: Annotated[
        float,
        Meta(
            ge=0.1,
            le=100,
            title="ρ",
            description="σᵢ = (σmax^(1/ρ) + i/N (σmin^(1/ρ) − σmax^(1/ρ)))^ρ. "
            "Larger ρ puts more levels near the data; 1 is uniform, 7 is usual.",
        ),
    ] = 7.0
    levels: Annotated[
        tuple[float, ...],
        Meta(
            max_length=MAX_LEVELS,
            title="Levels",
            description="The noise levels of the schedule “custom”, kept exactly: descending, the last one 0 or more.",
        ),
    ] = ()
    steps: Annotated[
        int,
        Meta(
            ge=1, le=10_000, title="Steps", description="Intervals of the schedule (one more noise level than steps)."
        ),
    ] = 18
    sigma_max: Annotated[
        float | None,
        Meta(
            title="σ max",
            description="Noise level at which sampling starts, in units of the data. For points 10 √Λ is proposed, "
            "with Λ the largest variance along any direction.",
        ),
    ] = None
    sigma_min: Annotated[
        float | None,
        Meta(title="σ min", description="Smallest noise level above zero, in units of the data."),
    ] = None
    final_zero: Annotated[
        bool,
        Meta(
            title="Final jump to 0",
            description="The last step goes from σ min to 0: x = D(x; σ min). It is one of the steps.",
        ),
    ] = False
    jump_at: Annotated[
        int,
        Meta(
            ge=-1,
            le=10_000,
            title="Jump at level",
            description="ODE-Jump: leave the curve at this level and end with x = D(x; σ). −1: follow it to the end.",
        ),
    ] = -1
    start: Annotated[
        Start,
        Meta(
            title="Start",
            description="x at σ max: noise about the mean, ȳ + σz with ȳ the mean of the data (0 for images) · noise "
            "about 0 · exact p_σ (a random data point + σz) · one data point + σz · the clicked point for sample 0 "
            "(the others start as noise about the mean).",
        ),
    ] = "noise"
    start_index: Annotated[
        int,
        Meta(
            ge=0,
            title="Start at data point",
            description="Index of the data point that noise is added to. With a class, the first point from there on "
            "that is of the class.",
        ),
    ] = 0
    start_point: Annotated[
        tuple[float, ...], Meta(max_length=64, title="Start at", description="Coordinates of sample 0 at σ max.")
    ] = ()
    count: Annotated[
        int, Meta(ge=1, le=MOST_SAMPLES, title="Trajectories", description="How many samples move at once.")
    ] = 64
    seed: Annotated[
        int,
        Meta(ge=0, le=2**31 - 1, title="Seed", description="Sample k starts from seed + k, whatever the batch."),
    ] = 0

    @property
    def data_key(self) -> DataKey:
        """What decides the points of the data: the same key gives the same points."""
        drawn = (self.drawing, self.drawing_width) if self.data == datasets.DRAWING else ()
        return DataKey(self.data, self.data_count, self.data_seed, self.data_columns, *drawn)

    @property
    def jump(self) -> int | None:
        """The level at which the run jumps to D; None where it follows its schedule to the end."""
        return None if self.jump_at < 0 else self.jump_at

    @property
    def network_drives(self) -> bool:
        """Whether the network moves the samples, alone or in a blend."""
        return self.driver in ("network", "blend")

    @property
    def theory(self) -> TheoryRow | None:
        """The theory that moves the samples; None where a mixture or a network does."""
        return theories.of_driver(self.driver)

    @property
    def compares(self) -> bool:
        """Whether the driver is another denoiser than the one that it is compared with."""
        return self.driver != self.compared_with

    @property
    def guided(self) -> bool:
        """Whether guidance changes the denoiser of the class."""
        return self.label >= 0 and self.guidance != 1

    @property
    def seeds(self) -> range:
        """The seed of each sample."""
        return range(self.seed, self.seed + self.count)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a form needs to know about a field."""

    title: str
    help: str
    low: float | None
    high: float | None


@cache
def limits(name: str) -> Limits:
    """Title, help text and limits of a field of `RunSettings`."""
    meta = next(item for item in get_type_hints(RunSettings, include_extras=True)[name].__metadata__)
    return Limits(meta.title, meta.description, meta.ge, meta.le)


def problems(settings: RunSettings) -> dict[str, str]:
    """Field name → a sentence, for every field that is wrong by itself or together with others; empty where none is."""
    found: dict[str, str] = {}
    for item in fields(settings):
        value = getattr(settings, item.name)
        if item.name == "schema_version" or value is None or isinstance(value, str | bool | dict | tuple):
            continue
        bounds = limits(item.name)
        if bounds.low is not None and not value >= bounds.low:
            found[item.name] = f"{bounds.title} must be at least {bounds.low:g}; it is {value:g}."
        elif bounds.high is not None and not value <= bounds.high:
            found[item.name] = f"{bounds.title} must be at most {bounds.high:g}; it is {value:g}."
    found |= driver_problems(settings)
    try:
        columns.parse(settings.data_columns)
    except ValueError as error:
        found["data_columns"] = str(error)
    if settings.data == datasets.DRAWING and (sentence := strokes.problem(settings.drawing)):
        found["data"] = sentence
    if settings.schedule == CUSTOM:
        try:
            schedules.custom(settings.levels)
        except ValueError as error:
            found["schedule"] = str(error)
    if not all(map(math.isfinite, settings.start_point)):
        found["start"] = "The coordinates of the start point must be finite numbers."
    low, high = settings.sigma_min, settings.sigma_max
    for name, value in (("sigma_min", low), ("sigma_max", high)):
        if value is not None and not LEAST_SIGMA <= value <= MOST_SIGMA:
            found[name] = f"{limits(name).title} must lie between 10⁻¹⁰⁰ and 10¹⁰⁰; it is {value:g}."
    if low is not None and high is not None and not found.keys() & {"sigma_min", "sigma_max"} and low >= high:
        found["sigma_min"] = f"σ min ({low:g}) must be smaller than σ max ({high:g})."
    return found


def driver_problems(settings: RunSettings, data: Dataset | None = None) -> dict[str, str]:
    """As `problems`, of the options of the theory that drives, on the data where they are given."""
    theory, given = settings.theory, settings.driver_options
    known = [] if theory is None else [option.name for option in theory.options]
    if unknown := [option for option in given if option not in known]:
        owner = f"The driver {settings.driver}" if theory is None else theory.title
        its = f"its options are {', '.join(known)}" if known else "it has none"
        return {"driver": cut(f"{owner} has no option {', '.join(unknown)}; {its}.")}
    found = {} if theory is None else theories.problems(theory.name, given, data)
    return {DRIVER_OPTION + option: sentence for option, sentence in found.items()}


def record_bytes(count: int, steps: int, numbers: int, itemsize: int) -> int:
    """Bytes of a run's record: x at every level, D at every level but the last; `numbers` values a sample."""
    return count * numbers * itemsize * (2 * steps + 1)


def to_json(settings: RunSettings) -> dict[str, Any]:
    """A JSON-able dict."""
    values = asdict(settings)
    values["options"] = {name: INFINITE if value == math.inf else value for name, value in settings.options.items()}
    return values


def from_json(values: dict[str, Any]) -> RunSettings:
    """Settings from a JSON-able dict, of this version or an earlier one. ValueError with a sentence where a key is
    unknown or a value does not fit.
    """
    values = todays(values)
    known = {item.name for item in fields(RunSettings)}
    if unknown := len(values.keys() - known):
        raise ValueError(f"The settings have {unknown:,} unknown {'entries' if unknown > 1 else 'entry'}.")
    try:
        found = msgspec.convert(values, RunSettings)
        if found.drawing and (sentence := strokes.problem(found.drawing)):
            raise ValueError(sentence)
        options = {name: math.inf if value == INFINITE else value for name, value in found.options.items()}
        return replace(found, options=options)
    except msgspec.ValidationError as error:
        raise ValueError(cut(f"The settings do not fit: {error}.")) from error
