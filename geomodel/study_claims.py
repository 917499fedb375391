"""The claims of the literature over as many samples as wanted: every shard is a report of its own samples."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from geomodel import runs
from geomodel.experiments import literature
from geomodel.experiments.literature import pooling
from geomodel.files import read_error
from geomodel.study import Study, StudyError, unreadable
from geomodel.study_shards import Tell


class Reports:
    """Makes the shards. Toys have no samples, so that the first shard alone checks them."""

    def __init__(self, only: Collection[int] | None, first: int) -> None:
        """only: the numbers of the claims, None for all; first: the seed of the first sample of the study."""
        self._first = first
        self._all = [s for s in literature.STATEMENTS if only is None or s.number in only]

    def __call__(self, job: runs.Job, tell: Tell) -> bytes:
        """The file of a shard."""
        begins = job.settings.seed == self._first
        numbers = [statement.number for statement in self._all if begins or statement.kind != "toy"]
        own = literature.of_job(job, count=len(job.x), seed=job.settings.seed)

        def progress(number: int, share: float) -> None:
            tell((numbers.index(number) + share) / len(numbers))

        return pooling.written(literature.each(own, only=numbers, progress=progress))


def claims_in(study: Study) -> tuple[literature.Claim, ...]:
    """The claims over all shards of a study that are there. StudyError where one cannot be read."""
    return pooling.pooled(_reports(study))


def _reports(study: Study) -> Iterator[tuple[literature.Claim, ...]]:
    for path, _ in study.files:
        yield _report(path)


def _report(path: Path) -> tuple[literature.Claim, ...]:
    try:
        with path.open("rb") as file:
            return pooling.read(file.read(pooling.LARGEST))
    except OSError as error:
        raise StudyError(read_error(path, error)) from error
    except ValueError as error:
        raise unreadable(path) from error
