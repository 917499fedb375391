"""Feeds the claims room: checks claims one after the other, keeps the results, and opens the view of a claim."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import ModuleType

from PySide6.QtCore import QObject

from app.engine.contract import TaskEnded, TaskProgress
from app.engine.messages import Cancel
from app.export import formats
from app.rooms.claims import keeping
from app.rooms.claims.messages import Checked, ClaimTask
from app.rooms.claims.pictures import ClaimRow, ClaimsPicture
from app.rooms.claims.view import ClaimsView
from app.rooms.code import code_handlers
from app.rooms.contract import Handlers, Services
from app.session.facts import DRIVER_NAMES, data_title
from app.shell.file_dialogs import SAVE
from app.shell.palette_search import PaletteEntry
from app.widgets.sight import seen
from geomodel.experiments.literature import STATEMENTS, Claim, summary
from geomodel.files import write_error
from geomodel.origin import MadeOf
from geomodel.schedules import nearest_level
from geomodel.settings import RunSettings

EMPTY = "Press Check all (F12)."
CHANGED = "The settings have changed since; Check all takes the new ones."
CANCELLED = "The check was cancelled."
SHOW = "claims"  # the cause of sentences about a claim that cannot be shown


class ClaimsRoom(QObject):
    """Checks the claims on the draft's denoiser and data."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._state, self._player = services.state, services.player
        self.view = ClaimsView(services.theme)
        self.claims: dict[int, Claim] = {}
        self._base: RunSettings | None = None  # the settings that the results are about
        self._samples, self._of_samples = 64, 64  # chosen, and those of the results
        self._task: ClaimTask | None = None
        self._waiting: list[int] = []
        self._fraction = 0.0
        self._message = ""
        self._made_of = MadeOf()  # of the results
        self.view.all_wanted.connect(self.check_all)
        self.view.one_wanted.connect(self.check_one)
        self.view.cancel_wanted.connect(self.cancel)
        self.view.show_wanted.connect(self.show_claim)
        self.view.save_wanted.connect(self._save)
        self.view.samples_chosen.connect(self._choose)
        self._state.draft_changed.connect(self.refresh)
        self._player.task_event.connect(self._happened)
        services.actions["cancel"].triggered.connect(self._give_up)
        self.refresh()

    def handlers(self) -> Handlers:
        """F12 brings the view to the front and checks all claims. What was checked is copied as code."""
        return {
            "claims": self._check_in_sight,
            **code_handlers(self._services.say, "claims", "it checks these claims again", self._code),
        }

    def offers(self) -> Sequence[PaletteEntry]:
        """Each claim, to be looked up in the table."""
        return [
            PaletteEntry(
                kind=f"Claim {statement.number}",
                title=statement.title,
                act=partial(self.look_up, statement.number),
                tip=statement.formula,
                words=statement.source,
            )
            for statement in STATEMENTS
        ]

    def keep(self) -> bytes:
        """The results, for a session."""
        return keeping.keep(self._found(), self._base, self._of_samples)

    def understand(self, kept: bytes) -> Callable[[], None]:
        """What brings the results of a session back. ValueError where they are none."""
        return partial(self._restore, *keeping.understand(kept))

    def _restore(self, claims: Mapping[int, Claim], base: RunSettings | None, samples: int) -> None:
        self.cancel()
        self._task, self._waiting, self._message, self._made_of = None, [], "", MadeOf()
        self.claims, self._base, self._samples, self._of_samples = dict(claims), base, samples, samples
        self.refresh()

    def look_up(self, number: int) -> None:
        """Bring the view to the front with a claim chosen."""
        self._services.bring_forward("claims")
        self.view.display(self.picture())
        self.view.choose(number)

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._player.task_event.disconnect(self._happened)
        self._services.actions["cancel"].triggered.disconnect(self._give_up)
        self.view.release()

    # ------------------------------------------------------------ checking

    def _check_in_sight(self) -> None:
        self._services.bring_forward("claims")
        self.check_all()

    def check_all(self) -> None:
        """Check every claim. The results that there are go first, because the model may be another one."""
        self._begin(statement.number for statement in STATEMENTS)

    def check_one(self, number: int) -> None:
        """Check one claim. The other results stay if they are about the same model and data."""
        self._begin((number,), keep=self._current())

    def _begin(self, numbers: Iterable[int], *, keep: bool = False) -> None:
        if self._task is not None or not self._player.drafting.check():
            return
        self._message = ""
        if not keep:
            self.claims = {}
        self._base, self._of_samples = self._player.drafting.filled(), self._samples
        self._waiting = list(numbers)
        self._next()
        self.refresh()

    def _next(self) -> None:
        """Ask for the next claim. Each is a task of its own, so that its result is shown as soon as it is known."""
        self._task = None
        if self._waiting and self._base is not None:
            number = self._waiting.pop(0)
            self._fraction = 0.0
            self._task = ClaimTask(self._state.next_id(), self._base, number, self._of_samples)
            self._player.begin(self._task, f"claim {number} of {len(STATEMENTS)}")

    def cancel(self) -> None:
        """Stop checking. What was found stays."""
        if self._task is not None:
            self._give_up()
            self._player.submit(Cancel(self._task.task_id))

    def _give_up(self) -> None:
        """Ask for no further claim. The present one may have ended already, so that no cancel would reach it."""
        if self._task is not None:
            self._waiting, self._message = [], CANCELLED
            self.refresh()

    def _happened(self, event: TaskProgress | TaskEnded) -> None:
        match event:
            case TaskProgress() if self._task is not None and event.task_id == self._task.task_id:
                self._fraction = event.fraction
            case TaskEnded() if event.task is self._task:
                self._ended(event)
            case _:
                return
        self.refresh()

    def _ended(self, event: TaskEnded) -> None:
        if isinstance(event.result, Checked):
            self.claims[event.result.claim.number] = event.result.claim
            self._made_of = event.result.made_of
        else:
            self._waiting = []
            self._message = event.message or CANCELLED
        self._next()

    def _choose(self, samples: int) -> None:
        self._samples = samples
        self.refresh()

    def _current(self) -> bool:
        """Whether the results are about the draft's model, data and samples."""
        if self._base is None:
            return False
        about = [
            (of.data_key, of.network, of.driver, of.blend, of.label, of.guidance, of.seed)
            for of in (self._base, self._player.drafting.filled())
        ]
        return about[0] == about[1] and self._samples == self._of_samples

    # ------------------------------------------------------------ the view of a claim

    def show_claim(self, number: int) -> None:
        """Open the view that shows what a claim is about, with the playhead at its σ."""
        statement = STATEMENTS[number - 1]
        if not statement.view:
            self._services.say(f"Claim {number} is about reference models, which no view shows.", False, SHOW)
            return
        self._services.settle(SHOW)
        self._services.bring_forward(statement.view)
        claim, run = self.claims.get(number), self._state.run
        if claim is not None and claim.sigma is not None and run is not None:
            level = nearest_level(run.sigmas, claim.sigma)
            self._services.playback.go(min(level, run.committed - 1))

    # ------------------------------------------------------------ the report as a file or as code

    def _code(self, writers: ModuleType) -> str:
        if not self.claims or self._base is None:
            raise ValueError("No claim has been checked yet; press Check all (F12) first.")
        only = None if len(self.claims) == len(STATEMENTS) else tuple(self.claims)
        settings = replace(self._base, count=self._of_samples)
        code: str = writers.claims(settings, only, self._made_of.network, self._made_of.computed)
        return code

    def _save(self, name: str) -> None:
        if self.claims:
            self._services.ask_save(name, "claims", lambda path: self._write(name, path))

    def _write(self, name: str, path: str) -> None:
        try:
            formats.row(name).write((self._found(), f"{self._caption()}."), path)
        except OSError as error:
            self._services.say(write_error(path, error), True, SAVE)
        else:
            self._services.settle(SAVE)
            self._services.say(f"Saved {path}.")

    def _found(self) -> tuple[Claim, ...]:
        return tuple(self.claims[number] for number in sorted(self.claims))

    # ------------------------------------------------------------ showing

    def refresh(self) -> None:
        """Show the present state."""
        if seen(self.view):
            self.view.display(self.picture())

    def picture(self) -> ClaimsPicture:
        """The view's picture."""
        checking = None if self._task is None else self._task.number
        message = self._message
        if self._task is None and not message:
            message = EMPTY if not self.claims else "" if self._current() else CHANGED
        return ClaimsPicture(
            rows=tuple(
                ClaimRow(
                    statement=statement,
                    claim=self.claims.get(statement.number),
                    waits=statement.number in self._waiting,
                    fraction=self._fraction if statement.number == checking else None,
                )
                for statement in STATEMENTS
            ),
            samples=self._samples,
            running=self._task is not None,
            caption=self._caption(),
            summary=self._summary(),
            message=message,
        )

    def _caption(self) -> str:
        base = self._base or self._player.drafting.filled()
        samples = self._of_samples if self._base else self._samples
        return f"{DRIVER_NAMES[base.driver]} · {data_title(base.data)} · {samples} samples from seed {base.seed}"

    def _summary(self) -> str:
        counted = f"{summary(self._found())}" if self.claims else "Nothing is checked yet"
        if self._task is None:
            return counted
        return f"Claim {self._task.number} of {len(STATEMENTS)}, {self._fraction:.0%} · {counted}"
