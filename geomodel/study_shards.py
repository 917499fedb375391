"""Computes the shards of a study (`geomodel.study`) that are missing, and says how far it is."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from geomodel import files, runs
from geomodel.study import Plan

if TYPE_CHECKING:
    from geomodel.datasets import Dataset
    from geomodel.denoisers.network import NetworkDenoiser
    from geomodel.denoisers.optimal import OptimalDenoiser

Tell = Callable[[float], None]  # called with the share of a shard that is done
Content = Callable[[runs.Job, Tell], bytes]  # what the file of a shard holds


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a study stands: samples done, of all; samples a second and seconds left, as this process sees them."""

    done: float
    samples: int
    rate: float
    left: float


def compute(
    folder: Path,
    plan: Plan,
    data: Dataset | None,
    network: NetworkDenoiser | None,
    content: Content,
    *,
    progress: Callable[[Progress], None] | None = None,
    part: tuple[int, int] = (0, 1),
    optimal: OptimalDenoiser | None = None,
    writes: bool = True,
) -> None:
    """Compute the shards that are not in the folder.

    content: what the file of a shard holds, such as `ends`. It calls its second argument with the share that is done.
    progress: called after every step of a shard; what it raises stops the study, which can go on later.
    part: (r, n) computes the shards r, r + n, r + 2n, … where n processes share the study.
    optimal: D* of the data, where it is there already. writes: whether this process writes the files.
    """
    import torch

    mine = range(part[0], plan.shards, part[1])
    missing = [shard for shard in mine if not plan.path(folder, shard).exists()]
    total = sum(plan.settings_of(shard).count for shard in mine)
    there = total - sum(plan.settings_of(shard).count for shard in missing)
    started, done = monotonic(), 0.0

    def tell(count: int, share: float) -> None:
        if progress is not None:
            now = done + share * count
            rate = now / max(monotonic() - started, 1e-9)
            progress(Progress(there + now, total, rate, (total - there - now) / max(rate, 1e-9)))

    with torch.no_grad():
        for shard in missing:
            job = runs.prepare(plan.settings_of(shard), data, network, optimal)
            optimal, count = job.optimal, len(job.x)
            found = content(job, partial(tell, count))
            if writes:
                files.write_bytes(plan.path(folder, shard), found)
            done += count


def whole_runs(job: runs.Job, tell: Tell) -> bytes:
    """The file of a whole run."""
    content, steps, record = io.BytesIO(), len(job.sigmas) - 1, runs.new_record(job)
    runs.advance(job, job.model, record, lambda: tell((record.committed - 1) / steps))
    runs.finish(job, record).save_into(content)
    return content.getvalue()


def ends(job: runs.Job, tell: Tell) -> bytes:
    """The file of the ends of a run."""
    content, steps = io.BytesIO(), len(job.sigmas) - 1
    for step in runs.steps_of(job, job.model, display="off"):  # no level but the present one is in memory
        x = step.x_next
        tell((step.index + 1) / steps)
    np.save(content, np.asarray(x.numpy(), job.record_dtype))
    return content.getvalue()


def arrays(named: Mapping[str, Any]) -> bytes:
    """The file of arrays with names, as NPZ."""
    content = io.BytesIO()
    given: dict[str, Any] = {name: np.asarray(values) for name, values in named.items()}
    np.savez(content, **given)
    return content.getvalue()
