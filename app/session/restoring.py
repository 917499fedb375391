"""Brings a snapshot back: the one place that puts a kept state into the window's, for sessions and figures alike.

`Restoring.restore` first asks the engine for data and networks, and changes nothing until it has answered. Then all
appears at once, and nothing is computed unless the snapshot has no runs and its caller wants one.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.engine.messages import DataOpened, NetworkOpened, Reopen, Reopened, RunLinked, Wanted
from app.session.drafting import without_network
from app.session.lanes import Lanes
from app.session.plane_options import about_runs
from app.session.playback import Playback
from app.session.player import Player
from app.session.snapshot import KeptRun, Snapshot
from app.session.state import AppState, Run
from geomodel import classes
from geomodel.origin import DataIdentity, NetworkIdentity, origin
from geomodel.settings import RunSettings
from geomodel.trajectory import Trajectory


class Restoring(QObject):
    """Restores one snapshot at a time. A newer one takes the place of one that is still being opened."""

    restored = Signal(Snapshot)  # all of it is there but the links of its runs
    linked = Signal()  # the runs of the last snapshot are linked, or say what they lack
    run_linked = Signal(RunLinked)  # a run that is linked by itself, because a person has located or opened something
    wanted_changed = Signal()
    refused = Signal(str)  # why a located file is not what is wanted

    def __init__(
        self, state: AppState, player: Player, playback: Playback, lanes: Lanes, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._state, self._player, self._playback, self._lanes = state, player, playback, lanes
        self._number = -1  # of the newest request
        self._located = ""  # the file that a person took for what is wanted
        self._compute = False
        self._computed = -1  # the run that is computed for a snapshot without runs
        self._snapshot: Snapshot | None = None
        self._data: DataOpened | None = None
        self._networks: dict[str, NetworkOpened] = {}  # what was found, by the path in the snapshot
        self.linking: set[int] = set()  # runs that are being linked
        self.wanted: tuple[Wanted, ...] = ()  # what the draft was made of and is not here
        player.reopened.connect(self._reopened)
        player.saved_runs.linked.connect(self._run_linked)
        state.runs_changed.connect(self._place_playhead)

    def restore(self, snapshot: Snapshot, *, compute: bool = False) -> None:
        """Put the snapshot in the place of everything that the window shows. With `compute`, the draft of a snapshot
        without runs is computed as soon as its data and networks are there, and shown at its sample and level.
        """
        self._player.cancel()
        self._snapshot, self._compute, self._located = snapshot, compute, ""
        self._computed = -1
        self._data, self._networks = None, {}
        networks = tuple((kept.path, kept.identity) for kept in snapshot.session.networks if not kept.own)
        self._look_for(snapshot.draft, snapshot.session.data, networks)

    def locate(self, path: str) -> None:
        """Take this file for the first of what the draft lacks, if it is the right one."""
        if self._snapshot is None or not self.wanted:
            return
        self._located, wanted, session = path, self.wanted[0], self._snapshot.session
        if wanted.kind == "data":
            self._look_for(replace(self._snapshot.draft, data=path), session.data, ())
        else:
            found = next(kept.identity for kept in session.networks if kept.identity.sha256 == wanted.digest)
            self._look_for(self._snapshot.draft, None, ((path, found),))

    def _look_for(
        self, settings: RunSettings, data: DataIdentity | None, networks: tuple[tuple[str, NetworkIdentity], ...]
    ) -> None:
        assert self._snapshot is not None
        self._number = self._state.next_id()
        folder = self._snapshot.folder
        command = Reopen(restore_id=self._number, folder=folder, settings=settings, data=data, networks=networks)
        self._player.submit(command)

    # ------------------------------------------------------------ what the engine found

    def _reopened(self, found: Reopened) -> None:
        snapshot = self._snapshot
        if found.restore_id != self._number or snapshot is None:
            return
        if self._located:
            self._take_located(snapshot, found)
            return
        self._data, self._networks, self.wanted = found.data, dict(found.networks), found.wanted
        self._take_runs(snapshot)
        self._take_draft(snapshot)
        self._state.forget_changes()
        self._take_lanes_and_options(snapshot)
        self._playback.pause()
        self._snapshot = replace(snapshot, trajectories=())  # a run that is removed later must not stay in memory
        self.wanted_changed.emit()
        self.restored.emit(snapshot)
        if self._compute and not snapshot.trajectories:
            self._compute_run()
        if not self.linking:
            self.linked.emit()

    def _compute_run(self) -> None:
        """Compute the draft; the playhead goes to its place when all is there."""
        state = self._state
        self._player.run()
        computing = self._player.computing
        self._computed = -1 if computing is None else computing.id
        if computing is None and state.run is not None:  # it is done already
            self._computed = state.run.id
        self._place_playhead()

    def _place_playhead(self) -> None:
        run, snapshot = self._state.run, self._snapshot
        if run is None or snapshot is None or run.id != self._computed or not run.complete:
            return
        self._computed = -1
        self._playback.pause()
        self._state.select(sample=snapshot.session.sample, index=snapshot.session.level)

    def _take_located(self, snapshot: Snapshot, found: Reopened) -> None:
        wanted = self.wanted[0]
        if found.data is None and not found.networks:
            name, what = Path(self._located).name, Path(wanted.name).name
            self.refused.emit(f"{name} is not {what} as it was when the session was saved.")
            return
        if found.data is not None:
            self._data = found.data
        for kept in snapshot.session.networks:
            if found.networks and kept.identity.sha256 == wanted.digest:
                self._networks[kept.path] = found.networks[0][1]
        self.wanted = self.wanted[1:]
        self._take_draft(snapshot)
        self.wanted_changed.emit()

    def _take_draft(self, snapshot: Snapshot) -> None:
        """The draft with its data and its network, as far as they were found."""
        state, present = self._state, self._state.data
        for network in self._networks.values():
            state.networks[network.path] = network
        draft = self._with_network(snapshot.draft, snapshot)
        if self._data is not None:
            draft = _over(draft, self._data)
            present = self._data
        elif not draft.data or draft.network_drives:
            draft, present = replace(draft, data="", data_columns=""), None
        elif present is not None:  # the data of the draft are not here, so those that are open stay
            draft = replace(_over(draft, present), label=-1, start="noise", start_point=())
        if present is not None:
            state.set_data(present)
        state.data, state.network = present, state.networks.get(draft.network)
        if state.network is not None and present is not None and not _fit(state.network, present):
            draft, state.network = without_network(draft), None
        state.set_draft(draft, undoable=bool(self._located))
        state.data_changed.emit()
        state.network_changed.emit()
        self._player.drafting.check()

    def _with_network(self, draft: RunSettings, snapshot: Snapshot) -> RunSettings:
        """The draft with the network under the path at which it was found, or without it. A denoiser of a person's own
        is there if it runs in this window already.
        """
        if (found := self._networks.get(draft.network)) is not None:
            return replace(draft, network=found.path)
        own = any(kept.own and kept.path == draft.network for kept in snapshot.session.networks)
        return draft if own and draft.network in self._state.networks else without_network(draft)

    # ------------------------------------------------------------ runs, lanes, playhead, look

    def _take_runs(self, snapshot: Snapshot) -> None:
        """The runs of the snapshot in the place of all others. They come first, so that no view is empty between."""
        session, old, self.linking = snapshot.session, list(self._state.runs), set()
        for kept, trajectory in zip(session.runs, snapshot.trajectories, strict=True):
            run = self._run(kept, trajectory, snapshot.folder)
            self.linking.add(run.id)
            self._player.saved_runs.adopt(run)
        new = [number for number in self._state.runs if number not in old]
        if new:
            at = len(new) - 1 if session.selected is None else min(session.selected, len(new) - 1)
            self._state.select(run_id=new[at], sample=session.sample, index=session.level)
        for number in old:
            self._player.remove(number)

    def _run(self, kept: KeptRun, trajectory: Trajectory, folder: str) -> Run:
        made = origin(trajectory)
        return Run(
            self._state.next_id(),
            made.settings,
            "complete" if kept.complete else "stopped",
            trajectory=trajectory,
            message=kept.message,
            pinned=kept.pinned,
            path=kept.name,
            came_with=str(Path(folder, "session")),
            seconds=kept.seconds,
            evaluating=kept.evaluating,
            asked=classes.kept(made.settings, made.label_name, None),
        )

    def _take_lanes_and_options(self, snapshot: Snapshot) -> None:
        session, ids = snapshot.session, dict(enumerate(self._state.runs))
        lanes = zip(session.lanes, snapshot.lanes, strict=True)
        self._lanes.restore(
            [(settings, None if lane.run is None else ids.get(lane.run), lane.asked) for lane, settings in lanes]
        )
        self._state.set_plane_options(about_runs(session.options, ids))

    def _run_linked(self, event: RunLinked) -> None:
        if event.run_id not in self.linking:
            self.run_linked.emit(event)
            return
        self.linking.remove(event.run_id)
        if not self.linking:
            self.linked.emit()


def _over(draft: RunSettings, data: DataOpened) -> RunSettings:
    """The draft over these data."""
    return replace(draft, **data.key._asdict())


def _fit(network: NetworkOpened, data: DataOpened) -> bool:
    return tuple(network.info.shape) == tuple(data.dataset.shape)
