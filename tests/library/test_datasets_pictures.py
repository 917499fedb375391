"""Pictures as cameras, web pages and other programs write them: every format, upright, and nothing lost in silence."""

from __future__ import annotations

import io
import json
import os

import data_files as files
import numpy as np
import pytest
from PIL import Image

from geomodel import datasets

GREY = files.pixels()
COLOUR = files.pixels(shape=(3, 5, 4), seed=1)
LOSSLESS = {"webp": "WEBP", "bmp": "BMP", "tif": "TIFF", "ppm": "PPM", "PNG": "PNG", "apng": "PNG", "tiff": "TIFF"}


def saved(path, pixels, kind=None, **options):
    """Write one picture (C, H, W)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))
    image.save(path, kind, **options)
    return path


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_formats_that_lose_nothing_give_back_the_pixels(tmp_path, suffix):
    options = {"lossless": True} if suffix == "webp" else {}
    for number, image in enumerate(COLOUR):
        saved(tmp_path / "set" / f"{number:02}.{suffix}", image, LOSSLESS[suffix], **options)
    data = datasets.load(tmp_path / "set")
    np.testing.assert_array_equal(data.stored, COLOUR)
    assert data.remarks == ()


def test_pictures_of_several_formats_are_all_taken_from_folder_and_zip(tmp_path):
    smooth = np.broadcast_to(np.linspace(0, 255, 16, dtype=np.uint8), (3, 16, 16))
    kinds = {"cat/1.png": "PNG", "dog/1.webp": "WEBP", "dog/2.bmp": "BMP", "eel/1.png": "PNG", "eel/2.jfif": "JPEG"}
    content = {}
    for place, kind in kinds.items():
        saved(tmp_path / "set" / place, smooth, kind)
        content[place] = (tmp_path / "set" / place).read_bytes()
    for path in (tmp_path / "set", files.write_zip(tmp_path / "a.zip", content)):
        data = datasets.load(path)
        assert (data.labels.tolist(), data.label_names) == ([0, 1, 1, 2, 2], ("cat", "dog", "eel"))
        assert np.abs(data.stored.astype(int) - smooth).max() <= 12  # what JPEG and WebP lose of a ramp


@pytest.mark.parametrize("pixels", [GREY[0], COLOUR[0] // 51 * 51], ids=["grey", "colour"])
def test_of_a_gif_the_first_frame_is_taken(tmp_path, pixels):
    frames = [Image.fromarray(f[0] if len(f) == 1 else f.transpose(1, 2, 0)) for f in (pixels, 255 - pixels)]
    (tmp_path / "set").mkdir()
    frames[0].save(tmp_path / "set" / "a.gif", save_all=True, append_images=frames[1:])
    data = datasets.load(tmp_path / "set")
    np.testing.assert_array_equal(data.stored, pixels[None])  # fewer than 256 colours, so the palette is exact
    assert data.remarks == ("1 picture has several frames, of which the first is taken: a.gif.",)


def test_a_gif_with_transparent_parts_is_refused(tmp_path):
    image = Image.fromarray(GREY[0, 0])
    image.save(tmp_path / "a.gif", transparency=int(GREY[0, 0, 0, 0]))
    with pytest.raises(datasets.DataError, match=r"'a\.gif' in .* has transparent parts"):
        datasets.load(tmp_path)


# What each orientation of EXIF makes of the stored rows: where its row 0 and its column 0 lie on the screen.
TURNED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.T,
    6: lambda p: p.T[:, ::-1],
    7: lambda p: p.T[::-1, ::-1],
    8: lambda p: p.T[::-1],
}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", TURNED)
def test_a_picture_is_opened_as_it_is_shown(tmp_path, kind, orientation):
    stored = np.zeros((16, 32), np.uint8)
    stored[:8, :24] = 240  # no turn or flip leaves this as it is
    exif = Image.Exif()
    exif[0x0112] = orientation
    saved(tmp_path / "set" / f"a.{kind.lower()}", np.stack([stored] * 3), kind, exif=exif, quality=100)
    data = datasets.load(tmp_path / "set")
    assert data.shape[1:] == TURNED[orientation](stored).shape
    assert np.abs(data.stored[0, 0].astype(int) - TURNED[orientation](stored)).max() <= 24


def test_pictures_of_one_size_on_the_screen_fit_together(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    saved(tmp_path / "1.jpg", np.zeros((1, 8, 16), np.uint8), exif=exif)
    saved(tmp_path / "2.jpg", np.zeros((1, 16, 8), np.uint8))
    assert datasets.load(tmp_path).stored.shape == (2, 1, 16, 8)
    saved(tmp_path / "3.jpg", np.zeros((1, 8, 16), np.uint8))
    with pytest.raises(datasets.DataError, match=r"'1\.jpg' is 8 × 16 L, '3\.jpg' is 16 × 8 L"):
        datasets.load(tmp_path)


# ------------------------------------------------------------------------------------------------ what is left out


def test_what_is_left_out_is_counted_and_named(tmp_path):
    content = {f"cat/{number}.png": files.encoded(image) for number, image in enumerate(GREY[:2])}
    other = dict.fromkeys(("cat/d.svg", "a.txt", "b.eps", "c.psd", ".DS_Store", "Thumbs.db", "cat/desktop.ini"), b"x")
    for place, image in (content | other).items():
        (tmp_path / "set" / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / place).write_bytes(image)
    for path in (tmp_path / "set", files.write_zip(tmp_path / "a.zip", content | other)):
        data = datasets.load(path)
        assert len(data) == 2
        assert data.remarks == ("4 files are left out, because only pictures are read: a.txt, b.eps, c.psd, ….",)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_linked_folders_are_followed_and_loops_are_not(tmp_path):
    files.write_folder(tmp_path / "far", GREY[:2], ["1.png", "2.png"])
    files.write_folder(tmp_path / "set", GREY[2:3], ["cat/1.png"])
    for place in ("dog", "eel"):  # the same folder under two names is twice there, as a viewer shows it
        (tmp_path / "set" / place).symlink_to(tmp_path / "far")
    (tmp_path / "set" / "cat" / "loop").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "cat" / "gone.png").symlink_to(tmp_path / "nowhere")
    data = datasets.load(tmp_path / "set")
    assert (data.label_names, data.labels.tolist()) == (("cat", "dog", "eel"), [0, 1, 1, 2, 2])
    np.testing.assert_array_equal(data.stored, GREY[[2, 0, 1, 0, 1]])
    assert data.remarks == (
        "1 file is left out, because only pictures are read: cat/gone.png.",
        "1 link is not followed, because the folder holds the link itself: cat/loop.",
    )


# ------------------------------------------------------------------------------------------------ EDM archives

SHARDS = [f"0000{number // 5}/img{number:08}.png" for number in range(len(GREY))]


def edm(tmp_path, listed, **more):
    """An archive as EDM's dataset_tool writes it: shards of pictures and a list of classes."""
    content = dict(zip(SHARDS, map(files.encoded, GREY), strict=True))
    return files.write_zip(
        tmp_path / "a.zip", content | {"dataset.json": json.dumps({"labels": listed} | more).encode()}
    )


def test_classes_come_from_the_list_and_shards_are_none(tmp_path):
    classes = [number * 7 % 4 for number in range(len(SHARDS))]
    listed = [list(pair) for pair in zip(SHARDS, classes, strict=True)]
    data = datasets.load(edm(tmp_path, listed[::-1]))
    np.testing.assert_array_equal(data.stored, GREY)
    assert (data.labels.tolist(), data.label_names, data.remarks) == (classes, None, ())
    data = datasets.load(edm(tmp_path, [*listed, ["00009/gone.png", 1]]))
    assert data.remarks == ("dataset.json gives 1 more class, of pictures that are not there.",)


def test_an_archive_without_classes_has_none(tmp_path):
    assert datasets.load(edm(tmp_path, None)).labels is None
    data = datasets.load(edm(tmp_path, [[place, [0.0, 1.0]] for place in SHARDS]))
    assert (data.labels, data.remarks) == (
        None,
        ("dataset.json gives vectors and no classes, so the pictures have none.",),
    )


def test_a_list_in_a_folder_that_wraps_all(tmp_path):
    files.write_folder(tmp_path / "set", GREY, [f"inner/{place}" for place in SHARDS])
    (tmp_path / "set/inner/dataset.json").write_text(json.dumps({"labels": [[place, 3] for place in SHARDS]}))
    assert set(datasets.load(tmp_path / "set").labels.tolist()) == {3}


def test_a_json_of_another_kind_leaves_folders_as_classes(tmp_path):
    for content in (b"{}", b"[1]", b"\xff", b"[" * 10**5, b'"text"'):
        path = files.write_zip(
            tmp_path / "a.zip",
            {"a/1.png": files.encoded(GREY[0]), "b/1.png": files.encoded(GREY[1]), "dataset.json": content},
        )
        data = datasets.load(path)
        assert data.label_names == ("a", "b")
        assert "1 file is left out" in data.remarks[0]


@pytest.mark.parametrize(
    ("listed", "sentence"),
    [
        ([[place, 0] for place in SHARDS[1:]], "gives no class for '00000/img00000000.png'"),
        ([[place, "cat"] for place in SHARDS], "gives the class 'cat'. Expected whole numbers"),
        ([[place, True] for place in SHARDS], "gives the class 'True'"),
        ([[place, -1] for place in SHARDS], "labels from -1 to -1"),
        ([[place, 10**30] for place in SHARDS], "a class that is too large"),
        (7, "holds no list of"),
        ([[1]], "holds no list of"),
    ],
)
def test_a_list_that_does_not_fit_is_refused(tmp_path, listed, sentence):
    with pytest.raises(datasets.DataError, match=sentence):
        datasets.load(edm(tmp_path, listed))


def test_a_packed_list_without_end_is_no_list(tmp_path, monkeypatch):
    monkeypatch.setattr("geomodel.datasets.pictures._LARGEST_LIST", 100)
    assert datasets.load(edm(tmp_path, None, more="x" * 100)).label_names == ("00000", "00001", "00002")


def test_a_picture_is_read_by_its_content(tmp_path):
    file = io.BytesIO()
    Image.fromarray(GREY[0, 0]).save(file, "BMP")
    (tmp_path / "a.png").write_bytes(file.getvalue())
    np.testing.assert_array_equal(datasets.load(tmp_path).stored, GREY[:1])
