"""Version 3 of this program's checkpoints: networks that other programs trained, with their clock.

The tensors have the names and shapes of the program that trained the network, and are those that it computes with: what
`geomodel.networks.fold` does is done.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated

import msgspec
from msgspec import Meta

from geomodel import networks
from geomodel.checkpoints.cards import clock_card
from geomodel.checkpoints.described import (
    FORMAT,
    Classes,
    Level,
    Mean,
    Shape,
    Text,
    Word,
    check_samples,
)
from geomodel.checkpoints.hints import Hints
from geomodel.checkpoints.info import CheckpointInfo, Scalar
from geomodel.checkpoints.plan import Plan, Said
from geomodel.denoisers.clock import Clock
from geomodel.error_text import MOST_CHARACTERS, cut
from geomodel.inert.values import Contents, Tensor
from geomodel.networks import Blueprint

VERSION = 3
INFINITE = "∞"  # stands in `said` for a number that JSON lacks
_MOST = 100  # remarks, and entries of a table
_LONGEST = 1000
_Sentence = Annotated[str, Meta(max_length=MOST_CHARACTERS)]
_Table = Annotated[dict[Text, Scalar], Meta(max_length=200)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the file says beside the network itself: fields of `CheckpointInfo` under the same names."""

    family: Word
    clock: _Sentence
    mean: Mean = ()
    unit: Level = 1.0
    classes: Classes = 0
    label_names: tuple[_Sentence, ...] = ()
    has_null_class: bool = False
    average: _Sentence = ""
    ignored: Annotated[dict[_Sentence, int], Meta(max_length=_MOST)] = field(default_factory=dict)
    latents: Word = ""
    remarks: Annotated[tuple[_Sentence, ...], Meta(max_length=_MOST)] = ()
    licence: _Sentence = ""
    hints: _Table = field(default_factory=dict)
    data_name: Text = ""
    data_fingerprint: Text = ""
    data_count: Annotated[int, Meta(ge=0, le=1 << 40)] = 0
    recipe: _Table = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """The JSON in the header.

    `config` has the fields of the architecture's config in `OPENED`, and `clock` those of `Clock`, whose noise levels
    are in units of the network: it is given (x − mean)/unit and sigma/unit. A field of the clock that has its default
    is left out, because JSON knows no infinity. `said` is that of `Plan`.
    """

    format: str = FORMAT
    version: int = VERSION
    architecture: Word
    config: dict[str, object]
    shape: Shape
    label_rows: Annotated[int, Meta(ge=0, le=1 << 20)]
    clock: dict[str, object]
    card: Card
    said: Annotated[dict[Text, tuple[object, ...]], Meta(max_length=1000)] = field(default_factory=dict)


def describe(info: CheckpointInfo, blueprint: Blueprint, clock: Clock, said: Said) -> str:
    """The JSON for a network."""
    facts = {item.name: getattr(info, item.name) for item in fields(Card)}
    ignored = list(info.ignored.items())[:_MOST]
    facts |= {
        "label_names": tuple(map(cut, info.label_names)),
        "average": cut(info.average),
        "ignored": {cut(name): count for name, count in ignored},
        "remarks": tuple(map(cut, info.remarks[:_MOST])),
        "licence": cut(info.licence),
    }
    written = Converted(
        architecture=blueprint.architecture,
        config=msgspec.to_builtins(blueprint.config),
        shape=blueprint.shape,
        label_rows=blueprint.label_rows,
        clock=_without_defaults(clock),
        card=Card(**facts),
        said={name: _exchanged(values, math.inf, INFINITE) for name, values in said.items() if _is_short(values)},
    )
    return msgspec.json.encode(written).decode()


def plan(contents: Contents, text: str, tensors: Mapping[str, Tensor], hints: Mapping[str, object]) -> Plan:
    """The network that the JSON describes. ValueError (a clause) where something in it is wrong."""
    read = msgspec.json.decode(text, type=Converted)
    card = read.card
    config = networks.configure_opened(read.architecture, read.config, read.shape)
    blueprint = Blueprint(architecture=read.architecture, config=config, shape=read.shape, label_rows=read.label_rows)
    clock = _clock(read.clock)
    check_samples(card.mean, read.shape, card.classes, card.label_names, card.has_null_class)
    if card.classes and card.classes + card.has_null_class > read.label_rows:
        raise ValueError(f"it has {card.classes} classes and {read.label_rows} rows of labels")
    shown = {item.name: getattr(card, item.name) for item in fields(Card)}
    info = clock_card(
        contents, tensors, clock, format="native", architecture=read.architecture, shape=read.shape, **shown
    )
    known = Hints(hints)
    known.confirm_all({name: _exchanged(values, INFINITE, math.inf) for name, values in read.said.items()})
    return Plan(info=info, config=blueprint, clock=clock, tensors=tensors, said=known.said())


def _is_short(values: tuple[object, ...]) -> bool:
    return len(msgspec.json.encode(values)) <= _LONGEST


def _exchanged(values: tuple[object, ...], old: object, new: object) -> tuple[object, ...]:
    return tuple(new if value == old else value for value in values)


def _without_defaults(clock: Clock) -> dict[str, object]:
    values = {item.name: (getattr(clock, item.name), item.default) for item in fields(clock)}
    return {name: value for name, (value, default) in values.items() if value != default}


def _clock(values: Mapping[str, object]) -> Clock:
    if unknown := sorted(values.keys() - {item.name for item in fields(Clock)}):
        raise ValueError(f"its clock has an unknown entry {unknown[0][:60]!r}")
    return msgspec.convert(values, Clock)
