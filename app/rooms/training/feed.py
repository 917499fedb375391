"""Feeds the training room: lets the engine train in parts, and shows what was recorded."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject

from app.engine.contract import TaskEnded
from app.rooms.contract import Handlers, Services
from app.rooms.training import picture as pictures
from app.rooms.training.actions import NO_TRAINING
from app.rooms.training.messages import Trained, TrainTask
from app.rooms.training.network_feed import NetworkFeed
from app.rooms.training.pictures import TrainingPicture
from app.rooms.training.recorded import Recorded
from app.rooms.training.view import TrainingView
from app.session.one_task import OneTask
from app.session.state import Selection
from app.widgets.sight import seen
from geomodel.arrays import Array
from geomodel.recipe import TrainError, from_options
from geomodel.schedules import nearest_level
from geomodel.settings import RunSettings

EMPTY = "Open a set of points as reference data. Then a network can be trained on them here."
IMAGES = "Only sets of points are trained here. For images there is the command `geomodel train`."
START = "Press Train (Ctrl+F10): a small network learns the points of the reference data, and you see where it leads."
CANCELLED = "Cancelled. What was trained stays: continue, save it, or train anew."
ENDS = 256  # samples whose ends are counted; the first of them are shown
STEPS = 18


class TrainingRoom(QObject):
    """A training goes on in tasks of at most 100 iterations, each of which ends in a snapshot."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services, self._state, self._player = services, services.state, services.player
        self.view = TrainingView(services.theme)
        self._known: Recorded | None = None
        self._goal = 0  # the iteration at which it stops
        self._at: int | None = None  # the snapshot that a person picked; None: the newest
        self._picked: tuple[Selection | None, int] = (None, 0)  # where the playhead went for a level that was picked
        self._message, self._pausing = "", False
        self._work, self._network = OneTask(self._player, self), NetworkFeed(services, self)
        self._work.progressed.connect(self.refresh)
        self._work.ended.connect(self._trained)
        self._state.data_changed.connect(self.refresh)
        self._state.selection_changed.connect(self.refresh)
        self.view.action_wanted.connect(self._do)
        self.view.snapshot_picked.connect(self._pick)
        self.view.level_picked.connect(self._pick_level)
        self.refresh()

    def handlers(self) -> Handlers:
        """Its key starts or pauses, and brings the view to the front."""
        return {
            "training": self._toggle_in_sight,
            "training_step": partial(self.step, 1),
            "training_steps": partial(self.step, pictures.EVERY),
            "training_anew": self.anew,
            "training_save": self.save,
            "training_use": self.use,
        }

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._work.release()
        self._network.release()
        self.view.release()

    # ------------------------------------------------------------ training

    def _do(self, action: str) -> None:
        self.toggle() if action == "training" else self.handlers()[action]()

    def _toggle_in_sight(self) -> None:
        self._services.bring_forward("training")
        self.toggle()

    def toggle(self) -> None:
        """Train, pause, continue; train anew where the training has ended."""
        if self._work.running:
            self._pausing = True
            self._work.cancel()
        elif self._known is not None and self._known.state == "stopped":
            self._go_to(self._known.recipe.iterations)
        else:
            self.anew()

    def step(self, iterations: int) -> None:
        """Go on by so many iterations and pause."""
        if self._work.running:
            return
        if (self._known is not None and self._known.state == "stopped") or self._begin():
            assert self._known is not None
            self._go_to(self._known.iteration + iterations)

    def anew(self) -> None:
        """Begin another training, with the settings of the form."""
        if not self._work.running and self._begin():
            assert self._known is not None
            self._go_to(self._known.recipe.iterations)

    def _begin(self) -> bool:
        """Make the next training the one that is known. False, with a reason, where it cannot begin."""
        data, values = self._state.data, self.view.form.values()
        if data is None or self._reason() or values is None:
            self.refresh()
            return False
        try:
            recipe = from_options(values)
        except TrainError as error:
            self._message = str(error)
            self.refresh()
            return False
        settings = RunSettings(
            **data.key._asdict(),
            count=ENDS,
            steps=STEPS,
            seed=recipe.seed,
            sigma_min=data.sigma_min,
            sigma_max=data.sigma_max,
        )
        self._known, self._at = Recorded(self._state.next_id(), settings, recipe, data), None
        return True

    def _go_to(self, iteration: int) -> None:
        assert self._known is not None
        self._goal, self._message, self._pausing = min(iteration, self._known.recipe.iterations), "", False
        self._go_on()

    def _go_on(self) -> None:
        known = self._known
        assert known is not None
        every = pictures.every(known.recipe)
        until = (known.iteration // every + 1) * every if known.snapshots else 0  # at first, the untrained network
        task = TrainTask(
            task_id=self._state.next_id(),
            settings=known.settings,
            training_id=known.id,
            recipe=known.recipe,
            until=min(until, self._goal),
            begins=not known.snapshots,
        )
        self._work.begin(task, "training")
        self.refresh()

    def _trained(self, event: TaskEnded) -> None:
        known = self._known
        assert known is not None
        match event.result:
            case Trained() as found:
                if not known.snapshots or found.iteration > known.iteration:
                    known.snapshots.append(found.snapshot)
                    known.rate = found.rate
                known.controls = found.controls
                if found.stopped:
                    self._message = "" if self._pausing else CANCELLED
                elif known.iteration < self._goal:
                    self._go_on()
                    return
            case _:
                self._message = event.message or CANCELLED
        self.refresh()

    def save(self) -> None:
        """Ask where to write the average so far."""
        if (known := self._there()) is not None:
            self._network.save(known)

    def use(self) -> None:
        """Let the average so far drive the sampler."""
        if (known := self._there()) is not None:
            self._network.use(known)

    def _there(self) -> Recorded | None:
        """The training that has a network; a person is told where there is none."""
        if self._known is None or self._known.controls is None:
            self._services.say(NO_TRAINING)
            return None
        return self._known

    # ------------------------------------------------------------ what was recorded

    def _pick(self, at: int) -> None:
        """Show a snapshot. At the newest the view follows the training again."""
        if self._known is None:
            return
        self._at = at if at < len(self._known.snapshots) - 1 else None
        self.refresh()

    def _pick_level(self, level: int) -> None:
        """Show another level, and let the playhead of the selected run follow as near as it can."""
        if self._known is None or self._known.controls is None:
            return
        run = self._state.run
        if run is not None:
            self._services.playback.go(nearest_level(run.sigmas, float(self._known.controls.sigmas[level])))
        self._picked = self._state.selection, level
        self.refresh()

    def _level(self, sigmas: Array) -> int:
        """The level that a person picked here, until the playhead moves elsewhere; then the nearest to the playhead."""
        selection, run = self._state.selection, self._state.run
        where, level = self._picked
        if selection == where or run is None:
            return level
        return nearest_level(sigmas, float(run.sigmas[selection.index]))

    # ------------------------------------------------------------ showing

    def refresh(self) -> None:
        """Show the present state."""
        if seen(self.view):
            self.view.display(self.picture())

    def _reason(self) -> str:
        """Why no training can begin; empty where one can."""
        data = self._state.data
        if data is None:
            return EMPTY
        return IMAGES if data.dataset.kind == "images" else ""

    def picture(self) -> TrainingPicture:
        """The training view's picture."""
        known, why, running = self._known, self._reason(), self._work.running
        if known is None or known.controls is None:
            return TrainingPicture(
                state="running" if running else "none",
                can_train=not why,
                words="waiting for the engine" if running else "",
                message=self._message or why or ("" if running else START),
            )
        (places, loss, copies), newest = known.curves(), len(known.snapshots) - 1
        at, level = newest if self._at is None else self._at, self._level(known.controls.sigmas)
        snapshot, run = known.snapshots[at], self._state.run
        playhead = None if run is None else float(run.sigmas[self._state.selection.index])
        return TrainingPicture(
            state="running" if running else known.state,
            can_train=not why,
            words=self._words(known),
            message=self._message,
            paths=known.paths(snapshot, level),
            sigmas=known.controls.sigmas,
            iterations=places[: newest + 1],
            at=at,
            places=places,
            plots=(loss, known.distance(level), copies),
            title=pictures.title_of(snapshot, known.controls, level, playhead),
            numbers=pictures.numbers_of(snapshot, known.controls, level),
            caption=pictures.caption_of(known.source, known.recipe, known.controls),
        )

    def _words(self, known: Recorded) -> str:
        running = self._work.running
        iteration = max(known.iteration, self._work.part) if running else known.iteration
        words = pictures.words_of(iteration, known.recipe, known.rate if running else 0.0)
        return words if running else f"{'finished' if known.state == 'ended' else 'stopped'}, {words}"
