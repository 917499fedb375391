"""Feeds the quality room: requests jumps and the quality of runs, follows their progress, and shows the results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isnan, nan
from types import ModuleType

from PySide6.QtCore import QObject

from app.engine.contract import TaskEnded
from app.export import formats
from app.plotting.sigma_axis import sigma_text
from app.rooms.code import code_handlers
from app.rooms.contract import Handlers, Services
from app.rooms.quality.messages import Jumps, JumpTask, RunQuality, RunQualityTask
from app.rooms.quality.picture import instead, joined, jump_reason, level_of, run_reason
from app.rooms.quality.pictures import QualityPicture
from app.rooms.quality.text import few
from app.rooms.quality.view import QualityView
from app.session.facts import DRIVER_NAMES, data_title, plane_title
from app.session.one_task import OneTask
from app.session.state import Run
from app.shell.file_dialogs import SAVE
from app.widgets.sight import seen
from geomodel import solvers
from geomodel.experiments.quality import QualityLine
from geomodel.files import write_error
from geomodel.origin import origin
from geomodel.settings import RunSettings

HINT = "Press Measure jumps (F7). It takes about as long as eight runs of so many samples."
RUN_HINT = "Press Measure the run (Ctrl+F7) to see how good x and D are at every level of the selected run."
CHANGED = "The settings have changed since."


class QualityRoom(QObject):
    """Measures jumps of the draft's sampler, and the selected run."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._state, self._player = services.state, services.player
        self.view = view = QualityView(services.theme)
        self.jumps: Jumps | None = None
        self.runs: dict[int, RunQuality] = {}  # by their ids
        self._of: JumpTask | None = None  # what the jumps are about
        self._work = OneTask(self._player, self)
        self._working = ""  # what the task measures
        self._wanted: float | None = None  # σ of the one jump that it measures
        self._words = self._next_words = ""  # what the jumps are about, and those under way
        self._message = ""
        self._name, self._level, self._sample = "sliced", 0, 0
        view.bar.jumps_wanted.connect(self._measure_jumps)
        view.bar.run_wanted.connect(self.measure_run)
        view.bar.cancel_wanted.connect(self._work.cancel)
        view.bar.save_wanted.connect(self._save)
        view.bar.distance_picked.connect(self._pick_distance)
        view.level_picked.connect(self._pick_level)
        view.sigma_wanted.connect(self._want)
        view.sample_picked.connect(self._pick_sample)
        view.playhead_picked.connect(services.playback.go)
        state = self._state
        for fact in (state.draft_changed, state.data_changed, state.selection_changed, state.runs_changed):
            fact.connect(self.refresh)
        self._work.progressed.connect(self.refresh)
        self._work.ended.connect(self._ended)
        self.refresh()

    def handlers(self) -> Handlers:
        """F7 measures jumps and Ctrl+F7 the run, which bring the view to the front. Both are copied as code."""
        say, again = self._services.say, "it measures this again"
        return {
            "measure_jumps": self._jumps_in_sight,
            "measure_run": self._run_in_sight,
            **code_handlers(say, "jumps", again, self._jumps_code),
            **code_handlers(say, "quality", again, self._run_code),
        }

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._work.release()
        self.view.release()

    # ------------------------------------------------------------ measuring

    def _jumps_in_sight(self) -> None:
        self._services.bring_forward("quality")
        if (values := self.view.bar.values()) is not None:
            self._measure_jumps(values)

    def _run_in_sight(self) -> None:
        self._services.bring_forward("quality")
        self.measure_run()

    def _measure_jumps(self, values: dict[str, int]) -> None:
        if not self._work.running and not jump_reason(self._state.draft) and self._player.drafting.check():
            settings = jump_settings(self._player.drafting.filled(), **values)
            self._next_words = f"{self._about(settings)}. {instead(self._state.draft)}".strip(" .")
            self._begin(JumpTask(self._state.next_id(), settings, values["evaluations"]), "jumps")

    def measure_run(self) -> None:
        """Measure x and D of the selected run at every level."""
        run = self._state.run
        if not self._work.running and not run_reason(run):
            assert run is not None
            assert run.trajectory is not None
            self._begin(
                RunQualityTask(self._state.next_id(), run.settings, run.id, run.trajectory), "quality of the run"
            )

    def _want(self, sigma: float) -> None:
        """Pick the jump at σ. Where it is not computed yet, it is now, with the settings of the others."""
        jumps, of = self.jumps, self._of
        if jumps is None or of is None or (self._work.running and self._wanted is None):
            self.refresh()  # so that the field shows the picked level again
            return
        last, highest = len(jumps.sigmas) - 1, of.settings.sigma_max
        level = last if sigma <= jumps.sigmas[last] else level_of(jumps, sigma)
        if level is not None:
            self._pick_level(level)
        elif highest is not None and sigma >= highest:
            self._message = f"A run jumps below σ max = {sigma_text(highest)}."
            self.refresh()
        else:
            self._begin(
                replace(of, task_id=self._state.next_id(), levels=(sigma,)), f"jump at σ {sigma_text(sigma)}", sigma
            )

    def _begin(self, task: JumpTask | RunQualityTask, name: str, wanted: float | None = None) -> None:
        self._working, self._message, self._wanted = name, "", wanted
        self._work.begin(task, name)
        self.refresh()

    def _ended(self, event: TaskEnded) -> None:
        self._message = event.message
        match event.result, event.task:
            case Jumps() as found, JumpTask(levels=(sigma,)) if self.jumps is not None:
                self.jumps = joined(self.jumps, found)
                self._level = level_of(self.jumps, sigma) or 0
            case Jumps() as found, JumpTask() as task:
                self.jumps, self._of, self._words = found, task, self._next_words
                values = [getattr(quality, self._name) for quality in found.qualities]
                self._level = min(range(len(values)), key=lambda at: (isnan(values[at]), values[at]))  # the best one
            case RunQuality() as found, RunQualityTask() as task:
                self.runs[task.run_id] = found
            case _ if not event.message:
                self._message = "The measurement was cancelled."
        self.refresh()

    # ------------------------------------------------------------ the measurements as code

    def _jumps_code(self, writers: ModuleType) -> str:
        if self.jumps is None or self._of is None:
            raise ValueError("There are no measured jumps to copy; press Measure jumps (F7) first.")
        made, of = self.jumps.made_of, self._of
        code: str = writers.jump(of.settings, of.evaluations, network=made.network, computed=made.computed)
        return code

    def _run_code(self, writers: ModuleType) -> str:
        run = self._state.run
        if run is None or run.trajectory is None or run.id not in self.runs:
            raise ValueError("The selected run is not measured; press Measure the run (Ctrl+F7) first.")
        said = origin(run.trajectory)
        code: str = writers.quality(run.settings, said.network, said.computed)
        return code

    # ------------------------------------------------------------ the table as a file

    def _save(self) -> None:
        self._services.ask_save("qualities", "quality", self._write)

    def _write(self, path: str) -> None:
        try:
            formats.row("qualities").write(list(self._lines()), path)
        except OSError as error:
            self._services.say(write_error(path, error), True, SAVE)
        else:
            self._services.settle(SAVE)
            self._services.say(f"Saved {path}.")

    def _lines(self) -> Iterator[QualityLine]:
        """The clouds of both pictures."""
        if (jumps := self.jumps) is not None:
            for sigma, quality in zip(jumps.sigmas.tolist(), jumps.qualities, strict=True):
                yield "jump", sigma, quality
            yield "held-out data beside the jumps", nan, jumps.control
        if (run := self.runs.get(self._state.selection.run_id)) is not None:
            for name, qualities in (("x of the run", run.x), ("D of the run", run.denoised)):
                for sigma, quality in zip(run.sigmas.tolist(), qualities, strict=True):
                    yield name, sigma, quality
            yield "held-out data beside the run", nan, run.control

    # ------------------------------------------------------------ showing

    def _pick_distance(self, name: str) -> None:
        self._name = name
        self.refresh()

    def _pick_level(self, level: int) -> None:
        self._level = level
        self.refresh()

    def _pick_sample(self, sample: int) -> None:
        self._sample = sample
        self.refresh()

    def refresh(self) -> None:
        """Show the present state."""
        self.runs = {run_id: found for run_id, found in self.runs.items() if run_id in self._state.runs}
        if seen(self.view):
            self.view.display(self.picture())

    def picture(self) -> QualityPicture:
        """The quality view's picture."""
        run = self._state.run
        found = self.runs.get(self._state.selection.run_id)
        reason = jump_reason(self._state.draft)
        unmeasured = run_reason(run)
        return QualityPicture(
            name=self._name,
            reason=reason or ("" if self.jumps is not None else f"{HINT} {instead(self._state.draft)}".strip()),
            can_jump=not reason,
            message=self._message,
            working=f"Measuring {self._working}: {self._work.words}" if self._work.running else "",
            caption=self._caption(),
            evaluations=0 if self._of is None else self._of.evaluations,
            jumps=self.jumps,
            level=self._level,
            wanted=self._wanted if self._work.running else None,
            sample=self._sample,
            run=found,
            run_caption="" if run is None or found is None else _run_caption(run, found),
            run_reason="" if found is not None else unmeasured or RUN_HINT,
            can_measure_run=not unmeasured,
            index=self._state.selection.index,
        )

    def _caption(self) -> str:
        """What the jumps are about. They stay as they are when the draft changes, and say so."""
        if self._of is None:
            return ""
        settings = self._of.settings
        own = {"count": settings.count, "seed": settings.seed, "evaluations": self._of.evaluations}
        changed = settings != jump_settings(self._player.drafting.filled(), **own)
        return " ".join(filter(None, (f"{self._words}.", few(settings.count), CHANGED if changed else "")))

    def _about(self, settings: RunSettings) -> str:
        name = self._state.class_name(settings)
        parts = (
            DRIVER_NAMES[settings.driver],
            data_title(settings.data),
            f"class {name}" if name else "",
            solvers.row(settings.solver).title,
            f"{settings.count:,} samples from seed {settings.seed}",
        )
        return " · ".join(filter(None, parts))


def jump_settings(draft: RunSettings, *, count: int, seed: int, evaluations: int) -> RunSettings:
    """The draft's driver over Karras levels between its ends, with so many samples and evaluations. Its solver makes
    the steps, or Euler's where it does not take one evaluation a step.
    """
    if instead(draft):
        draft = replace(draft, solver="euler", options={})
    return replace(
        draft,
        count=count,
        seed=seed,
        steps=evaluations,
        schedule="karras",
        levels=(),
        final_zero=False,
        jump_at=-1,
        beside=False,
    )


def _run_caption(run: Run, found: RunQuality) -> str:
    return f"{plane_title(run)} · {found.x[0].count:,} samples. {few(found.x[0].count)}".strip()
