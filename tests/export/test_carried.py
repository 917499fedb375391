"""Recipes in pictures and films: found again in each kind of file, and bounded in those of strangers."""

from __future__ import annotations

import json
import os
import struct
import zlib

import numpy as np
import pytest
from blank_view import Blank
from films import film
from PIL import Image

from app.export import carried, figure, formats

RECIPE = {"run": {"solver": "heun", "data": "σ <&> ‖x‖ \"'"}, "class": "‘a’", "long": "x" * 3000}
KINDS = (*formats.PICTURES, *formats.FILMS)


def written(kind, folder):
    row = formats.row(kind)
    path = folder / f"{kind}{row.suffix}"
    if kind in formats.FILMS:
        row.write(film(2, recipe=json.dumps(RECIPE)), str(path))
    else:
        row.write(figure.Figure(view=Blank(), size_mm=(20, 20), dpi=96, recipe=RECIPE), str(path))
    return path


TOO_LONG = "The recipe in a has more than 1,048,576 bytes, so it is not read."


def _read(path):
    """The recipe, or the one sentence that may stand in its place."""
    try:
        return carried.recipe_in(str(path))
    except ValueError as error:
        if str(error) != TOO_LONG:
            raise
        return TOO_LONG


@pytest.fixture(scope="module")
def files(qapp, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    return {kind: written(kind, folder) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_written_is_found_again_whatever_the_name(files, tmp_path, kind):
    renamed = tmp_path / "renamed.txt"
    renamed.write_bytes(files[kind].read_bytes())
    assert json.loads(carried.recipe_in(str(renamed))) == RECIPE


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_ends_anywhere_is_no_error(files, tmp_path, kind):
    whole, path = files[kind].read_bytes(), tmp_path / "a"
    for length in (*range(min(120, len(whole))), *range(120, len(whole), max(1, len(whole) // 60))):
        path.write_bytes(whole[:length])
        found = _read(path)
        assert found is None or json.loads(found) == RECIPE


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_no_error(files, tmp_path, kind):
    """Bytes at random places: what is found may be wrong, but nothing breaks and nothing hangs."""
    rng, whole, path = np.random.default_rng(0), files[kind].read_bytes(), tmp_path / "a"
    for _ in range(100):
        damaged = np.frombuffer(whole, np.uint8).copy()
        damaged[rng.integers(0, min(len(whole), 6000), 12)] = rng.integers(0, 256, 12)
        path.write_bytes(damaged.tobytes())
        _read(path)


def _chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


LONG = b"a" * (carried.LONGEST + 10)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(carried.PNG + _chunk(b"tEXt", b"recipe\0" + LONG), id="png"),
        pytest.param(b"<svg><metadata><geomodel:recipe>" + LONG + b"</geomodel:recipe></metadata></svg>", id="svg"),
        pytest.param(b"%PDF-1.4\n<geomodel:recipe>" + LONG, id="pdf without an end"),
        pytest.param(b"GIF89a" + bytes(7) + b"!\xfe" + (b"\xff" + b"{" * 255) * 5000 + b"\0", id="gif"),
        pytest.param(
            b"\0\0\0\x10ftypisom\0\0\0\0"
            + b"".join(
                struct.pack(">I", size) + name
                for size, name in zip(
                    (3_000_052, 3_000_044, 3_000_036, 3_000_024, 3_000_016, 3_000_008),
                    (b"moov", b"udta", b"meta\0\0\0\0", b"ilst", b"\xa9cmt", b"data"),
                    strict=True,
                )
            )
            + bytes(3_000_000),
            id="mp4",
        ),
    ],
)
def test_a_recipe_without_end_is_a_sentence(tmp_path, content):
    path = tmp_path / "large.bin"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"The recipe in large.bin has more than 1,048,576 bytes, so it is not read\."):
        carried.recipe_in(str(path))


def test_a_bomb_is_a_recipe_without_end(tmp_path):
    packed = zlib.compress(bytes(200_000_000), 9)  # not among the cases above: every process would pack it to list them
    test_a_recipe_without_end_is_a_sentence(tmp_path, carried.PNG + _chunk(b"zTXt", b"recipe\0\0" + packed))


def test_entities_of_a_stranger_are_not_expanded(tmp_path):
    path = tmp_path / "a.svg"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "/etc/passwd">]>'
        '<svg><metadata><geomodel:recipe xmlns:geomodel="urn:geomodel">{"x": "&b;&f;&lt;"}</geomodel:recipe>'
        "</metadata></svg>"
    )
    assert carried.recipe_in(str(path)) == '{"x": "&b;&f;<"}'


@pytest.mark.parametrize("size", [0, 1, 7, 8])
def test_boxes_that_lead_nowhere_end_the_search(tmp_path, size):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x08ftyp" + struct.pack(">I", size) + b"free" + bytes(64))
    assert carried.recipe_in(str(path)) is None


def test_other_files_carry_none(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.gif", comment=b"made by hand")
    (tmp_path / "a.txt").write_text("<geomodel:recipe>{}</geomodel:recipe>")
    (tmp_path / "empty").touch()
    for path in tmp_path.iterdir():
        assert carried.recipe_in(str(path)) is None
    assert carried.recipe_in(str(tmp_path)) is None
    assert carried.recipe_in(str(tmp_path / "missing.png")) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    assert carried.recipe_in(str(tmp_path / "a.png")) is None
