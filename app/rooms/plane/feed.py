"""Between state and views: composes each view's picture when a fact changes, and asks the engine for the rest."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import prod
from typing import Any

from PySide6.QtCore import QObject, QTimer

from app.engine.messages import NeighboursAnswer, NeighboursRequest
from app.rooms.inspector import picture as numbers
from app.rooms.plane.basins_feed import BasinsFeed
from app.rooms.plane.messages import (
    BasinsAnswer,
    BasinsRequest,
    InsideAnswer,
    InsideRequest,
    PictureAnswer,
    PictureRequest,
    ProbeAnswer,
    ProbeRequest,
    Site,
)
from app.rooms.plane.pictures import MeasurePlot, PlanePicture
from app.rooms.plane.probe_bar import ProbeBar
from app.rooms.strip.picture import StripRows, strip_picture
from app.session import facts as compose
from app.session.playback import Playback
from app.session.player import Player
from app.session.state import AppState, Run
from app.shell.layout import seen
from geomodel.run_checks import DETAIL_NUMBERS

MEASURE_MS = 100  # a growing run is measured this often
REST_MS = 250  # basins leave the engine alone so long after something went before them
ARROWS = (22, 18)
SIGMA_STEP = 1.15


class Presenter(QObject):
    """Feeds the views."""

    def __init__(
        self, state: AppState, player: Player, playback: Playback, views: Any, probe: ProbeBar, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.state, self.player = state, player
        self.plane, self.measures, self.strip = views.plane, views.measures, views.strip
        self.inspector, self.transport, self.probe_bar = views.inspector, views.transport, probe
        self._projected: dict[int, compose.Projected] = {}
        self._strip_rows = StripRows()
        self._plots: tuple[MeasurePlot, ...] = ()
        self._plots_of: tuple[int, int, str] = (-1, 0, "")
        self._asked: dict[type, object] = {}  # the newest request of each kind: only another one is worth asking
        self._background: PictureAnswer | None = None
        self._was_inside = False
        self._probe: ProbeAnswer | None = None
        self._inside: InsideAnswer | None = None
        self._neighbours: NeighboursAnswer | None = None
        self._basins = BasinsFeed(player.submit, partial(QTimer.singleShot, REST_MS, self))
        self._measure_later = QTimer(self)
        self._measure_later.setSingleShot(True)
        self._measure_later.setInterval(MEASURE_MS)
        self._measure_later.timeout.connect(self._show_measures)
        state.selection_changed.connect(self._selected)
        state.run_grew.connect(self._grew)
        state.runs_changed.connect(self._runs_changed)
        state.look_changed.connect(self._looked)
        state.data_changed.connect(self._data_opened)
        player.answered.connect(self._answered)
        self.plane.rect_changed.connect(self._rect_changed)
        self.plane.probe_dragged.connect(self._probe_to)
        self.plane.probe_dropped.connect(self._probe_to)
        probe.sigma_wanted.connect(self._probe_sigma_to)
        self.plane.start_clicked.connect(self._start_at)
        self.plane.sample_picked.connect(self._pick_sample)
        self.measures.level_picked.connect(playback.go)
        self.strip.level_picked.connect(playback.go)
        self.strip.sample_picked.connect(self._pick_sample)
        self.plane.display(PlanePicture(message="Opening the recorded run…"))
        self._show_probe_bar()
        self._show_measures()
        self._show_strip()

    # ------------------------------------------------------------ facts

    def _selected(self) -> None:
        self._show_plane()
        self._show_levels()
        self._show_probe_bar()
        self._show_measures(moved=True)
        self._show_strip()
        self._ask()

    def _grew(self, run_id: int) -> None:
        if run_id != self.state.selection.run_id:
            return
        self._show_plane()
        self._show_levels()
        run = self.state.run
        if run is not None and run.status != "computing":
            self._show_measures()
            self._show_strip()
            self._ask()
        elif not self._measure_later.isActive():
            self._measure_later.start()

    def _runs_changed(self) -> None:
        self._projected = {key: value for key, value in self._projected.items() if key in self.state.runs}
        if not self.state.runs:
            self._show_plane()

    def _looked(self) -> None:
        if self.state.look.inside != self._was_inside:  # another part of the plane: the old density is no ground for it
            self._was_inside, self._background = self.state.look.inside, None
            self._asked.pop(PictureRequest, None)
        self.plane.set_tool(self.state.look.tool)
        self._show_probe_bar()
        self._show_plane()
        self._ask()

    def _data_opened(self) -> None:
        for run in self.state.runs.values():
            self._adopt_source(run)
        self._show_plane()

    def _adopt_source(self, run: Run) -> None:
        data = self.state.data
        wanted = (run.settings.data, run.settings.data_count, run.settings.data_seed)
        if run.source is None and data is not None and (data.name, data.count, data.seed) == wanted:
            run.source = data

    def _answered(self, answer: Any) -> None:
        if answer.request.run_id != self.state.selection.run_id:
            return
        match answer:
            case PictureAnswer():
                self._background = answer
                self._show_plane()
            case ProbeAnswer():
                self._probe = answer
                self._show_plane()
                self._show_levels()
            case BasinsAnswer():
                if self._basins.take(answer):
                    self._show_plane()
                    self._show_levels()
            case InsideAnswer():
                self._inside = answer
                self._show_plane()
            case NeighboursAnswer():
                self._neighbours = answer
                self._show_strip()
                if "weights" in self.state.look.layers:
                    self._show_plane()

    # ------------------------------------------------------------ gestures

    def _rect_changed(self, _rect: object) -> None:
        self._ask_picture()

    def _probe_to(self, x: float, y: float) -> None:
        self.state.set_look(replace(self.state.look, probe=(x, y)))

    def _start_at(self, x: float, y: float) -> None:
        run = self.state.run
        if run is None or tuple(run.x.shape[2:]) != (2,):
            return
        self.player.drafting.edit({"start": "point", "start_point": (x, y)})
        self.state.select(sample=0)
        self.player.run()

    def _pick_sample(self, sample: int) -> None:
        self.state.select(sample=sample)

    def _probe_sigma_to(self, sigma: float | None) -> None:
        self.state.set_look(replace(self.state.look, probe_sigma=sigma))

    def scale_probe_sigma(self, up: bool) -> None:
        """Sweep the probe's own noise level."""
        sigma = self._probe_sigma()
        if sigma > 0:
            self.state.set_look(replace(self.state.look, probe_sigma=sigma * SIGMA_STEP if up else sigma / SIGMA_STEP))

    def probe_start(self) -> tuple[float, float] | None:
        """Where a new probe stands: at the selected sample."""
        run, selection = self.state.run, self.state.selection
        basis = None if run is None else compose.run_basis(run)
        if run is None or basis is None:
            return None
        x, y = basis.project(run.x[selection.index, selection.sample])
        return float(x), float(y)

    def release(self) -> None:
        """Stop asking: the window closes."""
        self._measure_later.stop()
        self._basins.want(None)
        self.player.answered.disconnect(self._answered)

    def _probe_sigma(self) -> float:
        run, look = self.state.run, self.state.look
        if look.probe_sigma is not None or run is None:
            return look.probe_sigma or 0.0
        return float(run.sigmas[self.state.selection.index])

    # ------------------------------------------------------------ showing

    def _show_plane(self) -> None:
        run = self.state.run
        if run is None or run.committed == 0:
            self.plane.display(PlanePicture(message="Press Run (F5) to compute a run."))
            return
        basis = compose.run_basis(run)
        if basis is None:
            self.plane.display(PlanePicture(message=run.caption or "The plane needs the reference data of this run."))
            return
        if run.id not in self._projected or self._projected[run.id].basis is not basis:
            self._projected[run.id] = compose.Projected.of(run, basis)
        look, selection = self.state.look, self.state.selection
        picture = compose.plane_picture(run, selection, self._projected[run.id], self._site(run))
        direct = self._probes(run)
        self.plane.display(
            replace(
                picture,
                background=_of_run(self._background, run),
                basins=_of_run(self._basins.answer, run),
                arrow=look.arrow,
                probe=_of_run(self._probe, run) if look.probe is not None and direct else None,
                probe_point=look.probe if direct else None,
                neighbours=_of_run(self._neighbours, run),
                inside=compose.inside_picture(run, selection, basis, _of_run(self._inside, run))
                if look.inside
                else None,
                frame=look.frame,
                layers=look.layers - {"segment"} if look.inside else look.layers,
            )
        )

    def _site(self, run: Run) -> Site:
        """The plane that is looked at: for 2-D data there is only one."""
        if self.state.look.mode == "marginal" or tuple(run.x.shape[2:]) == (2,):
            return Site()
        return Site("slice", self.state.selection.index, self.state.selection.sample)

    def _probes(self, run: Run) -> bool:
        """A point of the plane is a point of the data's space."""
        return tuple(run.x.shape[2:]) == (2,) or (self.state.look.mode == "slice" and run.source is not None)

    def _show_probe_bar(self) -> None:
        run, look = self.state.run, self.state.look
        shown = look.tool == "probe" and run is not None and self._probes(run)
        self.probe_bar.setVisible(shown)
        if shown:
            positive = run.sigmas[run.sigmas > 0]
            self.probe_bar.set_range(float(positive[-1]), float(positive[0]))
            self.probe_bar.set_sigma(self._probe_sigma(), follows=look.probe_sigma is None)

    def _show_levels(self) -> None:
        run, i = self.state.run, self.state.selection.index
        if run is None or run.committed == 0:
            return
        self.transport.set_levels(run.sigmas, run.committed)
        self.transport.set_index(i)
        spent = f"{run.spent(i):,} evaluations"
        self.transport.set_text(f"step {i}/{len(run.sigmas) - 1}", f"σ {run.sigmas[i]:.4g}", spent)
        rows = numbers.inspector_rows(run, self._plots, self.state.selection)
        probe = _of_run(self._probe, run) if self.state.look.probe else None
        basins = _of_run(self._basins.answer, run) if "basins" in self.state.look.layers else None
        self.inspector.set_rows(rows + numbers.probe_rows(probe) + numbers.basin_rows(basins))

    def show_measures(self) -> None:
        """The measures have come into sight, or a figure of them is wanted."""
        self._show_measures(unseen=True)

    def _show_measures(self, *, moved: bool = False, unseen: bool = False) -> None:
        run = self.state.run
        if run is not None and run.committed > 1:
            key = (run.id, run.committed, run.status)
            if key != self._plots_of and not (moved and run.status == "computing" and self._plots_of[0] == run.id):
                self._plots, self._plots_of = compose.measured(run), key
                self._show_levels()
        else:  # a new run's first level: the plots stand still until there is something to draw
            self._plots = tuple(replace(plot, curves=(), waiting="after the first step") for plot in self._plots)
            self._plots_of = (-1, 0, "")
        if unseen or run is None or seen(self.measures):
            self.measures.display(compose.measures_picture(run, self._plots, self.state.selection))

    def _show_strip(self) -> None:
        if self.strip.isVisible() or self.state.run is None:
            picture = strip_picture(self.state.run, self.state.selection, self._neighbours, self._strip_rows)
            self.strip.display(picture)

    # ------------------------------------------------------------ asking

    def _ask(self) -> None:
        run, selection, look = self.state.run, self.state.selection, self.state.look
        if run is None or not run.linked:
            return
        self._ask_picture()
        if look.probe is not None and self._probes(run):
            sigma, site = self._probe_sigma(), self._site(run)
            if sigma > 0:
                request = ProbeRequest(run_id=run.id, site=site, point=look.probe, sigma=sigma, path=look.probe_path)
                self._submit(request)
        if look.inside and selection.index < run.committed - 1:
            curve = prod(run.x.shape[2:]) <= DETAIL_NUMBERS
            stages = compose.kept_inside(run, selection) is None
            if curve or stages:
                self._submit(InsideRequest(run.id, selection.index, selection.sample, curve, stages))
        weighed = "weights" in look.layers and run.source is not None
        if weighed or (len(run.x.shape) == 5 and self.strip.isVisible()):
            self._submit(NeighboursRequest(run.id, selection.index, selection.sample))

    def _ask_picture(self) -> None:
        run, look = self.state.run, self.state.look
        if run is None or not run.linked:
            return
        sigma = float(run.sigmas[self.state.selection.index])
        if sigma == 0:
            sigma = float(run.sigmas[-2]) / 100  # p_0 of points has no density: shown as if σ were tiny
        site, rect = self._site(run), self.plane.request_rect()
        request = PictureRequest(
            run_id=run.id,
            site=site,
            sigma=sigma,
            rect=rect,
            pixels=self.plane.pixels() if "density" in look.layers else (1, 1),
            arrows=ARROWS if "field" in look.layers else (0, 0),
            field=look.field,
        )
        self._submit(request)
        shown = "basins" in look.layers and run.source is not None
        self._basins.want(BasinsRequest(run_id=run.id, site=site, sigma=sigma, rect=rect) if shown else None)

    def _submit(self, request: Any) -> None:
        if self._asked.get(type(request)) != request:
            self._asked[type(request)] = request
            self.player.submit(request)


def _of_run(answer: Any, run: Run) -> Any:
    return answer if answer is not None and answer.request.run_id == run.id else None
