"""What the plane requests at a level, and its pictures at every level of one run for a film."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod, sqrt
from typing import Protocol

from app.engine.contract import Answer, Rect, Request
from app.rooms.plane.messages import (
    BasinsAnswer,
    BasinsRequest,
    DensityAnswer,
    DensityRequest,
    InsideRequest,
    ProbeAnswer,
    ProbeRequest,
)
from app.rooms.plane.picture import PlaneAnswers, answered_picture, kept_inside, probes, site_of
from app.rooms.plane.pictures import BranchPicture, GhostPicture, PlanePicture
from app.rooms.plane.projected import Projected
from app.rooms.strip.messages import NeighboursAnswer, NeighboursRequest
from app.session.facts import probe_sigma
from app.session.plane_options import PlaneOptions
from app.session.state import Run, Selection
from geomodel import theories
from geomodel.number_text import general
from geomodel.run_checks import DETAIL_NUMBERS

ARROWS, FEWEST = (22, 18), (5, 4)  # columns and rows of a field
IMAGES_TIMED = 10_000 * 28 * 28  # numbers of the data over which the milliseconds of theories were measured
FIELD_MS = 2000.0  # the most that a field of a slice takes


class Ground(Protocol):
    """The view that density and field are to fill."""

    def request_rect(self) -> Rect:
        """The part of the plane in view."""

    def pixels(self) -> tuple[int, int]:
        """Columns and rows of the density image."""


def density_request(run: Run, selection: Selection, options: PlaneOptions, view: Ground) -> DensityRequest:
    """Density and field of what the view shows."""
    site = site_of(run, selection, options)
    return DensityRequest(
        run_id=run.id,
        site=site,
        sigma=_sigma(run, selection),
        rect=view.request_rect(),
        pixels=view.pixels() if "density" in options.layers else (1, 1),
        arrows=_arrows(run, options, in_slice=site.mode == "slice") if "field" in options.layers else (0, 0),
        field=options.field,
    )


def _arrows(run: Run, options: PlaneOptions, *, in_slice: bool) -> tuple[int, int]:
    """Columns and rows of the field: fewer for a theory that takes long, because a request cannot be cancelled."""
    asked = {"driver": run.settings.driver, "difference": run.settings.compared_with}.get(options.field, "")
    theory, source = theories.of_driver(asked), run.source
    if theory is None or source is None or not in_slice:
        return ARROWS
    taken = prod(source.dataset.points.shape) / IMAGES_TIMED * theory.milliseconds * prod(ARROWS)
    share = min(1.0, sqrt(FIELD_MS / max(taken, 1.0)))
    return max(FEWEST[0], int(ARROWS[0] * share)), max(FEWEST[1], int(ARROWS[1] * share))


def basins_request(run: Run, selection: Selection, options: PlaneOptions, view: Ground) -> BasinsRequest:
    """The basins of what the view shows."""
    site = site_of(run, selection, options)
    return BasinsRequest(run_id=run.id, site=site, sigma=_sigma(run, selection), rect=view.request_rect())


def _sigma(run: Run, selection: Selection) -> float:
    """Points have no density at σ = 0, so it is shown for a tiny σ."""
    return float(run.sigmas[selection.index]) or float(run.sigmas[-2]) / 100


def point_requests(run: Run, selection: Selection, options: PlaneOptions) -> list[Request]:
    """The probe, the inside of the step and the weights, as far as they are shown."""
    found: list[Request] = []
    if options.probe is not None and probes(run, options):
        sigma, site = probe_sigma(run, selection, options), site_of(run, selection, options)
        if sigma > 0:
            path = options.probe_path
            found.append(ProbeRequest(run_id=run.id, site=site, point=options.probe, sigma=sigma, path=path))
    if options.inside and selection.index < run.committed - 1:
        curve = prod(run.x.shape[2:]) <= DETAIL_NUMBERS
        stages = kept_inside(run, selection) is None
        if curve or stages:
            found.append(InsideRequest(run.id, selection.index, selection.sample, curve, stages))
    if "weights" in options.layers and run.compared:
        found.append(NeighboursRequest(run.id, selection.index, selection.sample))
    return found


def still(options: PlaneOptions) -> PlaneOptions:
    """The options with which the axes stay as they are when the playhead moves."""
    return replace(options, frame="scaled" if options.frame == "sigma" else options.frame, inside=False)


@dataclass(frozen=True, slots=True)
class PlaneReel:
    """The plane of one run at every level. Options that a person changes later do not reach it.

    A frame that follows σ has other axes at every level, so the scaled frame takes its place, whose axes stand still.
    For the same reason the inside of a step is left out.
    """

    run: Run
    sample: int
    options: PlaneOptions  # as `still` leaves them
    projected: Projected
    branch: BranchPicture | None
    order: tuple[str, ...]  # of the layers
    ghosts: Callable[[Selection], tuple[GhostPicture, ...]]

    def needs(self, level: int, view: Ground, answers: Sequence[Answer]) -> Sequence[Request]:
        """Density and all else at a level; then the basins, one part after the other."""
        if not self.run.linked:
            return ()
        selection, options = self._at(level), self.options
        if not answers:
            return [
                density_request(self.run, selection, options, view),
                *point_requests(self.run, selection, options),
            ]
        if "basins" not in options.layers or self.run.source is None:
            return ()
        basins = next((answer for answer in answers if isinstance(answer, BasinsAnswer)), None)
        if basins is None:
            return [basins_request(self.run, selection, options, view)]
        return () if basins.finished else [replace(basins.request, start=basins.basins)]

    def picture(self, level: int, answers: Sequence[Answer]) -> PlanePicture:
        """The plane at a level with these answers."""
        known = PlaneAnswers()
        for answer in answers:
            match answer:
                case DensityAnswer():
                    known = replace(known, density=answer)
                case BasinsAnswer():
                    known = replace(known, basins=answer)
                case ProbeAnswer():
                    known = replace(known, probe=answer)
                case NeighboursAnswer():
                    known = replace(known, neighbours=answer)
        picture = answered_picture(self.run, self._at(level), self.options, self.projected, known)
        now = f"σ {general(self.run.sigmas[level], 4)}, level {level} of {len(self.run.sigmas) - 1}"
        x_label, y_label = (label.replace("principal component", "PC") for label in (picture.x_label, picture.y_label))
        caption = " · ".join(filter(None, (now, picture.caption)))
        return replace(
            picture,
            branch=self.branch,
            order=self.order,
            ghosts=self.ghosts(self._at(level)),
            caption=caption,
            x_label=x_label,
            y_label=y_label,
        )

    def _at(self, level: int) -> Selection:
        return Selection(self.run.id, self.sample, level)
