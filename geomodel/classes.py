"""The classes of data and of networks, and what the class of a run is on either side: classes match by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geomodel import theories
from geomodel.arrays import Integers
from geomodel.settings import RunSettings

if TYPE_CHECKING:
    from geomodel.datasets import Dataset

NAMED = 6  # classes that a sentence names


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of one side, numbered from 0. Where they have no names, their numbers are their names."""

    count: int = 0
    names: tuple[str, ...] = ()

    def name(self, label: int) -> str:
        """The name of a class."""
        return self.names[label] if 0 <= label < len(self.names) else str(label)

    def number(self, name: str) -> int | None:
        """The class of this name; None where there is none."""
        if self.names:
            return self.names.index(name) if name in self.names else None
        known = name.isascii() and name.isdigit() and len(name) < 10 and int(name) < self.count
        return int(name) if known and str(int(name)) == name else None

    def all_names(self) -> tuple[str, ...]:
        """The name of every class."""
        return self.names or tuple(map(str, range(self.count)))

    def listed(self) -> str:
        """The first names, for a sentence."""
        first = ", ".join(map(self.name, range(min(self.count, NAMED))))
        return first + ", …" if self.count > NAMED else first


@dataclass(frozen=True, slots=True)
class Asked:
    """The class that a run asks for, as either side numbers it: −1 for no class, None where that side has no answer.

    note: a sentence that says what is not compared for this class and why; empty where all is.
    """

    name: str = ""
    data: int | None = -1
    network: int | None = -1
    note: str = ""

    @property
    def words(self) -> str:
        """The class in words, "class sneaker"; empty where the run asks for none."""
        return f"class {self.name}" if self.name else ""


NO_CLASS = Asked()


def of_data(data: Dataset | None) -> Classes:
    """The classes of a data set."""
    if data is None or data.labels is None:
        return Classes()
    return Classes(max(0, int(data.labels.max()) + 1), data.label_names or ())


def of_network(network: Any) -> Classes:
    """The classes of a network, or of what its checkpoint says of itself."""
    info = getattr(network, "info", network)
    return Classes() if info is None else Classes(info.classes, info.label_names)


def has_classes(driver: str) -> bool:
    """Whether a driver can be asked for a class: not a mixture, a single Gaussian or patches."""
    theory = theories.of_driver(driver)
    return driver != "mixture" if theory is None else theory.by_class


def of_driver(settings: RunSettings, data: Dataset | None, network: Any = None) -> Classes:
    """The classes that `settings.label` counts: the network's where it moves the samples, else the data's; none for a
    driver without classes.
    """
    if not has_classes(settings.driver):
        return Classes()
    return of_network(network) if settings.network_drives else of_data(data)


def asked(settings: RunSettings, data: Dataset | None, network: Any = None) -> Asked:
    """The class of a run on either side. The side that does not drive is asked for its class of the same name."""
    label, driven = settings.label, settings.network_drives
    name = "" if label < 0 else of_driver(settings, data, network).name(label)
    in_data = label if label < 0 or not driven else _in_data(data, name)
    in_network = label if label < 0 or driven else of_network(network).number(name)
    note = ""
    if driven and data is not None and in_data is None:
        note = f"{missing(data, name)}, so nothing is compared with D*."
    elif not driven and network is not None and in_network is None:
        has = f"The network {getattr(network, 'info', network).name} has"
        note = f"{_lacking(has, of_network(network), name)}, so nothing is compared with it."
    elif not driven and network is not None and needs_null_class(settings, network):
        in_network = None
        note = "The network has no null class, so it is compared only for a class without guidance."
    if label >= 0 and settings.compares and not has_classes(settings.compared_with) and data is not None and not note:
        title = theories.row(settings.compared_with).title
        note = f"“{title}” answers for no class, so nothing is compared with it; choose D* or class Gaussians."
    return Asked(name, in_data, in_network, note)


def kept(settings: RunSettings, name: object, data: Dataset | None) -> Asked:
    """The class of a saved run whose network is not open. name: what the run's file calls it, if it does."""
    if settings.label < 0:
        return NO_CLASS
    if not isinstance(name, str) or not name:
        name = of_driver(settings, data).name(settings.label)
    in_data = _in_data(data, name) if settings.network_drives else settings.label
    return Asked(name, in_data, None)


def renamed(label: int, before: Classes, after: Classes) -> int:
    """The number of a class among other classes, found by its name; −1 where none has that name."""
    found = -1 if label < 0 else after.number(before.name(label))
    return -1 if found is None else found


def rows(data: Dataset, label: int | None) -> Integers | None:
    """The points of a class, whose numbers rise; None for all of them."""
    if label is None or label < 0:
        return None
    none = np.zeros(0, np.int64)
    return none if data.labels is None else np.flatnonzero(data.labels == label)


def missing(data: Dataset, name: str) -> str:
    """The beginning of a sentence about data without a class."""
    return _lacking(f"The data {data.name} have", of_data(data), name)


def _lacking(has: str, classes: Classes, name: str) -> str:
    return f"{has} no class {name!r} (only {classes.listed()})" if classes.count else f"{has} no classes"


def needs_null_class(settings: RunSettings, network: Any) -> bool:
    """Whether a network lacks the null class that a run without a class, or with guidance, asks it for."""
    info = getattr(network, "info", network)
    return bool(info.classes) and not info.has_null_class and (settings.label < 0 or settings.guided)


def _in_data(data: Dataset | None, name: str) -> int | None:
    """The class of this name that has points."""
    label = of_data(data).number(name)
    points = None if data is None or label is None else rows(data, label)
    return label if points is not None and len(points) else None


def matching(data: Dataset, text: str) -> Integers:
    """The points that a person looks for: those whose class has `text` in its name, whatever the case; a number is the
    point with it too, and comes first. Every point for an empty text. (n,) indices, otherwise rising.
    """
    text = text.strip().casefold()
    if not text:
        return np.arange(len(data))
    known = of_data(data)
    labels = [label for label in range(known.count) if text in data.class_name(label).casefold()]
    exact = [label for label in labels if data.class_name(label).casefold() in (text, f"class {text}")]
    chosen = exact if exact and text.isdigit() else labels
    found = np.zeros(0, np.int64) if data.labels is None else np.flatnonzero(np.isin(data.labels, chosen))
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1
    if not 0 <= number < len(data):
        return found
    return np.concatenate([[number], found[found != number]])
