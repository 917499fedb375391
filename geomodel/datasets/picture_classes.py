"""The classes of pictures: their folders, or the list in the dataset.json of an EDM archive."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from geomodel.arrays import Integers
from geomodel.datasets.common import DataError
from geomodel.datasets.reading import checked_labels

Place = tuple[str, ...]  # the folders and the name of a file, below the root
LIST = "dataset.json"


def from_folders(places: list[Place]) -> tuple[Integers | None, tuple[str, ...] | None]:
    """The class of each picture is its folder below the one that holds them all; None where that is one folder."""
    parents = [place[:-1] for place in places]
    common = 0
    while len(parents[0]) > common and len({place[common : common + 1] for place in parents}) == 1:
        common += 1
    folders = ["".join(place[common : common + 1]) for place in parents]
    names = sorted(set(folders))
    if names == [""]:
        return None, None
    if names[0] == "":
        beside = "/".join(places[folders.index("")])[-100:]
        raise DataError(
            f"The image {beside!r} lies beside the folder {names[1]!r}, which also holds images. Expected all images "
            "in folders, one for each class, or none of them."
        )
    index = {name: label for label, name in enumerate(names)}
    return np.array([index[folder] for folder in folders], np.int64), tuple(names)


def listed(content: bytes) -> Any:
    """What dataset.json says under "labels", which may be null. KeyError where the file is no such list."""
    try:
        return json.loads(content)["labels"]
    except (ValueError, TypeError, RecursionError) as error:
        raise KeyError("labels") from error


def from_list(name: str, labels: Any, root: Place, places: list[Place]) -> tuple[Integers | None, tuple[str, ...]]:
    """The class of each picture from the list of [name, class], and sentences about what the list says otherwise.

    The folders of such an archive hold a thousand pictures each, so they are no classes.
    """
    if labels is None:
        return None, ()
    try:
        classes = {str(file).replace("\\", "/"): label for file, label in labels}
    except (TypeError, ValueError) as error:
        raise DataError(f"{LIST!r} in {name!r} holds no list of [name, class] under labels. Repair it.") from error
    if any(isinstance(label, list) for label in classes.values()):
        return None, (f"{LIST} gives vectors and no classes, so the pictures have none.",)
    asked = ["/".join(place[len(root) :]) for place in places]
    missing = next((file for file in asked if file not in classes), None)
    if missing is not None:
        raise DataError(
            f"{LIST!r} in {name!r} gives no class for {missing[-100:]!r}. Add it to the list, or take the picture away."
        )
    wrong = next((label for label in classes.values() if type(label) is not int), None)
    if wrong is not None:
        raise DataError(f"{LIST!r} in {name!r} gives the class {str(wrong)[:40]!r}. Expected whole numbers from 0.")
    absent = len(classes) - len(set(asked))
    said = (
        (f"{LIST} gives {absent:,} more class{'es' * (absent > 1)}, of pictures that are not there.",) if absent else ()
    )
    try:
        found = np.array([classes[file] for file in asked], np.int64)
    except OverflowError as error:
        raise DataError(f"{LIST!r} in {name!r} gives a class that is too large. Number the classes from 0.") from error
    return checked_labels(name, found, len(asked)), said
