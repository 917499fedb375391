"""The draft of the next run: a person edits it, it is checked against what is open, and changes can be undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.engine.contract import Command
from app.engine.messages import DataOpened, NetworkOpened, OpenData, OpenNetwork
from app.session.state import AppState
from app.session.toy import is_toy
from geomodel import datasets, presets, runs, settings, solvers
from geomodel.arrays import Array
from geomodel.classes import Classes, renamed
from geomodel.datasets import DRAWING
from geomodel.draft_levels import Problems, levels_or_problems
from geomodel.run_checks import driver_refusal
from geomodel.settings import CUSTOM, DataKey, RunSettings
from geomodel.strokes import Strokes

COUNTS = {"toy": 64, "points": 64, "images": 16}  # trajectories of a proposed run, by the kind of the data
OWN = "own code"  # the format of a network that is a person's own denoiser
RUN_SECONDS = 30.0  # most seconds that a proposed run takes


class Drafting(QObject):
    """Changes the draft and reports the change. It never starts a run."""

    edited = Signal()
    design_wanted = Signal(str)  # the name of a preset whose levels must be designed for the present model
    data_offered = Signal(object)  # a NetworkOpened whose training data could be opened in place of the present ones

    def __init__(self, state: AppState, submit: Callable[[Command], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._submit = state, submit
        self._with_data = ""  # the checkpoint whose training data are opened without a question
        self._waiting: NetworkOpened | None = None  # the newest network, while the open data have another shape
        self._again: set[str] = set()  # networks that a new engine opens again
        self._counts = dict(COUNTS)  # the latest for each kind of data
        self._columns: dict[str, str] = {}  # the latest of each file
        state.draft_changed.connect(self._remember_count)

    def open_data(self, name: str) -> None:
        """Open a named set or a file as reference data."""
        self._submit(OpenData(name, self._state.draft.data_count, self._state.draft.data_seed, self.columns_of(name)))

    def columns_of(self, name: str) -> str:
        """What a person has said about the columns of a file; empty where nothing was said."""
        return self._columns.get(name, "")

    def open_network(self, path: str, *, own: bool = False) -> None:
        """Open a checkpoint, or run the user's own ``file.py:function``."""
        self._submit(OpenNetwork(path, own))

    def reopen_data(self) -> None:
        """Open the data of the draft again, in a new engine."""
        if self._state.draft.data:
            self._submit(OpenData(*self._state.draft.data_key))

    def reopen_networks(self) -> None:
        """Open every open network again, in a new engine. The draft stays as it is."""
        for path, network in self._state.networks.items():
            self._again.add(path)
            self._submit(OpenNetwork(path, network.info.format == OWN, network.info.hints))

    def open_with_its_data(self, path: str) -> None:
        """Open a checkpoint, and the data that it was trained on where others are open."""
        self._with_data = path
        self.open_network(path)

    def edit(self, changes: dict[str, Any], *, goes_on: bool = False) -> None:
        """Change fields of the draft. New data are opened first, and the draft changes when they are open. goes_on: the
        change goes on with the last one, and is taken back with it.
        """
        numbered, draft = self._state.classes(self._state.draft), replace(self._state.draft, **changes)
        if draft.network != self._state.draft.network and draft.network not in ("", *self._state.networks):
            self.open_network(draft.network)  # the draft follows when it is there
            return
        if changes.keys() & DataKey._fields:
            if draft.data != self._state.draft.data and "data_columns" not in changes:
                draft = replace(draft, data_columns=self.columns_of(draft.data))
            self._edit_data(draft)
            return
        if "solver" in changes and "options" not in changes:
            draft = replace(draft, options={})
        if "driver" in changes and "driver_options" not in changes:
            draft = replace(draft, driver_options={})
        if "network" in changes:
            self._state.network = self._state.networks.get(draft.network)
            if self._state.network is None:
                draft = without_network(draft)
        if changes.keys() & {"driver", "network"} and "label" not in changes:
            draft = self._with_class(draft, numbered)
        if draft.schedule == CUSTOM:  # a list without levels starts with the present levels
            levels = changes.get("levels") or (self._levels_to_edit() if "schedule" in changes else draft.levels)
            draft = runs.with_levels(draft, levels) if levels else draft
        self._state.set_draft(draft, undoable=not goes_on)
        if "network" in changes:
            self._state.network_changed.emit()
        self._tell()

    def draw(self, strokes: Strokes, width: float) -> None:
        """Make a drawing the data. The first one in the place of other data proposes noise levels and driver anew."""
        draft = replace(self._state.draft, data=DRAWING, data_columns="", drawing=strokes, drawing_width=width)
        if self._state.draft.data != DRAWING:
            network = self._state.network if draft.network_drives else None
            fits = network is not None and tuple(network.info.shape) == (2,)
            draft = replace(
                draft,
                sigma_min=draft.sigma_min if fits else None,
                sigma_max=draft.sigma_max if fits else None,
                count=self._counts["toy"],
                start="noise",
                start_index=0,
                label=-1,
            )
        self._edit_data(draft)

    def awaits_another(self, event: DataOpened) -> bool:
        """Whether a newer drawing is on its way, because a person has drawn on."""
        draft = self._state.draft
        return event.name == draft.data == DRAWING and event.key != draft.data_key

    def _with_class(self, draft: RunSettings, numbered: Classes) -> RunSettings:
        """The draft with the class that its label means among `numbered`, as its driver numbers it; none if that has
        none of this name.
        """
        return replace(draft, label=renamed(draft.label, numbered, self._state.classes(draft)))

    def apply_preset(self, name: str) -> None:
        """Take over a preset. If its levels must be designed first, request that."""
        preset = presets.row(name)
        if preset.design:
            self.design_wanted.emit(name)
        else:
            self.edit({"levels": (), **preset.changes})

    def filled(self) -> RunSettings:
        """The draft, with noise levels where it left them open."""
        data, network = self._state.data, self._state.network
        return runs.resolved(self._state.draft, data.dataset if data else None, network.info if network else None)

    def levels(self) -> Array | Problems:
        """The noise levels of the draft; where it gives none, the fields that are wrong and why."""
        return levels_or_problems(self.filled())

    def _levels_to_edit(self) -> tuple[float, ...]:
        found = self.levels()
        return () if isinstance(found, dict) else tuple(found.tolist())

    def _edit_data(self, draft: RunSettings) -> None:
        if found := settings.problems(draft):
            self._state.set_draft(draft)
            self._state.set_errors(found)
        elif draft.data:
            if draft.data == DRAWING:  # it cannot fail to open, and a person may draw on before it has
                self._state.set_draft(draft)
            self._submit(OpenData(*draft.data_key))
        else:
            self.close_data()

    def close_data(self) -> None:
        """Put the reference data away. The network moves the samples alone: the chosen one, or one that did not fit."""
        state, network = self._state, self._waiting or self._state.network
        start = state.draft.start if state.draft.start == "origin" else "noise"
        state.data = None
        state.set_draft(replace(state.draft, data="", data_columns="", start=start))
        state.data_changed.emit()
        if network is not None:
            self.network_opened(network)
        else:
            self._tell()

    def undo(self, *, forward: bool = False) -> None:
        """Undo or redo the last change. If the data were different then, they are opened again."""
        if not (self._state.redo() if forward else self._state.undo()):
            return
        self._follow_draft()

    def use(self, settings: RunSettings, class_name: str = "") -> None:
        """Take settings of a run over, as one change that can be taken back. class_name: what the run calls its class.

        Named data are opened again. Of a file, the data stay as they are unless they are the ones that are open, and so
        does a network that is not open any more.
        """
        state, draft = self._state, settings
        here = state.data is not None and state.data.name == draft.data
        if not here and draft.data and not datasets.named(draft.data):
            present = state.draft
            draft = replace(draft, **present.data_key._asdict())
        if draft.network not in state.networks:
            draft = without_network(draft)
        if draft.label >= 0 and draft != settings:
            number = state.classes(draft).number(class_name)
            draft = replace(draft, label=-1 if number is None else number)
        state.set_draft(draft)
        self._follow_draft()

    def _follow_draft(self) -> None:
        """Network and data of the draft are chosen, and opened where they are not there."""
        draft, data = self._state.draft, self._state.data
        if draft.network != (self._state.network.path if self._state.network else ""):
            self._state.network = self._state.networks.get(draft.network)
            self._state.network_changed.emit()
        if draft.data and (data is None or data.key != draft.data_key):
            self._submit(OpenData(*draft.data_key))
            return
        if data is not None and not draft.data:
            self._state.data = None
            self._state.data_changed.emit()
        self._tell()

    def check(self) -> bool:
        """Explain at the fields what is wrong with the draft. Returns True if nothing is."""
        found = self.problems()
        self._state.set_errors(found)
        return not found

    def problems(self) -> Problems:
        """What is wrong with the draft, by field. It says so at once; the fields say it after `check`."""
        draft, data, network = self._state.draft, self._state.data, self._state.network
        if found := settings.problems(draft):
            return found
        dataset, info = data.dataset if data else None, network.info if network else None
        filled = self.filled()
        levels = levels_or_problems(filled)
        return levels if isinstance(levels, dict) else runs.problems(filled, dataset, info)

    @property
    def is_toy(self) -> bool:
        """Whether the draft is small enough to be computed on every change."""
        data = self._state.data
        return data is not None and is_toy(self._state.draft, data.dataset)

    def data_opened(self, event: DataOpened) -> None:
        """Reference data are open. The draft takes them, with the settings that suit them."""
        state, draft = self._state, self._state.draft
        # the first set, or one that an undo asked for
        awaited = event.key == draft.data_key
        before = state.data
        same = before is not None and before.name == event.name
        numbered = state.classes(draft)  # by which the draft names its class; an awaited draft knows the new data
        state.set_data(event)
        self._columns[event.name] = event.columns
        numbered = state.classes(draft) if awaited else numbered
        if state.network is not None and tuple(state.network.info.shape) != tuple(event.dataset.shape):
            state.network = None  # it stays open, so that a person can choose it again beside data that it fits
            draft = without_network(draft)
            state.network_changed.emit()
        if not awaited:
            draft = replace(draft, **event.key._asdict())
        draft = self._with_class(draft, numbered) if awaited or same else self._proposed(draft, event)
        if event.name == DRAWING:  # which the draft took before it was open
            draft = _with_drivers(draft, event)
        if same and event.name == DRAWING and _levels_of(draft) == _levels_of(before):
            draft = replace(draft, sigma_min=event.sigma_min, sigma_max=event.sigma_max)  # they follow the strokes
        if draft.sigma_max is None:
            draft = replace(draft, sigma_min=event.sigma_min, sigma_max=event.sigma_max)
        state.set_draft(draft, undoable=not awaited)
        state.data_changed.emit()
        self.check()
        waiting, self._waiting = self._waiting, None
        if waiting is not None and tuple(waiting.info.shape) == tuple(event.dataset.shape):
            self.network_opened(waiting)

    def _remember_count(self) -> None:
        """Data of another kind change nothing about it, and an undo takes it back too."""
        data, draft = self._state.data, self._state.draft
        if data is not None and data.name == draft.data:
            self._counts[data.dataset.kind] = draft.count

    def _proposed(self, draft: RunSettings, event: DataOpened) -> RunSettings:
        network = self._state.network if draft.network_drives else None  # its levels are those that it was trained at
        return replace(
            _with_drivers(draft, event),
            sigma_min=(network or event).sigma_min,
            sigma_max=(network or event).sigma_max,
            count=self._counts[event.dataset.kind],
            start="noise" if draft.start == "point" else draft.start,
            start_index=0,
            label=-1,
        )

    def network_opened(self, event: NetworkOpened) -> None:
        """A checkpoint is open. It becomes the driver if it fits the data."""
        state = self._state
        state.networks[event.path] = event
        if event.path in self._again:
            self._again.remove(event.path)
            return
        numbered = state.classes(state.draft)
        together, self._with_data = event.path == self._with_data, ""
        if state.data is not None and tuple(state.data.dataset.shape) != tuple(event.info.shape):
            self._waiting = event
            state.network_changed.emit()
            if together:
                self.open_training_data(event)
            else:
                self._refuse_shape(event, tuple(state.data.dataset.shape))
            return
        state.network, self._waiting = event, None
        draft = self._with_class(replace(state.draft, network=event.path, driver="network"), numbered)
        draft = replace(draft, sigma_min=event.sigma_min, sigma_max=event.sigma_max)
        if not settings.problems(draft):  # else its numbers may be too large to count with
            draft = replace(draft, count=min(draft.count, fitting_count(draft, event)))
        state.set_draft(draft)
        state.network_changed.emit()
        self._tell()

    def _refuse_shape(self, event: NetworkOpened, have: tuple[int, ...]) -> None:
        if event.info.data_name in datasets.names():
            self.data_offered.emit(event)
        needs = tuple(event.info.shape)
        sentence = f"{event.info.name} works on shape {needs}; the data have {have}. Open such data, or choose none."
        self._state.set_errors({"network": sentence})

    def forget_network(self, path: str) -> None:
        """A network is closed. If the draft has it, the draft continues without it."""
        if self._waiting is not None and self._waiting.path == path:
            self._waiting = None
        if self._state.draft.network != path:
            self._state.networks.pop(path, None)
            self._state.network_changed.emit()
            return
        numbered = self._state.classes(self._state.draft)
        draft = self._with_class(without_network(self._state.draft), numbered)
        self._state.networks.pop(path, None)
        self.edit({"network": "", "driver": draft.driver, "label": draft.label})

    def open_training_data(self, event: NetworkOpened) -> None:
        """Open the data that a network was trained on, and let the network drive on them."""
        self._waiting = event
        self._submit(OpenData(event.info.data_name, event.info.data_count, self._state.draft.data_seed))

    def _tell(self) -> None:
        self.check()
        self.edited.emit()


def _with_drivers(draft: RunSettings, event: DataOpened) -> RunSettings:
    """The draft with D* in the place of denoisers that cannot be made of these data."""
    lost = not draft.network_drives and bool(driver_refusal(draft.driver, event.dataset))
    without = bool(driver_refusal(draft.compared_with, event.dataset))
    return replace(
        draft,
        driver="optimal" if lost else draft.driver,
        driver_options={} if lost else draft.driver_options,
        compared_with="optimal" if without else draft.compared_with,
    )


def _levels_of(proposed: RunSettings | DataOpened | None) -> tuple[float | None, float | None] | None:
    return None if proposed is None else (proposed.sigma_min, proposed.sigma_max)


def without_network(draft: RunSettings) -> RunSettings:
    """The draft without its network. D* drives if the network did."""
    return replace(draft, network="", driver="optimal" if draft.network_drives else draft.driver)


def expected_evaluations(draft: RunSettings) -> int:
    """Evaluations of the driver in a run, including those on the run beside."""
    beside = draft.steps if draft.beside and draft.compares and draft.data else 0
    return draft.steps * solvers.row(draft.solver).evaluations + beside


def fitting_count(draft: RunSettings, network: NetworkOpened) -> int:
    """How many trajectories a network moves in `RUN_SECONDS`: a power of two, at least one."""
    seconds = max(network.pace, 1e-9) * max(1, expected_evaluations(draft))  # the steps may be a wrong number
    return 1 << max(0, int(RUN_SECONDS / seconds).bit_length() - 1)
