"""Feeds the interpolation room: requests the runs between two seeds and shows the amount that is picked."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from app.engine.contract import TaskEnded
from app.rooms.contract import Handlers, Services
from app.rooms.interpolation.messages import Interpolation, InterpolationTask
from app.rooms.interpolation.pictures import InterpolationPicture
from app.rooms.interpolation.view import InterpolationView
from app.session.facts import DRIVER_NAMES, data_title
from app.session.one_task import OneTask
from app.widgets.sight import seen
from geomodel import solvers
from geomodel.settings import RunSettings

HINT = "Press Interpolate (F8). The sampler of the panel runs from the latents between both seeds."
SAME = "Both seeds are the same, so nothing lies between their latents. Choose another second seed."
CHANGED = "The settings have changed since."


class InterpolationRoom(QObject):
    """Interpolates between two seeds by the draft's sampler."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._state, self._player = services.state, services.player
        self.view = view = InterpolationView(services.theme)
        self.found: Interpolation | None = None
        self._of: InterpolationTask | None = None  # what was found is about
        self._work = OneTask(self._player, self)
        self._words = self._next_words = ""  # of what was found, and of what is under way
        self._message, self._at = "", 0
        view.run_wanted.connect(self.run)
        view.cancel_wanted.connect(self._work.cancel)
        view.amount_picked.connect(self._pick)
        for fact in (self._state.draft_changed, self._state.data_changed):
            fact.connect(self.refresh)
        self._work.progressed.connect(self.refresh)
        self._work.ended.connect(self._ended)
        self.refresh()

    def handlers(self) -> Handlers:
        """F8 interpolates and brings the view to the front."""
        return {"interpolate": self._run_in_sight}

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._work.release()
        self.view.release()

    def _run_in_sight(self) -> None:
        self._services.bring_forward("interpolation")
        if (seeds := self.view.seeds()) is not None:
            self.run(*seeds)

    def run(self, first: int, second: int) -> None:
        """Run from the latents between two seeds."""
        if self._work.running or reason(self._state.draft) or not self._player.drafting.check():
            return
        if first == second:
            self._message = SAME
            self.refresh()
            return
        settings = interpolation_settings(self._player.drafting.filled(), first)
        self._message, self._next_words = "", self._about(settings, first, second)
        self._work.begin(InterpolationTask(self._state.next_id(), settings, (first, second)), "interpolation")
        self.refresh()

    def _ended(self, event: TaskEnded) -> None:
        self._message = event.message
        match event.result, event.task:
            case Interpolation() as found, InterpolationTask() as task:
                self.found, self._of, self._words = found, task, self._next_words
                self._at = len(found.amounts) // 2
            case _ if not event.message:
                self._message = "The interpolation was cancelled."
        self.refresh()

    def _pick(self, at: int) -> None:
        self._at = at
        self.refresh()

    # ------------------------------------------------------------ showing

    def refresh(self) -> None:
        """Show the present state."""
        if seen(self.view):
            self.view.display(self.picture())

    def picture(self) -> InterpolationPicture:
        """The interpolation view's picture."""
        why = reason(self._state.draft)
        return InterpolationPicture(
            reason=why or ("" if self.found is not None else HINT),
            can_run=not why,
            message=self._message,
            working=f"Interpolating: {self._work.words}" if self._work.running else "",
            caption=self._caption(),
            found=self.found,
            at=self._at,
        )

    def _caption(self) -> str:
        if self._of is None:
            return ""
        draft = self._player.drafting.filled()
        changed = interpolation_settings(draft, self._of.settings.seed) != self._of.settings
        return f"{self._words}. {CHANGED}" if changed else self._words

    def _about(self, settings: RunSettings, first: int, second: int) -> str:
        name = self._state.class_name(settings)
        parts = (
            DRIVER_NAMES[settings.driver],
            data_title(settings.data),
            f"class {name}" if name else "",
            f"{solvers.row(settings.solver).title}, {settings.steps} steps",
            f"from seed {first} to seed {second}",
        )
        return " · ".join(filter(None, parts))


def reason(settings: RunSettings) -> str:
    """Why runs of these settings cannot be interpolated, and what to do; empty where they can."""
    solver = solvers.row(settings.solver)
    if not solver.stochastic:
        return ""
    return (
        f"{solver.title} draws noise of its own, so that an end would not be a function of its latent. "
        "Choose a solver such as Heun."
    )


def interpolation_settings(draft: RunSettings, seed: int) -> RunSettings:
    """The draft's sampler for a start that is made of two seeds, whatever the draft's own start is."""
    return replace(draft, count=2, seed=seed, start="noise", start_point=(), start_index=0, beside=False)
