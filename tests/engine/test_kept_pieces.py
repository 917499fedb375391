"""The pieces of a network stay as they were when it was first opened on a computer."""

from __future__ import annotations

import resources
from app.engine.kept_pieces import MOST, KeptPieces
from app.engine.library import Library
from app.engine.messages import Machine
from geomodel.denoisers import network as networks

NETWORK = str(resources.path("checkpoints", "two-moons.safetensors"))


def rows_of(path, monkeypatch, pace):
    """Rows a piece of the network, opened by a new engine on a day of this pace."""
    monkeypatch.setattr(networks, "measure_pace", lambda model: pace)
    library = Library(Machine(pieces=str(path)))
    library._device = "cpu"
    return library.network(NETWORK).piece


def test_a_busy_day_changes_no_piece(tmp_path, monkeypatch):
    kept = tmp_path / "folder" / "pieces.json"
    first = rows_of(kept, monkeypatch, 1e-4)
    assert rows_of(kept, monkeypatch, 1e-2) == first
    assert rows_of("", monkeypatch, 1e-2) < first  # the control: it is chosen by the pace where nothing is kept
    kept.unlink()
    assert rows_of(kept, monkeypatch, 1e-2) < first


def test_another_machine_or_precision_has_pieces_of_its_own(tmp_path):
    kept = KeptPieces(str(tmp_path / "pieces.json"))
    kept.keep("hash", "cpu", "float32", 1, rows=8)
    assert kept.rows("hash", "cpu", "float32", 1) == 8
    for other in (("hash", "cuda", "float32", 1), ("hash", "cpu", "bfloat16", 1), ("other", "cpu", "float32", 1)):
        assert kept.rows(*other) is None


def test_a_file_that_is_not_its_own_is_as_good_as_none(tmp_path, caplog):
    path = tmp_path / "pieces.json"
    for content in (b"", b"[1, 2]", b'{"a": "b"}', b'{"a": -3}', b"\xff" * 10, b"{" * 300_000):
        path.write_bytes(content)
        assert KeptPieces(str(path)).rows("a") is None
    kept = KeptPieces(str(path))
    for at in range(MOST + 3):
        kept.keep(str(at), rows=at + 1)
    assert kept.rows("2") is None  # the oldest are forgotten
    assert kept.rows(str(MOST)) == MOST + 1
    KeptPieces(str(tmp_path)).keep("a", rows=1)  # a folder has this name
    assert "not kept" in caplog.text
