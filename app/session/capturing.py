"""Takes a snapshot of the window's state. It copies nothing, because settings and finished trajectories are frozen."""

from __future__ import annotations

import re

from app.engine.messages import NetworkOpened
from app.session.drafting import OWN
from app.session.lanes import Lanes
from app.session.plane_options import about_runs
from app.session.snapshot import (
    LINE,
    MOST_LANES,
    MOST_NETWORKS,
    KeptLane,
    KeptNetwork,
    KeptRun,
    Session,
    Snapshot,
    check_draft,
)
from app.session.state import AppState, Run
from geomodel import __version__
from geomodel.error_text import cut
from geomodel.origin import DataIdentity, NetworkIdentity
from geomodel.settings import LONGEST, RunSettings, to_json


def snapshot(state: AppState, lanes: Lanes) -> Snapshot:
    """The state as it stands now, with every run that has a trajectory. A run that is computing has none yet."""
    runs = [run for run in state.runs.values() if run.trajectory is not None]
    places = {run.id: at for at, run in enumerate(runs)}
    data, networks = state.data, [item for item in state.networks.values() if re.fullmatch(LINE, item.path)]
    session = Session(
        geomodel=__version__,
        draft=to_json(_sound_draft(state)),
        data=None if data is None else DataIdentity(name=data.dataset.name, fingerprint=data.dataset.fingerprint),
        networks=tuple(map(_network, networks[-MOST_NETWORKS:])),
        runs=tuple(_run(run) for run in runs),
        lanes=tuple(
            KeptLane(
                settings=to_json(lane.settings),
                run=None if lane.run_id is None else places.get(lane.run_id),
                asked=lane.asked,
            )
            for lane in lanes.lanes[:MOST_LANES]
        ),
        selected=places.get(state.selection.run_id),
        sample=state.selection.sample,
        level=state.selection.index,
        options=about_runs(state.plane_options, places),
    )
    return Snapshot(session=session, trajectories=tuple(run.trajectory for run in runs if run.trajectory is not None))


def _sound_draft(state: AppState) -> RunSettings:
    """The draft; where something half typed in it is no value, the settings of the selected run."""
    try:
        check_draft(state.draft)
    except ValueError:
        return state.run.settings if state.run is not None else RunSettings()
    return state.draft


def _network(network: NetworkOpened) -> KeptNetwork:
    info = network.info
    own = info.format == OWN
    identity = NetworkIdentity(
        name=info.name, sha256=None if own else info.sha256, latents=info.latents, hints=dict(info.hints)
    )
    return KeptNetwork(path=network.path, identity=identity, own=own)


def _run(run: Run) -> KeptRun:
    recorded = run.status == "recorded"
    return KeptRun(
        name="" if recorded else _one_line(run.path.replace("\\", "/").rpartition("/")[2]),
        complete=run.complete,
        pinned=run.pinned,
        message=cut(run.message, LONGEST),
        seconds=run.seconds,
        evaluating=run.evaluating,
    )


def _one_line(name: str) -> str:
    """The name of a file as it can be kept, because some systems allow a line break in it."""
    return "".join(character if re.fullmatch(LINE, character) else "?" for character in name)[:LONGEST]
