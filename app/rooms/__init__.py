"""Every view is a room with one folder and one row in `ROOMS`. Code that handles every room loops over this table."""

from __future__ import annotations

from app.rooms.claims import actions as claims
from app.rooms.commitment import actions as commitment
from app.rooms.compare import actions as compare
from app.rooms.interpolation import actions as interpolation
from app.rooms.likelihood import actions as likelihood
from app.rooms.mean_shift import actions as mean_shift
from app.rooms.plane import actions as plane
from app.rooms.quality import actions as quality
from app.rooms.row import RoomRow
from app.rooms.schedule import actions as schedule
from app.rooms.strip import actions as strip
from app.rooms.theories import actions as theories
from app.rooms.transport import actions as transport

ROOMS: tuple[RoomRow, ...] = (
    RoomRow(
        name="plane",
        title="Plane",
        area="centre",
        room="app.rooms.plane.feed.PlaneRoom",
        answers="app.rooms.plane.answers",
        figure=(120.0, 120.0),
        with_run=True,
        actions=plane.ACTIONS,
        help="plane.html",
    ),
    RoomRow(
        name="space",
        title="Space",
        area="centre",
        room="app.rooms.space.feed.SpaceRoom",
        answers="app.rooms.space.answers",
        figure=(160.0, 150.0),
        with_run=True,
        help="space.html",
    ),
    RoomRow(
        name="measures",
        title="Measures",
        area="right",
        room="app.rooms.measures.feed.MeasuresRoom",
        figure=(170.0, 120.0),
        with_run=True,
        help="measures.html",
    ),
    RoomRow(
        name="mean_shift",
        title="Mean shift",
        area="right",
        room="app.rooms.mean_shift.feed.MeanShiftRoom",
        answers="app.rooms.mean_shift.answers",
        figure=(170.0, 120.0),
        actions=mean_shift.ACTIONS,
        help="mean_shift.html",
    ),
    RoomRow(
        name="compare",
        title="Compare",
        area="right",
        room="app.rooms.compare.feed.CompareRoom",
        answers="app.rooms.compare.answers",
        follows=False,
        figure=(170.0, 120.0),
        actions=compare.ACTIONS,
        help="compare.html",
    ),
    RoomRow(
        name="schedule",
        title="Schedule",
        area="right",
        room="app.rooms.schedule.feed.ScheduleRoom",
        answers="app.rooms.schedule.answers",
        early=True,
        figure=(170.0, 120.0),
        actions=schedule.ACTIONS,
        help="schedule.html",
    ),
    RoomRow(
        name="derivatives",
        title="Derivatives",
        area="right",
        room="app.rooms.derivatives.feed.DerivativesRoom",
        answers="app.rooms.derivatives.answers",
        figure=(170.0, 120.0),
        help="derivatives.html",
    ),
    RoomRow(
        name="claims",
        title="Claims",
        area="right",
        room="app.rooms.claims.feed.ClaimsRoom",
        answers="app.rooms.claims.answers",
        follows=False,
        figure=(170.0, 240.0),
        actions=claims.ACTIONS,
        help="claims.html",
    ),
    RoomRow(
        name="quality",
        title="Quality",
        area="right",
        room="app.rooms.quality.feed.QualityRoom",
        answers="app.rooms.quality.answers",
        figure=(170.0, 200.0),
        actions=quality.ACTIONS,
        help="quality.html",
    ),
    RoomRow(
        name="interpolation",
        title="Interpolation",
        area="right",
        room="app.rooms.interpolation.feed.InterpolationRoom",
        answers="app.rooms.interpolation.answers",
        follows=False,
        figure=(170.0, 120.0),
        actions=interpolation.ACTIONS,
        help="interpolation.html",
    ),
    RoomRow(
        name="commitment",
        title="Commitment",
        area="right",
        room="app.rooms.commitment.feed.CommitmentRoom",
        answers="app.rooms.commitment.answers",
        figure=(170.0, 160.0),
        actions=commitment.ACTIONS,
        help="commitment.html",
    ),
    RoomRow(
        name="likelihood",
        title="Likelihood",
        area="right",
        room="app.rooms.likelihood.feed.LikelihoodRoom",
        answers="app.rooms.likelihood.answers",
        figure=(170.0, 160.0),
        actions=likelihood.ACTIONS,
        help="likelihood.html",
    ),
    RoomRow(
        name="theories",
        title="Theories",
        area="right",
        room="app.rooms.theories.feed.TheoriesRoom",
        answers="app.rooms.theories.answers",
        figure=(170.0, 240.0),
        actions=theories.ACTIONS,
        help="theories.html",
    ),
    RoomRow(
        name="inspector",
        title="Inspector",
        area="right",
        room="app.rooms.inspector.feed.InspectorRoom",
        help="inspector.html",
    ),
    RoomRow(
        name="strip",
        title="Strip",
        area="below",
        room="app.rooms.strip.feed.StripRoom",
        answers="app.rooms.strip.answers",
        images_only=True,
        figure=(170.0, 60.0),
        with_run=True,
        actions=strip.ACTIONS,
        help="strip.html",
    ),
    RoomRow(
        name="transport",
        title="Transport",
        area="foot",
        room="app.rooms.transport.feed.TransportRoom",
        actions=transport.ACTIONS,
        help="transport.html",
    ),
)
