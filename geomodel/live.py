"""A job for pictures that follow a pointer."""

from __future__ import annotations

from dataclasses import replace

from geomodel.job import Job
from geomodel.runs import asked_of


def live(job: Job) -> Job:
    """The job for pictures that follow a pointer: D* is searched first in large data, which is faster and as good to
    the eye. A run keeps the untruncated answers, so that it can be repeated.
    """
    if job.optimal is None or job.optimal.searched is job.optimal:
        return job
    optimal = job.optimal.searched
    exact = asked_of(job.settings, optimal, job.asked.data)
    assert exact is not None
    model = exact if job.model is job.exact else job.model
    compared = exact if job.compared is job.exact else job.compared
    return replace(job, optimal=optimal, exact=exact, model=model, compared=compared)
