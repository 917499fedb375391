"""Feeds the plane: builds its picture of a run and requests its density, field, probe and basins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer

from app.engine.contract import Answer
from app.rooms.contract import Handlers, Services
from app.rooms.in_parts import InParts
from app.rooms.plane.branch_feed import BranchFeed
from app.rooms.plane.commands import PlaneCommands
from app.rooms.plane.drawing_feed import DrawingFeed
from app.rooms.plane.film_feed import PlaneReel, basins_request, density_request, point_requests, still
from app.rooms.plane.hover import Hover
from app.rooms.plane.layers_feed import LayersFeed
from app.rooms.plane.messages import (
    BasinsAnswer,
    BasinsRequest,
    BranchAnswer,
    DensityAnswer,
    InsideAnswer,
    ProbeAnswer,
    ProbeRequest,
    SketchAnswer,
)
from app.rooms.plane.picture import PlaneAnswers, answered_picture, branch_handle, branch_picture, probes
from app.rooms.plane.pictures import BranchPicture, PlanePicture
from app.rooms.plane.probe_feed import ProbeFeed
from app.rooms.plane.projected import Projected
from app.rooms.plane.tool_bar import ToolBarPicture
from app.rooms.plane.view import PlaneView
from app.rooms.strip.messages import NeighboursAnswer
from app.session.facts import probe_sigma, run_basis
from app.session.state import Run
from app.widgets.sight import seen

REST_MS = 250  # how long the basins leave the engine alone after another request went first
OPENING = "Opening the recorded run…"
EMPTY = "Press Run (F5) to compute a run."
NEEDS_DATA = "The plane needs the reference data of this run."
DRAG = "Drag x, or arrows"
LAST_LEVEL = "No step follows this level. Go back to branch."
UNFINISHED = "A branch begins when the run has ended."
UNLINKED = "A branch needs the model of this run, which is not open."


class PlaneRoom(QObject):
    """Follows the selected run and the plane's options."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._state, self._player, self._drafted = services.state, services.player, services.drafted
        self._playback = services.playback
        self.view = PlaneView(services.theme)
        self.view.set_actions(services.actions)
        self._projected: dict[int, Projected] = {}
        self._density: DensityAnswer | None = None
        self._probe = ProbeFeed(self)
        self._probe.rested.connect(self._probe_rested)
        self._inside: InsideAnswer | None = None
        self._neighbours: NeighboursAnswer | None = None
        self._was_inside = False
        self._basins = InParts[BasinsRequest, BasinsAnswer](
            self._player.submit, partial(QTimer.singleShot, REST_MS, self)
        )
        self._branch = BranchFeed(self._state, self._player, self)
        self._branch.changed.connect(self._show)
        self._commands = PlaneCommands(self._state, services.playback, self._player, self.view, services.actions)
        self._layers = LayersFeed(services, self.view, self._show)
        self._drawing = DrawingFeed(services, self.view)
        self._drawing.changed.connect(self._show)
        self._hover = Hover(self._state, self.view, self)
        self._bring_forward = services.bring_forward
        self._state.selection_changed.connect(self.refresh)
        self._state.run_grew.connect(self._grew)
        self._state.runs_changed.connect(self._runs_changed)
        self._state.plane_options_changed.connect(self._options_changed)
        self._state.data_changed.connect(self._show)
        self._player.answered.connect(self._answered)
        self._drafted.changed.connect(self._show_changes)
        self.view.rect_changed.connect(self._rect_changed)
        self.view.display(PlanePicture(message=OPENING))

    def handlers(self) -> Handlers:
        """What the plane's own actions do."""
        found = self._commands.handlers()
        return {**found, "layers": self._list_layers, "tool.draw": partial(self._draw, found["tool.draw"])}

    def _draw(self, choose: Callable[[], object]) -> None:
        self._bring_forward("plane")
        self.view.setFocus()
        choose()

    def _list_layers(self) -> None:
        self._bring_forward("plane")
        self.view.layer_list.toggle()

    def refresh(self) -> None:
        """Show the present state and request the rest."""
        self._layers.follow_pins()
        self._show()
        self._ask()

    def release(self) -> None:
        """Stop listening and requesting, because the window closes."""
        self._basins.want(None)
        self._branch.release()
        self._layers.release()
        self._player.answered.disconnect(self._answered)
        self.view.release()

    # ------------------------------------------------------------ facts

    def _grew(self, run_id: int) -> None:
        run = self._state.run
        if run is None or run_id != run.id:
            return
        self._show()
        if run.status != "computing":
            self._ask()

    def _runs_changed(self) -> None:
        self._projected = {key: value for key, value in self._projected.items() if key in self._state.runs}
        self._probe.keep(self._state.runs)
        self._want_branch()
        self._layers.follow_pins()
        if not self._state.runs:
            self._show()

    def _options_changed(self) -> None:
        options = self._state.plane_options
        self._want_branch()
        moved = options.inside != self._was_inside
        if moved:  # the view moves to another part of the plane, which the old density does not cover
            self._was_inside, self._density = options.inside, None
        self._drawing.follow()
        self.view.set_tool(options.tool)
        self._show()
        self._ask(again=moved)

    def _want_branch(self) -> None:
        """A branch of a run that was replaced is forgotten."""
        start = self._state.plane_options.branch
        run = None if start is None else self._state.runs.get(start.run_id)
        if start is not None and run is None:
            self._state.set_plane_options(replace(self._state.plane_options, branch=None))
        else:
            self._branch.want(run, start)

    def _rect_changed(self, _rect: object) -> None:
        self._ask_density()

    def _answered(self, answer: Answer) -> None:
        if answer.request.run_id != self._state.selection.run_id:
            return
        match answer:
            case DensityAnswer():
                self._density = answer
            case ProbeAnswer():
                self._probe.take(answer)
            case InsideAnswer():
                self._inside = answer
            case BasinsAnswer():
                if not self._basins.take(answer):
                    return
            case BranchAnswer():
                if not self._branch.take(answer):
                    return
            case SketchAnswer():
                if not self._drawing.take(answer):
                    return
            case NeighboursAnswer():
                self._neighbours = answer
                if "weights" not in self._state.plane_options.layers:
                    return
            case _:
                return
        self._show()

    # ------------------------------------------------------------ showing

    def _show(self) -> None:
        self.view.display(self.picture(), self._state.plane_options.layers)
        self.view.show_tools(self._tools())

    def _show_changes(self) -> None:
        self.view.show_changes(self._drafted.lines, self._drafted.whole)

    def picture(self) -> PlanePicture:
        """The plane at the playhead, with what the engine has answered so far, or the canvas over it."""
        return self._drawing.picture(self._picture()) if self._drawing.in_use else self._picture()

    def _picture(self) -> PlanePicture:
        run, options, selection = self._state.run, self._state.plane_options, self._state.selection
        if run is None or run.committed == 0:
            return PlanePicture(message=EMPTY)
        basis = run_basis(run)
        if basis is None:
            return PlanePicture(message=run.caption or NEEDS_DATA)
        if run.id not in self._projected or self._projected[run.id].basis is not basis:
            self._projected[run.id] = Projected.of(run, basis)
        answers = PlaneAnswers(
            density=self._density,
            basins=self._basins.answer,
            probe=self._probe.answer,
            inside=self._inside,
            neighbours=self._neighbours,
        )
        return replace(
            answered_picture(run, selection, options, self._projected[run.id], answers),
            branch=self._branch_of(run, basis),
            branch_handle=branch_handle(run, selection, basis, options.branch) if options.tool == "branch" else None,
            order=self._layers.order,
            ghosts=self._layers.ghosts(run, self._projected[run.id]),
        )

    def reel(self) -> PlaneReel | None:
        """The plane at every level of the selected run, with the options of now."""
        run, options = self._state.run, self._state.plane_options
        basis = None if run is None else run_basis(run)
        if run is None or basis is None:
            return None
        projected = self._projected.get(run.id) or Projected.of(run, basis)
        return PlaneReel(
            run,
            self._state.selection.sample,
            still(options),
            projected,
            self._branch_of(run, basis),
            self._layers.order,
            self._layers.ghosts_along(run, projected),
        )

    def _branch_of(self, run: Run, basis: Any) -> BranchPicture | None:
        start, feed = self._state.plane_options.branch, self._branch
        if start is None or start.run_id != run.id or run.trajectory is None:
            return None
        return branch_picture(run, basis, start, feed.branched, feed.pending, feed.message)

    def _branch_hint(self, run: Run | None) -> str:
        if self._state.plane_options.tool != "branch" or run is None:
            return ""
        if not run.linked:
            return UNLINKED
        if run.trajectory is None:
            return UNFINISHED
        return DRAG if self._state.selection.index < run.committed - 1 else LAST_LEVEL

    def _tools(self) -> ToolBarPicture:
        run, options = self._state.run, self._state.plane_options
        if (drawing := self._drawing.bar()) is not None:
            return ToolBarPicture(drawing=drawing)
        if options.tool != "probe" or run is None or not probes(run, options):
            return ToolBarPicture(locate=run is not None and run.wanted is not None, branch=self._branch_hint(run))
        positive = run.sigmas[run.sigmas > 0]
        return ToolBarPicture(
            locate=run.wanted is not None,
            sigma=probe_sigma(run, self._state.selection, options),
            lowest=float(positive[-1]),
            highest=float(positive[0]),
            follows=options.probe_sigma is None,
        )

    # ------------------------------------------------------------ asking

    def _asked_of(self) -> Run | None:
        """The run whose plane the engine can be asked about; none while the view is out of sight."""
        run = self._state.run
        return run if run is not None and run.linked and run_basis(run) is not None and seen(self.view) else None

    def _ask(self, *, again: bool = False) -> None:
        self._ask_density(again=again)
        self._layers.want(self._asked_of())
        self._ask_points(resting=False)

    def _probe_rested(self) -> None:
        self._ask_points(resting=True)

    def _ask_points(self, *, resting: bool) -> None:
        """Ask about the probe, the inside of the step and the weights; resting: the probe has not moved."""
        run = self._asked_of()
        if run is None:
            return
        resting = resting or self._playback.playing  # no hand moves the probe then
        for request in point_requests(run, self._state.selection, self._state.plane_options):
            asked = self._probe.asked(request, resting=resting) if isinstance(request, ProbeRequest) else request
            self._player.ask(asked)

    def _ask_density(self, *, again: bool = False) -> None:
        run, options = self._asked_of(), self._state.plane_options
        if run is None:
            self._basins.want(None)
            return
        selection = self._state.selection
        self._player.ask(density_request(run, selection, options, self.view), again=again)
        shown = "basins" in options.layers and run.source is not None
        self._basins.want(basins_request(run, selection, options, self.view) if shown else None)
