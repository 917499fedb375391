"""Computes the derivative that a step of a run implies, and beside it the true and the effective one."""

from __future__ import annotations

from math import prod

import numpy as np
import torch

from app.engine.context import Answers, Context, Tasks
from app.engine.contract import frozen
from app.rooms.derivatives.messages import DerivativeAnswer, DerivativeRequest
from geomodel import finite_differences, runs, solvers
from geomodel.record import Record, StepDetail
from geomodel.run_checks import DETAIL_NUMBERS
from geomodel.trajectory import Evaluation, Trajectory

EULER = "This is an Euler step. With a single evaluation the solver takes Ḋ\u00a0=\u00a00."
FEW_SUBSTEPS = 8  # sub-steps of the exact curve under a step if an evaluation is slow


def _inside(job: runs.Job, record: Record | Trajectory, index: int, sample: int) -> tuple[StepDetail, int]:
    """The inside of a step and the sample's row in it, as the record kept it or computed again."""
    if isinstance(record, Record) and (record.samples is None or sample in record.samples):
        return record.details[index], sample if record.samples is None else record.samples.index(sample)
    return runs.inside(job, index, sample), 0


def derivative(request: DerivativeRequest, at: Context) -> DerivativeAnswer:
    """The implied derivative from the step's stored evaluations, beside the true and the effective one."""
    job, record, i, k = at.job, at.record, request.index, request.sample
    sigma, sigma_next = float(record.sigmas[i]), float(record.sigmas[i + 1])
    detail, row = _inside(job, record, i, k)
    options = runs.solver_options(job.settings, job.data)
    why, implied, rule = "", None, solvers.row(job.settings.solver)
    if rule.adaptive or rule.stochastic:
        reason = "takes steps of its own between the levels" if rule.adaptive else "draws noise and follows no curve"
        why = f"{rule.title} {reason}, so no single difference gives a derivative."
    elif i == 0 and options.get("analytic_first_step"):
        why = "The first slope is analytic, so D was not evaluated at the step's start."
    else:
        evaluations = [
            Evaluation(torch.as_tensor(x[row : row + 1]), level, torch.as_tensor(denoised[row : row + 1]))
            for x, denoised, level in zip(detail.x, detail.denoised, detail.sigmas, strict=True)
        ]
        try:
            found = finite_differences.implied(job.settings.solver, evaluations, sigma_next, **options)
            implied = np.asarray(found)[0]
        except ValueError as error:
            why = str(error)
        else:
            why = EULER if len(evaluations) == 1 else ""
    x = torch.as_tensor(np.asarray(record.x[i, k : k + 1], np.float64))
    model, labels = job.model, job.labels(1)
    try:
        true = finite_differences.true_derivative(model, x, sigma, labels)
    except ValueError as error:
        return DerivativeAnswer(request=request, implied=implied, why=why or str(error))
    effective = None
    if sigma_next > 0:
        substeps = {} if prod(x.shape[1:]) <= DETAIL_NUMBERS else {"substeps": FEW_SUBSTEPS}
        effective = np.asarray(
            finite_differences.effective_derivative(model, x, sigma, sigma_next, labels, **substeps)
        )[0]
    return DerivativeAnswer(
        request=request,
        implied=None if implied is None else frozen(implied),
        true=frozen(np.asarray(true.value)[0]),
        effective=None if effective is None else frozen(effective),
        method=true.method,
        why=why,
    )


ANSWERS: Answers = {DerivativeRequest: derivative}
TASKS: Tasks = {}
