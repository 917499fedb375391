"""Turns gestures of the drawing tool into strokes of the draft, and asks how the data look while a person draws."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal

from app.plotting.values import Box
from app.rooms.contract import Services
from app.rooms.plane.drawing_bar import DrawingBarPicture
from app.rooms.plane.film_feed import ARROWS
from app.rooms.plane.messages import DensityRequest, SketchAnswer, SketchRequest, TraceAnswer
from app.rooms.plane.pictures import DrawingPicture, PlanePicture
from app.rooms.plane.trace_feed import TraceFeed
from app.rooms.plane.view import PlaneView
from app.session.plane_options import LEGEND
from app.session.state import Run
from geomodel.datasets import DRAWING
from geomodel.schedules import nearest_level
from geomodel.settings import DataKey, problems
from geomodel.strokes import EMPTY, Strokes, Vertex, erased, problem, tidied

CANVAS: Box = (0.0, 0.0, 9.0, 9.0)  # where no points lie in the plane: the generated sets lie within ±4
ROOM = 6.0  # deviations of the data that a canvas over them is wide
LINES, BLUR = 40.0, 20.0  # parts of the canvas: the first line width, and σ of the density that is shown
NARROWEST, WIDEST = 1000.0, 8.0  # … and the ends of the slider
ERASER = 12.0  # pixels
FRAME_MS = 16
OF_DATA = {"data", "data_count", "data_seed"}  # what must be right before a drawing is tried
FOLLOWING = frozenset({"density", "data", "field", "basins", LEGEND})  # layers that follow the pen
CAUSE = "drawing"  # of errors about a drawing
HINT = "Enter keeps it, Esc leaves, Ctrl+Z undoes"
WHOLE_HINT = f"The left button draws, and so do the arrows after Space. {HINT}"


class DrawingFeed(QObject):
    """The strokes live in the draft. Only what the pen holds at the moment lives here."""

    changed = Signal()

    def __init__(self, services: Services, view: PlaneView) -> None:
        super().__init__(view)
        self._state, self._player, self._playback = services.state, services.player, services.playback
        self._say, self._settle, self._view = services.say, services.settle, view
        self._trace = TraceFeed(services, self)
        self._box: Box | None = None  # of the canvas, while the tool is in use
        self._over: DataKey | None = None  # the data that the first stroke takes the place of
        self._width, self._erases = 0.0, False
        self._focused = False  # the playhead has been moved for the strokes
        self._held: Strokes | None = None  # while the pen is down
        self._stroke: list[Vertex] = []  # where the pen was since it was put down
        self._cut = 0  # how many of these places the eraser has cut out
        self._sketch: SketchAnswer | None = None
        self._since = QElapsedTimer()  # the last frame
        self._since.start()
        self._frame = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._frame.timeout.connect(self._move_pen)
        self._state.data_changed.connect(self._data_changed)
        self._state.run_grew.connect(self._focus)
        self._trace.traced.connect(self._traced)
        bar, pen = view.drawing_bar, view.pen
        pen.put_down.connect(self._put_down)
        pen.moved.connect(self._move)
        pen.lifted.connect(self._lift)
        pen.ended.connect(self._end)
        pen.left.connect(self._leave)
        bar.erase_wanted.connect(self._choose)
        bar.width_moved.connect(self._set_width)
        bar.picture_wanted.connect(self._choose_picture)
        bar.clear_wanted.connect(self._clear)
        bar.done_wanted.connect(self._end)

    # ------------------------------------------------------------ the tool

    @property
    def in_use(self) -> bool:
        """Whether the plane is a canvas."""
        return self._box is not None

    def follow(self) -> None:
        """Take up the tool or put it away, as the plane's options say."""
        wanted = self._state.plane_options.tool == "draw"
        if wanted == self.in_use:
            return
        self._held, self._stroke, self._sketch, self._erases = None, [], None, False
        self._trace.forget()
        self._box = self._canvas() if wanted else None
        self._over = None if self._state.data is None else self._state.data.key
        self._view.pen.use(wanted)
        if self._box is None:
            self._settle(CAUSE)
            return
        self._width = self._state.draft.drawing_width if self._drawn else _rounded(self._box[3] / LINES)
        self._playback.pause()
        self._focused = False
        self._focus()

    def _focus(self, _run_id: int = -1) -> None:
        """Move the playhead once to a level at which strokes are seen, where the run has levels for the plane."""
        run = self._state.run
        if self._box is None or self._focused or run is None or run.x.shape[2:] != (2,) or not run.complete:
            return
        self._focused = True
        self._state.select(index=nearest_level(run.sigmas, self._box[3] / BLUR))

    def _data_changed(self) -> None:
        """A person who chooses other data has done with the drawing; one who takes the first stroke back has not."""
        data = self._state.data
        if self.in_use and not self._drawn and data is not None and data.key != self._over:
            self._leave()

    @property
    def _drawn(self) -> bool:
        """Whether the data of the draft are a drawing."""
        return self._state.draft.data == DRAWING

    @property
    def strokes(self) -> Strokes:
        """The strokes as they are now, with the one that the pen draws."""
        if self._held is not None:
            return self._held
        return self._state.draft.drawing if self._drawn else ()

    def _canvas(self) -> Box:
        data = self._state.data
        if data is None or tuple(data.dataset.shape) != (2,):
            return CANVAS
        x, y = data.dataset.mean.tolist()
        side = ROOM * float(data.dataset.std) or max(CANVAS[2], abs(x), abs(y))  # one point has no deviation
        if self._drawn and self.strokes:
            vertices = np.concatenate([np.asarray(stroke) for stroke in self.strokes])
            low, high = vertices.min(0), vertices.max(0)
            (x, y), side = ((low + high) / 2).tolist(), max(side, 1.2 * float((high - low).max()))
        return x, y, side, side

    def _end(self) -> None:
        if not self.strokes:
            self._say(EMPTY, True, CAUSE)
            return
        self._leave()

    def _leave(self) -> None:
        self._state.set_plane_options(replace(self._state.plane_options, tool="select"))

    # ------------------------------------------------------------ gestures

    def _put_down(self, x: float, y: float) -> None:
        self._stroke, self._cut = [(x, y)], 0
        self._move_pen()

    def _move(self, x: float, y: float) -> None:
        self._stroke.append((x, y))
        self._soon()

    def _soon(self) -> None:
        """Show where the pen is in the next frame, whatever comes until then: 16 ms after the one before."""
        if not self._frame.isActive():
            self._frame.start(max(0, FRAME_MS - self._since.elapsed()))

    def _move_pen(self) -> None:
        if not self._stroke:
            return
        self._since.start()
        self._held = self._after()
        self._ask()
        self.changed.emit()

    def _after(self) -> Strokes:
        """The strokes once the pen has done what it did since it was put down."""
        if not self._erases:
            before = self._state.draft.drawing if self._drawn else ()
            return (*before, tuple(self._stroke))
        found, radius = self.strokes, ERASER * self._view.ground.unit()
        for place in self._stroke[self._cut :]:
            found = erased(found, place, radius)
        self._cut = len(self._stroke)
        return found

    def _lift(self) -> None:
        if not self._stroke:
            return
        self._frame.stop()
        held, self._held = self._after(), None
        unit = self._view.ground.unit()
        if not self._erases:
            held = (*held[:-1], tidied(held[-1], unit))
        self._stroke = []
        self._keep(held)

    def _keep(self, strokes: Strokes) -> None:
        if not strokes and not self.strokes:
            return
        found = problem(strokes)
        if found and strokes:
            self._say(found, True, CAUSE)
        else:
            self._settle(CAUSE)
            self._player.drafting.draw(strokes, self._width)
            self._ask()
        self.changed.emit()

    def _choose(self, erases: bool) -> None:
        self._erases = erases
        self.changed.emit()

    def _set_width(self, width: float, let_go: bool) -> None:
        self._width = _rounded(width)
        if let_go and self._drawn and self.strokes and self._width != self._state.draft.drawing_width:
            self._player.drafting.draw(self.strokes, self._width)
        self._ask()
        self.changed.emit()

    def _choose_picture(self) -> None:
        if self._box is not None:
            self._trace.choose(self._box)

    def _traced(self, answer: TraceAnswer) -> None:
        if answer.problem:
            self._say(answer.problem, True, CAUSE)
            return
        self._width = _rounded(answer.width)
        self._keep((*self.strokes, *answer.strokes))

    def _clear(self) -> None:
        self._keep(())

    # ------------------------------------------------------------ how the data look

    def take(self, answer: SketchAnswer) -> bool:
        """Keep an answer. False where nothing is to be shown now: the pen is away, or its next frame shows it."""
        if not self.in_use:
            return False
        self._sketch = answer
        if self._held is not None:
            self._soon()
        return self._held is None

    def _ask(self) -> None:
        run, strokes = self._state.run, self.strokes
        drawn = replace(self._state.draft, data=DRAWING, data_columns="", drawing=strokes, drawing_width=self._width)
        if run is None or self._box is None or OF_DATA & problems(drawn).keys():
            return
        options = self._state.plane_options
        shown = DensityRequest(
            run_id=run.id,
            sigma=self._sigma(run),
            rect=self._view.request_rect(),
            pixels=self._view.pixels() if "density" in options.layers else (1, 1),
            arrows=ARROWS if "field" in options.layers else (0, 0),
            field="optimal",
        )
        basins = "basins" in options.layers
        self._player.ask(SketchRequest(run.id, key=drawn.data_key, shown=shown, basins=basins))

    def _sigma(self, run: Run) -> float:
        """The level that is shown; where that is one of other data, one at which strokes are seen."""
        assert self._box is not None
        shown = float(run.sigmas[self._state.selection.index]) if self._shows(run) else 0.0
        return shown or self._box[3] / BLUR

    def _shows(self, run: Run | None) -> bool:
        """Whether a run is about the drawing."""
        return run is not None and run.settings.data == DRAWING and bool(run.committed)

    def picture(self, base: PlanePicture) -> PlanePicture:
        """The canvas over the plane of the run, where that is about the drawing, else alone."""
        assert self._box is not None
        run, options, strokes, sketch = self._state.run, self._state.plane_options, self.strokes, self._sketch
        canvas = DrawingPicture(strokes=strokes, box=self._box)
        if not self._shows(run) or not strokes or base.message:
            base = PlanePicture(
                title="Drawing",
                scale=self._box[3] / ROOM,
                center=self._box[:2],
                arrow=options.arrow,
                layers=options.layers & FOLLOWING,
                looks=options.looks,
                order=base.order,
            )
        elif self._held is None and run is not None and run.settings.data_key == self._state.draft.data_key:
            sketch = None  # the run is about these strokes
        if self._held is not None:  # its curves are not
            base = replace(base, layers=base.layers & FOLLOWING)
        base = replace(base, frame="data", drawing=canvas, caption=HINT, caption_whole=WHOLE_HINT)
        if sketch is None or not strokes:
            return base
        base = replace(base, probe=None, neighbours=None)  # their weights are of the run's data
        return replace(base, data=sketch.points, background=sketch.background, basins=sketch.basins)

    def bar(self) -> DrawingBarPicture | None:
        """The controls of the tool; None while it is not in use."""
        if self._box is None:
            return None
        return DrawingBarPicture(
            erases=self._erases,
            width=self._width,
            narrowest=self._box[3] / NARROWEST,
            widest=self._box[3] / WIDEST,
            clears=bool(self.strokes),
        )


def _rounded(width: float) -> float:
    """A width in two digits."""
    return round(width, 1 - math.floor(math.log10(width)))
