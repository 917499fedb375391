"""Hints on the command line: what a checkpoint does not say of its network, as ``--hint NAME=VALUE``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from geomodel import files
from geomodel.checkpoints.plan import Answer

MAX_FILE = 1 << 20


def add_arguments(parser: ArgumentParser) -> None:
    """The two options, for every command that opens a checkpoint."""
    parser.add_argument(
        "--hint",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what the checkpoint does not say, such as num_heads=4 or diffusion.steps=1000",
    )
    parser.add_argument("--hints", type=Path, metavar="FILE", help="a JSON file with a table of such hints")


def hints(arguments: Namespace) -> dict[str, object]:
    """The hints of a command line, as `load_checkpoint` takes them. A --hint wins over the file.

    ValueError, with one sentence, where they cannot be read.
    """
    found = {} if arguments.hints is None else _from_file(arguments.hints)
    for text in arguments.hint:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ValueError(f"--hint takes NAME=VALUE, such as num_heads=4; got {text!r}.")
        _put(found, name, value)
    if found and not arguments.network:
        raise ValueError("Hints are for the checkpoint that --model names, and there is none.")
    return found


def answers(hints: Mapping[str, object]) -> dict[str, Answer]:
    """Hints under the names of their questions: {"diffusion": {"steps": 9}} becomes {"diffusion.steps": 9}."""
    found: dict[str, Any] = {}
    for name, hint in hints.items():
        found |= {f"{name}.{key}": part for key, part in hint.items()} if isinstance(hint, dict) else {name: hint}
    return found


def _put(found: dict[str, object], name: str, text: str) -> None:
    """Put "diffusion.steps" into the table "diffusion"."""
    group, dot, inside = name.partition(".")
    if not dot:
        found[name] = value(text)
        return
    table = found.setdefault(group, {})
    if not isinstance(table, dict):
        raise ValueError(f"The hint {group} is {table!r}, so there can be no hint {name}.")
    table[inside] = value(text)


def value(text: str) -> object:
    """What a person typed: true or false, a number, several with commas between them, a JSON value, or else a word."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        several = msgspec.json.decode(f"[{text}]", type=list[object])
    except msgspec.DecodeError:
        return text
    return several[0] if len(several) == 1 else several or text


def _from_file(path: Path) -> dict[str, object]:
    try:
        if path.stat().st_size > MAX_FILE:
            raise ValueError(f"{path} has {path.stat().st_size} bytes, which is too much for a table of hints.")
        return msgspec.json.decode(path.read_bytes(), type=dict[str, object])
    except OSError as error:
        raise ValueError(files.read_error(path, error)) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f'{path} is no JSON table such as {{"num_heads": 4}}: {error}.') from error
