"""The claims of the literature, checked on a model and its data: identities, theorems, observations, and toys."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from geomodel import datasets
from geomodel.experiments.literature.claim import KINDS, Claim, Finding, Kind, NotApplicable, Statement, Verdict
from geomodel.experiments.literature.material import Material
from geomodel.experiments.literature.table import STATEMENTS
from geomodel.experiments.literature.writing import check_suffix, markdown, summary, table, write

if TYPE_CHECKING:
    from geomodel.job import Job

__all__ = [
    "KINDS",
    "STATEMENTS",
    "Claim",
    "Finding",
    "Kind",
    "Material",
    "NotApplicable",
    "Statement",
    "Verdict",
    "check_suffix",
    "claims",
    "each",
    "failed_self_tests",
    "markdown",
    "material",
    "of_job",
    "summary",
    "table",
    "write",
]

Progress = Callable[[int, float], None]  # the number of a claim, and which share of its present work is done


def claims(
    model: Any,
    data: Any,
    *,
    count: int = 64,
    seed: int = 0,
    label: int | None = None,
    data_label: int | None = None,
    only: Collection[int] | None = None,
    progress: Progress | None = None,
) -> tuple[Claim, ...]:
    """Check the claims of the literature on a model: one row each, in the order of `STATEMENTS`.

    All claims share one run of the model, 100 Euler steps over Karras levels from its σ_max to its σ_min, and one of
    D* from the same noise. A claim that cannot be asked of this model and these data is "not applicable", with the
    reason in words. A self-test that does not hold is an error of the program or of the model; a theorem's hypothesis
    is checked first; an observation stands beside the papers' number; toys do not use the model.

    Args:
        model: any denoiser, see `geomodel.sample`. Where it is None, only claims that need none are asked.
        data: a data set, points (N, *shape), or None.
        count: the samples of the shared run, at least 1; the papers' figures need some tens.
        seed: sample k starts from the noise of seed + k.
        label: the class for which the model is called; D* is then that of this class alone.
        data_label: the same class as the data number it, where that is another number.
        only: the numbers of the claims to check; None checks all.
        progress: called with a claim's number and which share of its present work is done, before every evaluation
            and, with 1, at the end of the claim. An exception from it cancels.

    Returns:
        A tuple of `Claim`.

    Raises:
        ValueError: count is not positive, the data lack the class, a number in `only` is unknown, or the model and the
            data have different shapes.
    """
    own = material(model, data, count=count, seed=seed, label=label, data_label=data_label)
    return tuple(each(own, only=only, progress=progress))


def material(
    model: Any,
    data: Any,
    *,
    count: int = 64,
    seed: int = 0,
    label: int | None = None,
    data_label: int | None = None,
    optimal: Any = None,
    guided: bool = False,
) -> Material:
    """What the claims share, of which nothing is computed yet. Arguments and errors as in `claims`.

    optimal: D* of the data, or of those of the class, where the caller has it already. guided: whether the model is
    guided; a `geomodel.Guided` is known to be.
    """
    if count < 1:
        raise ValueError(f"The claims need at least one sample; got count = {count}.")
    from geomodel.denoisers.guided import Guided

    opened = _dataset(data)
    if opened is not None and label is not None:
        opened = of_class(opened, label if data_label is None else data_label)
    shape = getattr(model, "shape", None)
    if opened is not None and shape is not None and tuple(shape) != tuple(opened.shape):
        raise ValueError(f"The model denoises {_sizes(shape)}, and the data are {_sizes(opened.shape)}.")
    return Material(
        model=_no_model if model is None else model,
        data=opened,
        count=count,
        seed=seed,
        label=label,
        guided=guided or (isinstance(model, Guided) and model.scale not in (0, 1)),
        optimal=optimal,
        report=lambda _: None,
        known={},
    )


def of_job(job: Job, *, model: Any = None, count: int = 64, seed: int = 0) -> Material:
    """What the claims share for the denoiser that moves the samples of a run. model: that denoiser in a wrapper."""
    label = None if job.settings.label < 0 else job.settings.label
    return material(
        job.model if model is None else model,
        None if job.asked.data is None else job.data,  # the data may lack the run's class
        count=count,
        seed=seed,
        label=label,
        data_label=job.asked.data,
        optimal=job.optimal if label is None else None,
        guided=job.settings.guided,
    )


def each(own: Material, *, only: Collection[int] | None = None, progress: Progress | None = None) -> Iterator[Claim]:
    """The claims one after the other, each as soon as it is known. Arguments as in `claims`."""
    numbers = {statement.number for statement in STATEMENTS}
    if only is not None and (unknown := set(only) - numbers):
        raise ValueError(f"There is no claim {min(unknown)}; they are numbered from 1 to {len(STATEMENTS)}.")
    for statement in STATEMENTS:
        if only is not None and statement.number not in only:
            continue
        if progress is not None:
            own.report = _reporting(progress, statement.number)
            progress(statement.number, 0.0)
        yield statement.judged(own)
        if progress is not None:
            progress(statement.number, 1.0)


def _no_model(x: Any, sigma: Any, **labels: Any) -> Any:
    raise NotApplicable("there is no model to ask")


def _reporting(progress: Progress, number: int) -> Callable[[float], None]:
    return lambda fraction: progress(number, min(fraction, 0.999))


def failed_self_tests(found: Collection[Claim]) -> tuple[Claim, ...]:
    """The self-tests that do not hold: something is wrong with this program, or the model is no function."""
    return tuple(claim for claim in found if claim.kind == "self-test" and claim.verdict == "does not hold")


def of_class(data: datasets.Dataset, label: int) -> datasets.Dataset:
    """The points of one class as a data set. ValueError where there are none."""
    rows = np.flatnonzero(np.asarray(data.labels) == label) if data.labels is not None else np.empty(0, np.intp)
    if not len(rows):
        raise ValueError(f"{data.name} has no points of class {label}; choose a class of the data, or none.")
    name = f"{data.name}, {data.class_name(label)}"
    return replace(data, name=name, stored=data.stored[rows], labels=None, label_names=None, gaussians=None)


def _dataset(data: Any) -> datasets.Dataset | None:
    if data is None or isinstance(data, datasets.Dataset):
        return data
    points = np.asarray(data, np.float64)
    if points.ndim < 2 or not len(points) or not math.prod(points.shape[1:]) or not np.isfinite(points).all():
        raise ValueError(f"Points are finite numbers (N, *shape), at least one; got shape {points.shape}.")
    return datasets.Dataset(name="points", kind="points", stored=points)


def _sizes(shape: Any) -> str:
    return "×".join(map(str, shape))
