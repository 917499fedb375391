"""The settings file: what is remembered, and what happens when it cannot be."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict
from pathlib import Path

import platformdirs
import pytest

from app.session.plane_options import LayerLook
from app.shell.settings_store import MAX_ANSWERED, MAX_RECENT, AppSettings, KeptLayers, KeptLook, SettingsStore, home


def test_home_is_the_environment_or_the_system_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GEOMODEL_HOME", str(tmp_path / "elsewhere"))
    assert home() == tmp_path / "elsewhere"
    monkeypatch.delenv("GEOMODEL_HOME")
    assert home() == Path(platformdirs.user_data_dir("geomodel", appauthor=False))


def test_every_field_survives_a_round_trip():
    changed = AppSettings(
        theme="dark",
        greeted=True,
        recent_files=("/a/σ.npz",),
        recent_networks=("/a/σ.npz",),
        directories={"run": "/a"},
        answers={"0f": {"num_heads": 4, "diffusion.beta_end": 0.02, "family": "dit", "self_condition": True}},
        speed=0.25,
        loop=False,
        measures=("norm",),
        advanced=True,
        strip_large=True,
        layers=KeptLayers(
            shown={"data": False}, order=("data", "field"), looks={"data": LayerLook(opacity=0.5, color="#102030")}
        ),
        layout_version=3,
        geometry="AdnQ",
        layouts={"explore": "AAAA"},
        workspace="solvers",
        autosave=False,
        ask_at_closing=True,
        font_scale=1.5,
        device="cpu",
        precision="bfloat16",
        threads=2,
        memory_share=0.5,
        folder="/a",
        log_level="error",
        sampler={"solver": "euler"},
        look=KeptLook(frame="run", tool="probe"),
    )
    default = asdict(AppSettings())
    same = {name for name, value in asdict(changed).items() if value == default[name]}
    assert same == {"schema_version"}  # the test changes every other field, also one that comes later
    fields = {name: getattr(changed, name) for name in default}
    SettingsStore().change(**fields)
    assert SettingsStore().settings == changed


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"theme": "blue"}',
        b'{"speed": 0}',
        b'{"layers": {"looks": {"data": {"color": "url(x)"}}}}',
        b'{"schema_version": 2}',
        b"[" * 100_000,
    ],
    ids=["cut", "empty", "no utf-8", "list", "theme", "speed", "colour", "version", "deep"],
)
def test_a_file_that_does_not_fit_is_set_aside_with_one_line(content, caplog):
    path = home() / "settings.json"
    path.parent.mkdir()
    path.write_bytes(content)
    with caplog.at_level(logging.INFO):
        assert SettingsStore().settings == AppSettings()
    assert len(caplog.records) == 1
    assert "settings.bad" in caplog.text
    assert (home() / "settings.bad").read_bytes() == content
    assert not path.exists()


def test_unknown_entries_are_ignored():
    home().mkdir()
    (home() / "settings.json").write_text(json.dumps({"loop": False, "of a later version": [1]}))
    assert SettingsStore().settings == AppSettings(loop=False)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(monkeypatch, caplog):
    store = SettingsStore()
    store.change(theme="dark")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    assert store.change(theme="light").theme == "light"  # holds for this session
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    monkeypatch.undo()
    assert [path.name for path in store.path.parent.iterdir()] == ["settings.json"]
    assert SettingsStore(store.path).settings.theme == "dark"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_the_owner_may_read_which_files_were_opened():
    store = SettingsStore()
    store.remember_file("/data/secret.npz")
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_a_home_that_cannot_be_made_is_one_line_in_the_log(monkeypatch, tmp_path, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GEOMODEL_HOME", str(tmp_path / "file"))
    store = SettingsStore()
    caplog.clear()
    assert store.change(loop=False).loop is False
    assert len(caplog.records) == 1


def test_what_has_not_changed_is_not_written():
    store = SettingsStore()
    store.change(loop=True)
    assert not store.path.exists()


def test_recent_files_are_newest_first_without_repetition():
    store = SettingsStore()
    for number in range(MAX_RECENT + 3):
        store.remember_file(Path(f"/data/{number}.npz"))
    store.remember_file("/data/5.npz")
    recent = SettingsStore().settings.recent_files
    assert recent[:2] == ("/data/5.npz", f"/data/{MAX_RECENT + 2}.npz")
    assert len(recent) == len(set(recent)) == MAX_RECENT


def test_answers_are_kept_by_the_hash_of_their_file(tmp_path):
    store = SettingsStore(tmp_path / "settings.json")
    assert store.answers_of("a") == {}
    store.remember_answers("a", {"num_heads": 4, "use_new_attention_order": True})
    store.remember_answers("b", {"num_heads": 1})
    again = SettingsStore(tmp_path / "settings.json")
    assert again.answers_of("a") == {"num_heads": 4, "use_new_attention_order": True}
    again.remember_answers("a", {"num_heads": 2})
    assert again.answers_of("a") == {"num_heads": 2}
    for number in range(MAX_ANSWERED - 1):
        again.remember_answers(f"c{number}", {"num_heads": number})
    assert again.answers_of("b") == {}  # the oldest
    assert again.answers_of("a") == {"num_heads": 2}
