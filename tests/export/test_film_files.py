"""Films as files: every frame, its time, the recipe, and that a film appears whole or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from films import BLUE, film, frames, shown
from PIL import Image

from app.export import film_files, formats
from app.export.filming import Stopped

RECIPE = json.dumps({"solver": "heun", "seen": {"level": 3}, "long": "σ" * 3000})
KINDS = [formats.row(name) for name in formats.FILMS]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("count", "rate", "hold", "expected"),
    [(1, 5, 0, [200]), (5, 3, 1, [330, 340, 330, 330, 1340]), (3, 30, 0, [30, 40, 30]), (2, 0.5, 2, [2000, 4000])],
)
def test_times_are_whole_ticks_and_their_roundings_do_not_add_up(count, rate, hold, expected):
    assert film_files.durations(count, rate, hold) == expected


def test_no_frame_is_shorter_than_a_tick():
    assert film_files.durations(4, 1000, 0) == [10, 10, 10, 10]


@pytest.mark.parametrize("kind", KINDS, ids=formats.FILMS)
def test_every_frame_and_its_time_can_be_read_again(tmp_path, kind):
    path = tmp_path / f"a{kind.suffix}"
    kind.write(film(5, rate=3, hold=1), str(path))
    seen, times = shown(path)
    # an MP4 has 30 frames a second, and 1/3 s is ten of them
    assert times == ([333, 333, 333, 333, 1333] if kind.name == "mp4" else [330, 340, 330, 330, 1340])
    for at, frame in enumerate(seen):
        assert frame.shape == (90, 160, 3)
        # H.264 loses a little, and stores colours in 219 steps
        assert np.abs(frame[50, 20 * at + 10].astype(int) - BLUE).max() <= (6 if kind.name == "mp4" else 0)
        assert frame[50, (20 * at + 50) % 160].min() >= (245 if kind.name == "mp4" else 255)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def _recipe(path):
    if path.suffix == ".mp4":
        import av

        with av.open(str(path)) as container:
            return container.metadata["comment"]
    with Image.open(path) as image:
        return image.info["comment"].decode() if path.suffix == ".gif" else image.text["recipe"]


@pytest.mark.parametrize("kind", KINDS, ids=formats.FILMS)
def test_other_programs_read_the_recipe(tmp_path, kind):
    path = tmp_path / f"a{kind.suffix}"
    kind.write(film(2, recipe=RECIPE), str(path))
    assert _recipe(path) == RECIPE


@pytest.mark.parametrize(("repeats", "gif"), [(0, 0), (1, None), (3, 2)])
def test_a_film_is_played_as_often_as_was_asked(tmp_path, repeats, gif):
    formats.row("gif").write(film(2, repeats=repeats), str(tmp_path / "a.gif"))
    formats.row("apng").write(film(2, repeats=repeats), str(tmp_path / "a.png"))
    with Image.open(tmp_path / "a.gif") as image:
        assert image.info.get("loop") == gif  # how often it is repeated after the first time
    with Image.open(tmp_path / "a.png") as image:
        assert image.info["loop"] == repeats


def test_thin_lines_keep_their_hue_beside_a_smooth_ground():
    """Median cut alone gives all colours to the ground, and an orange line turns brown."""
    frame = np.repeat(np.linspace(120, 255, 400).astype(np.uint8)[None, :, None], 200, 0).repeat(3, -1)
    frame[100, 100:120] = (213, 94, 0)
    reduced = np.asarray(film_files._reduced(frame).convert("RGB"))
    assert np.abs(reduced[100, 110].astype(int) - (213, 94, 0)).max() <= 8
    assert np.abs(reduced[20].astype(int) - frame[20]).max() <= 2


def _broken():
    yield np.zeros((90, 160, 3), np.uint8)
    raise Stopped


@pytest.mark.parametrize("kind", KINDS, ids=formats.FILMS)
def test_a_film_that_is_stopped_leaves_the_old_file(tmp_path, kind):
    path = tmp_path / f"a{kind.suffix}"
    path.write_bytes(b"old")
    with pytest.raises(Stopped):
        kind.write(film(5, drawn=_broken()), str(path))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", KINDS, ids=formats.FILMS)
def test_a_film_that_is_stopped_after_its_last_frame_leaves_the_old_file_too(tmp_path, kind):
    """Pillow writes an APNG only when it has every frame."""
    path, calls = tmp_path / f"a{kind.suffix}", []
    path.write_bytes(b"old")

    def between():
        calls.append(len(calls))
        if drawn.gi_frame is None:  # every frame is drawn
            raise Stopped

    drawn = frames(5)
    with pytest.raises(Stopped):
        kind.write(replace(film(5, drawn=drawn), between=between), str(path))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import sys, time
sys.path[:0] = [{root!r}, {support!r}]
from films import film, frames
from app.export import formats
def slow():
    for at, frame in enumerate(frames(8)):
        print(at, flush=True)
        yield frame
        time.sleep(0.02)
formats.row({kind!r}).write(film(8, drawn=slow()), {path!r})
print("written", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=formats.FILMS)
def test_a_program_that_is_killed_leaves_the_old_file_or_the_new(tmp_path, kind):
    path = tmp_path / f"a{kind.suffix}"
    kind.write(film(3), str(path))
    old, ends = path.read_bytes(), set()
    for delay in (0.0, 0.05, 0.1, 0.15, 0.2, 0.22, 0.24, 0.26, 0.3, 2.0):
        code = KILLED.format(root=str(ROOT), support=str(ROOT / "tests/support"), kind=kind.name, path=str(path))
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
            process.stdout.readline()  # the first frame
            time.sleep(delay)
            process.kill()
        ends.add("old" if path.read_bytes() == old else "new")
        assert len(shown(path)[0]) == (3 if path.read_bytes() == old else 8)
        path.write_bytes(old)
    assert ends == {"old", "new"}


def test_without_pyav_a_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(film_files, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r'not installed: pip install "geomodel\[film\]"'):
        formats.row("mp4").write(film(2), str(tmp_path / "a.mp4"))
    assert list(tmp_path.iterdir()) == []


def test_many_large_frames_are_refused_before_they_are_drawn():
    assert film_files.too_large((1920, 1080), 100) == ""
    assert "400 frames of 1,920 × 1,080 pixels need too much memory" in film_files.too_large((1920, 1080), 400)
