"""What a file of another program must give: values, or a sentence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from geomodel import datasets


@dataclass(frozen=True)
class Gives:
    """Points or stored pictures, exactly; the classes by name or number; a part of what the data card says."""

    values: object
    classes: tuple = ()  # of each point, by name where there are names
    said: str = ""


@dataclass(frozen=True)
class Refused:
    """Parts of the one sentence."""

    parts: tuple[str, ...]


def refused(*parts):
    return Refused(parts)


def check(path, expected, **options):
    """Open a file and compare."""
    if isinstance(expected, Refused):
        with pytest.raises(datasets.DataError) as caught:
            datasets.load(path, **options)
        sentence = str(caught.value)
        assert "\n" not in sentence
        assert len(sentence) < 700
        for part in (path.name, *expected.parts):
            assert part in sentence, sentence
        return
    data = datasets.load(path, **options)
    shown = data.stored if data.kind == "images" else data.points
    np.testing.assert_array_equal(shown, np.asarray(expected.values))
    assert _classes(data) == expected.classes
    assert expected.said in " ".join(data.remarks)
    assert bool(expected.said) or not data.remarks or "coordinates" in data.remarks[0], data.remarks


def _classes(data):
    if data.labels is None:
        return ()
    return tuple(data.label_names[label] if data.label_names else int(label) for label in data.labels)
