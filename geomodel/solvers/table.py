"""The type of a row in the table of solvers, and the options that several solvers share."""

from __future__ import annotations

from dataclasses import dataclass, replace

from geomodel.options import Option


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverRow:
    """A row of `SOLVERS`.

    `family` groups the rows in a form. `order` is the measured order of convergence with default options; a rule with
    an option "order" has the order that is chosen. `evaluations` is the mean number for an interval over a run (0 for
    adaptive rules, where it depends on the sample).
    """

    name: str
    path: str  # module:class
    title: str
    family: str
    order: int
    evaluations: int
    options: tuple[Option, ...]
    formula: str
    source: str
    stochastic: bool = False  # it draws noise
    adaptive: bool = False  # it chooses its own steps, per sample

    @property
    def cost(self) -> str:
        """Order and evaluations in words."""
        spent = f"{self.evaluations} evaluation{'' if self.evaluations == 1 else 's'} a step"
        return f"order {self.order} · {'its own steps' if self.adaptive else spent}"


ONE_STEP = "One step"
SLOPES = "Multistep in slopes"
DENOISED = "Multistep in D"
CORRECTED = "Predictor-corrector"
ADAPTIVE = "Adaptive"
STOCHASTIC = "Stochastic"

ANALYTIC_FIRST_STEP = Option(
    name="analytic_first_step",
    title="Analytic first step",
    kind="moments",
    default=False,
    tooltip="The first slope is that of a Gaussian with the data's mean and variance, σ (x − mean)/(σ² + variance): "
    "one evaluation less.",
)
LOWER_ORDER_FINAL = Option(
    name="lower_order_final",
    title="Lower order at the end",
    kind="bool",
    default=False,
    tooltip="The order never exceeds the number of intervals left: steadier last steps when there are few.",
)
MULTISTEP = (LOWER_ORDER_FINAL, ANALYTIC_FIRST_STEP)
ORDER = Option(
    name="order",
    title="Order",
    kind="int",
    default=3,
    limits=(1, 4),
    tooltip="How many values are combined, this step's and those of the steps before; the first steps have fewer.",
)
R = Option(
    name="r",
    title="r",
    kind="float",
    default=0.5,
    limits=(0.01, 1.0),
    tooltip="Where the second evaluation is: σ̃ = σ′ʳ σ¹⁻ʳ. r = 1/2 is the middle in log σ, r = 1 the interval's end.",
)
ALPHA = Option(
    name="alpha",
    title="α",
    kind="float",
    default=1.0,
    limits=(0.01, 1.0),
    tooltip="Where the second slope is taken: σ̃ = σ + α (σ′ − σ). α = 1/2 is the midpoint, α = 1 Heun.",
)
EVEN_ORDER = replace(
    ORDER,
    tooltip="How many slopes are combined. The weights are those of even steps, so on an uneven schedule every order "
    "from 2 on converges with order 2.",
)
UNIPC_ORDER = replace(ORDER, default=2, limits=(1, 3))
VARIANT = Option(
    name="variant",
    title="Variant",
    kind="choice",
    default="bh2",
    choices=("bh1", "bh2"),
    tooltip="The weight B(h) where two values are combined: bh1 is B = h, bh2 is B = eʰ − 1.",
)
PREDICTION = Option(
    name="prediction",
    title="Prediction",
    kind="choice",
    default="x0",
    choices=("x0", "eps"),
    tooltip="What is extrapolated in log σ: the denoised point D (x0) or the slope (eps).",
)
