"""Folders and archives of pictures as cameras, systems and other programs write them."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
from data_files import encoded, pixels, write_zip
from PIL import Image
from strangers import Gives, check, refused

GREY = pixels(3, (1, 6, 4))
COLOUR = pixels(3, (3, 6, 4), seed=1)
PLAIN = [Image.fromarray(image[0]) for image in GREY]
BRIGHT = [Image.fromarray(image.transpose(1, 2, 0)) for image in COLOUR]
UPRIGHT = 0x0112  # the tag of a camera's orientation


def written(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decoded(content):
    """What Pillow reads of a lossy picture, as (C, H, W)."""
    array = np.asarray(Image.open(io.BytesIO(content)))
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def turned(image, orientation):
    """A picture as a phone stores it, which a viewer turns by its tag."""
    exif = Image.Exif()
    exif[UPRIGHT] = orientation
    return written(image, "PNG", exif=exif)


def phone(orientation):
    exif = Image.Exif()
    exif[UPRIGHT] = orientation
    return written(BRIGHT[0], "JPEG", quality=90, exif=exif)


def listed(labels):
    return json.dumps({"labels": labels}).encode()


def edm(labels, **more):
    """The zip of EDM's dataset_tool."""
    names = [f"00000/img{number:08}.png" for number in range(3)]
    found = dict(zip(names, map(encoded, GREY), strict=True))
    return found | {"dataset.json": listed(None if labels is None else list(zip(names, labels, strict=True)))} | more


SIDE = Image.fromarray(np.rot90(GREY[0, 0], -1))  # turned back by orientation 8
FRAMES = written(PLAIN[0], "GIF", save_all=True, append_images=PLAIN[1:])
SIXTEEN = Image.fromarray(np.full((6, 4), 40_000, np.uint16))

FILES = {
    # name of the case: (the files of a folder, what they give)
    "ImageFolder": ({f"train/{kind}/{n}.png": encoded(GREY[n]) for n, kind in enumerate(("cat", "dog", "eel"))},
                    Gives(GREY, ("cat", "dog", "eel"))),
    "ImageFolder of digits": ({f"{9 - n}/0.png": encoded(GREY[n]) for n in range(3)},
                              Gives(GREY[::-1], ("7", "8", "9"))),
    "no subfolders": ({f"{n}.png": encoded(GREY[n]) for n in range(3)}, Gives(GREY)),
    "EDM, folder": (edm([4, 0, 4]), Gives(GREY, (4, 0, 4))),
    "EDM without labels": (edm(None), Gives(GREY)),
    "EDM, labels as vectors": (edm([[0.5], [1.0], [0.0]]), Gives(GREY, said="gives vectors and no classes")),
    "EDM, a picture too few": (edm([4, 0, 4], **{"dataset.json": listed([["00000/img00000000.png", 1]])}),
                               refused("gives no class for '00000/img00000001.png'")),
    "PNG, optimized": ({"a.png": written(PLAIN[0], "PNG", optimize=True)}, Gives(GREY[:1])),
    "JPEG of a phone": ({"a.jpg": phone(1)}, Gives(decoded(phone(1))[None])),
    "JPEG of a phone held sideways": ({"a.jpg": phone(6)}, Gives(np.rot90(decoded(phone(6)), -1, (1, 2))[None])),
    "PNG with an orientation": ({"a.png": turned(SIDE, 8)}, Gives(GREY[:1])),
    "JPEG under its other names": (
        {"a.jfif": phone(1), "b.JPG": phone(1), "c.jpeg": phone(1)}, Gives(np.repeat(decoded(phone(1))[None], 3, 0))),
    "WebP": ({"a.webp": written(BRIGHT[0], "WEBP", lossless=True)}, Gives(COLOUR[:1])),
    "BMP": ({"a.bmp": written(BRIGHT[0], "BMP"), "b.dib": written(BRIGHT[1], "BMP")}, Gives(COLOUR[:2])),
    "GIF": ({"a.gif": written(PLAIN[0], "GIF")}, Gives(GREY[:1])),
    "GIF with frames": ({"a.gif": FRAMES}, Gives(GREY[:1], said="1 picture has several frames, of which the first")),
    "TIFF": ({"a.tif": written(BRIGHT[0], "TIFF"), "b.tiff": written(BRIGHT[1], "TIFF", compression="tiff_lzw")},
             Gives(COLOUR[:2])),
    "PPM and PGM": ({"a.ppm": written(BRIGHT[0], "PPM"), "b.ppm": written(BRIGHT[1], "PPM")}, Gives(COLOUR[:2])),
    "a PNG called JPG": ({"a.jpg": encoded(GREY[0])}, Gives(GREY[:1])),
    "palette PNG": ({"a.png": written(BRIGHT[0].convert("P"), "PNG")}, refused("a.png", "of mode P", "convert them")),
    "16-bit PNG": ({"a.png": written(SIXTEEN, "PNG")}, refused("a.png", "of mode I;16", "convert them")),
    "16-bit PGM": ({"a.pgm": written(SIXTEEN, "PPM")}, refused("a.pgm", "of mode I", "convert them")),
    "1-bit PNG": ({"a.png": written(PLAIN[0].convert("1"), "PNG")}, refused("a.png", "of mode 1", "convert them")),
    "PNG with alpha": ({"a.png": written(BRIGHT[0].convert("RGBA"), "PNG")}, refused("a.png", "of mode RGBA")),
    "CMYK JPEG": ({"a.jpg": written(BRIGHT[0].convert("CMYK"), "JPEG")}, refused("a.jpg", "of mode CMYK")),
    "transparent GIF": ({"a.gif": written(PLAIN[0].convert("P"), "GIF", transparency=int(PLAIN[0].convert("P").getpixel(
        (0, 0))))}, refused("a.gif", "transparent parts")),
    "grey beside colour": ({"a.png": encoded(GREY[0]), "b.png": encoded(COLOUR[0])}, refused("b.png", "one size and")),
    "several sizes": ({"a.png": encoded(GREY[0]), "b.png": encoded(GREY[0][:, :5])},
                      refused("b.png", "Bring all images to one size")),
    "cut off": ({"a.png": encoded(GREY[0])[:60]}, refused("a.png", "Repair or remove it")),
    "empty": ({"a.png": b""}, refused("a.png", "Repair or remove it")),
    "a Mac's files": ({"a.png": encoded(GREY[0]), ".DS_Store": b"x", "._a.png": b"x"}, Gives(GREY[:1])),
    "Windows' files": ({"a.png": encoded(GREY[0]), "Thumbs.db": b"x", "desktop.ini": b"x"}, Gives(GREY[:1])),
    "a phone's other files": ({"a.png": encoded(GREY[0]), "b.heic": b"x", "c.mov": b"x"},
                              Gives(GREY[:1], said="2 files are left out, because only pictures are read: b.heic")),
    "metadata of Hugging Face": ({"a.png": encoded(GREY[0]), "metadata.csv": b"file_name,label\na.png,1\n"},
                                 Gives(GREY[:1], said="1 file is left out")),
    "only other files": ({"a.txt": b"x"}, refused("without pictures")),
}  # fmt: skip


def put(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("case", FILES)
def test_a_folder_gives_its_pictures_or_a_sentence(case, tmp_path):
    files, expected = FILES[case]
    check(put(tmp_path / "pictures", files), expected)


PACKED = ("ImageFolder", "EDM, folder", "EDM without labels", "JPEG of a phone held sideways", "palette PNG", "WebP")


@pytest.mark.parametrize("case", PACKED)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_gives_what_its_folder_does(case, method, tmp_path):
    files, expected = FILES[case]
    check(write_zip(tmp_path / "pictures.zip", files, method), expected)


def test_a_zip_of_a_mac_has_the_pictures_below_one_folder(tmp_path):
    files = {f"pets/{kind}/1.png": encoded(GREY[n]) for n, kind in enumerate(("cat", "dog"))}
    more = {"__MACOSX/pets/cat/._1.png": b"x", "pets/.DS_Store": b"x"}
    check(write_zip(tmp_path / "pets.zip", files | more), Gives(GREY[:2], ("cat", "dog")))
