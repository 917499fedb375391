"""Writes experiments as Python scripts that give their numbers again.

Each takes the settings that say which denoiser moves which noise, and what is known of the network and of how it was
computed, as `geomodel.scripts.python` does. Each raises ValueError for a denoiser of a person's own code.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from textwrap import indent
from typing import Literal

from geomodel.origin import Computed, NetworkIdentity
from geomodel.scripts.literals import call, literal
from geomodel.scripts.opening import opening
from geomodel.scripts.stated import sampler
from geomodel.settings import Option, RunSettings

JOB = "job = gm.runs.prepare(settings, data, network)"
LABELS = {"labels": "job.labels(len(job.x))"}
YARDSTICK = """# Samples are compared with the points of their class, where they have one.
rows = gm.classes.rows(data, job.asked.data)
yardstick = gm.quality.Yardstick.of(data.points, len(job.x), rows=rows, seed=settings.seed)"""
FINE_STEPS, TORS_STEPS = 60, 100  # the least steps of the fine grids from which schedules are designed


def race(
    settings: RunSettings,
    lanes: Sequence[tuple[str, RunSettings]],
    network: NetworkIdentity | None = None,
    computed: Computed | None = None,
) -> str:
    """A script that runs the lanes, by their names, from the same noise; `race` is a `geomodel.experiments.Comparison`.

    lanes: of their settings only the sampler counts. The noise is that of `settings`.
    """
    own = (call(f"{literal(name)}: gm.settings.RunSettings", sampler(lane)) for name, lane in lanes)
    noise = {"noise": "gm.runs.noise_of(job)"}
    return _script(
        f"A race of {len(lanes)} samplers",
        settings,
        network,
        computed,
        JOB,
        "samplers = {",
        *(indent(f"{lane},", "    ") for lane in own),
        "}",
        "lanes = [gm.experiments.lane_of(name, sampler, job) for name, sampler in samplers.items()]",
        call("race = gm.experiments.compare", LABELS | noise, "job.model, job.x, lanes"),
        "for result in race.lanes:",
        '    print(f"{result.lane.name}: ends {result.final_errors.mean():.4g} from the ODE\'s end, on average")',
    )


def sweep(
    settings: RunSettings,
    solvers: Mapping[str, Mapping[str, Option]],
    evaluations: Sequence[int],
    network: NetworkIdentity | None = None,
    computed: Computed | None = None,
) -> str:
    """A script that sweeps solvers, with their options, over numbers of evaluations; `sweep` is a
    `geomodel.experiments.Sweep`.
    """
    named = (f"    {literal(name)}: {literal(dict(options))}," for name, options in solvers.items())
    return _script(
        f"A sweep of {len(solvers)} solvers from {min(evaluations)} to {max(evaluations)} evaluations",
        settings,
        network,
        computed,
        JOB,
        "solvers = {",
        *named,
        "}",
        call(
            "sweep = gm.experiments.sweep_of",
            {"failures": '"keep"'},
            f"job, solvers, {literal(tuple(evaluations))}",
        ),
        "for line in sweep.lines:",
        '    print(f"{line.solver}:", *(f"{n} evaluations {e:.4g}," for n, e in zip(line.evaluations, line.medians)))',
    )


def design(
    settings: RunSettings,
    kind: Literal["gits", "tors"] = "gits",
    *,
    metric: str = "dev",
    coeff: float = 1.15,
    for_solver: bool = False,
    network: NetworkIdentity | None = None,
    computed: Computed | None = None,
) -> str:
    """A script that designs `levels`, a schedule between the ends and with the steps of the settings.

    metric, coeff: of `geomodel.schedules.gits`; for_solver: GITS designs for the solver of the settings instead of
    Euler steps.
    """
    least = FINE_STEPS if kind == "gits" else TORS_STEPS
    ends = {name: f"job.settings.{name}" for name in ("sigma_min", "sigma_max")}
    chosen = {"metric": literal(metric), "coeff": literal(float(coeff))} if kind == "gits" else {}
    if for_solver:
        chosen["solver"] = "settings.solver"
        chosen["solver_options"] = "gm.runs.solver_options(job.settings, data)"
    options = {"fine": "fine", **chosen, **LABELS, "final_zero": "job.settings.final_zero"}
    return _script(
        f"Noise levels by {kind.upper()}",
        settings,
        network,
        computed,
        JOB,
        call("fine = gm.schedules.karras", ends, f"max(2 * job.settings.steps, {least})"),
        call(f"levels = gm.schedules.{kind}", options, "job.model, job.x, job.settings.steps"),
        "print(levels.tolist())",
    )


def jump(
    settings: RunSettings,
    evaluations: int,
    *,
    network: NetworkIdentity | None = None,
    computed: Computed | None = None,
) -> str:
    """A script that ends runs by a jump to D at several levels, with so many evaluations each; `jumps` is a
    `geomodel.experiments.Jump`.
    """
    options = {
        "solver": "settings.solver",
        "evaluations": str(evaluations),
        "jump_sigmas": "gm.experiments.jump_levels(job.settings.sigma_min, job.settings.sigma_max, data.std)",
        "sigma_max": "job.settings.sigma_max",
        "rho": "settings.rho",
        "options": "gm.runs.solver_options(job.settings, data)",
        **LABELS,
    }
    return _script(
        f"Jumps to D after {evaluations} evaluations",
        settings,
        network,
        computed,
        JOB,
        YARDSTICK,
        call("jumps = gm.experiments.jump", options, "job.model, job.x, yardstick"),
        "for sigma, quality in zip(jumps.jump_sigmas, jumps.qualities):",
        '    print(f"jump at σ = {sigma:.4g}: sliced Wasserstein distance {quality.sliced:.4g}")',
    )


def quality(settings: RunSettings, network: NetworkIdentity | None = None, computed: Computed | None = None) -> str:
    """A script that measures how good x and D are at every level of the run of the settings; `quality` is a
    `geomodel.experiments.QualityOverSigma`.
    """
    return _script(
        "The quality of a run over its noise levels",
        settings,
        network,
        computed,
        "run = gm.runs.compute(settings, data, network)",
        JOB,
        YARDSTICK,
        "quality = gm.experiments.quality_over_sigma(run, yardstick)",
        "for sigma, x, denoised in zip(quality.sigmas, quality.x, quality.denoised):",
        '    print(f"σ = {sigma:.4g}: sliced Wasserstein distance {x.sliced:.4g} of x, {denoised.sliced:.4g} of D")',
    )


def claims(
    settings: RunSettings,
    only: Collection[int] | None = None,
    network: NetworkIdentity | None = None,
    computed: Computed | None = None,
) -> str:
    """A script that checks the claims of these numbers, or all, on the denoiser of the settings; `claims` is a tuple of
    `geomodel.experiments.Claim`.
    """
    numbers = {} if only is None else {"only": literal(tuple(sorted(only)))}
    return _script(
        "Claims of the literature",
        settings,
        network,
        computed,
        JOB,
        "own = literature.of_job(job, count=settings.count, seed=settings.seed)",
        call("claims = tuple", {}, call("literature.each", numbers, "own")),
        'print(*literature.table(claims), sep="\\n")',
        imports=("from geomodel.experiments import literature",),
    )


def _script(
    title: str,
    settings: RunSettings,
    network: NetworkIdentity | None,
    computed: Computed | None,
    *lines: str,
    imports: Sequence[str] = (),
) -> str:
    return "\n".join((*opening(title, settings, network, computed or Computed(), imports), *lines, ""))
