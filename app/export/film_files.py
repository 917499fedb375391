"""Writes films: GIF and APNG with Pillow, MP4 with PyAV. A frame shows a noise level; the file carries the recipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from typing import IO, TYPE_CHECKING, cast

import numpy as np

from geomodel.arrays import Array
from geomodel.files import replacing

if TYPE_CHECKING:
    from PIL import Image as Pillow

MISSING = 'MP4 films are written with PyAV, which is not installed: pip install "geomodel[film]".'
VIDEO_RATE = 30  # frames a second of an MP4, because players seek badly where frames last long
TICK = 10  # milliseconds, of which the times of a GIF are multiples
SMOOTH = 192  # of the 256 colours of a frame of a GIF
FINEST = 18  # x264's constant quality: lines and small text stay clean
MOST_PIXELS = 300_000_000  # of all frames: Pillow keeps those of an APNG, at three bytes each, until it is written


def nothing() -> None:
    """Nobody stops the writing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A film that is drawn while it is written: (height, width, 3) bytes a frame, `count` frames of even size."""

    frames: Iterator[Array]
    size: tuple[int, int]
    count: int
    rate: float  # frames a second
    hold: float  # seconds that the last frame stays longer
    repeats: int  # how often it is played; 0 is without end. An MP4 leaves that to the player
    recipe: str
    software: str
    between: Callable[[], None] = nothing  # called between two pieces of the file; what it raises leaves no file


class Watched:
    """A file to which Pillow writes, that can be stopped before each piece."""

    def __init__(self, file: IO[bytes], between: Callable[[], None]) -> None:
        self._file, self._between = file, between

    def write(self, piece: bytes) -> int:
        """Write a piece."""
        self._between()
        return self._file.write(piece)


def installed() -> bool:
    """Whether MP4 can be written."""
    return find_spec("av") is not None


def durations(count: int, rate: float, hold: float, tick: float = TICK) -> list[int]:
    """How long each frame lasts, in milliseconds that are multiples of `tick`. Roundings do not add up."""
    edges = [round(1000 * at / rate / tick) for at in range(count)]
    edges.append(max(edges[-1] + 1, round(1000 * (count / rate + hold) / tick)))
    return [round(tick * max(1, end - begin)) for begin, end in pairwise(edges)]


def too_large(size: tuple[int, int], count: int) -> str:
    """Why so many frames of this size are no GIF or APNG; empty where they are."""
    if size[0] * size[1] * count <= MOST_PIXELS:
        return ""
    return f"{count:,} frames of {size[0]:,} × {size[1]:,} pixels need too much memory. Make them smaller, or an MP4."


def write_gif(film: Film, path: str) -> None:
    """Write a GIF of up to 256 colours a frame, with the recipe as its comment."""
    images = (_reduced(frame) for frame in film.frames)
    repeats = {} if film.repeats == 1 else {"loop": max(film.repeats - 1, 0)}
    with replacing(path) as file:
        next(images).save(
            cast("IO[bytes]", Watched(file, film.between)),
            format="GIF",
            save_all=True,
            append_images=images,
            duration=durations(film.count, film.rate, film.hold),
            comment=film.recipe.encode("ascii"),
            **repeats,
        )


def _reduced(frame: Array) -> Pillow.Image:
    """The frame in 256 colours. Most are those of large areas, so that a density stays smooth; the others are far
    apart, so that thin lines keep their hue. Each pixel has the nearest, which Pillow would only approximate.
    """
    from PIL import Image

    image, none, way = Image.fromarray(frame), Image.Dither.NONE, Image.Quantize
    chosen = [(SMOOTH, way.MEDIANCUT), (256 - SMOOTH, way.MAXCOVERAGE)]
    parts = [image.quantize(count, kind, dither=none).getpalette() or [] for count, kind in chosen]
    table = np.array(parts[0][: 3 * SMOOTH] + parts[1][: 3 * (256 - SMOOTH)], np.float32).reshape(-1, 3)
    packed = frame.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    found, places = np.unique(packed, return_inverse=True)
    colours = np.stack([found >> 16, found >> 8 & 255, found & 255], -1).astype(np.float32)
    nearest = np.argmin((table**2).sum(-1) - 2 * colours @ table.T, -1).astype(np.uint8)
    reduced = Image.fromarray(nearest[places].reshape(frame.shape[:2]))
    reduced.putpalette(table.astype(np.uint8).tobytes())
    return reduced


def write_apng(film: Film, path: str) -> None:
    """Write an animated PNG, with the recipe as text as in a still picture."""
    from PIL import Image, PngImagePlugin

    text = PngImagePlugin.PngInfo()
    text.add_text("Software", film.software)
    text.add_text("recipe", film.recipe, zip=True)
    first, *others = (Image.fromarray(frame) for frame in film.frames)
    with replacing(path) as file:
        first.save(
            cast("IO[bytes]", Watched(file, film.between)),
            format="PNG",
            save_all=True,
            append_images=others,
            duration=durations(film.count, film.rate, film.hold),
            loop=film.repeats,
            pnginfo=text,
        )


def write_mp4(film: Film, path: str) -> None:
    """Write an MP4 (H.264), with the recipe as its comment. Raises ValueError where PyAV is not installed."""
    if not installed():
        raise ValueError(MISSING)
    import av
    from av.video.reformatter import ColorRange, Colorspace

    times = durations(film.count, film.rate, film.hold, 1000 / VIDEO_RATE)
    at = 0
    with replacing(path) as file, av.open(file.name, "w", format="mp4", options={"movflags": "faststart"}) as container:
        container.metadata.update(comment=film.recipe, encoder=film.software)
        stream = container.add_stream("libx264", rate=VIDEO_RATE, options={"crf": str(FINEST), "preset": "veryfast"})
        stream.width, stream.height = film.size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.colorspace = Colorspace.ITU709
        stream.codec_context.color_range = ColorRange.MPEG
        for frame, lasts in zip(film.frames, times, strict=True):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709
            )
            for _ in range(round(lasts * VIDEO_RATE / 1000)):
                picture.pts, at = at, at + 1
                container.mux(stream.encode(picture))
            film.between()
        container.mux(stream.encode())
        film.between()
