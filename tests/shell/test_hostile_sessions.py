"""The worst session files in the real window: each is one sentence, what was open stays, and nothing of them runs."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from real_window import WAIT, kept, opened

from app.session.snapshot import encoded
from geomodel import session_files
from geomodel.settings import RunSettings, to_json

windows = pytest.fixture(scope="module")(kept)
DRAFT = to_json(RunSettings())
DEEP = b"[" * 100_000
RUN = {"complete": True}
CLAIM = {"number": 1, "verdict": "holds", "measured": 1.0}


@pytest.fixture
def window(qtbot, windows):
    if not windows:
        windows.append(opened(qtbot))
    return windows[0]


def text(**fields):
    return json.dumps({"draft": DRAFT, **fields}).encode()


REFUSED = {
    "no JSON": b"\x00\xff",
    "nothing": b"",
    "a list": b"[]",
    "deep JSON": DEEP,
    "deep JSON where anything is skipped": b'{"draft": {}, "later": ' + DEEP,
    "deep JSON in the draft": b'{"draft": {"a": ' + DEEP,
    "deep JSON of a room": b'{"draft": {}, "rooms": {"claims": ' + DEEP,
    "a later version": text(schema_version=2),
    "no draft": b"{}",
    "an unknown setting": text(draft={**DRAFT, "shell": "rm"}),
    "an unknown solver": text(draft={**DRAFT, "solver": "<b>" * 600}),
    "an unknown option of a driver": text(draft={**DRAFT, "driver_options": {"<b>" * 600: 1}}),
    "an option of a driver out of all bounds": text(
        draft={**DRAFT, "driver": "smoothed", "driver_options": {"draws": 10**30}}
    ),
    "a setting of another type": text(draft={**DRAFT, "steps": "many"}),
    "a count out of all bounds": text(draft={**DRAFT, "count": 10**30}),
    "more runs than there are": text(runs=[RUN] * 3),
    "a number for a path": text(networks=[{"path": 5, "identity": {"name": "n", "sha256": None}}]),
    "a path with a zero": text(networks=[{"path": "a\x00b", "identity": {"name": "n", "sha256": None}}]),
    "a hash that is none": text(networks=[{"path": "/a", "identity": {"name": "n", "sha256": "../" * 22}}]),
    "too many networks": text(networks=[{"path": "/a", "identity": {"name": "n", "sha256": None}}] * 101),
    "too many lanes": text(lanes=[{"settings": DRAFT}] * 201),
    "a lane of nonsense": text(lanes=[{"settings": {"solver": 1}}]),
    "a probe out of the world": text(options={"probe": [1e300, 0.0]}),
    "a probe at no level": text(options={"probe_sigma": -1.0}),
    "another tool": text(options={"tool": "format"}),
    "a negative sample": text(sample=-1),
    "a huge level": text(level=2**80),
    "a place of no area": text(places=[{"area": "outside", "docks": []}]),
    "a wide place": text(places=[{"area": "left", "docks": [], "width": 10**9}]),
    "a workspace of paths": text(workspace="../../x"),
    "claims of no table": text(rooms={"claims": {"claims": [{**CLAIM, "number": 10**6}]}}),
    "claims of another type": text(rooms={"claims": [1, 2]}),
    "a verdict of its own": text(rooms={"claims": {"claims": [{**CLAIM, "verdict": "always"}]}}),
    "claims about nonsense": text(rooms={"claims": {"base": {"solver": "none"}}}),
    "measures of no names": text(rooms={"measures": [1]}),
    "a tilt beyond its sliders": text(rooms={"tilt": {"notch": 10**6}}),
    "step bounds of no steps": text(rooms={"error_bounds": {"steps": 0}}),
    "a probe of a negative image": text(rooms={"mean_shift": {"probe": {"data_index": -5}}}),
}


def told(window):
    return window.panels.status._message.text()


def shown(window):
    state = window.state
    runs = [(run.id, run.settings, run.pinned) for run in state.runs.values()]
    return state.draft, state.data, {*state.networks}, runs, state.selection, state.plane_options, window.windowTitle()


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_one_sentence_and_what_was_open_stays(qtbot, window, tmp_path, case):
    before = shown(window)
    path = tmp_path / "worst.geomodel"
    session_files.write(path, REFUSED[case], ())
    window.documents.open_path(str(path))
    qtbot.waitUntil(lambda: told(window).startswith("⚠ worst.geomodel"), timeout=WAIT)
    said = told(window)
    assert said.endswith(".")
    assert not said.endswith("..")
    assert "\n" not in said
    assert len(said) < 500
    assert shown(window) == before
    window.panels.status.clear("session")


def test_what_means_nothing_here_is_left_out(qtbot, window, tmp_path):
    """Docks, layers and rooms of another version, runs that are not there."""
    path, own = tmp_path / "odd.geomodel", tmp_path / "own.py"
    own.write_text("open(__file__ + '.ran', 'w')")
    network = {"identity": {"name": "n", "sha256": "a" * 64}}
    path_of_code = f"{own}:denoise"
    written = text(
        draft={**DRAFT, "network": path_of_code, "driver": "network"},
        later=[1],
        selected=5,
        lanes=[{"settings": DRAFT, "run": 3}],
        options={"layers": ["data", "lasers"], "branch": {"run_id": 9, "sample": 0, "level": 0}},
        workspace="none",
        places=[{"area": "right", "docks": ["nowhere", "inspector", "inspector"], "width": 99_999, "height": 0}],
        rooms={"kitchen": {}, "claims": {"claims": [CLAIM]}},
        networks=[
            {"path": path_of_code, "identity": {"name": "n", "sha256": None}, "own": True},
            {"path": path_of_code, **network},  # as if it were a checkpoint
            {"path": str(own), **network},
            {"path": "/dev/zero", **network},
            {"path": "//server/share/n", **network},
        ],
    )
    session_files.write(path, written, ())
    window.documents.open_path(str(path))
    qtbot.waitUntil(lambda: window.windowTitle().startswith("odd"), timeout=WAIT)
    qtbot.waitUntil(lambda: "Not on this computer" in told(window), timeout=WAIT)
    assert window.state.runs == {}
    for name in ("inspector", "transport"):  # nothing of the runs that were there before
        assert window.views[name].describe() == ""
    assert window.state.plane_options.layers == {"data"}
    assert window.state.plane_options.branch is None
    assert (window.state.draft.network, window.state.draft.driver) == ("", "optimal")
    assert window.rooms["claims"].claims[1].verdict == "holds"
    assert not (tmp_path / "own.py.ran").exists()  # the code is only asked about
    boxes = [box for box in window.findChildren(type_of_question()) if box.isVisible()]
    assert [str(own) in box.text() for box in boxes] == [True]
    boxes[0].reject()
    qtbot.wait(50)
    assert not (tmp_path / "own.py.ran").exists()
    for row in window.rooms.values():
        row.view.display(row.picture())
        row.view.grab()


def type_of_question():
    from PySide6.QtWidgets import QMessageBox

    return QMessageBox


def test_the_types_of_a_session_are_what_a_window_writes(window):
    """So that none of the cases above is refused for another reason."""
    taken = window.sessions.capture()
    found = json.loads(encoded(taken))
    assert {"draft", "networks", "lanes", "options", "places", "rooms", "workspace"} <= set(found)
    assert found["draft"].keys() == asdict(window.state.draft).keys()
