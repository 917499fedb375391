"""Computes every measure of the selected run once, for all rooms that show it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from app.plotting.pens_and_numbers import Kind
from app.plotting.values import Curve, MeasurePlot
from app.session.facts import ON_REQUEST, stage_levels
from app.session.state import AppState, Run
from geomodel import measures
from geomodel.arrays import Array
from geomodel.compared import NAMES
from geomodel.curves import Curves, some_levels
from geomodel.regions import named_regions

FIRST_STEP = "after the first step"
LAST_STEP = "after the last step"
NOTHING = (-1, 0, "", False, 0)
MEASURE_MS = 100  # interval at which a growing run is measured


class Measured(QObject):
    """The measures of the selected run so far. Moving the playhead computes nothing."""

    changed = Signal()

    def __init__(self, state: AppState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.plots: tuple[MeasurePlot, ...] = ()
        self._state = state
        self._of = NOTHING  # run, levels, status, whether its data are here, how many extras it has
        self._later = QTimer(self, singleShot=True, interval=MEASURE_MS)
        self._later.timeout.connect(self._measure)
        state.selection_changed.connect(self._selected)
        state.run_grew.connect(self._grew)

    def release(self) -> None:
        """Stop measuring, because the window closes."""
        self._later.stop()

    def add(self, run_id: int, extras: dict[str, Array]) -> None:
        """Take what was computed on request into a run, so that its files have it too."""
        run = self._state.runs.get(run_id)
        if run is not None and run.trajectory is not None:
            run.trajectory = replace(run.trajectory, extras=run.trajectory.extras | extras)
            self._measure()

    def _selected(self) -> None:
        run = self._state.run
        if run is None or run.status != "computing" or self._of[0] != run.id:
            self._measure()  # for a growing run, the timer starts the measuring

    def _grew(self, run_id: int) -> None:
        run = self._state.run
        if run is None or run_id != run.id:
            return
        if run.status != "computing":
            self._measure()
        elif not self._later.isActive():
            self._later.start()

    def _measure(self) -> None:
        run = self._state.run
        # a new run has only its first level, so the plots stay still until there is more
        if run is None or run.committed < 2:
            self._of = NOTHING
            self.plots = tuple(replace(plot, curves=(), waiting=FIRST_STEP) for plot in self.plots)
        else:
            of = (run.id, run.committed, run.status, run.source is not None, len(run.extras))
            if of == self._of:
                return
            self._of, self.plots = of, measured(run)
        self.changed.emit()


def measured(run: Run) -> tuple[MeasurePlot, ...]:
    """Every measure of the run so far."""
    whole, levels = _curves(run)
    source = whole if levels is None else whole.at(levels)
    plots = []
    for row in (row.named(run.settings.compared_with) for row in measures.MEASURES):
        waiting = LAST_STEP if row.needs_end and not run.complete else ""
        found = {} if waiting else measures.compute(row.name, source)
        if not found and row.on_request and run.compared and run.linked:
            waiting = LAST_STEP if run.trajectory is None else ON_REQUEST
        if not found and not waiting:
            continue  # the run does not have it
        plots.append(
            MeasurePlot(
                name=row.name,
                title=row.title,
                unit=row.unit,
                formula=row.formula,
                curves=tuple(_curve(row, kind, values, levels, run) for kind, values in found.items()),
                waiting=waiting,
                regions=_regions(row.name, run, levels, found),
            )
        )
    return tuple(plots)


def _curves(run: Run) -> tuple[Curves, Array | None]:
    """The curves of the run so far, and the levels at which they are measured; None for all of them."""
    if run.complete and run.trajectory is not None:
        curves = Curves.of(run.trajectory)
    else:
        curves = Curves(run.x, run.denoised, run.sigmas, run.extras, run.center).first(run.committed)
    levels = some_levels(*curves.x.shape[:2])
    return curves, levels if len(levels) < len(curves.x) else None


def _regions(
    name: str, run: Run, levels: Array | None, found: dict[str, Array]
) -> tuple[tuple[str, float, float], ...]:
    """The named regions. They come from the exact trajectory of a complete run, because only then is the peak known."""
    if name == "effective_neighbours" and run.complete:
        return _stages(run, measures.band(found[""])[0], levels)
    if name != "denoiser_difference" or not run.complete:
        return ()
    median = measures.band(found.get("exact", next(iter(found.values()))))[0]
    sigmas = run.sigmas if levels is None else run.sigmas[levels]
    return named_regions(sigmas, median, 0.0 if run.source is None else run.source.dataset.scale)


def _stages(run: Run, median: Array, levels: Array | None = None) -> tuple[tuple[str, float, float], ...]:
    if run.source is None:
        return ()
    positive = run.sigmas[run.sigmas > 0]
    parted, collapsed = stage_levels(run, median, None if levels is None else levels[: len(median)])
    if collapsed is None:
        return ()
    found, begin = [], float(positive[0])
    for stage, end in (("mixed", parted), ("speciated", collapsed), ("collapsed", float(positive[-1]))):
        if positive[-1] <= end < begin:
            found.append((stage, begin, end))
            begin = end
    return tuple(found)


def _curve(row: measures.Measure, kind: str, values: Array, levels: Array | None, run: Run) -> Curve:
    """A curve with its hue and its name in the legend."""
    hue: Kind
    match kind:
        case "x":
            hue, label = "sampling", "x"
        case "denoised":
            hue, label = "denoising", "D"
        case "exact":
            hue, label = _beside(run), f"on {NAMES[run.settings.compared_with].run}"
        case _ if row.name == "effective_neighbours":
            hue, label = "optimal", ""  # the title names it
        case _:
            hue, label = _own(run), "on this run"
    return Curve(kind=hue, label=label, values=values, measured=None if levels is None else levels[: len(values)])


def _beside(run: Run) -> Kind:
    """The hue of the run beside."""
    return "optimal" if run.settings.compared_with == "optimal" else "reference"


def _own(run: Run) -> Kind:
    """The hue of the run where curves of the run beside are drawn too."""
    if run.settings.network_drives:
        return "network"
    if run.settings.driver == "optimal":
        return "optimal"
    return "reference" if _beside(run) == "optimal" else "sampling"
