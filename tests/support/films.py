"""Films for tests: a few frames in which a square moves, and what other programs read from the files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from app.export.film_files import Film

SIZE = (160, 90)
BLUE = (0, 114, 178)


def frames(count):
    """Frames in which a square of 20 pixels moves by its width."""
    for at in range(count):
        frame = np.full((SIZE[1], SIZE[0], 3), 255, np.uint8)
        frame[40:60, 20 * at : 20 * at + 20] = BLUE
        yield frame


def film(count=5, *, rate=3.0, hold=1.0, repeats=0, recipe="{}", drawn=None):
    return Film(
        frames=frames(count) if drawn is None else drawn,
        size=SIZE,
        count=count,
        rate=rate,
        hold=hold,
        repeats=repeats,
        recipe=recipe,
        software="Geomodel",
    )


def shown(path: Path) -> tuple[list[np.ndarray], list[int]]:
    """Every frame that differs from the one before, and how long it is shown, in milliseconds."""
    if path.suffix == ".mp4":
        return _video(path)
    found, times = [], []
    with Image.open(path) as image:
        for at in range(image.n_frames):
            image.seek(at)
            found.append(np.asarray(image.convert("RGB")))
            times.append(round(image.info["duration"]))
    return found, times


def _video(path):
    import av

    with av.open(str(path)) as container:
        rate = container.streams.video[0].average_rate
        every = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    new = [0, *(at for at in range(1, len(every)) if changed(every[at - 1], every[at])), len(every)]
    return [every[at] for at in new[:-1]], [round(1000 * (end - begin) / rate) for begin, end in pairwise(new)]


def changed(first, second):
    """Whether a picture differs by more than what a lossy file does to one."""
    return np.abs(first.astype(int) - second).max() > 60
