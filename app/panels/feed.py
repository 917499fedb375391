"""Feeds the panels on the left: what can be chosen, which fields are wrong, which runs there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from app.engine.messages import OpenFailed
from app.panels import Panels
from app.panels.driver_feed import DriverFeed
from app.panels.model import DRIVERS, Slot
from app.panels.runs import RunRow
from app.session import bundled
from app.session.code_of_runs import why_not
from app.session.drafted import Drafted
from app.session.drafting import expected_evaluations
from app.session.facts import DRIVER_NAMES, NO_DATA, class_words
from app.session.playback import Playback
from app.session.player import Player
from app.session.state import AppState, Run
from geomodel import classes, datasets, memory, run_checks, settings, solvers
from geomodel.settings import RunSettings

CostKey = tuple[str, object, str, str, int]  # driver, its options, network, data, count


class PanelsFeed(QObject):
    """Feeds the model, sampler and runs panels, and passes on what a person edits there."""

    def __init__(
        self,
        state: AppState,
        player: Player,
        playback: Playback,
        drafted: Drafted,
        panels: Panels,
        recent: Callable[[], Sequence[str]],
        parent: QObject,
    ) -> None:
        """`recent` gives the checkpoints that were opened before."""
        super().__init__(parent)
        self._recent = recent
        self.state, self.player, self._playback, self._drafted = state, player, playback, drafted
        self.model, self.sampler, self.runs = panels.model, panels.sampler, panels.runs
        self._run_bar = panels.run_bar
        self._opened_files: dict[str, str] = {}  # path → title
        self._refused = ""  # the table that could not be read
        self._cost: dict[CostKey, float] = {}  # → seconds for an evaluation
        state.draft_changed.connect(self._show_draft)
        state.errors_changed.connect(self._show_errors)
        state.data_changed.connect(self._show_data)
        state.network_changed.connect(self._show_network)
        state.runs_changed.connect(self._show_runs)
        state.selection_changed.connect(self._show_runs)
        drafted.changed.connect(self._show_changes)
        player.open_failed.connect(self._open_failed)
        self.model.edited.connect(self._edit)
        DriverFeed(player, self.model.options, self)
        self.sampler.edited.connect(player.drafting.edit)
        self.sampler.preset_wanted.connect(player.drafting.apply_preset)
        self.runs.run_selected.connect(self._select_run)
        self.runs.pin_toggled.connect(self._pin)
        self.runs.remove_wanted.connect(player.remove)
        self.runs.settings_wanted.connect(self._use_settings)
        self._show_choices()
        self._show_draft()

    # ------------------------------------------------------------ showing

    def _show_choices(self) -> None:
        sets = [(row.name, row.title) for row in map(datasets.row, datasets.names())]
        files = [(path, title) for path, title in self._opened_files.items()]
        self.model.set_choices(self._networks(), (("", "none"), *sets, *files))

    def _networks(self) -> tuple[tuple[str, str], ...]:
        """None, the open networks, those of the program, and those that were open before, each once."""
        bundle, networks = dict(bundled.networks()), self.state.networks
        known = {path: bundle.get(path, network.info.name) for path, network in networks.items()}
        for path, title in (*bundle.items(), *((path, Path(path).stem) for path in self._recent())):
            known.setdefault(path, title)
        often = Counter(known.values())
        shown = [("", "none")]
        for path, name in known.items():
            title = name if often[name] == 1 else f"{name} in {_folder(path)}"
            waits = path in networks and path != self.state.draft.network
            shown.append((path, f"{title} · open" if waits else title))
        return tuple(shown)

    def _show_draft(self) -> None:
        self.model.set_classes(self.state.classes(self.state.draft).all_names())
        self.model.set_settings(self.state.draft)
        self.sampler.set_settings(self.state.draft)
        if "driver" not in self.state.errors:
            self._describe("driver")
        self._show_estimate()

    def _show_changes(self) -> None:
        self._run_bar.set_changes(self._drafted.whole)

    def _show_errors(self) -> None:
        self.sampler.set_errors(self.state.errors)
        self.model.set_errors(self.state.errors)
        slots: tuple[Slot, ...] = ("data", "driver")
        for slot in slots:
            if slot in self.state.errors:
                self.model.set_message(slot, self.state.errors[slot], True)
            else:
                self._describe(slot)

    def _show_data(self) -> None:
        data, self._refused = self.state.data, ""
        if data is not None and not datasets.named(data.name):
            self._opened_files[data.name] = Path(data.name).name
        self._show_choices()
        self._show_draft()
        self._show_available()
        taken = None if data is None else data.dataset.columns
        self.model.set_columns(taken and f"automatic: {taken}")
        self._describe("data")
        self._describe("driver")

    def _show_network(self) -> None:
        self._show_choices()
        self._show_draft()
        self._show_available()
        self._describe("data")
        self._describe("driver")

    def _show_available(self) -> None:
        data = None if self.state.data is None else self.state.data.dataset
        self.model.options.set_data(data)
        self.model.set_refusals(
            {row.value: run_checks.driver_refusal(row.value, data, self.state.network) for row in DRIVERS}
        )

    def _describe(self, slot: Slot) -> None:
        data, network = self.state.data, self.state.network
        text = ""
        if slot == "data" and data is not None:
            d = data.dataset
            space = f"{d.shape[0]} dimensions" if len(d.shape) == 1 else " × ".join(map(str, d.shape))
            text = f"{len(d):,} points in {space}, scale s = {d.std:.4g}"
            text = " ".join([f"{text}.", *d.remarks])
        elif slot == "data":
            text = "The network moves the samples alone." if network is not None else ""
        elif slot == "driver":
            text = self._relation() or next(row.help for row in DRIVERS if row.value == self.state.draft.driver)
        self.model.set_message(slot, text, False)
        if slot == "data" and data is not None:  # after the message, which may set a tooltip of its own
            self.model.set_card("data", self._data_card(data.dataset))

    def _data_card(self, data: Any) -> list[tuple[str, str]]:
        """What a data set is, with what was taken from its file and what was left out."""
        classes = 0 if data.labels is None else int(data.labels.max()) + 1
        return [
            ("name", data.name),
            ("points", f"{len(data):,} of shape {' × '.join(map(str, data.shape))}"),
            ("classes", ", ".join(data.label_names or ()) or str(classes)),
            *(("file", remark) for remark in data.remarks),
            ("fingerprint", data.fingerprint),
        ]

    def _relation(self) -> str:
        """Whether D* is made of the data that the network was trained on, or why the two are not compared."""
        data, network = self.state.data, self.state.network
        if data is None or network is None:
            return ""
        if note := classes.asked(self.state.draft, data.dataset, network.info).note:
            return note
        trained = getattr(network.info, "data_fingerprint", "")
        if not trained:
            return "Unknown whether the network was trained on these data."
        same = trained == data.dataset.fingerprint
        return "D* is made of the network's own training data." if same else "D* is over other data than the network's."

    def _show_estimate(self) -> None:
        draft = self.state.draft
        data = None if self.state.data is None else self.state.data.dataset
        network = None if self.state.network is None else self.state.network.info
        if data is None and network is None:
            return
        if settings.problems(draft):  # a half-typed number may be too large to count with
            self._run_bar.set_estimate("")
            return
        size = memory.text(run_checks.needed_bytes(draft, data, network))
        seconds = self._expected_seconds(draft)
        self._run_bar.set_estimate(f"≈ {duration(seconds)} · record {size}" if seconds else f"record {size}")

    def expected_time(self) -> str:
        """How long a run of the draft takes, in words; empty where that is not known."""
        seconds = self._expected_seconds(self.state.draft)
        return duration(seconds) if seconds else ""

    def _expected_seconds(self, draft: RunSettings) -> float:
        """The seconds, from an earlier run like it. Before the first one, the network's pace at opening gives them."""
        if each := self._cost.get(_cost_key(draft)):
            return each * draft.steps * solvers.row(draft.solver).evaluations
        network = self.state.network
        if network is None or draft.driver not in ("network", "blend"):
            return 0.0
        return network.pace * draft.count * expected_evaluations(draft)

    def _show_runs(self) -> None:
        rows = []
        for run in self.state.runs.values():
            if run.status == "complete" and run.seconds and run.trajectory is not None:
                self._cost[_cost_key(run.settings)] = run.seconds / max(1, run.spent(-1))
            rows.append(
                RunRow(
                    id=run.id,
                    name=self._run_name(run),
                    status=self._run_status(run),
                    pinned=run.pinned,
                    selected=run.id == self.state.selection.run_id,
                    no_code=why_not(run),
                )
            )
        self.runs.set_runs(tuple(rows))
        self._show_estimate()

    @staticmethod
    def _run_name(run: Run) -> str:
        if run.path and run.status != "recorded":
            return Path(run.path).name
        s = run.settings
        data = Path(s.data).name or NO_DATA
        return f"{solvers.row(s.solver).title} {s.steps} · {DRIVER_NAMES[s.driver]} · {data}"

    @staticmethod
    def _run_status(run: Run) -> str:
        status: str = run.status
        if run.status == "computing":
            status = f"computing {run.committed - 1}/{len(run.sigmas) - 1}"
        if run.status == "stopped":
            status = run.message or f"cancelled at step {run.committed - 1}"
        return " · ".join(filter(None, (status, class_words(run))))

    # ------------------------------------------------------------ acting

    def _edit(self, changes: dict[str, Any]) -> None:
        """Columns belong to the file that was refused, if one was, so that it may open with others."""
        if "data_columns" in changes and self._refused:
            changes = {"data": self._refused, **changes}
        self.player.drafting.edit(changes)

    def _open_failed(self, event: OpenFailed) -> None:
        if event.slot == "network":
            self.model.set_settings(self.state.draft)
        if event.slot != "data":
            return
        again = event.name in (self._refused, self.state.draft.data)  # a person may mend the columns that were typed
        if not again:
            self.model.set_settings(self.state.draft)  # what was open stays open
        if event.table:
            self._refused = event.name
            if not again:
                self.model.set_columns(f"of {Path(event.name).name}, such as 1-2; class 3")
        self.model.set_message(event.slot, event.message, True)

    def _select_run(self, run_id: int) -> None:
        self._playback.pause()
        self.state.select(run_id=run_id)

    def _use_settings(self, run_id: int) -> None:
        if run := self.state.runs.get(run_id):
            self.player.drafting.use(run.settings, run.asked.name)

    def _pin(self, run_id: int, pinned: bool) -> None:
        if run := self.state.runs.get(run_id):
            run.pinned = pinned
            self.state.runs_changed.emit()


def _folder(path: str) -> str:
    return Path(path).parent.name or path


def _cost_key(settings: RunSettings) -> CostKey:
    """What decides how long an evaluation takes."""
    options = tuple(sorted(settings.driver_options.items()))
    return settings.driver, options, settings.network, settings.data, settings.count


def duration(seconds: float) -> str:
    """A time in words: 0.25 s, 12 s, 4 min."""
    if seconds < 120:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
